"""Takes in pictures: cleans them one at a time in a process of their own, and stores the files."""

import asyncio
from dataclasses import dataclass

from fedcom.errors import Busy, Invalid
from fedcom.media.picture import Picture, Size
from fedcom.media.process import PictureProcess
from fedcom.media.store import PictureStore

MAX_WAITING = 8
"""Uploads that are being read or waiting; each holds its file in memory meanwhile."""

RETRY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture whose files are written, with the values for its row in `media`."""

    name: str
    thumbnail: str | None
    width: int
    height: int
    bytes: int


class Pictures:
    """Cleans and stores pictures. Close it with `aclose`."""

    def __init__(
        self, store: PictureStore, *, max_bytes: int, process: PictureProcess | None = None
    ) -> None:
        """`max_bytes`: the largest original that is accepted."""
        self.store = store
        self.max_bytes = max_bytes
        self._process = process or PictureProcess()
        self._uploads = 0
        # Only one remote picture at a time waits for the process, so that a member's upload never
        # waits for more than that one and the one before it.
        self._strangers = asyncio.Semaphore(1)

    async def clean(self, content: bytes, size: Size, *, uploaded: bool = True) -> Picture:
        """As `images.read_picture`; raises Invalid `picture_too_big` for too many bytes.

        `uploaded`: by a member, who is waiting for it. Raises Busy when too many are.
        """
        if len(content) > self.max_bytes:
            raise too_big("picture", self.max_bytes)
        if not uploaded:
            async with self._strangers:
                return await self._process.read(content, size)
        if self._uploads >= MAX_WAITING:
            raise Busy(
                "pictures_busy",
                "Too many pictures are being uploaded right now. Try again in a moment.",
                retry_after=RETRY_SECONDS,
            )
        self._uploads += 1
        try:
            return await self._process.read(content, size)
        finally:
            self._uploads -= 1

    async def keep(self, content: bytes, size: Size, *, uploaded: bool = True) -> StoredPicture:
        """Clean a picture and write its files. Raises like `clean`, and OSError for a full disk."""
        picture = await self.clean(content, size, uploaded=uploaded)
        return await asyncio.to_thread(self._keep, picture)

    def _keep(self, picture: Picture) -> StoredPicture:
        thumbnail = self.store.keep(picture.thumbnail) if picture.thumbnail else None
        name = self.store.keep(picture.content)
        return StoredPicture(name, thumbnail, picture.width, picture.height, len(picture.content))

    async def aclose(self) -> None:
        """End the process."""
        await self._process.aclose()


def too_big(field: str, max_bytes: int) -> Invalid:
    """The error for a file of more than `max_bytes`, which was chosen in `field`."""
    most = f"{max_bytes / 1_000_000:.0f}"
    return Invalid(
        f"{field}_too_big", "Pictures may be at most %(maximum)s MB in size.", maximum=most
    )
