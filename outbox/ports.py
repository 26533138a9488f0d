"""What the host must give the outbox: signing keys, a way to POST, and what it knows of inboxes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from activitypub.fetch import HttpResponse
from activitypub.signatures.keys import SigningKeys


class Signers(Protocol):
    """Finds the keys of the actors in whose name activities are sent."""

    async def keys(self, actor: str) -> SigningKeys:
        """The signing keys of `actor`. Raises LookupError when it has none."""
        ...


class Poster(Protocol):
    """Sends requests; `activitypub.fetch.Fetcher` fits."""

    async def post(self, inbox: str, body: bytes, keys: SigningKeys) -> HttpResponse:
        """POST `body` with a new signature, and return the HTTP response, whatever its status.

        Raises the `FetchFailed` family when there is none: `Unreachable`, `PrivateAddress`.
        """
        ...


@dataclass(frozen=True, slots=True)
class DeliveryPace:
    """How a peer's software has to be delivered to. Both in seconds.

    `memory`: how long it mistakes a retry for a duplicate, answers 2xx and drops it, although it
    failed to process the activity; a retry must come later. `interval`: the average time between
    two deliveries.
    """

    memory: float = 0.0
    interval: float = 0.0


@dataclass(frozen=True, slots=True)
class RefusedDelivery:
    """An activity that a peer has refused for good.

    `actor` sent it; `host` refused it with the HTTP `status`, and `text` is the beginning of its
    response.
    """

    actor: str
    body: bytes
    host: str
    status: int
    text: str


class Inboxes(Protocol):
    """What the host knows of inboxes, and what it is told about them."""

    def paces(self, conn: Connection, hosts: Collection[str]) -> Mapping[str, DeliveryPace]:
        """How to deliver to those of `hosts` that need special care; the others are left out."""
        ...

    def gone(self, conn: Connection, inbox: str) -> None:
        """Called when a delivery has ended because `inbox` answers 404 or 410, in the transaction
        that records it, which may be run twice."""
        ...

    def refused(self, conn: Connection, refusal: RefusedDelivery) -> None:
        """Called as `gone`, when the peer has refused the activity. It must not raise, whatever the
        activity contains."""
        ...
