"""What the host must give the inbox: keys, a gate and handlers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from activitypub.authority import Evidence
from activitypub.document import Document
from activitypub.errors import Malformed
from activitypub.signatures.keys import PublicKey


@dataclass(frozen=True, slots=True)
class ReceivedActivity:
    """One received activity, from the verified request to its handler.

    `actor` is the IRI that the activity names, `body` the bytes as received, and `spliceable`
    whether the actor signed or proved exactly these bytes. `evidence` is what authenticates the
    activity, None while nothing does. `signed_at` is when the actor signed the request (epoch
    seconds by the actor's clock), None when somebody else delivered it. `via` is the actor that
    announced it to us, and `confirmed` is False for a Delete whose object answers 404 at its
    origin. Of the request: `signer` owns the key that signed it ("" without a key, see
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
        """The bytes that may be passed on unchanged, inside an Announce; None if they may not."""
        return self.body if self.spliceable else None


class Keys(Protocol):
    """Finds public keys: in the database, else on the network."""

    async def find(self, key_id: str, *, fresh: bool = False) -> PublicKey:
        """The key with this id; with `fresh`, its origin is asked whatever is stored.

        Raises the `FetchFailed` family, or `Malformed` when the fetched key is not usable.
        """
        ...

    def remembers(self, actor: str) -> bool:
        """Whether keys of this actor can be found without a row for it and without a fetch."""
        ...

    def forget(self, actor: str) -> None:
        """Drop the keys of this actor that are not in its row, so that they are fetched again."""
        ...


class Gate(Protocol):
    """Decides from whom activities are accepted at all."""

    def refuses(self, conn: Connection, host: str) -> str | None:
        """Why nothing from `host` is accepted, or None when it is."""
        ...

    def knows(self, conn: Connection, actor: str) -> bool:
        """Whether we have (or once had) a row for this actor."""
        ...


class Handlers(Protocol):
    """Processes activities."""

    def check(self, conn: Connection, received: ReceivedActivity) -> None:
        """Called before the 202, on a connection that only reads: raise `Refused` (403, 404, 422)
        for what can be refused without fetching anything, and let everything else pass."""
        ...

    async def handle(self, received: ReceivedActivity, close: Callable[[Connection], None]) -> None:
        """Process the activity in one transaction and call `close(conn)` in it, so that the effect
        and the closing of the journal row are committed together. Raises `Refused` or `Later`."""
        ...

    async def authenticate(self, received: ReceivedActivity) -> ReceivedActivity:
        """Find other evidence than the signature, which is not the actor's; return the activity
        with it. Raises `Refused` or `Later`."""
        ...
