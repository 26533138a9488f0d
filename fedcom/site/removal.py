"""Removing and restoring posts and comments: by moderators, and by admins for this server only."""

from fedcom.accounts.rate_limits import act
from fedcom.actions.remove import RemoveContent, RestoreContent
from fedcom.actions.take_down import reinstate, take_down
from fedcom.context import Context
from fedcom.models.actor import Person
from fedcom.queries.actors import is_admin, standing
from fedcom.queries.content import Content, community_of


def remove_content(ctx: Context, by: Person, target: Content, reason: str) -> None:
    """Remove it from its community, or from this server only for an admin who does not moderate the
    community.

    Raises Denied for everyone else, and Conflict if it is already removed.
    """
    if _only_for_this_server(ctx, by, target):
        act(ctx, take_down(ctx, by, target, reason), by)
    else:
        act(ctx, RemoveContent(by=by, target=target, reason=reason))


def restore_content(ctx: Context, by: Person, target: Content) -> None:
    """Undo `remove_content`, for those who may remove it. Raises Denied, and Conflict if it is not
    removed.
    """
    if _only_for_this_server(ctx, by, target):
        act(ctx, reinstate(ctx, by, target), by)
    else:
        act(ctx, RestoreContent(by=by, target=target))


def _only_for_this_server(ctx: Context, by: Person, target: Content) -> bool:
    community = community_of(ctx.conn, target)
    return not standing(ctx.conn, by, community).may_moderate and is_admin(ctx.conn, by.id)
