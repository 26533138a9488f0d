"""Pictures on other servers, served through ours, so that those do not see who reads a page; and
small copies of avatars, ours too.

A page names them by an address that is signed with a key of this instance, so only pictures that we
show are fetched: when somebody looks at them. They are cleaned like uploads, and kept in a folder
of bounded size. Only the route of these addresses may call `get` here.
"""

import asyncio
import base64
import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import unquote_plus, urlencode
from weakref import WeakValueDictionary

import structlog

from activitypub.errors import ProtocolError
from activitypub.fetch import Budget, Fetcher
from activitypub.iri import host_of
from fedcom.clock import Clock
from fedcom.errors import Busy, FedcomError, NotFound
from fedcom.media.picture import AVATAR, FORMATS, POST, SMALL_AVATAR, Size
from fedcom.media.pictures import Pictures
from fedcom.media.store import PictureStore

PATH = "/media/remote"
PROXY = "/api/v3/image_proxy"
"""The same for Lemmy's apps."""

FACES = "/media/face"
"""Beginning of the addresses of small avatars."""

SMALL, FACE, FULL = "small", "face", "full"
"""The sizes of a picture: square for lines of text, square for the head of a page, or as it is."""

KEPT = timedelta(days=30)
FAILED_FOR = timedelta(minutes=30)
"""How long a picture that could not be fetched is not tried again."""

ACCEPT = ", ".join(f"image/{name.lower()}" for name in FORMATS)

_AT_ONCE = 4
_AT_ONCE_PER_HOST = 2
"""Requests to one server at the same time, so that a slow one cannot block the others."""

_SECONDS = 15.0
_FAILURES = 5_000
_SIZES: dict[str, Size] = {SMALL: SMALL_AVATAR, FACE: AVATAR, FULL: POST}

_FACE_SIGNATURE = 8
"""Characters of the signature in the address of a face, of six bits each. A thread has hundreds of
these addresses, and a signature does not compress.
"""

logger = structlog.get_logger(__name__)


class MediaUrlSigner:
    """Makes and checks the addresses under which pictures of other servers are shown."""

    def __init__(self, secret: bytes, origin: str) -> None:
        """`secret` is the instance's; a key for this purpose only is derived from it."""
        self._key = hmac.digest(secret, b"addresses of remote pictures", "sha256")
        self._origin = origin

    def address(self, url: str, size: str = FULL) -> str:
        """The address for our pages of the picture at `url`: a path for ours, signed for others."""
        if url.startswith(f"{self._origin}/media/"):
            return url.removeprefix(self._origin)
        return f"{PATH}?{urlencode({'url': url, 'size': size, 'sig': self._sign(url, size)})}"

    def face(self, actor_id: int, url: str | None) -> str:
        """The address of the small copy of an actor's avatar; "" without one. Another picture has
        another address.
        """
        return f"{FACES}/{actor_id}/{self._sign_face(actor_id, url)}" if url else ""

    def is_face(self, actor_id: int, url: str, signature: str) -> bool:
        """Whether `face` has made the address with this signature."""
        return hmac.compare_digest(self._sign_face(actor_id, url).encode(), signature.encode())

    def _sign_face(self, actor_id: int, url: str) -> str:
        return self._sign(url, f"{SMALL} {actor_id}")[:_FACE_SIGNATURE]

    def address_for_apps(self, url: str) -> str:
        """The address for apps of the picture at `url`: unchanged for ours, signed for others."""
        if url.startswith(f"{self._origin}/") or not url.startswith(("https://", "http://")):
            return url
        return f"{self._origin}{PROXY}?{urlencode({'url': url, 'sig': self._sign(url, FULL)})}"

    def is_ours(self, url: str, size: str, signature: str) -> bool:
        """Whether the signature of this address is valid."""
        return hmac.compare_digest(self._sign(url, size).encode(), signature.encode())

    def _sign(self, url: str, size: str) -> str:
        digest = hmac.digest(self._key, f"{size} {url}".encode(errors="replace"), "sha256")
        return base64.urlsafe_b64encode(digest[:18]).decode()


def to_original_addresses(text: str, origin: str) -> str:
    """A text in which an app may name pictures by our `address_for_apps`, with their own."""
    ours = f"{origin}{PROXY}?"
    if ours not in text:
        return text
    return re.sub(re.escape(ours) + _PARAMETERS, lambda found: unquote_plus(found[1]), text)


