"""IRIs: which are allowed, their host, whether two share an origin, which mean "public".

There is a single parser, strict on purpose. Lenient parsers disagree with each other
(`urlsplit` drops tabs, browsers read a backslash as a slash, some stop at the `@`), and every such
disagreement lets an IRI pass a check as one host and be fetched from another.
"""

import ipaddress
import re
from functools import lru_cache
from typing import NamedTuple

from activitypub.errors import Malformed

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
"""The one spelling of "everybody" that we send (FEP-1b12 peers and JSON-LD readers know it)."""

MAX_LENGTH = 2048
"""Longest IRI in characters; Mastodon 4.6 has the same limit for ids."""

_PUBLIC_SPELLINGS = frozenset({PUBLIC, "as:Public", "Public"})
_PARTS = re.compile(r"(https?)://([^/?#]*)([^#]*)(#.*)?")
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::([1-9][0-9]{0,4}))?")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")
# WHATWG URL, "ends in a number": such a host is an IPv4 address to a resolver (127.1, 0x7f.1).
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
# Controls, spaces, invisible and direction-changing characters (not U+200D, which joins emoji),
# surrogates, and characters that end an IRI in a header or in HTML.
_FORBIDDEN = re.compile(
    "[\x00-\x20\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u200c\u200e\u200f\u2028-\u202f"
    '\u205f-\u206f\u3000\ufeff\ufff9-\ufffd\ud800-\udfff\\\\<>"]'
)
_DEFAULT_PORTS = {"https": 443, "http": 80}


class _IriParts(NamedTuple):
    scheme: str
    host: str
    port: int | None
    path: str


def is_public(value: object) -> bool:
    """Whether `value` is one of the three spellings of the public collection (AP §5.6)."""
    return isinstance(value, str) and value in _PUBLIC_SPELLINGS


def check_iri(value: object, *, development: bool = False) -> str:
    """Return `value` unchanged if it is an IRI we are ready to store, compare or fetch.

    https only, a DNS name with a dot, port 443 or none, no userinfo, at most 2048 characters.
    `development` also lets http, ports, addresses and names such as `localhost` pass. Fragments
    are allowed: activity ids of Mastodon and NodeBB, and key ids, have them.

    Raises `Malformed` with a code that starts with `iri_`.
    """
    parts = _split(value)
    if not development:
        _check_for_production(parts)
    elif not (_is_address(parts.host) or _is_name(parts.host)):
        raise Malformed(
            "iri_host", "The host of the IRI is not a valid host name.", host=parts.host
        )
    return str(value)


def usable_iri(value: str | None) -> str | None:
    """The IRI if `check_iri` accepts it in development; else None, for fields that may be left out.

    What may be fetched is decided later, when it is fetched.
    """
    try:
        return check_iri(value, development=True) if value else None
    except Malformed:
        return None


def without_fragment(iri: str) -> str:
    """The IRI up to its `#`: the document that contains the key or activity with that id."""
    return iri.partition("#")[0]


def host_of(iri: str) -> str:
    """Host in lower case, with the port unless it is the scheme's default.

    `https://Peer.example:443/x` → `peer.example`; `http://127.0.0.1:8001/x` → `127.0.0.1:8001`.
    Raises `Malformed` when `iri` has no host that every parser would read alike.
    """
    parts = _split(iri)
    host = parts.host.lower()
    if parts.port is None or parts.port == _DEFAULT_PORTS[parts.scheme]:
        return host
    return f"{host}:{parts.port}"


def origin_of(iri: str) -> str:
    """Scheme and host as FEP-fe34 compares them: `https://peer.example`. Raises `Malformed`."""
    return f"{_split(iri).scheme}://{host_of(iri)}"


def same_origin(one: str | None, other: str | None) -> bool:
    """Whether both are IRIs of one origin (FEP-fe34). False for anything that is not an IRI."""
    if one is None or other is None:
        return False
    try:
        return origin_of(one) == origin_of(other)
    except Malformed:
        return False


def same_host(one: str | None, other: str | None) -> bool:
    """Whether both are IRIs on one host and port, regardless of scheme. False for anything else."""
    if one is None or other is None:
        return False
    try:
        return host_of(one) == host_of(other)
    except Malformed:
        return False


def _split(value: object) -> _IriParts:
    if not isinstance(value, str):
        raise Malformed("iri_not_text", "An IRI must be a string.")
    if len(value) > MAX_LENGTH:
        raise Malformed("iri_too_long", f"An IRI may have at most {MAX_LENGTH} characters.")
    return _split_text(value)


# One activity names the same few ids a dozen times.
@lru_cache(maxsize=1024)
def _split_text(value: str) -> _IriParts:
    if _FORBIDDEN.search(value):
        raise Malformed(
            "iri_characters",
            "The IRI contains invalid characters, such as spaces, control characters, quotes or"
            " backslashes.",
        )
    match = _PARTS.fullmatch(value)
    if match is None:
        raise Malformed("iri_scheme", "The IRI is not an absolute https IRI.", received=value)
    scheme, authority, path, _ = match.groups()
    if "@" in authority:
        raise Malformed("iri_userinfo", "The IRI must not contain a user name.", received=value)
    host_port = _AUTHORITY.fullmatch(authority)
    if host_port is None:
        # Names outside ASCII included: they travel as A-labels (xn--…), as Mastodon sends them.
        raise Malformed("iri_host", "The host of the IRI is not a valid host name.", host=authority)
    host, port = host_port.groups()
    return _IriParts(scheme, host, _port(port), path)


def _port(text: str | None) -> int | None:
    if text is None:
        return None
    port = int(text)
    if port > 65535:
        raise Malformed("iri_port", "The port of the IRI is not valid.", received=text)
    return port


def _check_for_production(parts: _IriParts) -> None:
    if parts.scheme != "https":
        raise Malformed("iri_scheme", "The IRI is not an absolute https IRI.")
    if parts.port not in (None, 443):
        raise Malformed("iri_port", "The IRI must not contain a port.", received=str(parts.port))
    labels = parts.host.split(".")
    if len(labels) < 2 or _NUMBER.fullmatch(labels[-1]) or not _is_name(parts.host):
        raise Malformed(
            "iri_host", "The host of the IRI is not a public host name.", host=parts.host
        )


def _is_name(host: str) -> bool:
    return len(host) <= 253 and all(_LABEL.fullmatch(label) for label in host.split("."))


@lru_cache(maxsize=1024)
def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
