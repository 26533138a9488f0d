"""Units of work: one transaction each, and the fetching of what they find missing.

The domain never waits for the network. An action that needs a document we do not have raises
`NeedsFetch`; here the transaction is rolled back, the document fetched (within a budget, from hosts
that are not blocked), and the work run again with it.
"""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlsplit

from sqlalchemy import Connection

from activitypub.document import Document
from activitypub.errors import (
    BudgetSpent,
    FetchFailed,
    FetchRefused,
    Malformed,
    NotThere,
    PrivateAddress,
    ProtocolError,
    Unreachable,
)
from activitypub.fetch import Budget, Fetcher
from activitypub.iri import check_iri, host_of
from activitypub.nodeinfo import fetch_software
from activitypub.webfinger import fetch_handle, find_actor as find_by_webfinger, parse_handle
from fedcom.actions.comment import content_at
from fedcom.actions.feature import pins_in, put_pins
from fedcom.clock import Clock
from fedcom.context import Context, Fetched, Prover
from fedcom.db import Database
from fedcom.errors import Denied, FedcomError, Invalid, NeedsFetch, NotFound
from fedcom.models.actor import Community, Person
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.queries.actors import find_actor, find_community, find_person
from fedcom.queries.comments import get_comment
from fedcom.queries.content import find_content
from fedcom.queries.posts import get_post
from fedcom.remote.actors import (
    actor_at,
    find_split,
    is_stale,
    note_tried,
    put_actor,
    put_claimed_followers,
    put_domain,
)
from fedcom.remote.peers import FRESH_UNREACHED, find_block, find_peer, is_fresh, put_peer
from fedcom.text.pasted import pasted_address

T = TypeVar("T")
Found = Community | Person | Post | Comment

# What a member's look-up may cost: a thread's parents, its authors, the community and moderators.
LOOKUP_DOCUMENTS = 60
LOOKUP_SECONDS = 30.0
# What a look into one of a community's collections may cost, with a redirect.
COLLECTION_DOCUMENTS = 2
COLLECTION_SECONDS = 10.0
# What the confirmation of a handle may cost: each of two domains, with a redirect.
HANDLE_DOCUMENTS = 4
HANDLE_SECONDS = 10.0
# Pages of this server, and those of people and communities on most forums.
_PAGE = re.compile(r"/(post|comment|c|u)/([\w.-]{1,100})")
_ACTOR_PAGE = re.compile(r"/(c|m|u)/([\w.-]{1,100})")
# Of numbers that may be row ids.
_DIGITS = 16
# Hosts of which is remembered when their NodeInfo was last looked into.
LOOKED = 10_000
# How often one unit may find something missing, whatever the budget: each time it starts over.
ROUNDS = 100


