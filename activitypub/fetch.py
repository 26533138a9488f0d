"""The only way to the network: every request to a peer goes through `Fetcher`, with limits.

Strangers choose the URLs. So for every request and every redirect the URL is parsed once and
strictly (`iri`), the address is checked (`netguard`, in `transport`), time and bytes are limited
(`connection`), and a document is believed only about its own origin.

The id rule (FEP-fe34; Mastodon CVE-2024-23832, Misskey CVE-2024-52591): the document's `id` must be
the IRI that was asked for, or where the redirects ended, and the last URL must be of the id's
origin. Otherwise the document is fetched again from its `id`, if that is on the host that served
it. So a `FetchedDocument` always comes from the origin of its `document.id`; that id may differ
from the IRI asked for, and callers go on with `document.id`.

A collection only lists: nobody refers to it by its id, and each item is checked by itself. So one
without an id (NodeBB 4's outbox, PieFed 1.7's replies), or whose id on the same host leads nowhere,
is accepted, with the address where it was found as its id.
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, TypeVar, cast
from urllib.parse import urljoin

import httpx

from activitypub.answers import (
    ACTIVITY_JSON,
    LD_JSON,
    Received,
    find_alternate,
    is_activity_type,
    is_temporary,
    opening,
    retry_after,
    to_failure,
    unpack,
)
from activitypub.chunks import Chunks
from activitypub.connection import Reply, ResponseLimits
from activitypub.document import Document, has_activitystreams_context
from activitypub.errors import (
    BudgetSpent,
    FetchFailed,
    FetchRefused,
    Gone,
    Malformed,
    NotThere,
    TooBig,
    Unreachable,
)
from activitypub.iri import check_iri, host_of, same_host, same_origin, without_fragment
from activitypub.netguard import Guard, is_loopback, literal_address
from activitypub.parse import parse
from activitypub.signature_profiles import SignatureProfiles
from activitypub.signatures.accept import HEADER as ACCEPT_SIGNATURE, requests_ed25519
from activitypub.signatures.keys import PrivateKey, ProofKey, SigningKeys
from activitypub.signatures.request import Profile, sign
from activitypub.transport import DEFAULT_PORTS, Origin, PeerRequest, PeerTransport, Place
from activitypub.types import COLLECTION_TYPES

T = TypeVar("T")
R = TypeVar("R", Received, "HttpResponse")

READ_ASIDE_FROM = 16 * 1024
"""A response of more bytes than this is parsed in a thread, beside the event loop."""

MAX_REDIRECTS = 3
MAX_POST = 1024 * 1024
"""Largest body we send, in bytes: the limit of Mastodon, and our own."""

ACCEPT_ACTIVITY = f"{ACTIVITY_JSON}, {LD_JSON}"
ACCEPT_PAGE = f"{ACCEPT_ACTIVITY}, text/html;q=0.1"

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ETAG = re.compile(r'(?:W/)?"[!#-~]{0,200}"')  # RFC 9110 §8.8.3, without obs-text
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
# Lower case, no default port, no dot segments, nothing that has to be encoded.
_PLAIN = re.compile(
    r"(https?)://((?:[a-z0-9-]+\.)+[a-z0-9-]+)(?::([0-9]+))?((?:/(?!\.)[A-Za-z0-9._~@-]*)+)"
)
_GET = ResponseLimits()
_POST = ResponseLimits(body=8 * 1024, cut=True)

_ACCEPT_SIGNATURE = ACCEPT_SIGNATURE.lower().encode()

Clock = Callable[[], datetime]


class Budget:
    """How many requests one activity (or one look-up of a member) may cause.

    Every request counts, redirects included. `seconds` count from the creation of the budget.
    """

    def __init__(
        self,
        documents: int = 20,
        seconds: float = 60.0,
        *,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._documents = documents
        self._timer = timer
        self._ends = timer() + seconds

    @property
    def seconds_left(self) -> float:
        """Seconds until no more requests are made; never negative."""
        return max(0.0, self._ends - self._timer())

    def spend(self, url: str) -> None:
        """Count one request. Raises `BudgetSpent` if none is left, or no time."""
        if self._documents < 1:
            raise BudgetSpent(
                "budget_documents",
                "Fetch limit reached: too many documents for one activity.",
                url=url,
            )
        if self.seconds_left == 0.0:
            raise BudgetSpent(
                "budget_seconds", "Fetch limit reached: too much time for one activity.", url=url
            )
        self._documents -= 1


@dataclass(frozen=True, slots=True)
class FetchedDocument:
    """A document from the origin of its id; `url` is the last address, after redirects."""

    document: Document
    body: bytes
    url: str


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A peer's response to a POST: `retry_after` in seconds, `text` at most 500 characters.

    `requests_ed25519`: it asks for Ed25519 signatures (`activitypub.signatures.accept`).
    """

    status: int
    retry_after: float | None
    text: str
    requests_ed25519: bool = False


