"""Appeals: one with its conversation, the open ones for those who judge them, and one's own."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, and_, bindparam, case, func, or_, select

from fedcom.db import BigId
from fedcom.models.actor import actor, community
from fedcom.models.appeal import Appeal, MessageKind, ModerationDecision, appeal, appeal_message
from fedcom.models.base import columns_of, to_row
from fedcom.models.moderation import modlog
from fedcom.queries.actors import get_person
from fedcom.queries.appeals import (
    find_appeal,
    find_content,
    get_decision,
    is_appealable,
    may_be_appealed,
    may_judge,
)
from fedcom.queries.content import Content
from fedcom.queries.visibility import sees_moderators
from fedcom.views.community import CommunityView, community_columns, find_community_in
from fedcom.views.modlog import ModlogView, get_entry
from fedcom.views.person import PersonView, actor_columns, find_person_in, to_person
from fedcom.views.viewer import VIEWER, decides_in

MOST = 50
"""Appeals in a list; the oldest ones wait longest."""

MOST_MESSAGES = 200
EXCERPT = 200


@dataclass(frozen=True, slots=True)
class AppealMessage:
    """One message; `author` is None for a moderator whom the viewer is not told."""

    author: PersonView | None
    is_mine: bool
    is_by_person: bool
    kind: MessageKind
    text: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AppealPage:
    """A decision with the conversation about it.

    `appeal` is None before the first message; `may_write` says whether the viewer may send one, and
    `may_judge` whether the viewer may answer and decide. `content` is what was removed.
    """

    decision: ModerationDecision
    entry: ModlogView
    appeal: Appeal | None
    content: Content | None
    messages: tuple[AppealMessage, ...]
    may_write: bool
    may_judge: bool


@dataclass(frozen=True, slots=True)
class AppealLine:
    """An appeal in a list. `latest` is the beginning of the last message, by the person who appeals
    if `is_waiting`.
    """

    appeal: Appeal
    kind: str
    person: PersonView
    community: CommunityView | None
    latest: str
    is_waiting: bool


_author = actor.alias("author_actor")
_person = actor.alias("person_actor")
_group = actor.alias("community_actor")
_DECISION = bindparam("decision", type_=BigId)
_IS_BY_PERSON = appeal_message.c.author_id == appeal.c.person_id
_MESSAGES = (
    select(
        *(appeal_message.c[name] for name in ("kind", "text", "created_at")),
        _IS_BY_PERSON.label("is_by_person"),
        (appeal_message.c.author_id == VIEWER).label("is_mine"),
        *actor_columns(_author, "author_"),
    )
    .select_from(appeal_message.join(appeal, appeal.c.id == appeal_message.c.appeal_id))
    .outerjoin(
        _author,
        and_(
            _author.c.id == appeal_message.c.author_id, or_(_IS_BY_PERSON, sees_moderators(VIEWER))
        ),
    )
    .where(appeal.c.decision_id == _DECISION)
    .order_by(appeal_message.c.id)
    .limit(MOST_MESSAGES)
)


def get_appeal_page(
    conn: Connection, decision_id: int, viewer_id: int, now: datetime
) -> AppealPage | None:
    """The decision with this row id in the modlog and the conversation about it, for its person and
    those who judge it; None for everyone else. Raises NotFound.
    """
    decision, viewer = get_decision(conn, decision_id), get_person(conn, viewer_id)
    is_own = decision.person_id == viewer_id
    # The page is open to the banned, for their own appeals.
    judges = not (is_own or viewer.is_banned(now)) and may_judge(conn, viewer, decision)
    opened = find_appeal(conn, decision_id)
    if not (is_own or (judges and opened is not None)):
        return None
    wanted = {"decision": decision_id, "viewer": viewer_id}
    rows = conn.execute(_MESSAGES, wanted).mappings().all()
    content = find_content(conn, decision)
    if opened is None:
        may_write = may_be_appealed(conn, decision, now)
    else:
        may_write = opened.resolved_at is None and len(rows) < MOST_MESSAGES
    return AppealPage(
        decision=decision,
        entry=get_entry(conn, decision_id, viewer_id=viewer_id),
        appeal=opened,
        content=content if content is not None and content.deleted_at is None else None,
        messages=tuple(map(_to_message, rows)),
        may_write=may_write,
        may_judge=judges,
    )


def _to_message(row: RowMapping) -> AppealMessage:
    return AppealMessage(
        author=find_person_in(row, "author_"),
        is_mine=bool(row["is_mine"]),
        is_by_person=bool(row["is_by_person"]),
        kind=row["kind"],
        text=row["text"],
        created_at=row["created_at"],
    )


def _lines() -> Select[Any]:
    last = (
        select(func.max(appeal_message.c.id))
        .where(appeal_message.c.appeal_id == appeal.c.id)
        .correlate(appeal)
        .scalar_subquery()
    )
    return (
        select(
            *columns_of(Appeal, appeal, prefix="appeal_"),
            modlog.c.kind,
            func.substr(appeal_message.c.text, 1, EXCERPT).label("latest"),
            case((_IS_BY_PERSON, 1), else_=0).label("is_waiting"),
            *actor_columns(_person, "person_"),
            *community_columns(_group, "community_"),
        )
        .select_from(
            appeal.join(modlog, modlog.c.id == appeal.c.decision_id)
            .join(_person, _person.c.id == appeal.c.person_id)
            .join(appeal_message, appeal_message.c.id == last)
            .outerjoin(_group, _group.c.id == modlog.c.community_id)
            .outerjoin(community, community.c.actor_id == modlog.c.community_id)
        )
        .limit(MOST)
    )


MAY_JUDGE = decides_in(modlog.c.community_id) & (appeal.c.person_id != VIEWER)
"""Whether the viewer may judge an appeal, in statements with the decision: never one's own."""