# As urlencode writes them.
_PARAMETERS = r"url=([\w.~%+-]+)&sig=[\w%-]+"


class RemotePictures:
    """Fetches them and keeps copies."""

    def __init__(
        self,
        pictures: Pictures,
        store: PictureStore,
        fetcher: Fetcher,
        clock: Clock,
        is_blocked: Callable[[str], Awaitable[bool]],
    ) -> None:
        """`is_blocked`: whether an admin has blocked this host."""
        self.store = store
        self._pictures = pictures
        self._fetcher = fetcher
        self._clock = clock
        self._is_blocked = is_blocked
        self._turns = asyncio.Semaphore(_AT_ONCE)
        # Each exists only while somebody holds or awaits it.
        self._turns_of_host: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._running: dict[str, asyncio.Task[bytes]] = {}
        self._failed: dict[str, datetime] = {}

    async def get(self, url: str, size: str, *, own: str | None = None) -> bytes:
        """The picture, from the folder or from its server; `own` is the name of its file if it is
        one of ours. Raises NotFound when it cannot be fetched, and Busy when it cannot be read just
        now.

        `size` is one that the signer signed. Several readers at the same time cause one request.
        """
        name = name_of_copy(url, size)
        found = await asyncio.to_thread(self.store.read, name)
        if found is not None:
            return found
        failed = self._failed.get(name)
        if failed is not None and self._clock() - failed < FAILED_FOR:
            raise _not_there()
        task = self._running.get(name)
        if task is None:
            task = asyncio.create_task(self._fetch(name, url, _SIZES[size], own))
            self._running[name] = task
            task.add_done_callback(partial(self._done, name))
        return await asyncio.shield(task)

    def _done(self, name: str, task: "asyncio.Task[bytes]") -> None:
        self._running.pop(name, None)
        if not task.cancelled():
            task.exception()  # all who waited may have gone, and an unread exception is logged

    async def _fetch(self, name: str, url: str, size: Size, own: str | None) -> bytes:
        try:
            host = host_of(url)
            turn_of_host = self._turns_of_host.setdefault(
                host, asyncio.Semaphore(_AT_ONCE_PER_HOST)
            )
            async with turn_of_host, self._turns:
                body = await (self._download(url, host) if own is None else self._read(own))
                # Within the turn: fetched pictures that wait to be read take up memory.
                picture = await self._pictures.clean(body, size, uploaded=False)
        except Busy:
            raise  # this says nothing about the picture
        except (ProtocolError, FedcomError) as error:
            logger.info("remote_picture_failed", url=url, error=str(error))
            if len(self._failed) >= _FAILURES:
                self._failed.clear()
            self._failed[name] = self._clock()
            raise _not_there() from error
        await asyncio.to_thread(self.store.keep, picture.content, name)
        return picture.content

    async def _download(self, url: str, host: str) -> bytes:
        if await self._is_blocked(host):
            raise _not_there()
        download = await self._fetcher.fetch_bytes(
            url,
            accept=ACCEPT,
            max_bytes=self._pictures.max_bytes,
            budget=Budget(documents=5, seconds=_SECONDS),
        )
        return download.body

    async def _read(self, own: str) -> bytes:
        content = await asyncio.to_thread(self._pictures.store.read, own)
        if content is None:
            raise _not_there()
        return content

    def forget(self, url: str) -> int:
        """Delete the copies of this picture; how many. Call it in a thread."""
        names = [name_of_copy(url, size) for size in _SIZES]
        kept = [name for name in names if self.store.read(name) is not None]
        for name in kept:
            self.store.remove(name)
        return len(kept)

    def prune(self, now: datetime, max_bytes: int) -> int:
        """Delete old copies, and the oldest ones above `max_bytes` in total; how many.

        Reads the folder: call it in a thread.
        """
        files = sorted(self.store.files(), key=lambda file: file[1], reverse=True)
        gone = total = 0
        for name, kept_at, size in files:
            total += size
            if total > max_bytes or kept_at < now - KEPT:
                self.store.remove(name)
                gone += 1
        return gone

    async def aclose(self) -> None:
        """Cancel all fetches."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def name_of_copy(url: str, size: str) -> str:
    """The name of the file with a copy in this size."""
    return f"{hashlib.sha256(f'{size} {url}'.encode()).hexdigest()}.webp"


def _not_there() -> NotFound:
    return NotFound("couldnt_find_picture", "This picture cannot be loaded from its server.")
