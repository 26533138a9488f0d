"""A peer that signs and posts for real, and complete ports over a real database."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, insert, select
from starlette.types import Message

from activitypub.errors import NotThere
from activitypub.signatures.keys import PrivateKey, PublicKey, generate_rsa_pem, load_private
from activitypub.signatures.request import sign
from fedcom.db import Database
from inbox import claims, journal
from inbox.engine import Inbox
from inbox.errors import Later, Refused
from inbox.ports import ReceivedActivity
from tests.support.clock import SettableClock

T = TypeVar("T")

OUR_HOST = "here.example"
INBOX = f"https://{OUR_HOST}/inbox"
ANN = "https://peer.example/u/ann"
BOB = "https://other.example/u/bob"
CONTEXT = "https://www.w3.org/ns/activitystreams"

metadata = MetaData()
effects = Table(
    "effects",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("activity_id", Text, nullable=False),
    Column("actor", Text, nullable=False),
)

_private_pem, PUBLIC_PEM = generate_rsa_pem()
_other_private_pem, OTHER_PUBLIC_PEM = generate_rsa_pem()


def private_key(key_id: str) -> PrivateKey:
    """The private half of the key that `Keyring` serves for everyone."""
    return load_private(key_id, _private_pem)


def other_private_key(key_id: str) -> PrivateKey:
    """The private half of `OTHER_PUBLIC_PEM`."""
    return load_private(key_id, _other_private_pem)


def public_key(actor: str, pem: str = PUBLIC_PEM) -> PublicKey:
    return PublicKey(f"{actor}#main-key", actor, pem)


class Keyring:
    """Keys: `stored` is our database, `origin` the network, `fetched` the keys requested from it.

    The network takes `seconds` to respond; `most` is the highest number of requests at one moment.
    """

    def __init__(self) -> None:
        self.stored: dict[str, PublicKey] = {}
        self.origin: dict[str, PublicKey | Exception] = {}
        self.fetched: list[str] = []
        self.seconds = 0.0
        self.most = 0
        self._waiting = 0

    def publish(self, *actors: str) -> None:
        for actor in actors:
            key = public_key(actor)
            self.origin[key.id] = key

    async def find(self, key_id: str, *, fresh: bool = False) -> PublicKey:
        if key_id in self.stored and not fresh:
            return self.stored[key_id]
        self._waiting += 1
        self.most = max(self.most, self._waiting)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self._waiting -= 1
        self.fetched.append(key_id)
        found = self.origin.get(key_id, NotThere("not_there", "404", url=key_id, status=404))
        if isinstance(found, Exception):
            raise found
        self.stored[key_id] = found
        return found

    def remembers(self, actor: str) -> bool:
        return any(key.owner == actor for key in self.stored.values())

    def forget(self, actor: str) -> None:
        self.stored = {key.id: key for key in self.stored.values() if key.owner != actor}


@dataclass
class Doorman:
    """Gate."""

    blocked: dict[str, str] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)

    def refuses(self, conn: Connection, host: str) -> str | None:
        return self.blocked.get(host)

    def knows(self, conn: Connection, actor: str) -> bool:
        return actor in self.known


class WatchedDatabase:
    """A database that counts the trips to it, and can delay them or fail."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.reads = 0
        self.writes = 0
        self.read_error: Exception | None = None
        self.write_error: Exception | None = None
        self.entered = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def read(self, work: Callable[[Connection], T]) -> T:
        self.reads += 1
        await self.gate.wait()
        if self.read_error is not None:
            raise self.read_error
        return await self.database.read(work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        self.writes += 1
        self.entered.set()
        await self.gate.wait()
        if self.write_error is not None:
            raise self.write_error
        return await self.database.write(work)


class Community:
    """Handlers that write one row per activity; `errors` are raised once each, by activity id.

    Without `writes` they have nothing to write, and close nothing.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.refused: dict[str, Refused] = {}
        self.errors: dict[str, list[BaseException]] = defaultdict(list)
        self.after_effect: dict[str, list[BaseException]] = defaultdict(list)
        self.at_origin: dict[str, ReceivedActivity | Refused | Later] = {}
        self.checked: list[str] = []
        self.received: list[ReceivedActivity] = []
        self.attempts: Counter[str] = Counter()
        self.meanwhile: Callable[[ReceivedActivity], Any] | None = None
        self.writes = True

    def check(self, conn: Connection, received: ReceivedActivity) -> None:
        name = str(received.activity.id)
        self.checked.append(name)
        if name in self.refused:
            raise self.refused[name]

    async def authenticate(self, received: ReceivedActivity) -> ReceivedActivity:
        answer = self.at_origin[str(received.activity.id)]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def handle(self, received: ReceivedActivity, close: Callable[[Connection], None]) -> None:
        name = str(received.activity.id)
        self.attempts[name] += 1
        self.received.append(received)
        if self.meanwhile is not None:
            await self.meanwhile(received)
        if self.errors[name]:
            raise self.errors[name].pop(0)
        if not self.writes:
            return

        def work(conn: Connection) -> None:
            conn.execute(insert(effects).values(activity_id=name, actor=received.actor))
            close(conn)
            if self.after_effect[name]:
                raise self.after_effect[name].pop(0)

        await self.database.write(work)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        assert self.headers["content-type"] == "application/problem+json"
        document: dict[str, Any] = json.loads(self.body)
        assert document["status"] == self.status
        return document

    @property
    def code(self) -> str:
        return str(self.problem["code"])


@dataclass(frozen=True)
class Post:
    """A request to send, which a test may change before."""

    body: bytes
    headers: tuple[tuple[str, str], ...]
    method: str = "POST"
    path: str = "/inbox"
    query: str = ""
    client: str = "127.0.0.1"
    state: dict[str, Any] = field(default_factory=dict)

    def with_header(self, name: str, *values: str) -> "Post":
        kept = tuple((key, value) for key, value in self.headers if key.lower() != name.lower())
        return replace(self, headers=kept + tuple((name, value) for value in values))

    @property
    def scope(self) -> dict[str, Any]:
        return {
            "type": "http",
            "method": self.method,
            "scheme": "http",
            "path": self.path,
            "raw_path": self.path.encode(),
            "query_string": self.query.encode(),
            "root_path": "",
            "headers": [
                (name.lower().encode("latin-1"), value.encode("latin-1"))
                for name, value in self.headers
            ],
            "client": (self.client, 40000),
            "server": ("127.0.0.1", 80),
            "state": self.state,
        }


async def send_to(inbox: Inbox, post: Post, messages: list[Message] | None = None) -> Answer:
    """The inbox's response; `messages` replace the one that carries the whole body."""
    waiting = [{"type": "http.request", "body": post.body}] if messages is None else messages
    sent: list[Message] = []

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await inbox(post.scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], headers, b"".join(part["body"] for part in sent[1:]))


