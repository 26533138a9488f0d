"""Other servers: their names, the software that they say they run, and which are blocked here."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    bindparam,
    exists,
    literal,
    select,
    union_all,
)

from activitypub.errors import Malformed
from activitypub.iri import check_iri, host_of
from activitypub.nodeinfo import Software
from database.inserts import insert_ignoring, upsert
from fedcom.errors import Denied, Invalid
from fedcom.models.base import columns_of, first_row, to_row
from fedcom.models.instance import instance
from fedcom.models.peer import InstanceBlock, Peer, instance_block, peer
from fedcom.models.site import allowed_instance, site
from fedcom.rules.dialects import MICROBLOGS
from outbox.peers import GONE_HOSTS
from outbox.publish import recipient_hosts

# Peers seldom change their software; a peer that did not respond is asked again soon.
FRESH = timedelta(days=3)
FRESH_UNREACHED = timedelta(hours=1)


def normalise_host(text: str) -> str:
    """A host as it stands in ids, from a name, a handle or a URL: lower case, A-labels, any port.

    `https://Bücher.example/x` → `xn--bcher-kva.example`. Raises Invalid("host_invalid").
    """
    name = text.strip().rpartition("://")[2].partition("/")[0].rpartition("@")[2].rstrip(".")
    try:
        # httpx converts umlauts to A-labels; our own parser then decides whether it is a host.
        host = host_of(check_iri(f"https://{_to_ascii(name)}/", development=True))
    except (Malformed, httpx.InvalidURL) as error:
        raise Invalid(
            "host_invalid", "%(name)s is not a valid server name.", name=name[:100]
        ) from error
    if not ("." in host or ":" in host):
        raise Invalid("host_invalid", "%(name)s is not a full server name.", name=name[:100])
    return host


def _to_ascii(name: str) -> str:
    return httpx.URL(f"https://{name}/").netloc.decode("ascii")


def number_host(conn: Connection, host: str, now: datetime) -> None:
    """Give the server of a new actor its number, if it has none."""
    insert_ignoring(conn, instance, {"host": host, "first_seen_at": now})


def find_peer(conn: Connection, host: str) -> Peer | None:
    """What is known of the server at `host`."""
    first = conn.execute(_PEER, {"which": host}).mappings().first()
    return None if first is None else to_row(Peer, first)


def list_peers(conn: Connection, *, limit: int = 10_000) -> list[Peer]:
    """The servers known here, by name."""
    rows = conn.execute(select(*columns_of(Peer, peer)).order_by(peer.c.host).limit(limit))
    return [to_row(Peer, row) for row in rows.mappings()]


def find_peers(conn: Connection, hosts: Collection[str]) -> dict[str, Peer]:
    """Those of these servers that are known here, by host."""
    rows = conn.execute(select(*columns_of(Peer, peer)).where(peer.c.host.in_(hosts))).mappings()
    return {row["host"]: to_row(Peer, row) for row in rows}


def is_on_microblogs(conn: Connection, iri: str) -> bool:
    """Whether the local post or comment with this id was delivered to a microblog server."""
    hosts = recipient_hosts(conn, iri)
    found = select(peer.c.host).where(peer.c.host.in_(hosts), peer.c.software.in_(MICROBLOGS))
    return bool(hosts) and conn.execute(found.limit(1)).first() is not None


def is_fresh(known: Peer | None, now: datetime) -> bool:
    """Whether NodeInfo need not be asked again now."""
    if known is None:
        return False
    return now - known.checked_at < (FRESH if known.reached else FRESH_UNREACHED)


def put_peer(conn: Connection, host: str, software: Software | None, now: datetime) -> None:
    """Store what NodeInfo said; None when it was not available, which keeps an older answer."""
    values: dict[str, object] = {"host": host, "reached": False, "checked_at": now}
    if software is None:
        upsert(conn, peer, values, key=["host"], keep=["reached"])
        return
    values |= {"reached": True, "software": software.name, "version": software.version}
    upsert(conn, peer, values, key=["host"])


def find_block(conn: Connection, host: str) -> InstanceBlock | None:
    """The block that covers `host` (with or without a port), its own or that of a parent domain."""
    return first_row(InstanceBlock, conn.execute(_BLOCK, {"covering": list(covering(host))}))


def find_refusal(conn: Connection, host: str) -> Denied | None:
    """The error for everything from or to `host` (with or without a port), in one statement; None
    if the admins let this server federate with it.

    It is `instance_blocked`, `domain_not_in_allow_list` or `federation_disabled`. An allow list is
    strict, as in Lemmy 0.19: servers that are not on it are refused, with their subdomains.
    """
    names = {"covering": list(covering(host))}
    federated, blocked, has_list, allowed = conn.execute(_REFUSAL, names).one()
    if federated is False:
        return Denied("federation_disabled", "This server does not federate.")
    if blocked is not None:
        return Denied("instance_blocked", "The server %(host)s is blocked here.", host=blocked)
    if has_list and not allowed:
        return Denied(
            "domain_not_in_allow_list",
            "This server federates only with chosen servers, and %(host)s is not one of them.",
            host=host,
        )
    return None


def is_federated(conn: Connection) -> bool:
    """Whether this server federates at all; also before its first start."""
    return conn.execute(_FEDERATED).scalar() is not False


@dataclass(frozen=True, slots=True)
class ListedHosts:
    """The hosts that the admins have blocked or allowed, and whether this server federates."""

    is_federated: bool
    blocked: frozenset[str]
    allowed: frozenset[str]

    def blocks(self, host: str) -> bool:
        """Whether a block covers `host`."""
        return bool(self.blocked) and _is_covered(host, self.blocked)

    def allows(self, host: str) -> bool:
        """Whether there is an allow list, and it covers `host`."""
        return bool(self.allowed) and _is_covered(host, self.allowed)

    def refuses(self, host: str) -> bool:
        """Whether nothing is sent to `host`: as `find_refusal`."""
        is_missing = bool(self.allowed) and not self.allows(host)
        return not self.is_federated or self.blocks(host) or is_missing


def list_hosts(conn: Connection) -> ListedHosts:
    """All of them, in one statement."""
    return _to_listed(_by_kind(conn, _LISTED_HOSTS))


def blocked_among(conn: Connection, hosts: Iterable[str]) -> set[str]:
    """Those of `hosts` to which nothing is sent: as `find_refusal`."""
    listed = list_hosts(conn)
    return {host for host in hosts if listed.refuses(host)}


def skipped_among(conn: Connection, hosts: Iterable[str]) -> set[str]:
    """Those of `hosts` to which nothing new is sent: `blocked_among`, and those that are gone."""
    found = _by_kind(conn, _SKIPPED_HOSTS)
    listed = _to_listed(found)
    return {host for host in hosts if host in found["gone"] or listed.refuses(host)}


def _by_kind(conn: Connection, statement: CompoundSelect[Any]) -> Mapping[str, set[str]]:
    found = defaultdict[str, set[str]](set)
    for kind, name in conn.execute(statement):
        found[kind].add(name)
    return found


def _to_listed(found: Mapping[str, set[str]]) -> ListedHosts:
    return ListedHosts(not found["off"], frozenset(found["blocked"]), frozenset(found["allowed"]))


def covering(host: str) -> set[str]:
    """The names whose block covers `host`: itself, without its port, and every parent domain."""
    labels = _without_port(host).split(".")
    return {".".join(labels[start:]) for start in range(len(labels))} | {host}


def _is_covered(host: str, names: frozenset[str]) -> bool:
    """Whether one of `covering(host)` is among `names`; lists ask for thousands of hosts."""
    name = host if host in names else _without_port(host)
    while name and name not in names:
        name = name.partition(".")[2]
    return name != ""


def _without_port(host: str) -> str:
    return host.rsplit(":", 1)[0] if ":" in host and not host.endswith("]") else host


# Prebuilt, because building a statement costs more than running it.
_PEER = select(*columns_of(Peer, peer)).where(peer.c.host == bindparam("which"))
_BLOCK = select(*columns_of(InstanceBlock, instance_block)).where(
    instance_block.c.host.in_(bindparam("covering", expanding=True))
)
_COVERING: ColumnElement[Any] = bindparam("covering", expanding=True)
_FEDERATED = select(site.c.federated)
_REFUSAL = select(
    _FEDERATED.scalar_subquery(),
    select(instance_block.c.host)
    .where(instance_block.c.host.in_(_COVERING))
    .limit(1)
    .scalar_subquery(),
    exists().select_from(allowed_instance),
    exists().where(allowed_instance.c.host.in_(_COVERING)),
)
_LISTED = (
    select(literal("blocked").label("kind"), instance_block.c.host.label("name")),
    select(literal("allowed"), allowed_instance.c.host),
    select(literal("off"), site.c.origin).where(site.c.federated.is_(False)),
)
_LISTED_HOSTS = union_all(*_LISTED)
_SKIPPED_HOSTS = union_all(*_LISTED, select(literal("gone"), GONE_HOSTS.subquery().c.host))
