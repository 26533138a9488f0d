"""What a member keeps for themselves: saved, hidden, blocked. No peer is told of any of it."""

from sqlalchemy import Connection, Table, delete

from fedcom.accounts.rate_limits import LISTS, keep_pace
from fedcom.context import Context
from fedcom.db import insert_ignoring
from fedcom.errors import Invalid, NotFound
from fedcom.models.actor import Community, Person
from fedcom.models.comment import Comment
from fedcom.models.personal import actor_block, hidden_post, host_block, saved_comment, saved_post
from fedcom.models.post import Post
from fedcom.remote.peers import normalise_host


def save(ctx: Context, by: Person, target: Post | Comment) -> None:
    """Keep a post or comment; a second time changes nothing. Raises NotFound for what is gone."""
    if not target.is_shown:
        raise NotFound("couldnt_find_object", "It was deleted or removed.")
    table, column = _saved(target)
    keep_pace(ctx, by, LISTS)
    row = {"person_id": by.id, column: target.id, "saved_at": ctx.now}
    insert_ignoring(ctx.conn, table, row)


def unsave(conn: Connection, by: Person, target: Post | Comment) -> None:
    """Keep it no longer."""
    table, column = _saved(target)
    conn.execute(delete(table).where(table.c.person_id == by.id, table.c[column] == target.id))


def hide(ctx: Context, by: Person, target: Post) -> None:
    """See a post no more in lists."""
    keep_pace(ctx, by, LISTS)
    row = {"person_id": by.id, "post_id": target.id, "hidden_at": ctx.now}
    insert_ignoring(ctx.conn, hidden_post, row)


def unhide(conn: Connection, by: Person, target: Post) -> None:
    """See it again."""
    mine = hidden_post.c.person_id == by.id
    conn.execute(delete(hidden_post).where(mine, hidden_post.c.post_id == target.id))


def block(ctx: Context, by: Person, someone: Person | Community) -> None:
    """See nothing more of a person or a community. Raises Invalid("who_self")."""
    if someone.id == by.id:
        raise Invalid("who_self", "You can't block yourself.")
    keep_pace(ctx, by, LISTS)
    row = {"person_id": by.id, "blocked_id": someone.id, "blocked_at": ctx.now}
    insert_ignoring(ctx.conn, actor_block, row)


def unblock(conn: Connection, by: Person, actor_id: int) -> None:
    """See them again."""
    mine = actor_block.c.person_id == by.id
    conn.execute(delete(actor_block).where(mine, actor_block.c.blocked_id == actor_id))


def block_host(ctx: Context, by: Person, text: str) -> str:
    """See nothing more of a whole server, named by its host or an address; the host as it is kept.

    Raises Invalid: `who_host` for what no server is called, `who_own_host`.
    """
    try:
        host = normalise_host(text)
    except Invalid as error:
        raise Invalid("who_host", error.template, **error.facts) from None
    if host == ctx.host:
        raise Invalid(
            "who_own_host",
            "This is your own server. Block individual people or communities instead.",
        )
    keep_pace(ctx, by, LISTS)
    row = {"person_id": by.id, "host": host, "blocked_at": ctx.now}
    insert_ignoring(ctx.conn, host_block, row)
    return host


def unblock_host(conn: Connection, by: Person, host: str) -> None:
    """See them again."""
    mine = host_block.c.person_id == by.id
    conn.execute(delete(host_block).where(mine, host_block.c.host == host))


def _saved(target: Post | Comment) -> tuple[Table, str]:
    return (saved_post, "post_id") if isinstance(target, Post) else (saved_comment, "comment_id")
