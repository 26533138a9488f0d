"""People, communities and servers that a member has blocked.

No server is told of it. Blocks that other servers tell us of are `fedcom.actions.personal_block`.
"""

from sqlalchemy import Connection, delete

from database.inserts import insert_ignoring
from fedcom.accounts.rate_limits import LISTS, count_action
from fedcom.context import Context
from fedcom.errors import Invalid
from fedcom.models.actor import Community, Person
from fedcom.models.personal import actor_block, host_block
from fedcom.remote.peers import normalise_host


def block(ctx: Context, by: Person, blocked: Person | Community) -> None:
    """Hide a person or a community from this member. Raises Invalid("who_self")."""
    if blocked.id == by.id:
        raise Invalid("who_self", "You can't block yourself.")
    count_action(ctx, by, LISTS)
    row = {"person_id": by.id, "blocked_id": blocked.id, "blocked_at": ctx.now}
    insert_ignoring(ctx.conn, actor_block, row)


def unblock(conn: Connection, by: Person, actor_id: int) -> None:
    """Undo `block`."""
    mine = actor_block.c.person_id == by.id
    conn.execute(delete(actor_block).where(mine, actor_block.c.blocked_id == actor_id))


def block_host(ctx: Context, by: Person, text: str) -> str:
    """Hide a whole server from this member, named by its host or an address; its host as stored.

    Raises Invalid: `who_host` when the text names no server, `who_own_host`.
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
    count_action(ctx, by, LISTS)
    row = {"person_id": by.id, "host": host, "blocked_at": ctx.now}
    insert_ignoring(ctx.conn, host_block, row)
    return host


def unblock_host(conn: Connection, by: Person, host: str) -> None:
    """Undo `block_host`."""
    mine = host_block.c.person_id == by.id
    conn.execute(delete(host_block).where(mine, host_block.c.host == host))
