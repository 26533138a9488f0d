"""Which network addresses we may connect to, so that no peer can make us talk to our own network.

Every URL in an activity is chosen by a stranger, who may also control its name in the DNS. So the
address that will be dialled is checked, never the text of the URL alone: then 127.1, 0x7f.1,
2130706433, a name that resolves to 10.0.0.1 and a redirect are all the same case.

The table is our own and not `ipaddress.is_global`, because that calls ::127.0.0.1, 64:ff9b::7f00:1
(NAT64), 2002:7f00:1:: (6to4) and 3fff::1 global, depending on the Python release. It is the union
of what Mastodon 4.6 (`private_address_check.rb`) and GoToSocial 0.20 (`sanitizer.go`) refuse.
A server whose only way out is NAT64 is therefore not supported.

An address is compared as a number, and one of IPv4 is read here, in canonical spelling only:
objects of `ipaddress` cost more than the request that is being checked.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, collapse_addresses
from typing import NamedTuple, TypeVar

from activitypub.errors import PrivateAddress

REFUSED_IPV4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, and the metadata service of clouds
        "172.16.0.0/12",
        "192.0.0.0/24",  # IETF protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, with 255.255.255.255
    )
)

PERMITTED_IPV6 = IPv6Network("2000::/3")
"""Global unicast. Everything else is refused: ::1, ::, IPv4-mapped and -compatible addresses,
NAT64 (64:ff9b::/96 and 64:ff9b:1::/48), unique local, link-local, site-local, multicast."""

REFUSED_IPV6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # IETF protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address inside
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)

REFUSED_SUFFIXES = frozenset({"localhost", "internal", "local", "onion", "home.arpa"})
"""Names with a meaning inside one network only (RFC 6761, 6762, 7686, 8375, ICANN 2024)."""

# WHATWG URL, "ends in a number": a resolver reads such a name as an IPv4 address (127.1, 0x7f.1).
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")

_BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_BYTE}\.{_BYTE}\.{_BYTE}\.{_BYTE}")

_Network = TypeVar("_Network", IPv4Network, IPv6Network)


class _Address(NamedTuple):
    """An address as a number."""

    is_ipv6: bool
    number: int


class Guard:
    """Checks names and addresses before every connection.

    `development` permits loopback as well, but no other private range. `exceptions` are single
    addresses that are permitted although the table refuses them (for a test that needs one real
    listener while all others stay refused).
    """

    def __init__(self, *, development: bool = False, exceptions: Iterable[str] = ()) -> None:
        self.development = development
        self._exceptions = frozenset(_parse(address) for address in exceptions)

    def may_dial(self, address: str) -> bool:
        """Whether this address, in the text form a resolver gives, may be connected to."""
        parsed = _parse(address)
        return parsed is not None and self._permits(parsed)

    def check_host(self, host: str) -> None:
        """Check the host of a URL before it is resolved. Raises `PrivateAddress`.

        `host` has no port; an IPv6 address may have its brackets. A literal address is checked as
        such; a name is refused when it has a meaning in private networks only, or when a resolver
        might read it as a number.
        """
        literal = _parse(_without_brackets(host))
        if literal is not None:
            if not self._permits(literal):
                raise _refusal(host, "The address is not on the public internet.")
            return
        labels = host.lower().removesuffix(".").split(".")
        if self.development and labels[-1] == "localhost":
            return
        if len(labels) < 2 or _NUMBER.fullmatch(labels[-1]):
            raise _refusal(host, "The host is not a fully qualified public name.")
        if labels[-1] in REFUSED_SUFFIXES or ".".join(labels[-2:]) in REFUSED_SUFFIXES:
            raise _refusal(host, "The host name is reserved for private networks.")

    def choose(self, host: str, addresses: Iterable[str]) -> list[str]:
        """The addresses of `host` that may be dialled, in their order.

        A name with both kinds of addresses is not refused: only the permitted ones are dialled, so
        an attacker gains nothing by adding a private one. Raises `PrivateAddress`
        when none is left.
        """
        permitted = [address for address in addresses if self.may_dial(address)]
        if not permitted:
            raise _refusal(
                host, "The host name does not resolve to an address on the public internet."
            )
        return permitted

    def _permits(self, address: _Address) -> bool:
        if address in self._exceptions or (self.development and _is_loopback(address)):
            return True
        return not _is_refused(address)


def literal_address(host: str) -> str | None:
    """The address when `host` is one in canonical spelling, without brackets; else None."""
    bare = _without_brackets(host)
    return None if _parse(bare) is None else bare


def is_ipv6(address: str) -> bool:
    """Whether this address is an IPv6 one; it is an address."""
    return ":" in address


def is_loopback(host: str) -> bool:
    """Whether `host` (no port) is this machine: localhost, a name under it, or its addresses."""
    literal = _parse(_without_brackets(host))
    if literal is None:
        return host.lower().split(".")[-1] == "localhost"
    return _is_loopback(literal)


def _without_brackets(host: str) -> str:
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def _parse(text: str) -> _Address | None:
    match = _IPV4.fullmatch(text)
    if match is not None:
        first, second, third, fourth = map(int, match.groups())
        return _Address(False, first << 24 | second << 16 | third << 8 | fourth)
    if ":" not in text or "%" in text:  # a zone is for one machine only
        return None
    try:
        return _Address(True, int(IPv6Address(text)))
    except ValueError:
        return None


def _edges(networks: Iterable[_Network]) -> list[int]:
    """The first number of each network and the first one after it, in ascending order.

    A number is in one of them if an odd number of edges is not above it.
    """
    return [
        edge
        for network in collapse_addresses(networks)
        for edge in (int(network[0]), int(network[-1]) + 1)
    ]


_EDGES_IPV4 = _edges(REFUSED_IPV4)
_EDGES_IPV6 = _edges(REFUSED_IPV6)
_EDGES_PERMITTED_IPV6 = _edges([PERMITTED_IPV6])
_EDGES_LOOPBACK_IPV4 = _edges([IPv4Network("127.0.0.0/8")])


def _is_between(number: int, edges: list[int]) -> bool:
    return bisect_right(edges, number) % 2 == 1


def _is_refused(address: _Address) -> bool:
    if not address.is_ipv6:
        return _is_between(address.number, _EDGES_IPV4)
    is_permitted = _is_between(address.number, _EDGES_PERMITTED_IPV6)
    return not is_permitted or _is_between(address.number, _EDGES_IPV6)


def _is_loopback(address: _Address) -> bool:
    # Only these: ::ffff:127.0.0.1 is loopback as well, but nobody needs that spelling.
    if address.is_ipv6:
        return address.number == 1
    return _is_between(address.number, _EDGES_LOOPBACK_IPV4)


def _refusal(host: str, detail: str) -> PrivateAddress:
    return PrivateAddress("private_address", detail, host=host)
