"""Makes the previews of links in the background: title, description and a small picture.

The queue is a table (`fedcom.media.queue`), so a crash loses nothing, and several servers on one
database share the work. A link is fetched once, through the fetcher, and never while a member waits
for a page.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

import structlog

from activitypub.errors import ProtocolError, Unreachable
from activitypub.fetch import Budget, Download, Fetcher
from activitypub.iri import host_of
from fedcom.clock import Clock
from fedcom.context import Context
from fedcom.errors import Busy, Denied, FedcomError, NotFound
from fedcom.media.picture import PREVIEW
from fedcom.media.pictures import Pictures, StoredPicture
from fedcom.media.queue import (
    ATTEMPTS,
    PreviewJob,
    claim_previews,
    fail_preview,
    finish_preview,
    next_due,
)
from fedcom.media.records import find_media_of, put_media
from fedcom.media.remote import ACCEPT
from fedcom.models.media import Media
from fedcom.offload import offload
from fedcom.remote.peers import find_block
from fedcom.text.page_head import LinkMetadata, read_head
from fedcom.units import Units

HEAD_OF_PAGE = 768 * 1024
"""Bytes of a page that are read; some have that many of CSS before their metadata."""

METADATA_SECONDS = 10.0
"""How long a member who asks what a link leads to has to wait at most."""

PREVIEW_SECONDS = 30.0
"""How long a page or a picture may take, with redirects, while others wait their turn."""

REQUESTS = 5
"""Requests for one page or picture, with its redirects."""

PAGE_TYPES = ("text/html", "application/xhtml+xml")
ACCEPT_PAGE = f"{', '.join(PAGE_TYPES)}, {ACCEPT};q=0.9"
AT_ONCE = 4
POLL_SECONDS = 60.0
"""Seconds until the table is queried without a wake-up, for retries and rows of other servers."""

REST = 1.0

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FoundPage:
    """What the preview of a link shows."""

    title: str = ""
    description: str = ""
    media_id: int | None = None


class Previews:
    """The background work of one instance; `run` does it until cancelled."""

    def __init__(
        self, units: Units, pictures: Pictures, fetcher: Fetcher, origin: str, clock: Clock
    ) -> None:
        self._clock = clock
        self._units = units
        self._pictures = pictures
        self._fetcher = fetcher
        self._host = host_of(origin)
        self._due = asyncio.Event()

    def wake(self) -> None:
        """Query the table: a commit may have added a link."""
        self._due.set()

    async def run(self) -> None:
        """Make previews whenever woken, until cancelled."""
        while True:
            try:
                while await self.make_some():
                    pass
            except Exception:  # the outermost loop: one link must not end all previews
                logger.exception("preview_crashed")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), POLL_SECONDS)
            self._due.clear()
            # Many commits in a row are one query.
            await asyncio.sleep(REST)

    async def make_some(self) -> int:
        """Make a few that are due; how many."""
        # A query first: the commit of a unit would wake this loop again for nothing.
        due = await self._units.read(next_due)
        if due is None or due > self._clock():
            return 0
        some = await self._units.unit(lambda ctx: claim_previews(ctx, AT_ONCE))
        await asyncio.gather(*[self._make(job) for job in some])
        return len(some)

    async def _make(self, job: PreviewJob) -> None:
        if job.attempts > ATTEMPTS:
            logger.warning("preview_interrupted", url=job.target)
            await self._units.unit(lambda ctx: fail_preview(ctx, job, passing=False))
            return
        try:
            found = await self._find(job)
        except (ProtocolError, FedcomError, OSError) as error:
            passing = isinstance(error, Unreachable | OSError | Busy)
            logger.info("preview_failed", url=job.target, error=str(error), retry=passing)
            await self._units.unit(lambda ctx: fail_preview(ctx, job, passing=passing))
            return
        await self._units.unit(
            lambda ctx: finish_preview(
                ctx,
                job,
                title=found.title,
                description=found.description,
                media_id=found.media_id,
            )
        )

    async def _find(self, job: PreviewJob) -> FoundPage:
        """The picture that came with the post, else the preview of the page that it links to."""
        if job.image_url is not None:
            try:
                return FoundPage(media_id=(await self._picture_at(job.image_url)).id)
            except Busy:
                raise  # this says nothing about the picture, so it is retried
            except (ProtocolError, FedcomError):
                if job.url in (None, job.image_url):
                    raise
        return await self._preview_of_page(job.url or "")

    async def _preview_of_page(self, url: str) -> FoundPage:
        page = await self._page_at(url, PREVIEW_SECONDS)
        if _kind_of(page).startswith("image/"):
            return FoundPage(media_id=(await self._picture_at(page.url)).id)
        if _kind_of(page) not in PAGE_TYPES:
            return FoundPage()
        head = await offload(read_head, page.body, page.content_type, page.url)
        picture = await self._picture_of(head.image_url) if head.image_url else None
        return FoundPage(head.title, head.description, picture.id if picture else None)

    async def metadata_of(self, url: str) -> LinkMetadata:
        """What is at `url`, fetched now; of anything but a page, the type only.

        Raises NotFound, Denied and the FetchFailed family.
        """
        page = await self._page_at(url, METADATA_SECONDS)
        if _kind_of(page) not in PAGE_TYPES:
            return LinkMetadata(page.content_type)
        head = await offload(read_head, page.body, page.content_type, page.url)
        return LinkMetadata(
            page.content_type, head.title, head.description, head.image_url, head.video_url
        )

    async def _page_at(self, url: str, seconds: float) -> Download:
        return await self._fetcher.fetch_bytes(
            await self._permitted(url),
            accept=ACCEPT_PAGE,
            max_bytes=HEAD_OF_PAGE,
            cut=True,
            budget=Budget(documents=REQUESTS, seconds=seconds),
        )

    async def _picture_of(self, url: str) -> Media | None:
        """The picture that a page names; None if there is none, as a title is worth showing too."""
        try:
            return await self._picture_at(url)
        except Busy:
            raise
        except (ProtocolError, FedcomError) as error:
            logger.info("preview_picture_failed", url=url, error=str(error))
            return None

    async def _picture_at(self, url: str) -> Media:
        known = await self._units.read(lambda conn: find_media_of(conn, url))
        if known is not None:
            return known
        secure = await self._permitted(url)
        download = await self._fetcher.fetch_bytes(
            secure,
            accept=ACCEPT,
            max_bytes=self._pictures.max_bytes,
            budget=Budget(documents=REQUESTS, seconds=PREVIEW_SECONDS),
        )
        kept = await self._pictures.keep(download.body, PREVIEW, uploaded=False)
        return await self._units.unit(lambda ctx: _put(ctx, kept, url))

    async def _permitted(self, url: str) -> str:
        """The address to fetch, with https where it is required.

        Raises Denied for a blocked host and NotFound for pages of ours.
        """
        host = host_of(url)
        if host == self._host:
            raise NotFound("own_page", "This page is on this server.")
        if await self._units.read(lambda conn: find_block(conn, host)) is not None:
            raise Denied("instance_blocked", "The server %(host)s is blocked here.", host=host)
        if not self._fetcher.development and url.startswith("http://"):
            return f"https://{url.removeprefix('http://')}"
        return url


def _kind_of(page: Download) -> str:
    return page.content_type.partition(";")[0].strip().lower()


def _put(ctx: Context, kept: StoredPicture, url: str) -> Media:
    return put_media(ctx, kept, "preview", source_url=url)
