"""Fetches stored remote actors again: the actor, its handle, its followers and pins."""

from contextlib import suppress

from activitypub.document import Document
from activitypub.errors import FetchFailed, ProtocolError
from activitypub.fetch import Budget
from fedcom.clock import Clock
from fedcom.context import Context, Fetched
from fedcom.db import Database
from fedcom.effects.pins import pins_in, put_pins
from fedcom.errors import FedcomError
from fedcom.models.actor import Community, Person
from fedcom.queries.actors import find_actor
from fedcom.remote.actors import is_stale, note_tried, put_actor, put_claimed_followers
from fedcom.remote.handles import HandleReader
from fedcom.units import Units

# The fetches for one of a community's collections, with a redirect.
COLLECTION_DOCUMENTS = 2
COLLECTION_SECONDS = 10.0


class ActorRefresh:
    """Keeps the rows of other servers' actors up to date."""

    def __init__(
        self, units: Units, database: Database, handles: HandleReader, clock: Clock
    ) -> None:
        self._units = units
        self._database = database
        self._handles = handles
        self._clock = clock

    async def read_again(self, iri: str) -> None:
        """Read an actor again from its origin if its row is older than a day; for a community also
        its pinned posts and the number of its followers.

        A failure is only recorded: the next attempt is made another day.
        """
        now = self._clock()
        if not await self._units.read(lambda conn: is_stale(conn, iri, now)):
            return
        try:
            document = await self._units.fetch(iri, Budget(documents=2))
            fetched = Fetched({iri: document})
            found = await self._units.unit(
                lambda ctx: put_actor(ctx, document), budget=Budget(documents=15), fetched=fetched
            )
        except (ProtocolError, FedcomError):
            await self._database.write(lambda conn: note_tried(conn, iri, now))
            return
        await self.complete(found)
        if isinstance(found, Community):
            with suppress(ProtocolError, FedcomError):
                await self._refresh_pins(found)

    async def complete(self, found: Person | Community) -> None:
        """Fetch the data missing from an actor's document: the domain of its handle, and the number
        of a community's followers.
        """
        await self._handles.learn(found)
        if isinstance(found, Community):
            await self._learn_followers(found)

    async def store_keys(self, document: Document) -> None:
        """Store the document of a known actor that has used a new key."""

        def work(ctx: Context) -> None:
            if find_actor(ctx.conn, document.id or "") is not None:
                put_actor(ctx, document)

        with suppress(FedcomError, FetchFailed):
            await self._units.unit(work, budget=Budget(documents=5), fetched=Fetched())

    async def _learn_followers(self, community: Community) -> None:
        """Store the number of followers that a community's server states.

        If it cannot be fetched, the previous number stays.
        """
        if community.followers is None:
            return
        budget = Budget(COLLECTION_DOCUMENTS, COLLECTION_SECONDS)
        with suppress(ProtocolError, FedcomError):
            collection = await self._units.fetch(community.followers, budget)
            await self._database.write(
                lambda conn: put_claimed_followers(conn, community, collection)
            )

    async def _refresh_pins(self, community: Community) -> None:
        """Pin those of the listed posts that are stored here; the others are not worth fetching."""
        if community.featured_iri is None:
            return
        budget = Budget(documents=2)
        listed = pins_in(await self._units.fetch(community.featured_iri, budget))
        if listed is not None:
            await self._units.unit(lambda ctx: put_pins(ctx, community, listed))
