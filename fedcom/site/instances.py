"""Blocked servers: nothing is accepted from them or sent to them, including their subdomains.

`fedcom.remote.peers.find_block` says whether a host is covered by a block.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert, select

from database.inserts import upsert
from fedcom.context import Context
from fedcom.errors import Checks, Invalid, NotFound
from fedcom.models.actor import Person
from fedcom.models.base import columns_of, to_row
from fedcom.models.moderation import modlog
from fedcom.models.peer import InstanceBlock, instance_block
from fedcom.remote.peers import blocked_among, normalise_host, number_host
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
    if ctx.host == host or ctx.host.endswith(f".{host}") or ctx.host.startswith(f"{host}:"):
        raise Invalid("own_host", "Blocking %(host)s would block this server itself.", host=host)
    upsert(
        ctx.conn,
        instance_block,
        {"host": host, "reason": reason, "created_at": ctx.now},
        key=["host"],
        keep=["created_at"],
    )
    number_host(ctx.conn, host, ctx.now)
    call_off(ctx.conn, lambda peer: bool(blocked_among(ctx.conn, [peer])), ctx.now.timestamp())
    _log(ctx, "block_instance", host, reason, by)
    return next(block for block in list_blocks(ctx.conn) if block.host == host)


def unblock_instance(ctx: Context, host: str, by: Person | None = None) -> None:
    """Remove the block of exactly this host. Raises NotFound when there is none."""
    host = normalise_host(host)
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