_OPEN = _lines().where(appeal.c.resolved_at.is_(None), MAY_JUDGE).order_by(appeal.c.id)
_OF_PERSON = (
    _lines()
    .where(appeal.c.person_id == bindparam("person", type_=BigId), MAY_JUDGE)
    .order_by(appeal.c.id.desc())
)
_OWN = _lines().where(appeal.c.person_id == VIEWER).order_by(appeal.c.id.desc())
_OWN_BANS = (
    select(modlog.c.id, modlog.c.community_id)
    .where(modlog.c.person_id == VIEWER, modlog.c.kind == "ban", is_appealable())
    .order_by(modlog.c.id)
)


def list_open_appeals(conn: Connection, viewer_id: int) -> list[AppealLine]:
    """The open appeals that the viewer judges, the oldest first."""
    return [_to_line(row) for row in conn.execute(_OPEN, {"viewer": viewer_id}).mappings()]


def list_appeals_by(conn: Connection, person_id: int, *, viewer_id: int) -> list[AppealLine]:
    """A person's appeals that the viewer judges or has judged, the newest first."""
    wanted = {"person": person_id, "viewer": viewer_id}
    return [_to_line(row) for row in conn.execute(_OF_PERSON, wanted).mappings()]


def list_own_appeals(conn: Connection, viewer_id: int) -> list[AppealLine]:
    """The viewer's own appeals, the newest first."""
    return [_to_line(row) for row in conn.execute(_OWN, {"viewer": viewer_id}).mappings()]


def map_own_bans(conn: Connection, viewer_id: int) -> dict[int | None, int]:
    """The row ids in the modlog of the last bans of the viewer, by community, None for the whole
    server; of those that can be undone here.
    """
    rows = conn.execute(_OWN_BANS, {"viewer": viewer_id})
    return {row.community_id: row.id for row in rows}


def _to_line(row: RowMapping) -> AppealLine:
    return AppealLine(
        appeal=to_row(Appeal, row, "appeal_"),
        kind=row["kind"],
        person=to_person(row, "person_"),
        community=find_community_in(row, "community_"),
        latest=row["latest"],
        is_waiting=bool(row["is_waiting"]),
    )