class Units:
    """Opens units of work on the database of one instance."""

    def __init__(
        self,
        *,
        database: Database,
        fetcher: Fetcher,
        origin: str,
        clock: Clock,
        committed: Callable[[], Awaitable[None]],
        prover: Prover | None = None,
    ) -> None:
        """`prover` makes integrity proofs for what is sent. `committed` is awaited after each unit
        that was committed; it must not wait itself."""
        self._database = database
        self._fetcher = fetcher
        self._origin = origin
        self._clock = clock
        self._committed = committed
        self._prover = prover
        # When each host's NodeInfo was last looked into by this process.
        self._looked: dict[str, datetime] = {}

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` beside the writers; it cannot write."""
        return await self._database.read(work)

    async def unit(
        self,
        work: Callable[[Context], T],
        *,
        budget: Budget | None = None,
        fetched: Fetched | None = None,
        wanted: bool = False,
    ) -> T:
        """Run `work` in one transaction and commit it; what it publishes is sent at once.

        `work` may be run several times. Without `budget` nothing is fetched and what is missing is
        NotFound. Raises whatever `work` raises, and the FetchFailed family.
        """
        known = fetched if fetched is not None else Fetched()
        for _ in range(ROUNDS):
            try:
                result = await self._database.write(
                    lambda conn: work(
                        Context(conn, self._clock(), self._origin, known, wanted, self._prover)
                    )
                )
            except NeedsFetch as missing:
                if budget is None and not missing.required:
                    known.failures[missing.iri] = BudgetSpent(
                        "not_fetched", "Nothing is fetched here."
                    )
                    continue
                if budget is None:
                    raise NotFound(
                        "couldnt_find_object", "%(iri)s is not known here.", iri=missing.iri
                    ) from None
                await self._fetch_into(known, missing, budget)
                continue
            await self._committed()
            await self._learn_domains(known)
            return result
        raise BudgetSpent("too_many_rounds", "Too many documents depend on one another.")

    async def fetch(self, iri: str, budget: Budget) -> Document:
        """The document that the origin of `iri` serves.

        Raises the FetchFailed family, Malformed, Denied for a blocked host, and NotFound for ours.
        """
        host = host_of(iri)
        await self._check_host(host)
        found = await self._fetcher.fetch_document(iri, budget)
        if found.document.is_actor:
            await self.learn_peer(host)
        return found.document

    async def _check_host(self, host: str) -> None:
        """Before anything is asked of it."""
        if host == host_of(self._origin):
            raise NotFound("couldnt_find_object", "Not found on this server.")
        block = await self._database.read(lambda conn: find_block(conn, host))
        if block is not None:
            raise Denied(
                "instance_blocked", "The server %(host)s is blocked here.", host=block.host
            )

    async def learn_peer(self, host: str) -> None:
        """Ask a server's NodeInfo what software it runs, unless that was asked of late."""
        now = self._clock()
        looked = self._looked.get(host)
        if looked is not None and now - looked < FRESH_UNREACHED:
            return
        if len(self._looked) >= LOOKED:
            self._looked.clear()
        self._looked[host] = now
        known = await self._database.read(lambda conn: find_peer(conn, host))
        if is_fresh(known, now):
            return
        try:
            software = await fetch_software(self._fetcher, host, Budget(documents=3, seconds=10.0))
        except ProtocolError:
            software = None
        await self._database.write(lambda conn: put_peer(conn, host, software, now))

    async def refresh_actor(self, iri: str) -> None:
        """Read a peer's actor again from its origin if what we have of it is older than a day, and
        with a community what is pinned in it and how many follow it.

        Failing is no harm: it is tried again another day.
        """
        now = self._clock()
        if not await self._database.read(lambda conn: is_stale(conn, iri, now)):
            return
        try:
            document = await self.fetch(iri, Budget(documents=2))
            fetched = Fetched({iri: document})
            found = await self.unit(
                lambda ctx: put_actor(ctx, document), budget=Budget(documents=15), fetched=fetched
            )
        except (ProtocolError, FedcomError):
            await self._database.write(lambda conn: note_tried(conn, iri, now))
            return
        await self.learn_handle(found)
        if isinstance(found, Community):
            await self._learn_followers(found)
            with suppress(ProtocolError, FedcomError):
                await self._refresh_pins(found)

    async def learn_handle(self, someone: Person | Community) -> None:
        """Ask WebFinger for the domain that an actor's handle is of, and keep what is confirmed.

        Mastodon, GoToSocial and others let a site's domain stand in handles while the server has a
        name of its own. Each of the two must name the other (`webfinger.fetch_handle`); when one
        does not answer or contradicts, what is known stays.
        """
        if someone.local:
            return
        try:
            handle = await fetch_handle(
                self._fetcher,
                someone.iri,
                someone.name,
                someone.kind,
                Budget(documents=HANDLE_DOCUMENTS, seconds=HANDLE_SECONDS),
            )
        except ProtocolError:
            return
        domain = handle.host if handle.host != someone.host else None
        if handle.name == someone.name and domain != someone.domain:
            await self._database.write(lambda conn: put_domain(conn, someone.iri, domain))

    async def _learn_domains(self, met: Fetched) -> None:
        """Learn the handles of whom this unit met on servers known to have another domain in them;
        on others an actor's handle is asked for when the actor is read again, a day later."""
        actors = [iri for iri, document in met.documents.items() if document.is_actor]
        if actors:
            split = await self._database.read(lambda conn: find_split(conn, actors))
            for someone in split:
                await self.learn_handle(someone)

    async def _learn_followers(self, community: Community) -> None:
        """Keep how many followers the server of a community says it has.

        When that cannot be fetched, what it said before stays.
        """
        if community.followers is None:
            return
        budget = Budget(COLLECTION_DOCUMENTS, COLLECTION_SECONDS)
        with suppress(ProtocolError, FedcomError):
            collection = await self.fetch(community.followers, budget)
            await self._database.write(
                lambda conn: put_claimed_followers(conn, community, collection)
            )

    async def _refresh_pins(self, community: Community) -> None:
        """Pin what is listed of the posts that are here; the others are not worth fetching."""
        if community.featured_iri is None:
            return
        listed = pins_in(await self.fetch(community.featured_iri, Budget(documents=2)))
        if listed is not None:
            await self.unit(lambda ctx: put_pins(ctx, community, listed))

    async def lookup(self, text: str) -> Found:
        """Whom or what a handle or an address names; what is not here is fetched and kept.

        Raises NotFound, Invalid and Denied with a sentence for the member.
        """
        text = pasted_address(text)
        budget = Budget(documents=LOOKUP_DOCUMENTS, seconds=LOOKUP_SECONDS)
        try:
            if text.startswith(("https://", "http://")):
                return await self._look_up_address(text, budget)
            return await self._look_up_handle(text, budget)
        except Malformed as error:
            raise Invalid(
                "lookup_invalid", "This is neither a handle nor an address that can be shown here."
            ) from error
        except PrivateAddress as error:
            raise Invalid(
                "lookup_private", "This address is not on the public internet."
            ) from error
        except Unreachable as error:
            if not error.url:
                raise NotFound(
                    "lookup_unreachable",
                    "The other server is not responding right now. Try again later.",
                ) from error
            raise NotFound(
                "lookup_unreachable",
                "%(host)s is not responding right now. Try again later.",
                host=host_of(error.url),
            ) from error
        except FetchFailed as error:
            raise NotFound(
                "couldnt_find_object",
                "The other server has nothing at this address that can be shown here.",
            ) from error

    async def _look_up_address(self, iri: str, budget: Budget) -> Found:
        check_iri(iri, development=self._fetcher.development)
        known = await self._database.read(lambda conn: find_known(conn, iri, self._origin))
        if known is not None:
            return known
        await self._check_host(host_of(iri))
        try:
            found = await self._fetcher.fetch_page_link(iri, budget)
        except NotThere:
            named = _ACTOR_PAGE.fullmatch(urlsplit(iri).path)
            if named is None or host_of(iri) == host_of(self._origin):
                raise
            # Names are often typed in capitals, which ids seldom have and WebFinger overlooks.
            sign = "@" if named[1] == "u" else "!"
            return await self._look_up_handle(f"{sign}{named[2].lower()}@{host_of(iri)}", budget)
        fetched = Fetched()
        real = found.document.id or iri
        fetched.documents[real] = found.document
        if found.document.is_actor:
            await self.learn_peer(host_of(real))
        found_there = await self.unit(
            lambda ctx: _found_at(ctx, real), budget=budget, fetched=fetched, wanted=True
        )
        return await self._completed(found_there)

    async def _look_up_handle(self, text: str, budget: Budget) -> Found:
        handle = parse_handle(text, development=self._fetcher.development)
        is_group = text.startswith("!")
        name = handle.name.lower() if handle.host == host_of(self._origin) else handle.name
        known = await self._database.read(
            lambda conn: _find_by_name(conn, name, handle.host, is_group=is_group)
        )
        if known is not None:
            return known
        if handle.host == host_of(self._origin):
            raise NotFound("couldnt_find_person", "%(text)s not found on this server.", text=text)
        await self._check_host(handle.host)
        iri = await find_by_webfinger(self._fetcher, handle, budget)
        found = await self.unit(lambda ctx: _found_at(ctx, iri), budget=budget, wanted=True)
        return await self._completed(found)

    async def _completed(self, found: Found) -> Found:
        """What was looked up; an actor with the handle that is shown from now on, a community with
        the number of its followers."""
        if isinstance(found, Post | Comment) or found.local:
            return found
        await self.learn_handle(found)
        if isinstance(found, Community):
            await self._learn_followers(found)
        return await self._database.read(lambda conn: _find(conn, found.iri)) or found

    async def _fetch_into(self, known: Fetched, missing: NeedsFetch, budget: Budget) -> None:
        iri = missing.iri
        try:
            known.documents[iri] = await self.fetch(iri, budget)
        except FetchFailed as error:
            if missing.required and isinstance(error, Unreachable | BudgetSpent):
                raise
            known.failures[iri] = error
        except Malformed as error:
            known.failures[iri] = FetchRefused(error.code, error.detail, url=iri)


def _find(conn: Connection, iri: str) -> Found | None:
    return find_content(conn, iri) or find_actor(conn, iri)


def find_known(conn: Connection, iri: str, origin: str) -> Found | None:
    """What an address leads to, if it is known here: its id, or a page of this server about it."""
    known = _find(conn, iri)
    here = _PAGE.fullmatch(iri.removeprefix(origin)) if iri.startswith(f"{origin}/") else None
    if known is not None or here is None:
        return known
    kind, text = here.groups()
    if kind in {"c", "u"}:
        return _find_by_name(conn, text.lower(), host_of(origin), is_group=kind == "c")
    with suppress(NotFound):
        number = int(text) if text.isdecimal() and len(text) < _DIGITS else 0
        return get_post(conn, number) if kind == "post" else get_comment(conn, number)
    return None


def _find_by_name(conn: Connection, name: str, host: str, *, is_group: bool) -> Found | None:
    community = find_community(conn, name, host)
    person = find_person(conn, name, host)
    return (community or person) if is_group else (person or community)


def _found_at(ctx: Context, iri: str) -> Found:
    known = _find(ctx.conn, iri)
    if known is not None:
        return known
    if ctx.document(iri).is_actor:
        return actor_at(ctx, iri)
    return content_at(ctx, iri)
