"""Notes among moderators: about a person, and about reports."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, bindparam, select

from fedcom.db import BigId
from fedcom.models.actor import actor, community
from fedcom.models.base import values_of
from fedcom.models.moderation import moderator, moderator_note
from fedcom.views.community import (
    CommunityView,
    community_columns,
    find_community_in,
    to_community,
)
from fedcom.views.person import PersonView, actor_columns, find_person_in
from fedcom.views.viewer import VIEWER, decides_in

MOST = 200
"""Notes in a list; the newest ones."""


@dataclass(frozen=True, slots=True)
class NoteView:
    """One note. `community` is None if only admins read it, `author` for a moderator who was
    purged.
    """

    author: PersonView | None
    community: CommunityView | None
    id: int
    report_id: int | None
    text: str
    created_at: datetime


_author = actor.alias("author_actor")
_group = actor.alias("community_actor")
_VALUES = values_of(NoteView, without=("author", "community"))

MAY_READ = decides_in(moderator_note.c.community_id) & (
    moderator_note.c.person_id.is_distinct_from(VIEWER)
)
"""Whether the viewer may read a note: never the person it is about."""

_NOTES = (
    select(
        *(moderator_note.c[name] for name in ("id", "report_id")),
        *(moderator_note.c[name] for name in ("text", "created_at")),
        *actor_columns(_author, "author_"),
        *community_columns(_group, "community_"),
    )
    .select_from(
        moderator_note.outerjoin(_author, _author.c.id == moderator_note.c.author_id)
        .outerjoin(_group, _group.c.id == moderator_note.c.community_id)
        .outerjoin(community, community.c.actor_id == moderator_note.c.community_id)
    )
    .where(MAY_READ)
    .order_by(moderator_note.c.id.desc())
    .limit(MOST)
)
_OF_PERSON = _NOTES.where(moderator_note.c.person_id == bindparam("person", type_=BigId))
_OF_REPORTS = _NOTES.where(moderator_note.c.report_id.in_(bindparam("reports", expanding=True)))


_PLACES = (
    select(*community_columns(_group, ""))
    .select_from(
        moderator.join(_group, _group.c.id == moderator.c.community_id).join(
            community, community.c.actor_id == moderator.c.community_id
        )
    )
    .where(moderator.c.person_id == VIEWER)
    .order_by(_group.c.name, _group.c.id)
)


def list_places_of_notes(conn: Connection, viewer_id: int) -> list[CommunityView]:
    """The communities whose moderators the viewer may write notes for: those they moderate."""
    return [to_community(row) for row in conn.execute(_PLACES, {"viewer": viewer_id}).mappings()]


def list_notes(conn: Connection, person_id: int, *, viewer_id: int) -> list[NoteView]:
    """The notes about a person that the viewer may read, the newest first."""
    wanted = {"person": person_id, "viewer": viewer_id}
    return [_to_note(row) for row in conn.execute(_OF_PERSON, wanted).mappings()]


def list_notes_on(
    conn: Connection, report_ids: Collection[int], *, viewer_id: int
) -> list[NoteView]:
    """The notes about these reports that the viewer may read, the newest first."""
    wanted = {"reports": list(report_ids), "viewer": viewer_id}
    return [_to_note(row) for row in conn.execute(_OF_REPORTS, wanted).mappings()]


def _to_note(row: RowMapping) -> NoteView:
    return NoteView(
        find_person_in(row, "author_"), find_community_in(row, "community_"), *_VALUES(row)
    )
