"""Fetches subscribed lists of servers to block, once a day, and stores what they name.

What that changes is decided by an admin, unless the subscription is automatic
(`fedcom.site.block_lists`).
"""

from functools import partial

import structlog

from activitypub.errors import FetchFailed, ProtocolError
from activitypub.fetch import Budget, Fetcher
from activitypub.iri import host_of
from fedcom.clock import Clock
from fedcom.errors import FedcomError, Invalid
from fedcom.models.block_list import BlockList
from fedcom.offload import offload
from fedcom.remote.peers import find_block
from fedcom.site.block_list_file import MAX_BYTES, BlockListFile, read_block_list
from fedcom.site.block_lists import get_block_list, list_due, note_problem, take_over
from fedcom.units import Units

ACCEPT = "text/csv, text/plain;q=0.9, */*;q=0.1"
REQUESTS = 8
"""Of one list, with redirects."""

SECONDS = 20.0

logger = structlog.get_logger(__name__)


class BlockLists:
    """The subscriptions of one instance."""

    def __init__(self, units: Units, fetcher: Fetcher, origin: str, clock: Clock) -> None:
        self._units = units
        self._fetcher = fetcher
        self._own_host = host_of(origin)
        self._clock = clock

    async def fetch_due(self) -> None:
        """Fetch all lists that were not asked for since a day."""
        for found in await self._units.read(lambda conn: list_due(conn, self._clock())):
            await self._fetch(found)

    async def fetch(self, list_id: int) -> None:
        """Fetch one list now. Raises NotFound; an upload has nothing to fetch."""
        found = await self._units.read(lambda conn: get_block_list(conn, list_id))
        if found.url is not None:
            await self._fetch(found)

    async def _fetch(self, found: BlockList) -> None:
        try:
            file, etag = await self._read(found.url or "", found.etag)
        except (FedcomError, ProtocolError) as error:
            logger.info("block_list_failed", list=found.name, error=str(error))
            problem = _in_words(error)
            await self._units.unit(partial(note_problem, list_id=found.id, problem=problem))
            return
        await self._units.unit(partial(take_over, list_id=found.id, file=file, etag=etag))

    async def _read(self, url: str, etag: str) -> tuple[BlockListFile | None, str]:
        """The list with its ETag; None if it has not changed."""
        host = host_of(url)
        block = await self._units.read(lambda conn: find_block(conn, host))
        if block is not None:
            raise Invalid("instance_blocked", "The server %(host)s is blocked here.", host=host)
        download = await self._fetcher.fetch_changed(
            url,
            accept=ACCEPT,
            max_bytes=MAX_BYTES,
            etag=etag,
            budget=Budget(documents=REQUESTS, seconds=SECONDS),
        )
        if download is None:
            return None, etag
        if download.content_type.lower().startswith("text/html"):
            raise Invalid("list_malformed", "The address leads to a web page instead of a list.")
        read = partial(read_block_list, download.body, self._own_host)
        return await offload(read), download.etag


def _in_words(error: FedcomError | ProtocolError) -> str:
    if isinstance(error, FetchFailed) and error.facts.get("answer"):
        return f"{error.detail} ({error.facts['answer'][:200]})"
    return error.detail
