"""A scripted network, a Redis that can be stopped, and an outbox with short ways to fill and read
it.
"""

import asyncio
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import redis
from sqlalchemy import Connection, event, func, select

from activitypub.fetch import HttpResponse
from activitypub.iri import host_of
from activitypub.signatures.keys import PrivateKey, SigningKeys
from fedcom.db import Database
from outbox import deliveries as tables
from outbox.dispatcher import Dispatcher, DispatcherLimits
from outbox.ports import DeliveryPace, RefusedDelivery
from outbox.publish import publish
from tests.support import services
from tests.support.clock import SettableClock

ACTOR = "https://here.example/c/cats"
ACCEPTED = HttpResponse(202, None, "")


class Signers:
    """Knows one key; an actor with "nobody" in its name has none."""

    def __init__(self, private_key: PrivateKey) -> None:
        self._keys = SigningKeys(private_key)

    async def keys(self, actor: str) -> SigningKeys:
        if "nobody" in actor:
            raise LookupError(actor)
        return self._keys


class Inboxes:
    """Records the inboxes that are gone; `made` has the pace of each host."""

    def __init__(self) -> None:
        self.gone_inboxes: list[str] = []
        self.refusals: list[RefusedDelivery] = []
        self.made: dict[str, DeliveryPace] = {}

    def paces(self, conn: Connection, hosts: Collection[str]) -> Mapping[str, DeliveryPace]:
        return {host: pace for host, pace in self.made.items() if host in hosts}

    def gone(self, conn: Connection, inbox: str) -> None:
        self.gone_inboxes.append(inbox)

    def refused(self, conn: Connection, refusal: RefusedDelivery) -> None:
        self.refusals.append(refusal)


Behaviour = Callable[[], Awaitable[HttpResponse]]


class Network:
    """The scripted peers: respond 202 by default, and record the deliveries."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, bytes]] = []
        self.accepted: list[tuple[str, bytes]] = []
        self.under_way: dict[str, int] = {}
        self.most_under_way: dict[str, int] = {}
        self._behaviour: dict[str, Behaviour] = {}

    def set(self, host: str, behaviour: Behaviour | HttpResponse | Exception | None) -> None:
        """How `host` responds from now on; None: normally again."""
        if behaviour is None:
            del self._behaviour[host]
        elif callable(behaviour):
            self._behaviour[host] = behaviour
        else:
            self._behaviour[host] = lambda: _say(behaviour)

    async def post(self, inbox: str, body: bytes, keys: SigningKeys) -> HttpResponse:
        host = host_of(inbox)
        self.posted.append((inbox, body))
        for name in (host, "all"):
            now = self.under_way.get(name, 0) + 1
            self.under_way[name] = now
            self.most_under_way[name] = max(now, self.most_under_way.get(name, 0))
        try:
            behaviour = self._behaviour.get(host)
            answer = await (behaviour() if behaviour else _say(ACCEPTED))
        finally:
            for name in (host, "all"):
                self.under_way[name] -= 1
        if answer.status < 300:
            self.accepted.append((inbox, body))
        return answer


async def _say(answer: HttpResponse | Exception) -> HttpResponse:
    await asyncio.sleep(0)
    if isinstance(answer, Exception):
        raise answer
    return answer


async def hang() -> HttpResponse:
    """A peer that accepts the connection and never responds."""
    await asyncio.sleep(3600)
    return ACCEPTED


class World:
    """A dispatcher with everything it needs, and short ways to fill and read its tables."""

    def __init__(
        self, db: Database, network: Network, signers: Signers, clock: Callable[[], datetime]
    ) -> None:
        self.db = db
        self.network = network
        self.signers = signers
        self.inboxes = Inboxes()
        self.clock = clock
        self._number = 0

    def now(self) -> float:
        return self.clock().timestamp()

    def advance(self, **span: float) -> None:
        """Move the clock on; the arguments are timedelta's."""
        assert isinstance(self.clock, SettableClock)
        self.clock.advance(**span)

    def dispatcher(self, limits: DispatcherLimits | None = None) -> Dispatcher:
        return Dispatcher(
            database=self.db,
            poster=self.network,
            signers=self.signers,
            inboxes=self.inboxes,
            clock=self.clock,
            limits=limits,
        )

    def publish(
        self,
        inboxes: Iterable[str],
        *,
        subject: str | None = None,
        actor: str = ACTOR,
        body: bytes | None = None,
    ) -> bytes:
        """Publish a new activity about a subject of its own; its bytes."""
        self._number += 1
        name = f"https://here.example/activities/{self._number}"
        body = body or b"activity %d" % self._number
        with self.db.begin() as conn:
            publish(
                conn,
                activity_id=name,
                actor=actor,
                body=body,
                subject=subject or name,
                inboxes=inboxes,
                now=self.now(),
            )
        return body

    @contextmanager
    def transactions(self) -> Iterator[list[str]]:
        """In the block: a list that grows by "read" or "write" with each transaction's end."""
        ended: list[str] = []
        counted = [
            (engine, end, lambda _conn, name=name: ended.append(name))
            for name, engine in (("read", self.db._reader), ("write", self.db._writer))
            for end in ("commit", "rollback")
        ]
        for one in counted:
            event.listen(*one)
        try:
            yield ended
        finally:
            for one in counted:
                event.remove(*one)

    @contextmanager
    def claims(self) -> Iterator[list[str]]:
        """In the block: a list that grows with each statement that claims deliveries."""
        sent: list[str] = []

        def note_down(*given: Any) -> None:
            if "SET state" in given[2] and "RETURNING" in given[2]:
                sent.append(given[2])

        event.listen(self.db._writer, "before_cursor_execute", note_down)
        try:
            yield sent
        finally:
            event.remove(self.db._writer, "before_cursor_execute", note_down)

    def states(self) -> dict[str, int]:
        """The number of deliveries in each state."""
        column = tables.deliveries.c.state
        with self.db.connect() as conn:
            rows = conn.execute(select(column, func.count()).group_by(column))
            return {row[0]: row[1] for row in rows}


def inbox(number: int) -> str:
    """The shared inbox of a peer with that number."""
    return f"https://peer{number}.example/inbox"


class RedisServer:
    """A Redis on a port of its own that can be stopped and restarted, and loses its data then."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [
                services.redis_binary(),
                *("--bind", "127.0.0.1", "--port", str(self.port)),
                *("--dir", str(self._folder), "--save", "", "--appendonly", "no"),
            ],
            stdout=subprocess.DEVNULL,
        )
        with redis.Redis(port=self.port) as client:
            for _ in range(500):
                with suppress(redis.ConnectionError):
                    client.ping()
                    return
                time.sleep(0.01)
        raise RuntimeError("Redis did not start")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
