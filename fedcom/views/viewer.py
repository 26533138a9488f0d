"""The viewer and the time as parameters of every statement here; and an author's standing in a
community.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, bindparam, null, or_, select, type_coerce

from fedcom.db import BigId, UtcDateTime
from fedcom.models.account import IS_ADMIN, account
from fedcom.models.moderation import community_ban, moderator
from fedcom.queries.visibility import is_admin, is_found, moderates

NOBODY = 0
"""The viewer id of guests: no actor ever has it, so one statement serves guests and members."""

VIEWER: ColumnElement[int] = bindparam("viewer", NOBODY, type_=BigId)
NOW: ColumnElement[Any] = bindparam("now", type_=UtcDateTime)

MODERATED = select(moderator.c.community_id).where(moderator.c.person_id == VIEWER)
"""The row ids of the communities that the viewer moderates."""


def decides_in(community_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the viewer is an admin, or moderates the community with this row id."""
    return or_(is_admin(VIEWER), community_id.in_(MODERATED))


def viewer_values(viewer_id: int, now: datetime | None) -> dict[str, Any]:
    """The values of VIEWER and NOW; without a `now` it is the current time."""
    return {"viewer": viewer_id, "now": now or datetime.now(UTC)}


def own(
    column: ColumnElement[Any],
    label: str,
    *,
    guest: bool,
    otherwise: ColumnElement[Any] | None = None,
) -> ColumnElement[Any]:
    """A column about the viewer's actions. In a statement for guests, who have none, it is
    `otherwise` (null), which costs no look-up per row.
    """
    if not guest:
        return column.label(label)
    return type_coerce(null() if otherwise is None else otherwise, column.type).label(label)


@dataclass(frozen=True, slots=True)
class AuthorStanding:
    """An author's standing in the community: its moderator, an admin of this instance, banned from
    it.
    """

    is_moderator: bool
    is_admin: bool
    is_banned: bool


@cache
def to_standing(is_moderator: bool, is_admin: bool, is_banned: bool) -> AuthorStanding:
    """The standing with these three flags; there are eight in all."""
    return AuthorStanding(is_moderator, is_admin, is_banned)


def standing_columns(
    author_id: ColumnElement[Any], community_id: ColumnElement[Any]
) -> list[ColumnElement[Any]]:
    """The columns of `AuthorStanding`, each with the prefix `author_`."""
    banned = is_found(
        community_ban,
        community_ban.c.community_id == community_id,
        community_ban.c.person_id == author_id,
        or_(community_ban.c.expires_at.is_(None), community_ban.c.expires_at > NOW),
    )
    moderator_there = moderates(community_id, author_id)
    if isinstance(community_id, BindParameter):  # one for all rows: its moderators are read once
        inside = moderator.c.community_id == community_id
        moderator_there = author_id.in_(select(moderator.c.person_id).where(inside))
    return [
        moderator_there.label("author_is_moderator"),
        author_id.in_(select(account.c.actor_id).where(IS_ADMIN)).label("author_is_admin"),
        banned.label("author_is_banned"),
    ]
