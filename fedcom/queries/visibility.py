"""Who may still read what was deleted or removed, as conditions for statements.

For the pages of a post and its comments, and for lists that name a post or a community whatever
became of it: the modlog and notifications.
"""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, exists, or_

from fedcom.models.account import account
from fedcom.models.actor import actor, community
from fedcom.models.moderation import moderator


def may_read(
    about: FromClause, place_id: ColumnElement[Any], viewer: ColumnElement[int]
) -> ColumnElement[bool]:
    """Whether the viewer may read the words of `about`, a row of `post` or `comment` in the
    community `place_id`.

    Everybody may while it is shown; its author always; moderators of the community and admins as
    long as its author has not deleted it.
    """
    shown = and_(about.c.removed_at.is_(None), ~is_closed(place_id))
    judges = or_(_moderates(place_id, viewer), is_admin(viewer))
    others = and_(about.c.deleted_at.is_(None), or_(shown, judges))
    return or_(about.c.author_id == viewer, others)


def reads_removed(
    about: FromClause, place_id: ColumnElement[Any], viewer: ColumnElement[int]
) -> ColumnElement[bool]:
    """Whether the viewer may read `about` on its own page though it was removed: its author,
    moderators of the community, and admins. What its author has deleted nobody may.
    """
    judges = or_(_moderates(place_id, viewer), is_admin(viewer))
    return and_(about.c.deleted_at.is_(None), or_(about.c.author_id == viewer, judges))


def is_closed(place_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the community was deleted, or closed by an admin; nothing in it is shown then."""
    place = actor.alias()
    return (
        exists()
        .select_from(place.join(community, community.c.actor_id == place.c.id))
        .where(
            place.c.id == place_id,
            or_(place.c.deleted_at.is_not(None), community.c.removed_at.is_not(None)),
        )
    )


def is_admin(viewer: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether the viewer runs this instance."""
    return exists().where(account.c.actor_id == viewer, account.c.role == "admin")


def _moderates(place_id: ColumnElement[Any], viewer: ColumnElement[int]) -> ColumnElement[bool]:
    return exists().where(moderator.c.community_id == place_id, moderator.c.person_id == viewer)