class World:
    """One inbox over a real database, and a peer in front of it."""

    def __init__(self, database: Database, clock: SettableClock) -> None:
        with database.begin() as conn:
            journal.metadata.create_all(conn)
            metadata.create_all(conn)
        self.database = database
        self.clock = clock
        self.keys = Keyring()
        self.keys.publish(ANN, BOB)
        self.gate = Doorman()
        self.handlers = Community(database)
        self.inbox = self.new_inbox()

    def new_inbox(self, **changes: Any) -> Inbox:
        """Another server process: a second inbox over the same database and network."""
        parts: dict[str, Any] = {
            "database": self.database,
            "keys": self.keys,
            "gate": self.gate,
            "handlers": self.handlers,
            "hosts": frozenset({OUR_HOST}),
            "clock": self.clock,
            "development": False,
        }
        return Inbox(**(parts | changes))

    @property
    def now(self) -> float:
        return self.clock().timestamp()

    def sign(self, document: Any, *, signer: str = ANN, key: PrivateKey | None = None) -> Post:
        """A correct request with this document (or these bytes) as its body."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        key = key or private_key(f"{signer}#main-key")
        return Post(body, tuple(sign("POST", INBOX, body, key, self.clock()).items()))

    async def post(self, document: Any, **how: Any) -> Answer:
        """Sign and send."""
        return await self.send(self.sign(document, **how))

    async def send(self, post: Post, messages: list[Message] | None = None) -> Answer:
        return await send_to(self.inbox, post, messages)

    def rows(self) -> list[dict[str, Any]]:
        """The journal in order."""
        with self.database.connect() as conn:
            statement = select(journal.journal).order_by(journal.journal.c.id)
            return [dict(row) for row in conn.execute(statement).mappings()]

    def states(self) -> list[str]:
        return [row["state"] for row in self.rows()]

    def effects(self) -> list[str]:
        with self.database.connect() as conn:
            return list(
                conn.execute(select(effects.c.activity_id).order_by(effects.c.id)).scalars()
            )

    def claim(self, worker: str = "w", *, most: int = 10, **how: Any) -> list[claims.ClaimedEntry]:
        with self.database.begin() as conn:
            return claims.claim(conn, worker=worker, now=self.now, lease=90, most=most, **how)

    def append(self, *entries: journal.JournalEntry) -> list[bool]:
        with self.database.begin() as conn:
            return journal.append(conn, entries)

    def assert_untouched(self) -> None:
        """Nothing was stored, fetched, passed to the handlers or done."""
        assert self.rows() == []
        assert self.keys.fetched == []
        assert self.handlers.checked == []
        assert self.effects() == []


def like(number: int = 1, *, actor: str = ANN, **more: Any) -> dict[str, Any]:
    """A small activity."""
    host = actor.split("/")[2]
    return {
        "@context": CONTEXT,
        "id": f"https://{host}/likes/{number}",
        "type": "Like",
        "actor": actor,
        "object": f"https://{OUR_HOST}/post/{number}",
    } | more


def create(number: int = 1, *, actor: str = ANN, **more: Any) -> dict[str, Any]:
    """An object that its origin can be asked about."""
    host = actor.split("/")[2]
    note = {"id": f"https://{host}/notes/{number}", "type": "Note", "attributedTo": actor}
    return like(number, actor=actor) | {"type": "Create", "object": note} | more


def delete_of_self(actor: str = ANN, **more: Any) -> dict[str, Any]:
    return {
        "@context": CONTEXT,
        "id": f"{actor}#delete",
        "type": "Delete",
        "actor": actor,
        "object": actor,
    } | more


def entry(number: int = 1, **changes: Any) -> journal.JournalEntry:
    """A journal entry about a subject of its own."""
    plain = journal.JournalEntry(
        activity_id=f"https://peer.example/likes/{number}",
        activity_type="Like",
        actor=ANN,
        signer=ANN,
        host="peer.example",
        subject=f"https://{OUR_HOST}/post/{number}",
        body=json.dumps(like(number)).encode(),
        spliceable=True,
        authenticated=True,
        request_id=f"r{number}",
        received_at=SettableClock()().timestamp(),
    )
    return replace(plain, **changes)
