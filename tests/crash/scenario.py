"""The scenario of two servers whose processes are killed in turn: set-up, work and kills, settling,
verdict.

`anna` is one process with SQLite; `bert` has two servers behind a proxy, two workers, Redis and
PostgreSQL. `play_embedded` plays the same story with two small servers, and kills nobody.
"""

import itertools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from outbox.dispatcher import DispatcherLimits
from tests.crash.contents import ServerDatabase, Traffic, differences
from tests.crash.driver import Driver, Plan
from tests.crash.kills import Kill, Victim, is_delivering, is_receiving, is_working, kill
from tests.crash.people import Member, create_members
from tests.crash.stores import Postgresql, Redis
from tests.support.server_processes import Node, Process, running
from tests.support.visitor import Visitor

PEOPLE = 60
"""Members of each server."""

SETTLE_SECONDS = 300.0

EAST, WEST = "east", "west"


@dataclass(slots=True)
class Verdict:
    """The result of the run; `stories` are what each server has at the end."""

    kills: list[Kill]
    problems: list[str]
    summary: str
    stories: list[list[str]]

    @property
    def busy_kills(self) -> int:
        """Kills that hit a claimed delivery or an open journal row, counted after the death."""
        return sum(one.was_busy for one in self.kills)


@dataclass(frozen=True, slots=True)
class Servers:
    """What is played on: two nodes, their databases, and who may be killed."""

    nodes: list[Node]
    databases: list[ServerDatabase]
    victims: list[Victim]


@contextmanager
def _open_large(folder: Path) -> Iterator[Servers]:
    with ExitStack() as stack:
        postgresql, redis = Postgresql(folder / "postgresql"), Redis(folder / "redis")
        stack.callback(postgresql.stop)
        stack.callback(redis.stop)
        anna = Node("anna", folder / "anna", address="127.0.0.1")
        bert = Node(
            "bert",
            folder / "bert",
            address="127.0.0.2",
            database_url=postgresql.url,
            redis_url=redis.url,
            webs=2,
            workers=2,
        )
        databases = [stack.enter_context(closing(ServerDatabase(node))) for node in (anna, bert)]
        small, large = databases

        def server(node: Node, process: Process) -> Callable[[], None]:
            def start() -> None:
                process.start()
                node.wait_ready(process)

            return start

        victims = [Victim("anna", anna.server.kill, server(anna, anna.server), small, is_working)]
        for number in range(2):
            web, worker = bert.servers[number], bert.workers[number]
            victims += [
                Victim(f"web {number}", web.kill, server(bert, web), large, is_receiving),
                Victim(f"worker {number}", worker.kill, worker.start, large, is_delivering),
            ]
        victims += [
            Victim("Redis", redis.kill, redis.start, large, is_working),
            Victim("PostgreSQL", postgresql.kill, postgresql.start, large, is_working, True),
        ]
        yield Servers([anna, bert], databases, victims)


@contextmanager
def _open_embedded(folder: Path) -> Iterator[Servers]:
    nodes = [
        Node("anna", folder / "anna", address="127.0.0.1"),
        Node("bert", folder / "bert", address="127.0.0.2"),
    ]
    with ExitStack() as stack:
        databases = [stack.enter_context(closing(ServerDatabase(node))) for node in nodes]
        yield Servers(nodes, databases, [])


def play(
    plan: Plan,
    kills: int,
    folder: Path,
    *,
    seed: int = 1,
    people: int = PEOPLE,
    say: Callable[[str], None] = print,
) -> Verdict:
    """Run the whole scenario in `folder`, which other users must be able to enter; `say` prints its
    progress.
    """
    say("anna: SQLite, delivers itself. bert: PostgreSQL, Redis, two servers, two workers.")
    with _open_large(folder) as servers:
        return _play(servers, plan, kills, seed, people, say)


def play_embedded(
    plan: Plan,
    folder: Path,
    *,
    seed: int = 1,
    people: int = PEOPLE,
    say: Callable[[str], None] = print,
) -> Verdict:
    """Play the same story on two servers with SQLite, without killing anything."""
    say("anna and bert: SQLite, each delivers itself.")
    with _open_embedded(folder) as servers:
        return _play(servers, plan, 0, seed, people, say)


