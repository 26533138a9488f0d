"""From a handle like `!cats@peer.example` to the actor's IRI and back (RFC 7033).

A handle only leads to an actor; no single server decides whose it is. A response that names a
handle of another domain counts only if that domain names the same actor (Akkoma 2026.03 and Pleroma
2.7 believed it without asking), and `fetch_handle` gives the handle to store for an actor.

host-meta is not used: servers that have one serve it as XML, which is not worth a parser, and
domains that delegate their handles redirect `/.well-known/webfinger` today.
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from activitypub.answers import ACTIVITY_JSON, LD_JSON
from activitypub.errors import FetchRefused, Malformed, PrivateAddress
from activitypub.fetch import Budget, Fetcher
from activitypub.iri import check_iri, host_of
from activitypub.netguard import Guard
from activitypub.types import AS2

ACCEPT = "application/jrd+json, application/json"
SELF_TYPES = (ACTIVITY_JSON, LD_JSON)
"""The types of a `self` link; Mastodon compares them as exact strings, and so do we."""

TYPE_PROPERTY = f"{AS2}#type"
"""The property by which Lemmy marks which of two actors with one name is the Group."""

PROFILE_PAGE = "http://webfinger.net/rel/profile-page"
SUBSCRIBE = "http://ostatus.org/schema/1.0/subscribe"

# Mastodon 4.6 allows [a-z0-9_] with dots and dashes inside; others allow only slightly more.
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.+~-]{0,254}[A-Za-z0-9_~])?")
_HOST = re.compile(r"[^\s/\\?#@%<>\"\x00-\x1f\x7f]{1,253}")
_KINDS = {"!": "Group", "@": None}


@dataclass(frozen=True, slots=True)
class Handle:
    """`name@host`; `host` is lower case, A-labels, with a port in development only.

    `kind_hint` is "Group" if it was written with "!", else None.
    """

    name: str
    host: str
    kind_hint: str | None = None

    def __str__(self) -> str:
        return f"{self.name}@{self.host}"

    @property
    def acct(self) -> str:
        """As a WebFinger resource or subject: `acct:name@host`."""
        return f"acct:{self.name}@{self.host}"

    def is_same(self, other: "Handle") -> bool:
        """Whether both name one account; Mastodon ignores case here, so everybody must."""
        return (self.name.lower(), self.host) == (other.name.lower(), other.host)


def parse_handle(text: str, *, development: bool = False) -> Handle:
    """Read `@name@host`, `!name@host`, `name@host` or `acct:name@host`.

    The host must be a name to which we may connect: no address, port, single label
    or private name (Lemmy CVE-2025-25194); `development` permits loopback and ports. Raises
    `Malformed` with a code that starts with `handle_`.
    """
    bare = text.strip()
    kind = _KINDS.get(bare[:1])
    if bare[:1] in _KINDS:
        bare = bare[1:]
    elif bare[:5].lower() == "acct:":
        bare = bare[5:]
    name, at, host = bare.partition("@")
    if not at or not _NAME.fullmatch(name):
        raise Malformed("handle_form", "A handle has the form name@host.", received=text[:300])
    return Handle(name, _checked_host(host, development=development), kind)


async def find_actor(fetcher: Fetcher, handle: Handle, budget: Budget | None = None) -> str:
    """The IRI of the actor that `handle` leads to.

    If the subject of the response is on another domain, that domain must name the same actor; only
    one such step is made. The actor document itself is not read here. Raises `NotThere` (unknown
    there), `Gone`, `Unreachable`, and `FetchRefused` for a response that cannot be trusted.
    """
    actor, _ = await _look_up(fetcher, handle, budget)
    return actor


async def fetch_handle(
    fetcher: Fetcher,
    actor: str,
    preferred_username: str,
    kind: str | None = None,
    budget: Budget | None = None,
) -> Handle:
    """The handle under which an actor may be stored and shown, checked in both directions.

    As Mastodon does, asks the actor's own host for `preferred_username`, then at most one other
    domain that is named there; each must lead back to exactly `actor`. `kind` is the actor's type,
    which decides if a person and a community share a name. Raises like `find_actor`.
    """
    handle = _handle_or_refused(f"{preferred_username}@{host_of(actor)}", fetcher, actor, kind)
    found, canonical = await _look_up(fetcher, handle, budget)
    if found != actor:
        raise FetchRefused(
            "webfinger_actor",
            "The WebFinger handle of this actor resolves to a different actor.",
            url=actor,
            received=found,
        )
    return canonical


def self_link(jrd: dict[str, Any], kind: str | None = None) -> str | None:
    """The actor IRI in a WebFinger response; None if it names none.

    Of two (Lemmy: a person and a community with one name) the one of type `kind`, else the first.
    """
    links = jrd.get("links")
    if not isinstance(links, list):
        return None
    own = [link for link in links if _is_self_link(link)]
    own.sort(key=lambda link: kind is not None and _kind_of(link) != kind)
    return own[0]["href"] if own else None


def document(
    handle: Handle, *, actor: str, page: str, subscribe: str | None = None, kind: str | None = None
) -> dict[str, Any]:
    """Our WebFinger response for the local actor `actor`, whose HTML page is `page`.

    `subscribe` is the URL template, with `{uri}`, of the page on which our members follow
    somebody elsewhere; `kind` is the actor's type. Mastodon needs the exact `self` type, and
    `href` equal to the actor's id; GoToSocial the name in its exact case.
    """
    own: dict[str, Any] = {"rel": "self", "type": ACTIVITY_JSON, "href": actor}
    if kind is not None:
        own["properties"] = {TYPE_PROPERTY: kind}
    links = [{"rel": PROFILE_PAGE, "type": "text/html", "href": page}, own]
    if subscribe is not None:
        links.append({"rel": SUBSCRIBE, "template": subscribe})
    return {
        "subject": handle.acct,
        "aliases": list(dict.fromkeys([page, actor])),
        "links": links,
    }


async def _look_up(fetcher: Fetcher, handle: Handle, budget: Budget | None) -> tuple[str, Handle]:
    actor, subject = await _ask(fetcher, handle, budget)
    if subject.is_same(handle):
        return actor, subject
    confirmed, again = await _ask(fetcher, subject, budget)
    if confirmed != actor or not again.is_same(subject):
        raise FetchRefused(
            "webfinger_subject",
            "The WebFinger subject is a handle that does not resolve to the same actor.",
            url=actor,
            received=subject.acct,
            computed=confirmed,
        )
    return actor, again


async def _ask(fetcher: Fetcher, handle: Handle, budget: Budget | None) -> tuple[str, Handle]:
    resource = f"acct:{quote(handle.name)}@{handle.host}"
    url, jrd = await fetcher.fetch_well_known(
        handle.host,
        f"/.well-known/webfinger?resource={resource}",
        accept=ACCEPT,
        budget=budget,
    )
    actor = self_link(jrd, handle.kind_hint)
    if actor is None:
        raise FetchRefused(
            "webfinger_no_actor", "WebFinger lists no ActivityPub actor for this handle.", url=url
        )
    try:
        check_iri(actor, development=fetcher.development)
    except Malformed as error:
        raise FetchRefused(error.code, error.detail, url=url, received=actor) from error
    subject = jrd.get("subject")
    if not isinstance(subject, str):
        return actor, handle  # RFC 7033 §4.4.1 only recommends a subject
    return actor, _handle_or_refused(subject, fetcher, url, handle.kind_hint)


def _handle_or_refused(
    text: str, fetcher: Fetcher, url: str, kind_hint: str | None = None
) -> Handle:
    try:
        handle = parse_handle(text, development=fetcher.development)
    except Malformed as error:
        raise FetchRefused(error.code, error.detail, url=url, received=text[:300]) from error
    return Handle(handle.name, handle.host, kind_hint)


def _checked_host(host: str, *, development: bool) -> str:
    if not _HOST.fullmatch(host):
        raise Malformed(
            "handle_host", "The host of the handle is not a valid host name.", received=host[:300]
        )
    try:
        # People type umlauts; httpx turns them into A-labels, the only form on the wire.
        url = httpx.URL(f"https://{host}/")
        ascii_host = url.netloc.decode("ascii")
        check_iri(f"https://{ascii_host}/", development=development)
        Guard(development=development).check_host(url.raw_host.decode("ascii"))
    except (Malformed, PrivateAddress, httpx.InvalidURL) as error:
        raise Malformed(
            "handle_host", "The host of the handle is not a public host name.", received=host
        ) from error
    return ascii_host


def _is_self_link(link: object) -> bool:
    return (
        isinstance(link, dict)
        and link.get("rel") == "self"
        and link.get("type") in SELF_TYPES
        and isinstance(link.get("href"), str)
    )


def _kind_of(link: dict[str, Any]) -> object:
    properties = link.get("properties")
    return properties.get(TYPE_PROPERTY) if isinstance(properties, dict) else None
