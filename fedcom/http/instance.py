"""The running server as the interfaces see it."""

from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy import Connection
from starlette.requests import HTTPConnection

from fedcom.context import Context, NewKey
from fedcom.http.signer import HmacSigner
from fedcom.media.pictures import Pictures
from fedcom.media.remote import MediaUrlSigner, RemotePictures
from fedcom.models.actor import Community, Person
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.remote.keys import KeyCipher
from fedcom.settings import Settings
from fedcom.site.health import Finding
from fedcom.text.page_head import LinkMetadata

T = TypeVar("T")


class Instance(Protocol):
    """What an interface may use of the server that `fedcom.wiring` builds."""

    @property
    def settings(self) -> Settings:
        """How the server was started."""
        ...

    @property
    def clock(self) -> Callable[[], datetime]:
        """The time, aware and in UTC."""
        ...

    @property
    def pictures(self) -> Pictures:
        """Stores what members upload."""
        ...

    @property
    def remote_pictures(self) -> RemotePictures:
        """Copies of other servers' pictures."""
        ...

    @property
    def media_signer(self) -> MediaUrlSigner:
        """Makes the addresses of these copies."""
        ...

    @property
    def signer(self) -> HmacSigner:
        """Signs values that come back later."""
        ...

    @property
    def cipher(self) -> KeyCipher:
        """Encrypts secrets before they are stored."""
        ...

    @property
    def setup_token(self) -> str | None:
        """The secret that the setup page asks for, to keep strangers out; None: no secret."""
        ...

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction that can only read."""
        ...

    async def find_version(self) -> Hashable:
        """A value that changes with every commit to the database; None if it is unknown."""
        ...

    async def unit(self, work: Callable[[Context], T]) -> T:
        """Run `work` in one transaction, fetch what it needs, and send what it published."""
        ...

    async def new_key(self) -> NewKey:
        """A key pair for a new local actor, made in a thread (about 100 ms of CPU time)."""
        ...

    async def lookup(self, text: str) -> Community | Person | Post | Comment:
        """What a handle or an address names, fetched if it is not known here.

        Raises NotFound, Invalid, Denied, or the FetchFailed that the fetch ended with.
        """
        ...

    async def examine(self) -> list[Finding]:
        """What is right and wrong with this server: asks its own public address and others."""
        ...

    async def fetch_block_list(self, list_id: int) -> None:
        """Fetch a subscribed list of servers to block now; what went wrong is stored with it."""
        ...

    async def link_metadata(self, url: str) -> LinkMetadata:
        """What the page behind a link says of itself, fetched now.

        Raises NotFound and Denied for pages that are never fetched, and the FetchFailed family.
        """
        ...


def instance_of(request: HTTPConnection) -> Instance:
    """The instance that belongs to the application."""
    instance: Instance = request.app.state.instance
    return instance