def _play(
    servers: Servers,
    plan: Plan,
    kills: int,
    seed: int,
    people: int,
    say: Callable[[str], None],
) -> Verdict:
    nodes, databases = servers.nodes, servers.databases
    members = create_members(nodes[0], EAST, people) + create_members(nodes[1], WEST, people)
    with running(*nodes):
        _follow(members[0], f"!{WEST}@{nodes[1].host}")
        _follow(members[people], f"!{EAST}@{nodes[0].host}")
        driver = Driver(plan, members, {EAST: nodes[0], WEST: nodes[1]}, seed)
        began = time.monotonic()
        driver.permitted = _share(plan, 1, kills)
        driver.start()
        killed = _kill_in_turn(driver, kills, servers.victims, seed, say)
        driver.finish()
        worked = time.monotonic() - began
        say(f"All {plan.total} things are done after {worked:.0f} s, {driver.retried} retries.")
        settled = _wait_until_settled(databases, say)
        problems = [] if settled is not None else ["they did not settle"]
        for node, database in zip(nodes, databases, strict=True):
            lines = differences(driver.contents(), database.contents())
            problems += [f"{node.name}: {line}" for line in lines]
        found = [database.contents() for database in databases]
        problems += [f"bert against anna: {line}" for line in differences(*found)]
        traffic = [database.traffic() for database in databases]
        problems += _lost_on_the_way(traffic, killed)
        summary = ", ".join(
            f"{node.name} has {len(contents.posts)} posts, {len(contents.comments)} comments,"
            f" {contents.votes} votes, received {len(one.received)} activities"
            f" ({one.repeated} of them again)"
            for node, contents, one in zip(nodes, found, traffic, strict=True)
        )
        stories = [database.story() for database in databases]
        summary = f"{summary}; settled after {settled or 0:.0f} s"
        return Verdict(killed, problems, summary, stories)


def _lost_on_the_way(traffic: Sequence[Traffic], kills: Sequence[Kill]) -> list[str]:
    """What was delivered and not received, or the other way round; and what was delivered again
    although nobody had died between the peer's answer and its record.
    """
    anna, bert = traffic
    problems = []
    for name, one, other in (("anna", anna, bert), ("bert", bert, anna)):
        problems += [
            f"{name}: {iri} was not received" for iri in one.delivered - other.received.keys()
        ]
        problems += [f"{name}: {iri} was not sent" for iri in other.received.keys() - one.delivered]
        if one.failed or one.refused:
            problems.append(f"{name}: {one.failed} deliveries failed, {one.refused} were refused")
    # What was in flight at a kill, to the server or from it.
    risky = 2 * DispatcherLimits().per_host * len(kills)
    again = anna.repeated + bert.repeated
    if again > risky:
        problems.append(f"{again} deliveries were repeated, but {risky} were in flight at a kill")
    return problems


def _follow(admin: Member, handle: str) -> None:
    """The admin of each server follows the other's community on its pages, and is accepted."""
    visitor = Visitor(admin.node.origin, admin.name)
    visitor.client.cookies.set("session", admin.session)
    path = visitor.look_up(handle)
    visitor.follow(path)
    deadline = time.monotonic() + 20
    while "Unfollow" not in visitor.open(path).text:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{handle} did not accept the follow")
        time.sleep(0.05)
    visitor.client.close()


def _kill_in_turn(
    driver: Driver, count: int, victims: list[Victim], seed: int, say: Callable[[str], None]
) -> list[Kill]:
    chance = random.Random(seed)
    killed: list[Kill] = []
    for number, victim in zip(range(1, count + 1), itertools.cycle(victims), strict=False):
        while driver.done < _share(driver.plan, number, count) - driver.plan.hands:
            if driver.is_over():
                return killed
            time.sleep(0.01)
        driver.permitted = _share(driver.plan, number + 1, count)
        killed.append(kill(number, victim, driver.done, chance))
        say(str(killed[-1]))
    return killed


def _share(plan: Plan, number: int, kills: int) -> int:
    """How much is done until the kill with this number; the last share is done after the last."""
    return plan.total * number // (kills + 1)


def _wait_until_settled(
    databases: list[ServerDatabase], say: Callable[[str], None]
) -> float | None:
    """Wait until both have no unfinished work, twice in a row; the seconds, or None if that never
    happens.
    """
    began, calm, reported_at = time.monotonic(), 0, 0.0
    while (passed := time.monotonic() - began) < SETTLE_SECONDS:
        pending = [database.pending() for database in databases]
        calm = calm + 1 if all(one.is_settled for one in pending) else 0
        if calm == 3:
            return passed
        if passed - reported_at > 10:
            reported_at = passed
            say(f"     settling: {pending}")
        time.sleep(0.3)
    return None