@dataclass(frozen=True, slots=True)
class Download:
    """A file that is not ActivityPub, such as an icon; `content_type` is what the peer claims, and
    `etag` names this version of it ("" if the peer does not say).
    """

    body: bytes
    content_type: str
    url: str
    etag: str = ""


@dataclass(frozen=True, slots=True)
class ReachedServer:
    """Where a server is reached: the addresses of its name, and when its certificate ends (epoch
    seconds; None without TLS).
    """

    addresses: tuple[str, ...]
    certificate_ends: float | None


@dataclass(frozen=True, slots=True)
class _Ask:
    """How to make a GET, the same for every redirect."""

    accept: str
    signed: bool
    limits: ResponseLimits
    budget: Budget | None
    # The version that we have: the response may then be a 304.
    etag: str = ""


class Fetcher:
    """GET and POST to peers. One per process; close it with `aclose`.

    `clock` gives the time for signatures, `key` the key of the instance actor, which signs GETs of
    documents (GoToSocial and Mastodon in secure mode require it), and of anything else that was
    answered 401 without a signature; None leaves them unsigned. `development` permits loopback,
    http and ports.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        development: bool,
        clock: Clock,
        key: Callable[[], PrivateKey] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.development = development
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": "identity"}
        self._clock = clock
        self._key = key
        self._chunks = Chunks()
        self._profiles = SignatureProfiles(clock)
        self._transport = transport or PeerTransport(guard=Guard(development=development))
        if isinstance(self._transport, PeerTransport):
            self._exchange = self._transport.exchange
        else:
            self._exchange = partial(_exchange_through, self._transport)

    def base_urls(self, host: str) -> tuple[str, ...]:
        """The base URLs to try when only the name of `host` is known: `https://host`.

        In development, addresses of this machine use http, and other names either: with a port http
        first, under `localhost` without a port https first (a proxy with a certificate).
        """
        secure, plain = f"https://{host}", f"http://{host}"
        if not self.development:
            return (secure,)
        name, _, port = host.rpartition(":")
        has_port = port.isdigit() and bool(name)
        name = name if has_port else host
        if literal_address(name) is not None:
            return (plain,)
        if has_port:
            return (plain, secure)
        return (secure, plain) if is_loopback(name) else (secure,)

    async def fetch_document(self, iri: str, budget: Budget | None = None) -> FetchedDocument:
        """The ActivityPub document at `iri`, by a signed GET and the id rule above.

        A fragment of `iri` is not sent; the document may then have the id with it or without. A
        Tombstone is returned like any document. Raises the `FetchFailed` family.
        """
        found = await self._get_activity(iri, _Ask(ACCEPT_ACTIVITY, True, _GET, budget))
        return await self._vouched(iri, found, budget)

    async def fetch_page_link(self, url: str, budget: Budget | None = None) -> FetchedDocument:
        """The document at a URL that a person typed in, which may be an HTML page.

        A page may name its document in a Link header or a `<link rel="alternate">`, which is
        followed once. Raises like `fetch_document`.
        """
        last, received = await self._get(url, _Ask(ACCEPT_PAGE, True, _GET, budget))
        if is_activity_type(received.content_type):
            found = await _read_aside(_to_fetched, last, received)
            return await self._vouched(url, found, budget)
        target = find_alternate(received, last)
        if target is None:
            raise FetchRefused(
                "no_alternate", "The page links to no ActivityPub document.", url=last
            )
        return await self.fetch_document(target, budget)

    async def fetch_key_document(self, key_id: str, budget: Budget | None = None) -> dict[str, Any]:
        """The raw document that contains a key: an actor, a stub of it, or the key alone.

        GoToSocial's key ids (`/users/a/main-key`) lead to a stub with the actor's id, so the id
        rule is weaker here: the document comes from the origin of the key id, and every id in it
        (its own, its keys', their owners') is on that host. The caller checks that the owner lists
        the key. Raises the `FetchFailed` family.
        """
        last, received = await self._get(key_id, _Ask(ACCEPT_ACTIVITY, True, _GET, budget))
        document = Document(await _read_aside(_to_json, last, received))
        named = {document.id, document.owner} - {None}
        for key in document.public_keys:
            named |= {key.id, key.owner}
        if not (named and same_origin(last, key_id) and all(same_host(i, key_id) for i in named)):
            raise FetchRefused(
                "id_mismatch", "The key's document contains ids on another host.", url=last
            )
        return document.raw

    async def fetch_json(
        self, url: str, *, accept: str, budget: Budget | None = None
    ) -> dict[str, Any]:
        """A JSON object of any media type, signed only after a 401: WebFinger, NodeInfo.

        Redirects may lead to other hosts (RFC 7033 §4.2), each of which is checked. An empty body
        is `NotThere`: PieFed sends that for unknown names. Raises the `FetchFailed` family.
        """
        last, received = await self._get(url, _Ask(accept, False, _GET, budget))
        if not received.body.strip():
            raise NotThere(
                "empty_answer", "The peer returned an empty response.", url=last, status=200
            )
        return await _read_aside(partial(_to_json, activity=False), last, received)

    async def fetch_well_known(
        self, host: str, path: str, *, accept: str, budget: Budget | None = None
    ) -> tuple[str, dict[str, Any]]:
        """The URL of `path` on a host, and the JSON object there.

        Raises the `FetchFailed` family; for the last of `base_urls` if none can be reached.
        """
        *others, last = (f"{base}{path}" for base in self.base_urls(host))
        for url in others:
            with suppress(Unreachable):
                return url, await self.fetch_json(url, accept=accept, budget=budget)
        return last, await self.fetch_json(last, accept=accept, budget=budget)

    async def fetch_bytes(
        self,
        url: str,
        *,
        accept: str,
        max_bytes: int,
        cut: bool = False,
        budget: Budget | None = None,
    ) -> Download:
        """A file of at most `max_bytes` and any media type; signed only after a 401.

        With `cut`, the beginning of a longer one. Raises the `FetchFailed` family.
        """
        limits = replace(_GET, body=max_bytes, cut=cut)
        last, received = await self._get(url, _Ask(accept, False, limits, budget))
        return _to_download(last, received)

    async def fetch_changed(
        self, url: str, *, accept: str, max_bytes: int, etag: str, budget: Budget | None = None
    ) -> Download | None:
        """As `fetch_bytes`; None if the file is still the one with this ETag (RFC 9110 §13.1.2)."""
        limits = replace(_GET, body=max_bytes)
        last, received = await self._get(url, _Ask(accept, False, limits, budget, etag))
        return None if received.status == 304 else _to_download(last, received)

    async def reach(self, url: str) -> ReachedServer | None:
        """Connect to the server of this URL, and ask it nothing; None through a proxied transport.

        Raises the `FetchFailed` family; `Unreachable` has the code `not_resolved` if its name has
        no address.
        """
        place, transport = self._to_place(url), self._transport
        if not isinstance(transport, PeerTransport):
            return None
        try:
            addresses = await transport.find_addresses(place.origin)
        except FetchFailed as error:
            error.url = url
            raise
        except httpx.TransportError as error:
            raise Unreachable("not_resolved", str(error), url=url) from error
        try:
            ends = await transport.find_certificate_end(place.origin)
        except httpx.TransportError as error:
            raise Unreachable("connect_failed", str(error), url=url) from error
        return ReachedServer(tuple(addresses), ends)

    async def post(self, inbox: str, body: bytes, keys: SigningKeys) -> HttpResponse:
        """POST an activity to an inbox, signed now, without following redirects.

        It is sent once, unless the peer may not take the kind of the signature
        (`signature_profiles`). Any HTTP status is an `HttpResponse`. Raises `Unreachable` for
        temporary faults; `PrivateAddress`, `FetchRefused` (no IRI that may be posted to) and
        `TooBig` (our body) for permanent ones.
        """
        if len(body) > MAX_POST:
            raise TooBig(
                "body_too_big",
                f"The activity is larger than {MAX_POST} bytes, the most that peers accept.",
                url=inbox,
            )
        place = self._to_place(inbox)
        if keys.ed25519 is not None and self._profiles.takes_ed25519(place.netloc):
            answer = await self._try_post(place, body, keys.ed25519, "rfc9421")
            if is_temporary(answer.status) or _is_accepted(answer):
                return answer
            self._profiles.refused_ed25519(place.netloc)
        key = keys.rsa
        first = await self._try_post(place, body, key, self._profiles.first(place.netloc))
        if first.status != 401 or (other := self._profiles.second(place.netloc)) is None:
            return first
        again = await self._try_post(place, body, key, other)
        return self._better(place, other, first, again)

    async def post_unsigned(
        self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float
    ) -> HttpResponse:
        """POST something that is no activity, with its own `headers`, without following redirects.

        Any HTTP status is an `HttpResponse`. Raises `Unreachable` for temporary faults, also after
        `seconds`; `PrivateAddress` and `FetchRefused` (no IRI that may be posted to) for permanent
        ones.
        """
        place = self._to_place(url)
        sent = {**self._headers, "Host": place.netloc, **headers}
        limits = replace(_POST, total=min(_POST.total, seconds))
        reply = await self._send(PeerRequest("POST", place, sent, body), limits)
        wait = retry_after(reply.header(b"retry-after"), self._clock())
        return HttpResponse(reply.status, wait, opening(_readable(reply, limits)))

    async def aclose(self) -> None:
        """Close all connections."""
        self._chunks.close()
        await self._transport.aclose()

    async def _try_post(
        self, place: Place, body: bytes, key: PrivateKey | ProofKey, profile: Profile
    ) -> HttpResponse:
        now = self._clock()
        signing = partial(sign, "POST", place.url, body, key, now, profile=profile)
        # An Ed25519 signature takes less time than a hop to a thread.
        signed = signing() if isinstance(key, ProofKey) else await self._chunks.run(signing)
        request = PeerRequest("POST", place, self._headers | signed, body)
        wants_ed25519 = False
        try:
            reply = await self._send(request, _POST)
            wants_ed25519 = requests_ed25519(reply.header(_ACCEPT_SIGNATURE) or "")
        finally:
            self._profiles.answered(place.netloc, requests_ed25519=wants_ed25519)
        wait = retry_after(reply.header(b"retry-after"), now)
        text = opening(_readable(reply, _POST))
        return HttpResponse(reply.status, wait, text, wants_ed25519)

    def _better(self, place: Place, profile: Profile, first: R, again: R) -> R:
        """The response that counts after a second attempt; remembers the scheme if it worked."""
        if again.status == 401:
            return first
        self._profiles.took(place.netloc, profile)
        return again

    async def _vouched(
        self, asked: str, found: FetchedDocument, budget: Budget | None
    ) -> FetchedDocument:
        if _is_vouched_for(asked, found):
            return found
        name = found.document.id
        is_collection = found.document.type in COLLECTION_TYPES
        if name is None and is_collection:
            return _named_by_address(found)
        if name is None:
            raise FetchRefused("id_missing", "The document has no id.", url=found.url)
        if same_host(name, found.url):
            again = await self._ask_again(name, budget, may_fail=is_collection)
            if again is not None and _is_vouched_for(name, again):
                return again
            if is_collection:
                return _named_by_address(found)
        raise FetchRefused(
            "id_mismatch",
            "The document's id differs from the address it was fetched from.",
            url=found.url,
            received=name,
            computed=asked,
        )

    async def _ask_again(
        self, name: str, budget: Budget | None, *, may_fail: bool
    ) -> FetchedDocument | None:
        try:
            return await self._get_activity(name, _Ask(ACCEPT_ACTIVITY, True, _GET, budget))
        except (NotThere, Gone, FetchRefused):
            if may_fail:
                return None
            raise

    async def _get_activity(self, iri: str, ask: _Ask) -> FetchedDocument:
        return await _read_aside(_to_fetched, *await self._get(iri, ask))

    async def _get(self, iri: str, ask: _Ask) -> tuple[str, Received]:
        """The last URL, after redirects, and its response, which is a 200, or the 304 asked for."""
        url = without_fragment(iri)
        for _ in range(MAX_REDIRECTS + 1):
            received = await self._get_once(url, ask)
            if received.status == 200 or (received.status == 304 and ask.etag):
                return url, received
            if received.status not in _REDIRECTS:
                raise to_failure(url, received, self._clock())
            url = _redirected(url, received)
        raise FetchRefused("too_many_redirects", "Too many redirects.", url=iri)

    async def _get_once(self, iri: str, ask: _Ask) -> Received:
        place = self._to_place(iri)
        profile = self._profiles.first(place.netloc)
        received = await self._try_get(place, ask, profile)
        if received.status != 401 or self._key is None:
            return received
        if not ask.signed:
            # Some servers require a signature even for NodeInfo and pictures.
            return await self._get_once(iri, replace(ask, signed=True))
        if "?" in iri and profile == "cavage":
            # PieFed, Mbin and old Pleroma verify the path alone; GoToSocial retries like this too.
            received = await self._try_get(place, ask, profile, cover_query=False)
        if received.status == 401 and (other := self._profiles.second(place.netloc)) is not None:
            again = await self._try_get(place, ask, other)
            received = self._better(place, other, received, again)
        return received

    async def _try_get(
        self, place: Place, ask: _Ask, profile: Profile, *, cover_query: bool = True
    ) -> Received:
        limits = ask.limits
        if ask.budget is not None:
            ask.budget.spend(place.url)
            limits = replace(limits, total=min(limits.total, ask.budget.seconds_left))
        headers = {**self._headers, "Host": place.netloc, "Accept": ask.accept}
        if ask.etag:
            headers["If-None-Match"] = ask.etag
        if ask.signed and self._key is not None:
            now = self._clock()
            headers |= sign(
                "GET", place.url, None, self._key(), now, cover_query=cover_query, profile=profile
            )
        reply = await self._send(PeerRequest("GET", place, headers), limits)
        body = _readable(reply, limits)
        return Received(reply.status, httpx.Headers(reply.headers), body)

    def _to_place(self, iri: str) -> Place:
        try:
            return _parse_url(iri, self.development)
        except Malformed as error:
            raise _to_refused(error, iri) from error
        except FetchFailed as error:
            error.url = iri
            raise

    async def _send(self, request: PeerRequest, limits: ResponseLimits) -> Reply:
        url = request.place.url
        try:
            return await self._exchange(request, limits)
        except FetchFailed as error:
            error.url = url
            raise
        except httpx.TimeoutException as error:
            raise Unreachable("timeout", str(error), url=url) from error
        except httpx.ConnectError as error:
            raise Unreachable("connect_failed", str(error), url=url) from error
        except httpx.TransportError as error:
            raise Unreachable("answer_broken", str(error), url=url) from error


def _to_download(url: str, received: Received) -> Download:
    etag = received.headers.get("etag", "")
    # It is sent back as it is, so only as its grammar allows.
    return Download(
        received.body, received.content_type, url, etag if _ETAG.fullmatch(etag) else ""
    )


def _is_accepted(answer: HttpResponse) -> bool:
    """Whether a POST was accepted by a peer that takes Ed25519, which signed it."""
    return 200 <= answer.status < 300 and answer.requests_ed25519


@lru_cache(maxsize=4096)  # for the inboxes of busy peers
def _parse_url(iri: str, development: bool) -> Place:
    """The parsed form of `iri`, the same one that is checked, signed and sent."""
    host = host_of(iri)
    place = _parse_plain(without_fragment(iri), host) or _parse_other(without_fragment(iri))
    Guard(development=development).check_host(place.origin.host)
    check_iri(iri, development=development)
    if place.netloc != host:
        raise FetchRefused("iri_host", "URL parsers disagree about the host of this IRI.")
    return place


def _parse_plain(url: str, host: str) -> Place | None:
    """A URL that all parsers read alike and none writes in another way; None if it may not be
    one."""
    match = _PLAIN.fullmatch(url)
    if match is None:
        return None
    scheme, name, port, target = match.groups()
    is_numeric = name[-1].isdigit() and literal_address(name) is None
    if is_numeric or host != (f"{name}:{port}" if port else name):
        return None
    origin = Origin(scheme, name, int(port) if port else DEFAULT_PORTS[scheme])
    return Place(url, origin, host, target)


def _parse_other(url: str) -> Place:
    try:
        return Place.of(httpx.URL(url))
    except httpx.InvalidURL as error:
        raise FetchRefused("iri_characters", str(error)) from error


async def _exchange_through(
    transport: httpx.AsyncBaseTransport, request: PeerRequest, limits: ResponseLimits
) -> Reply:
    """As `PeerTransport.exchange`, through any other transport, held to the same sizes."""
    asked = httpx.Request(
        request.method,
        request.place.url,
        headers=request.headers,
        content=request.body,
        extensions={"limits": limits},
    )
    response = await transport.handle_async_request(asked)
    parts: list[bytes] = []
    room = limits.body
    # Not `response.aread()`: httpx would decompress without a limit.
    try:
        async for part in cast("httpx.AsyncByteStream", response.stream):
            parts.append(part[:room])
            room -= len(part)
            if room < 0:
                break
    finally:
        await response.aclose()
    if room < 0 and not _is_cut(response.status_code, limits):
        raise TooBig("answer_too_big", "The response is larger than our limit.")
    return Reply(response.status_code, response.headers.raw, b"".join(parts))


def _readable(reply: Reply, limits: ResponseLimits) -> bytes:
    """The body without its encoding."""
    try:
        return unpack(reply.body, reply.header(b"content-encoding") or "", limits.body)
    except FetchFailed:
        if not _is_cut(reply.status, limits):
            raise
        return b""  # shown to people only


def _is_cut(status: int, limits: ResponseLimits) -> bool:
    return limits.cut or status != 200


async def _read_aside(read: Callable[[str, Received], T], url: str, received: Received) -> T:
    """The result of `read`, which is run in a thread for a long response."""
    if len(received.body) <= READ_ASIDE_FROM:
        return read(url, received)
    return await asyncio.to_thread(read, url, received)


def _to_fetched(url: str, received: Received) -> FetchedDocument:
    document = _to_json(url, received)
    if not has_activitystreams_context(document):
        raise FetchRefused(
            "context_missing", "The @context does not include ActivityStreams.", url=url
        )
    return FetchedDocument(Document(document), received.body, url)


def _to_json(url: str, received: Received, *, activity: bool = True) -> dict[str, Any]:
    if activity and not is_activity_type(received.content_type):
        raise FetchRefused(
            "content_type",
            "The Content-Type must be application/activity+json or application/ld+json. With"
            " any other type it could be an uploaded file, which must not speak for its host.",
            url=url,
            status=received.status,
            received=received.content_type,
        )
    try:
        return parse(received.body)
    except Malformed as error:
        raise _to_refused(error, url) from error


def _to_refused(error: Malformed, url: str) -> FetchRefused:
    refused = FetchRefused(error.code, error.detail, url=url)
    refused.facts.update(error.facts)
    return refused


def _is_vouched_for(asked: str, found: FetchedDocument) -> bool:
    name = found.document.id
    return name in (asked, without_fragment(asked), found.url) and same_origin(name, found.url)


def _named_by_address(found: FetchedDocument) -> FetchedDocument:
    document = Document(found.document.raw | {"id": found.url})
    return FetchedDocument(document, found.body, found.url)


def _redirected(url: str, received: Received) -> str:
    location = received.headers.get("location", "")
    try:
        # urljoin would read "https:///x" as a path on the host that redirects.
        is_absolute = _SCHEME.match(location) is not None
        target = without_fragment(location if is_absolute else urljoin(url, location))
    except ValueError:
        target = ""
    if not location or not target:
        raise FetchRefused("redirect_broken", "The redirect has no valid Location.", url=url)
    if url.startswith("https:") and not target.startswith("https:"):
        raise FetchRefused(
            "redirect_downgrade", "The peer redirects from https to an insecure address.", url=url
        )
    return target
