"""Lists of servers to block, and the drafts of what they would change.

An upload and a subscription (a list with an address) are the same rows. Nobody is blocked by them
alone: what a list names and what is blocked are compared whenever somebody looks, and an admin
decides on the difference, or has decided once that a subscription needs no decision. A block names
the list that it came from, and only such blocks can be withdrawn by it.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, exists, insert, or_, select, update

from activitypub.errors import Malformed
from activitypub.iri import check_iri
from fedcom.catalogues import mark
from fedcom.context import Context
from fedcom.errors import Checks, Conflict, Invalid, NotFound
from fedcom.models.actor import Person
from fedcom.models.base import columns_of, first_row, to_row
from fedcom.models.block_list import BlockList, block_list, block_list_entry
from fedcom.models.peer import instance_block
from fedcom.queries.follows import count_by_host
from fedcom.remote.peers import ListedHosts, covering, list_hosts
from fedcom.rules.limits import MAX_URL
from fedcom.site.block_list_file import BlockListFile, SkippedLine
from fedcom.site.instances import block_from_list, lift_block
from fedcom.text.plain import clean_line, cut

FETCH_EVERY = timedelta(days=1)

MAX_NAME = 100
MAX_LISTS = 50

WHY_SKIPPED = {
    "host": mark("not a full server name"),
    "obfuscated": mark("obfuscated with asterisks, so it could be any server"),
    "own_host": mark("this server itself"),
    "silence": mark("only limited there, and this server can only block"),
    "noop": mark("listed there without a restriction"),
    "severity": mark("unknown severity"),
}
"""Why a line of a list is skipped, in words."""


@dataclass(frozen=True, slots=True)
class ListedServer:
    """A server that a list names, with the follows that are cut off while it is blocked:
    `followers` by its people of members and communities here, `follows` by members here.
    """

    host: str
    reason: str
    followers: int
    follows: int

    @property
    def ties(self) -> int:
        """All follows that are cut off."""
        return self.followers + self.follows


@dataclass(frozen=True, slots=True)
class BlockListDraft:
    """What a list would change: servers to block and to unblock, those with the most ties first.

    `known` counts those that are blocked already; `declined` are those that an admin decided
    against.
    """

    additions: tuple[ListedServer, ...]
    withdrawals: tuple[ListedServer, ...]
    known: int
    declined: tuple[str, ...]

    @property
    def changes(self) -> tuple[ListedServer, ...]:
        """All that there is to decide on."""
        return (*self.additions, *self.withdrawals)


def draft_of(conn: Connection, entries: Mapping[str, str]) -> BlockListDraft:
    """What the servers of a file, with their reasons, would change."""
    return _to_draft(conn, _compare(list_hosts(conn), entries, {}, frozenset()))


def find_draft(conn: Connection, found: BlockList) -> BlockListDraft:
    """What a list would change now."""
    return _to_draft(conn, _find_difference(conn, list_hosts(conn), found))


def list_changes(conn: Connection) -> list[tuple[BlockList, int]]:
    """All lists by name, each with the number of changes that are to be decided on."""
    lists, listed = list_block_lists(conn), list_hosts(conn)
    differences = [_find_difference(conn, listed, one) for one in lists]
    return [
        (one, len(difference.wanted) + len(difference.withdrawn))
        for one, difference in zip(lists, differences, strict=True)
    ]


def count_changes(conn: Connection) -> int:
    """What all lists together leave to decide on, and the subscriptions that cannot be fetched."""
    return sum(changes + bool(one.problem) for one, changes in list_changes(conn))


@dataclass(frozen=True, slots=True)
class _Difference:
    """Reasons by host: what a list wants blocked, and what it names no longer."""

    wanted: dict[str, str]
    withdrawn: dict[str, str]
    known: int
    declined: list[str]


def _find_difference(conn: Connection, listed: ListedHosts, found: BlockList) -> _Difference:
    columns = (block_list_entry.c.host, block_list_entry.c.reason, block_list_entry.c.is_declined)
    rows = conn.execute(select(*columns).where(block_list_entry.c.list_id == found.id)).all()
    declined = frozenset(row.host for row in rows if row.is_declined)
    withdrawn: dict[str, str] = {}
    if found.url is not None and found.fetched_at is not None:
        gone = conn.execute(_WITHDRAWN, {"name": found.name}).all()
        withdrawn = {row.host: row.reason for row in gone}
    return _compare(listed, {row.host: row.reason for row in rows}, withdrawn, declined)


def _compare(
    listed: ListedHosts,
    entries: Mapping[str, str],
    withdrawn: dict[str, str],
    declined: Collection[str],
) -> _Difference:
    missing = {host: reason for host, reason in entries.items() if not listed.blocks(host)}
    wanted = {host: reason for host, reason in missing.items() if host not in declined}
    left = sorted(missing.keys() - wanted.keys())
    return _Difference(wanted, withdrawn, len(entries) - len(missing), left)


def _to_draft(conn: Connection, found: _Difference) -> BlockListDraft:
    ties = count_ties(conn, {*found.wanted, *found.withdrawn})
    return BlockListDraft(
        _in_order(found.wanted, ties),
        _in_order(found.withdrawn, ties),
        found.known,
        tuple(found.declined),
    )


def _in_order(
    reasons: Mapping[str, str], ties: Mapping[str, tuple[int, int]]
) -> tuple[ListedServer, ...]:
    found = [ListedServer(host, why, *ties.get(host, (0, 0))) for host, why in reasons.items()]
    return tuple(sorted(found, key=lambda one: (-one.ties, one.host)))


def count_ties(conn: Connection, hosts: Collection[str]) -> dict[str, tuple[int, int]]:
    """The follows from and to each of these servers and its subdomains; without those that have
    none.
    """
    found: dict[str, tuple[int, int]] = {}
    for host, (followers, follows) in count_by_host(conn).items():
        for name in covering(host).intersection(hosts):
            before = found.get(name, (0, 0))
            found[name] = (before[0] + followers, before[1] + follows)
    return found


def list_cut_off(conn: Connection, allowed: Collection[str]) -> tuple[ListedServer, ...]:
    """The servers with follows that may federate now and could not with this allow list; none for
    an empty one, which is no list.
    """
    if not allowed:
        return ()
    names, listed, ties = set(allowed), list_hosts(conn), count_by_host(conn)
    lost = [host for host in ties if not covering(host) & names and not listed.refuses(host)]
    return _in_order(dict.fromkeys(lost, ""), ties)


def list_block_lists(conn: Connection) -> list[BlockList]:
    """All lists by name: subscriptions, and uploads that are still to be decided on."""
    rows = conn.execute(select(*columns_of(BlockList, block_list)).order_by(block_list.c.name))
    return [to_row(BlockList, row) for row in rows.mappings()]


def get_block_list(conn: Connection, list_id: int) -> BlockList:
    """The list with this number. Raises NotFound."""
    found = select(*columns_of(BlockList, block_list)).where(block_list.c.id == list_id)
    first = first_row(BlockList, conn.execute(found))
    if first is None:
        raise NotFound("block_list_unknown", "There is no such list.")
    return first


def skipped_lines(found: BlockList) -> list[SkippedLine]:
    """The lines of a list that are no entries."""
    return [SkippedLine(*line) for line in json.loads(found.skipped)]


def add_upload(ctx: Context, name: str, file: BlockListFile) -> BlockList:
    """Keep a file as a draft; one with the same name is replaced.

    Raises Invalid: `name_…`, and Conflict("name_taken") for the name of a subscription.
    """
    name = check_list_name(name)
    known = ctx.conn.execute(
        select(block_list.c.id, block_list.c.url).where(block_list.c.name == name)
    ).first()
    if known is not None and known.url is not None:
        raise Conflict("name_taken", "There is already a list with this name.")
    if known is not None:
        remove_list(ctx, known.id)
    list_id = _insert(ctx, name, None)
    _put(ctx, list_id, file, "")
    return get_block_list(ctx.conn, list_id)


def subscribe(ctx: Context, url: str, name: str = "", *, automatic: bool = False) -> BlockList:
    """Add a list by its address; it is fetched from then on.

    Blocks that came from an earlier list of that name are then its own. Raises Invalid:
    `url_invalid`, `name_…`, and Conflict: `url_known`, `name_taken`, `too_many_lists`.
    """
    checks = Checks()
    with checks:
        _check_address(url)
    with checks:
        name = check_list_name(name or url.partition("://")[2].partition("?")[0])
    checks.finish()
    known = list_block_lists(ctx.conn)
    if any(one.url == url for one in known):
        raise Conflict("url_known", "This list is already in use here.")
    if any(one.name == name for one in known):
        raise Conflict("name_taken", "There is already a list with this name.")
    if len(known) >= MAX_LISTS:
        raise Conflict(
            "too_many_lists", "There may be at most %(maximum)s lists.", maximum=MAX_LISTS
        )
    list_id = _insert(ctx, name, url, automatic=automatic)
    return get_block_list(ctx.conn, list_id)


def _check_address(url: str) -> None:
    try:
        check_iri(url[: MAX_URL + 1], development=True)
    except Malformed as error:
        raise Invalid("url_invalid", "Enter the full address of the list.") from error
    if len(url) > MAX_URL:
        raise Invalid("url_invalid", "Enter the full address of the list.")


def check_list_name(text: str) -> str:
    """The name of a list as it is stored: one line. Raises Invalid("name_missing")."""
    name = cut(clean_line(text[: 10 * MAX_NAME]), MAX_NAME)
    if not name:
        raise Invalid("name_missing", "Please enter a name.")
    return name


def _insert(ctx: Context, name: str, url: str | None, *, automatic: bool = False) -> int:
    row = {"name": name, "url": url, "is_automatic": automatic, "created_at": ctx.now}
    made = ctx.conn.execute(insert(block_list).values(**row).returning(block_list.c.id))
    return int(made.scalar_one())


def list_due(conn: Connection, now: datetime) -> list[BlockList]:
    """The subscriptions that are to be fetched again."""
    is_due = or_(block_list.c.asked_at.is_(None), block_list.c.asked_at <= now - FETCH_EVERY)
    rows = conn.execute(
        select(*columns_of(BlockList, block_list))
        .where(block_list.c.url.is_not(None), is_due)
        .order_by(block_list.c.id)
    )
    return [to_row(BlockList, row) for row in rows.mappings()]


def take_over(ctx: Context, list_id: int, file: BlockListFile | None, etag: str) -> None:
    """Store what was fetched; None if the list has not changed. What an admin decided against stays
    so while the list names it. Without effect on a list that is gone.
    """
    values = {"asked_at": ctx.now, "fetched_at": ctx.now, "problem": ""}
    which = block_list.c.id == list_id
    if ctx.conn.execute(update(block_list).where(which).values(**values)).rowcount == 0:
        return
    if file is not None:
        _put(ctx, list_id, file, etag)
    found = get_block_list(ctx.conn, list_id)
    if found.is_automatic:
        changes = find_draft(ctx.conn, found).changes
        decide(ctx, found, {one.host for one in changes}, (), None)


def note_problem(ctx: Context, list_id: int, problem: str) -> None:
    """Store why a list could not be fetched; its entries stay as they are."""
    values = {"asked_at": ctx.now, "problem": problem}
    ctx.conn.execute(update(block_list).where(block_list.c.id == list_id).values(**values))


def _put(ctx: Context, list_id: int, file: BlockListFile, etag: str) -> None:
    mine = block_list_entry.c.list_id == list_id
    declined = set(
        ctx.conn.execute(
            select(block_list_entry.c.host).where(mine, block_list_entry.c.is_declined)
        ).scalars()
    )
    ctx.conn.execute(delete(block_list_entry).where(mine))
    rows = [
        {"list_id": list_id, "host": host, "reason": reason, "is_declined": host in declined}
        for host, reason in file.entries.items()
    ]
    if rows:
        ctx.conn.execute(insert(block_list_entry), rows)
    skipped = json.dumps([[line.number, line.text, line.why] for line in file.skipped])
    ctx.conn.execute(
        update(block_list).where(block_list.c.id == list_id).values(etag=etag, skipped=skipped)
    )


def decide(
    ctx: Context,
    found: BlockList,
    approved: Collection[str],
    declined: Collection[str],
    by: Person | None,
) -> None:
    """Make the `approved` changes of a list, and none of the `declined`, which are not proposed
    again: what was not blocked stays so, and what is blocked no longer depends on the list.

    An upload ends when nothing is left to decide on. `by` is None for automatic changes.
    """
    draft = _find_difference(ctx.conn, list_hosts(ctx.conn), found)
    block_from_list(
        ctx,
        [(host, draft.wanted[host]) for host in sorted(draft.wanted.keys() & approved)],
        found.name,
        by,
    )
    for host in sorted(draft.withdrawn.keys() & approved):
        lift_block(ctx, host, by)
    mine = block_list_entry.c.list_id == found.id
    for host in sorted(draft.wanted.keys() & declined):
        left = mine & (block_list_entry.c.host == host)
        ctx.conn.execute(update(block_list_entry).where(left).values(is_declined=True))
    for host in sorted(draft.withdrawn.keys() & declined):
        kept = instance_block.c.host == host
        ctx.conn.execute(update(instance_block).where(kept).values(list_name=""))
    if found.url is None and not {*draft.wanted} - {*approved, *declined}:
        remove_list(ctx, found.id)


def propose_again(ctx: Context, list_id: int) -> None:
    """Take back all decisions against entries of a list."""
    mine = block_list_entry.c.list_id == list_id
    ctx.conn.execute(update(block_list_entry).where(mine).values(is_declined=False))


def set_automatic(ctx: Context, list_id: int, *, automatic: bool) -> None:
    """Whether the changes of a subscription need no admin, from the next time it is fetched."""
    which = (block_list.c.id == list_id) & block_list.c.url.is_not(None)
    ctx.conn.execute(update(block_list).where(which).values(is_automatic=automatic))


def remove_list(ctx: Context, list_id: int) -> None:
    """Discard an upload, or end a subscription. The blocks that came from it stay."""
    ctx.conn.execute(delete(block_list_entry).where(block_list_entry.c.list_id == list_id))
    ctx.conn.execute(delete(block_list).where(block_list.c.id == list_id))


_other = block_list_entry.alias("other")
# What another list still names stays blocked.
_WITHDRAWN = select(instance_block.c.host, instance_block.c.reason).where(
    instance_block.c.list_name == bindparam("name"),
    ~exists().where(_other.c.host == instance_block.c.host),
)
