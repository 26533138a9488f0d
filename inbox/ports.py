"""What the host must give the inbox: a database, keys, a gate and handlers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from activitypub.authority import Evidence
from activitypub.reading import Document
from activitypub.signatures.keys import PublicKey

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Heard:
    """One activity as a peer said it.

    `body` is the bytes as received, `actor` the IRI the activity names, and `signer` the owner of
    the key that signed the request ("" when no key could be had, see `verify.Verdict`).
    `spliceable` says that the actor signed these very bytes, so that they may be passed on
    untouched. `received_at` is in epoch seconds. `evidence` is None until something shows that the
    activity is its actor's; `signed_at` is when the actor signed the request, in epoch seconds by
    the actor's clock, and None when somebody else did.
    """

    activity: Document
    body: bytes
    actor: str
    signer: str
    spliceable: bool
    request_id: str
    received_at: float
    evidence: Evidence | None = None
    signed_at: float | None = None


class Database(Protocol):
    """Runs plain functions on a connection, off the event loop."""

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a connection that only reads."""
        ...

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction: committed when it returns, rolled back when it raises."""
        ...


class Keys(Protocol):
    """Where public keys come from: the database, else the network."""

    async def find(self, key_id: str, *, fresh: bool = False) -> PublicKey:
        """The key with this id; `fresh` asks its owner again whatever is stored.

        Raises the `FetchFailed` family, or `Malformed` when what was fetched is no usable key.
        """
        ...

    def remembers(self, actor: str) -> bool:
        """Whether a key of this actor may be found without a row for it and without a fetch."""
        ...

    def forget(self, actor: str) -> None:
        """Ask for the keys of this actor again, unless they are in its row."""
        ...


class Gate(Protocol):
    """Whom we hear at all."""

    def refuses(self, conn: Connection, host: str) -> str | None:
        """Why nothing from `host` is heard, or None when it is."""
        ...

    def knows(self, conn: Connection, actor: str) -> bool:
        """Whether we have (or once had) a row for this actor."""
        ...


class Handlers(Protocol):
    """What is done with an activity."""

    def check(self, conn: Connection, heard: Heard) -> None:
        """Look at the door, reading only: raise `Refused` (403, 404, 422) for what the database
        alone can refuse; let pass whatever it does not know."""
        ...

    async def handle(self, heard: Heard, close: Callable[[Connection], None]) -> None:
        """Do the work in one transaction and call `close(conn)` inside it, so that the effect and
        the closing of the journal row are committed together. Raises `Refused` or `Later`."""
        ...

    async def authenticate(self, heard: Heard) -> Heard:
        """The signer is not the actor: find other evidence, and return what it shows.
        Raises `Refused` or `Later`."""
        ...
