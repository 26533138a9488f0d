"""What the host must give the inbox: a database, keys, a gate and handlers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from activitypub.authority import Evidence
from activitypub.document import Document
from activitypub.errors import Malformed
from activitypub.signatures.keys import PublicKey

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReceivedActivity:
    """One activity that reached us, from the verified request to the action it stands for.

    `actor` is the IRI the activity names, `body` the bytes as received, and `spliceable` whether
    the actor signed or proved these very bytes. `evidence` is what shows that the activity is its
    actor's, and None until something does. `signed_at` is when the actor signed the request (epoch
    seconds by the actor's clock), None when somebody else brought it. `via` is the community that
    announced it to us, and `confirmed` is false for a Delete whose object its origin answers 404
    for. Of the request: `signer` owns the key that signed it ("" when no key could be had, see
    `verify.Verdict`), and `received_at` is in epoch seconds.
    """

    activity: Document
    actor: str
    body: bytes | None = None
    spliceable: bool = True
    evidence: Evidence | None = None
    signed_at: float | None = None
    via: str | None = None
    confirmed: bool = True
    signer: str = ""
    request_id: str = ""
    received_at: float = 0.0

    @property
    def object(self) -> Document:
        """The embedded object. Raises Malformed when the activity only names it."""
        found = self.activity.object_document
        if found is None:
            raise Malformed(
                "object_missing",
                f"The {self.activity.type} must embed its object, not just name its id.",
            )
        return found

    @property
    def relayable_body(self) -> bytes | None:
        """The bytes that may be passed on untouched, inside an Announce; None when none may."""
        return self.body if self.spliceable else None


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

    def check(self, conn: Connection, received: ReceivedActivity) -> None:
        """Look at the door, reading only: raise `Refused` (403, 404, 422) for what the database
        alone can refuse; let pass whatever it does not know."""
        ...

    async def handle(self, received: ReceivedActivity, close: Callable[[Connection], None]) -> None:
        """Do the work in one transaction and call `close(conn)` inside it, so that the effect and
        the closing of the journal row are committed together. Raises `Refused` or `Later`."""
        ...

    async def authenticate(self, received: ReceivedActivity) -> ReceivedActivity:
        """The signer is not the actor: find other evidence, and return what it shows.
        Raises `Refused` or `Later`."""
        ...
