"""Pictures of this instance: cleaned one at a time in a thread of their own, and kept as files."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from fedcom.errors import Invalid
from fedcom.media.images import Picture, Size, read_picture
from fedcom.media.store import Store


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture whose files are written: what a row of `media` says of it."""

    name: str
    thumbnail: str | None
    width: int
    height: int
    bytes: int


class Pictures:
    """Takes pictures in. Close it with `close`."""

    def __init__(self, store: Store, *, max_bytes: int) -> None:
        """`max_bytes`: the largest original that is taken."""
        self.store = store
        self.max_bytes = max_bytes
        # One at a time: two decoded at once would need the memory of two.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pictures")

    async def clean(self, content: bytes, size: Size) -> Picture:
        """As `images.read_picture`; Invalid `picture_too_big` for too many bytes."""
        if len(content) > self.max_bytes:
            raise too_big("picture", self.max_bytes)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, read_picture, content, size)

    async def keep(self, content: bytes, size: Size) -> Kept:
        """Clean a picture and write its files. Raises like `clean`, and OSError for a full disk."""
        picture = await self.clean(content, size)
        return await asyncio.to_thread(self._keep, picture)

    def _keep(self, picture: Picture) -> Kept:
        thumbnail = self.store.keep(picture.thumbnail) if picture.thumbnail else None
        name = self.store.keep(picture.content)
        return Kept(name, thumbnail, picture.width, picture.height, len(picture.content))

    def close(self) -> None:
        """Let the thread end."""
        self._thread.shutdown(wait=True, cancel_futures=True)


def too_big(field: str, max_bytes: int) -> Invalid:
    """What is said of a file with more bytes than that, which was chosen in `field`."""
    most = f"{max_bytes / 1_000_000:.0f}"
    return Invalid(f"{field}_too_big", "A picture has at most %(maximum)s MB.", maximum=most)
