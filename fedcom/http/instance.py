"""The running server as the surfaces see it: what they may ask of it, and nothing else."""

from collections.abc import Callable
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
from fedcom.settings import Settings

T = TypeVar("T")


class Instance(Protocol):
    """What `fedcom.wiring` builds; it stands in `app.state.instance`."""

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
        """Takes in what members upload."""
        ...

    @property
    def remote_pictures(self) -> RemotePictures:
        """Copies of what other servers show."""
        ...

    @property
    def media_signer(self) -> MediaUrlSigner:
        """Makes the addresses of these copies."""
        ...

    @property
    def signer(self) -> HmacSigner:
        """Signs what we want to know again."""
        ...

    @property
    def setup_token(self) -> str | None:
        """What the first-run page asks for, so that no stranger becomes admin; None: nothing."""
        ...

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` beside the writers; it cannot write."""
        ...

    async def unit(self, work: Callable[[Context], T]) -> T:
        """Run `work` in one transaction, fetching what it misses, and send what it published."""
        ...

    async def new_key(self) -> NewKey:
        """A key pair for a new local actor, made in a thread (it takes some 100 ms of CPU)."""
        ...

    async def lookup(self, text: str) -> Community | Person | Post | Comment:
        """Who or what a handle or an address names, fetched when it is not here.

        Raises NotFound, Invalid, Denied, or the FetchFailed that the fetch ended with.
        """
        ...

    async def page_title(self, url: str) -> str:
        """What the page behind a link is called, asked of its server now; "" when it does not say.

        Raises NotFound and Denied for pages that are not asked for, and the FetchFailed family.
        """
        ...


def instance_of(request: HTTPConnection) -> Instance:
    """The instance that `create_app` put beside the application."""
    instance: Instance = request.app.state.instance
    return instance
