"""Blocked servers: nothing is accepted from them or sent to them, including their subdomains.

`fedcom.remote.peers.find_block` says whether a host is covered by a block.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, insert, select, update

from database.inserts import insert_ignoring, upsert
from fedcom.context import Context
from fedcom.errors import Checks, Invalid, NotFound
from fedcom.models.actor import Person
from fedcom.models.base import columns_of, to_row
from fedcom.models.block_list import block_list_entry
from fedcom.models.moderation import modlog
from fedcom.models.peer import InstanceBlock, instance_block
from fedcom.remote.peers import list_hosts, normalise_host, number_host
from fedcom.rules.limits import MAX_REASON, check_body
from outbox.maintenance import call_off


def block_instance(ctx: Context, host: str, reason: str, by: Person | None = None) -> InstanceBlock:
    """Block `host` (a name or an address of that server), or change the reason of the block.

    `by` is None on the command line. Raises Invalid: `host_invalid`, `own_host` (also for a domain
    that this server is in) or `body_…`.
    """
    checks = Checks()
    with checks:
        host = normalise_host(host)
    with checks:
        reason = check_body(reason, MAX_REASON)
    checks.finish()
    if is_own_host(ctx.host, host):
        raise Invalid("own_host", "Blocking %(host)s would block this server itself.", host=host)
    upsert(
        ctx.conn,
        instance_block,
        {"host": host, "reason": reason, "created_at": ctx.now, "list_name": ""},
        key=["host"],
        keep=["created_at"],
    )
    number_host(ctx.conn, host, ctx.now)
    _call_off(ctx)
    _log(ctx, "block_instance", host, reason, by)
    return next(block for block in list_blocks(ctx.conn) if block.host == host)


def is_own_host(own_host: str, host: str) -> bool:
    """Whether a block of `host` would cover this server itself."""
    return own_host == host or own_host.endswith(f".{host}") or own_host.startswith(f"{host}:")


def block_from_list(
    ctx: Context, blocks: Sequence[tuple[str, str]], list_name: str, by: Person | None
) -> None:
    """Block servers that a list names, as (host, reason); existing blocks stay as they are.

    The hosts are normalised and none of them is ours (`block_list_file`).
    """
    for host, reason in blocks:
        row = {"host": host, "reason": reason, "created_at": ctx.now, "list_name": list_name}
        if insert_ignoring(ctx.conn, instance_block, row):
            number_host(ctx.conn, host, ctx.now)
            _log(ctx, "block_instance", host, reason, by)
    _call_off(ctx)


def unblock_instance(ctx: Context, host: str, by: Person | None = None) -> None:
    """Remove the block of exactly this host; lists do not bring it back.

    Raises NotFound when there is none.
    """
    host = normalise_host(host)
    lift_block(ctx, host, by)
    named = block_list_entry.c.host == host
    ctx.conn.execute(update(block_list_entry).where(named).values(is_declined=True))


def lift_block(ctx: Context, host: str, by: Person | None) -> None:
    """Remove the block of exactly this host, which lists may propose again. Raises NotFound."""
    gone = ctx.conn.execute(delete(instance_block).where(instance_block.c.host == host))
    if gone.rowcount == 0:
        raise NotFound("instance_not_blocked", "%(host)s is not blocked.", host=host)
    _log(ctx, "unblock_instance", host, "", by)


def replace_blocks(ctx: Context, hosts: Iterable[str], by: Person) -> None:
    """Block exactly these servers; those that are blocked already keep their reasons.

    Raises as `block_instance`.
    """
    wanted = {normalise_host(host) for host in hosts if host.strip()}
    known = {block.host for block in list_blocks(ctx.conn)}
    for host in sorted(known - wanted):
        unblock_instance(ctx, host, by)
    for host in sorted(wanted - known):
        block_instance(ctx, host, "", by)


def list_blocks(conn: Connection) -> list[InstanceBlock]:
    """All blocks, by name."""
    rows = conn.execute(
        select(*columns_of(InstanceBlock, instance_block)).order_by(instance_block.c.host)
    ).mappings()
    return [to_row(InstanceBlock, row) for row in rows]


def _call_off(ctx: Context) -> None:
    """Send nothing more of what waits for servers that are blocked now."""
    listed = list_hosts(ctx.conn)
    call_off(ctx.conn, listed.refuses, ctx.now.timestamp())


def _log(ctx: Context, kind: str, host: str, reason: str, by: Person | None) -> None:
    ctx.conn.execute(
        insert(modlog).values(
            moderator_id=by.id if by else None,
            kind=kind,
            target_iri=f"https://{host}",
            reason=reason,
            created_at=ctx.now,
        )
    )
