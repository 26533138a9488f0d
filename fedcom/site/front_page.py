"""What admins decide about the lists of all communities: posts pinned there, communities hidden.

Both concern this server only, so no peer is told (Lemmy 0.19: `featured_local`, `hidden`).
"""

from sqlalchemy import update

from fedcom.context import Context
from fedcom.effects.modlog import LogEntry, log_content, log_unnoticed
from fedcom.errors import Conflict, Denied
from fedcom.models.actor import Community, Person, community as community_table
from fedcom.models.moderation import ModlogKind
from fedcom.models.post import Post, post
from fedcom.queries.actors import get_community, is_admin
from fedcom.queries.posts import get_post
from fedcom.rules.limits import MAX_REASON, check_body
from fedcom.rules.permissions import must_be_admin


def pin_on_site(ctx: Context, by: Person, target: Post, *, pinned: bool) -> Post:
    """Pin a post to the top of the lists of all and of local communities, or unpin it.

    Raises Denied for everyone but admins and for hidden posts, Conflict if nothing changes.
    """
    must_be_admin(by, is_admin(ctx.conn, by.id), ctx.now)
    if pinned == (target.site_featured_at is not None):
        raise Conflict("already_so", "Nothing to change.")
    if pinned and not target.is_shown:
        raise Denied("deleted", "Deleted and removed posts cannot be pinned.")
    log_content(ctx, by, target, "pin_on_site" if pinned else "unpin_on_site", "")
    moment = ctx.now if pinned else None
    ctx.conn.execute(update(post).where(post.c.id == target.id).values(site_featured_at=moment))
    return get_post(ctx.conn, target.id)


def hide_community(
    ctx: Context, by: Person, target: Community, *, hidden: bool, reason: str = ""
) -> Community:
    """Keep a community out of the lists and the search of communities and of the lists of all
    posts, except for its followers; or show it there again.

    Raises Denied for everyone but admins, Invalid for a reason that is too long, Conflict if
    nothing changes.
    """
    must_be_admin(by, is_admin(ctx.conn, by.id), ctx.now)
    why = check_body(reason, MAX_REASON)
    if hidden == (target.hidden_at is not None):
        raise Conflict("already_so", "Nothing to change.")
    itself = update(community_table).where(community_table.c.actor_id == target.id)
    ctx.conn.execute(itself.values(hidden_at=ctx.now if hidden else None))
    kind: ModlogKind = "hide_community" if hidden else "unhide_community"
    entry = LogEntry(by=by, kind=kind, community=None, reason=why)
    log_unnoticed(ctx, entry, target.iri)
    return get_community(ctx.conn, target.id)
