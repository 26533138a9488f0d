"""The visibility of rows to each viewer, with the member's own filters, as SQL conditions.

Each of these is defined here and nowhere else: `is_shown` (neither deleted nor removed), `is_open`
(the community that it is in), `may_read` (this viewer), `is_blocked` (by this viewer). Every
further rule that hides rows from a viewer belongs in one of them.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, case, literal_column, or_, select

from fedcom.models.account import IS_ADMIN, account
from fedcom.models.actor import actor, community
from fedcom.models.comment import comment
from fedcom.models.follow import follow
from fedcom.models.moderation import moderator
from fedcom.models.personal import actor_block, host_block
from fedcom.models.post import post
from fedcom.models.site import site


def is_not_deleted(row: FromClause) -> ColumnElement[bool]:
    """Whether a post, comment, message or actor was not deleted."""
    return row.c.deleted_at.is_(None)


def is_not_removed(row: FromClause) -> ColumnElement[bool]:
    """Whether a post, comment or community was not removed by a moderator or an admin."""
    return row.c.removed_at.is_(None)


def is_shown(content: FromClause) -> ColumnElement[bool]:
    """Whether a post or comment is neither deleted nor removed."""
    return and_(is_not_deleted(content), is_not_removed(content))


def is_open(group: FromClause, its_community: FromClause = community) -> ColumnElement[bool]:
    """Whether the community with these rows of `actor` and `community` was neither deleted nor
    closed by an admin; nothing in it is shown otherwise.
    """
    return and_(is_not_deleted(group), is_not_removed(its_community))


def is_closed(community_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """The opposite of `is_open`, where the statement has only the community's id."""
    group, itself = actor.alias(), community.alias()
    both = group.join(itself, itself.c.actor_id == group.c.id)
    return is_found(both, group.c.id == community_id, ~is_open(group, itself))


def is_not_hidden(
    its_community: FromClause, viewer: ColumnElement[int] | int, *, guest: bool = False
) -> ColumnElement[bool]:
    """Whether lists of all communities show this row of `community`: one that an admin has hidden
    only to its followers. In a statement for guests, who follow none, no look-up is needed.
    """
    listed = its_community.c.hidden_at.is_(None)
    if guest:
        return listed
    followed = select(follow.c.target_id).where(follow.c.follower_id == viewer).correlate(None)
    either = or_(listed, its_community.c.actor_id.in_(followed))
    # Phrased so that PostgreSQL expects to keep nearly every row.
    return case((either, 1), else_=0) != 0


def is_post_shown(group: FromClause) -> ColumnElement[bool]:
    """Whether lists show a row of `post` joined with its `community` and the actor `group`."""
    return and_(is_shown(post), is_open(group))


def is_comment_shown(group: FromClause) -> ColumnElement[bool]:
    """Whether lists show a row of `comment`, given that they show its post."""
    return and_(is_shown(comment), is_post_shown(group))


def may_read(
    content: FromClause, community_id: ColumnElement[Any], viewer: ColumnElement[int]
) -> ColumnElement[bool]:
    """Whether the viewer may read the text of `content`, a row of `post` or `comment` in the
    community `community_id`.

    Everybody may while it is shown; its author always; moderators of the community and admins as
    long as its author has not deleted it.
    """
    shown = and_(is_not_removed(content), ~is_closed(community_id))
    moderators = or_(moderates(community_id, viewer), is_admin(viewer))
    others = and_(is_not_deleted(content), or_(shown, moderators))
    return or_(content.c.author_id == viewer, others)


def reads_removed(
    content: FromClause, community_id: ColumnElement[Any], viewer: ColumnElement[int]
) -> ColumnElement[bool]:
    """Whether the viewer may read `content` on its own page although it was removed: its author,
    moderators of the community, and admins. Nobody may if its author has deleted it.
    """
    moderators = or_(moderates(community_id, viewer), is_admin(viewer))
    return and_(is_not_deleted(content), or_(content.c.author_id == viewer, moderators))


def is_found(table: FromClause, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the table has such a row, for each row of the statement around it.

    Not EXISTS, for which PostgreSQL reads the whole table if it expects many rows around it,
    whatever the LIMIT there.
    """
    one: ColumnElement[int] = literal_column("1")
    found = select(one).select_from(table).where(*conditions).limit(1)
    return found.correlate_except(table).scalar_subquery().is_not(None)


def is_admin(viewer: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the viewer is an admin of this instance."""
    return is_found(account, account.c.actor_id == viewer, IS_ADMIN)


def moderates(community_id: ColumnElement[Any], person: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the person is a moderator of the community."""
    conditions = moderator.c.community_id == community_id, moderator.c.person_id == person
    return is_found(moderator, *conditions)


def sees_moderators(viewer: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the viewer may know who moderated: everybody, unless the site's settings leave it to
    moderators and admins.
    """
    is_hidden = is_found(site, site.c.hides_moderators.is_(True))
    return or_(~is_hidden, is_admin(viewer), is_found(moderator, moderator.c.person_id == viewer))


def is_blocked(
    viewer: ColumnElement[int] | int,
    *,
    ids: Iterable[ColumnElement[Any]] = (),
    hosts: Iterable[ColumnElement[Any]] = (),
) -> ColumnElement[bool]:
    """Whether the viewer has blocked one of the people and communities `ids`, or one of the servers
    `hosts`.
    """
    actors = select(actor_block.c.blocked_id).where(actor_block.c.person_id == viewer)
    servers = select(host_block.c.host).where(host_block.c.person_id == viewer)
    # The viewer may be a column of the statement around it.
    actors, servers = actors.correlate_except(actor_block), servers.correlate_except(host_block)
    return or_(*(column.in_(actors) for column in ids), *(column.in_(servers) for column in hosts))


def is_not_blocked(
    viewer: ColumnElement[int] | int,
    *,
    ids: Iterable[ColumnElement[Any]] = (),
    hosts: Iterable[ColumnElement[Any]] = (),
) -> ColumnElement[bool]:
    """The opposite of `is_blocked`, for leaving rows out of a list."""
    # Phrased so that PostgreSQL expects to keep nearly every row. It estimates that NOT IN keeps
    # half of them, and that several of them keep almost none, and then chooses joins that are a
    # hundred times slower.
    return case((is_blocked(viewer, ids=ids, hosts=hosts), 1), else_=0) != 1
