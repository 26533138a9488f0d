"""The domains in the handles of other servers' actors, confirmed through WebFinger."""

from collections.abc import Mapping

from activitypub.document import Document
from activitypub.errors import ProtocolError
from activitypub.fetch import Budget, Fetcher
from activitypub.webfinger import fetch_handle
from fedcom.db import Database
from fedcom.models.actor import Community, Person
from fedcom.remote.actors import find_split, put_domain

# What confirming a handle may cost: each of two domains, with a redirect.
HANDLE_DOCUMENTS = 4
HANDLE_SECONDS = 10.0


class HandleReader:
    """Asks WebFinger which domain an actor's handle belongs to.

    Mastodon, GoToSocial and others let a site's domain stand in handles while the server has a
    name of its own.
    """

    def __init__(self, database: Database, fetcher: Fetcher) -> None:
        self._database = database
        self._fetcher = fetcher

    async def learn(self, owner: Person | Community) -> None:
        """Store the domain of an actor's handle, once it is confirmed.

        The two domains must name each other (`webfinger.fetch_handle`). When one does not answer
        or contradicts the other, the stored domain stays.
        """
        if owner.local:
            return
        try:
            handle = await fetch_handle(
                self._fetcher,
                owner.iri,
                owner.name,
                owner.kind,
                Budget(documents=HANDLE_DOCUMENTS, seconds=HANDLE_SECONDS),
            )
        except ProtocolError:
            return
        domain = handle.host if handle.host != owner.host else None
        if handle.name == owner.name and domain != owner.domain:
            await self._database.write(lambda conn: put_domain(conn, owner.iri, domain))

    async def learn_from(self, documents: Mapping[str, Document]) -> None:
        """Do the same for the actors among these documents, by their ids, that are on servers known
        to use another domain in handles.

        On other servers, `fedcom.refresh` asks for an actor's handle a day later.
        """
        actors = [iri for iri, document in documents.items() if document.is_actor]
        if actors:
            split = await self._database.read(lambda conn: find_split(conn, actors))
            for owner in split:
                await self.learn(owner)
