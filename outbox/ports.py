"""What the host must give the outbox: a database, signing keys, a way to POST, and ears."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from activitypub.fetch import HttpResponse
from activitypub.signatures.keys import PrivateKey

T = TypeVar("T")


class Database(Protocol):
    """Runs plain functions of a connection in a thread; see `fedcom.db.Database`."""

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a connection that only reads."""
        ...

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction, committed when this returns. It may be run twice."""
        ...


class Signers(Protocol):
    """The keys of those in whose name we speak."""

    async def key(self, actor: str) -> PrivateKey:
        """The signing key of `actor`; LookupError when the actor is gone or has no key."""
        ...


class Poster(Protocol):
    """The way out; `activitypub.fetch.Fetcher` fits."""

    async def post(self, inbox: str, body: bytes, key: PrivateKey) -> HttpResponse:
        """POST `body`, signed anew, and give any HTTP answer.

        Raises the `FetchFailed` family when there is none: `Unreachable`, `PrivateAddress`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """What a peer's software demands of whoever delivers to it. Both in seconds.

    `memory`: for so long it takes an activity that it failed to process for a duplicate, answers
    2xx and drops it, so a retry must come later. `interval`: between two deliveries, on average.
    """

    memory: float = 0.0
    interval: float = 0.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """An activity that a peer has refused for good.

    `actor` said it, `host` refused it with the HTTP `status` and the beginning of its answer.
    """

    actor: str
    body: bytes
    host: str
    status: int
    text: str


class Inboxes(Protocol):
    """Who knows the owners of inboxes, and wants to know that an inbox is no more."""

    def paces(self, conn: Connection, hosts: Collection[str]) -> Mapping[str, Pace]:
        """How to deliver to those of `hosts` that make demands; the others are left out."""
        ...

    def gone(self, conn: Connection, inbox: str) -> None:
        """A delivery ended because `inbox` answers 404 or 410. Called in the transaction that
        records it, which may be run twice."""
        ...

    def refused(self, conn: Connection, refusal: Refusal) -> None:
        """A delivery ended because the peer refused it. Called as `gone`; it must not raise for
        what the activity says."""
        ...
