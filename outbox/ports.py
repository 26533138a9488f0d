"""What the host must give the outbox: signing keys, a way to POST, and what it knows of inboxes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from activitypub.fetch import Answer
from activitypub.signatures.keys import PrivateKey


class Signers(Protocol):
    """The keys of those in whose name we speak."""

    async def key(self, actor: str) -> PrivateKey:
        """The signing key of `actor`; LookupError when the actor is gone or has no key."""
        ...


class Poster(Protocol):
    """The way out; `activitypub.fetch.Fetcher` fits."""

    async def post(self, inbox: str, body: bytes, key: PrivateKey) -> Answer:
        """POST `body`, signed anew, and give any HTTP answer.

        Raises the `FetchFailed` family when there is none: `Unreachable`, `PrivateAddress`.
        """
        ...


@dataclass(frozen=True, slots=True)
class DeliveryPace:
    """What a peer's software demands of whoever delivers to it. Both in seconds.

    `memory`: for so long it takes an activity that it failed to process for a duplicate, answers
    2xx and drops it, so a retry must come later. `interval`: between two deliveries, on average.
    """

    memory: float = 0.0
    interval: float = 0.0


@dataclass(frozen=True, slots=True)
class RefusedDelivery:
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

    def paces(self, conn: Connection, hosts: Collection[str]) -> Mapping[str, DeliveryPace]:
        """How to deliver to those of `hosts` that make demands; the others are left out."""
        ...

    def gone(self, conn: Connection, inbox: str) -> None:
        """A delivery ended because `inbox` answers 404 or 410. Called in the transaction that
        records it, which may be run twice."""
        ...

    def refused(self, conn: Connection, refusal: RefusedDelivery) -> None:
        """A delivery ended because the peer refused it. Called as `gone`; it must not raise for
        what the activity says."""
        ...
