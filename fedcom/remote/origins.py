"""Documents from the servers of their ids: never from our own, never from a blocked one."""

from activitypub.document import Document
from activitypub.fetch import Budget, Fetcher
from activitypub.iri import host_of
from fedcom.db import Database
from fedcom.errors import NotFound
from fedcom.remote.nodeinfo import NodeInfoReader
from fedcom.remote.peers import find_refusal


class Origins:
    """Fetches documents, and learns what software the servers of actors run."""

    def __init__(
        self, database: Database, fetcher: Fetcher, origin: str, nodeinfo: NodeInfoReader
    ) -> None:
        """`origin` is ours: nothing under it is fetched."""
        self._database = database
        self._fetcher = fetcher
        self.origin = origin
        self._nodeinfo = nodeinfo

    async def fetch(self, iri: str, budget: Budget) -> Document:
        """The document that the origin of `iri` serves.

        Raises the FetchFailed family, Malformed, Denied for a blocked host, and NotFound for ours.
        """
        host = host_of(iri)
        await self.check_host(host)
        found = await self._fetcher.fetch_document(iri, budget)
        if found.document.is_actor:
            await self.learn_software(host)
        return found.document

    async def learn_software(self, host: str) -> None:
        """Ask `host` what software it runs, unless it was asked recently."""
        await self._nodeinfo.learn(host)

    async def check_host(self, host: str) -> None:
        """Whether anything may be fetched from `host`. Raises NotFound for ours, and Denied."""
        if host == host_of(self.origin):
            raise NotFound("couldnt_find_object", "Not found on this server.")
        refusal = await self._database.read(lambda conn: find_refusal(conn, host))
        if refusal is not None:
            raise refusal

    async def is_blocked(self, host: str) -> bool:
        """Whether the admins do not let this server federate with `host`."""
        return await self._database.read(lambda conn: find_refusal(conn, host)) is not None
