"""The scenario of two servers killed in turn: set-up, work and kills, settling, verdict."""

import itertools
import random
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from tests.crash.contents import ServerDatabase, differences
from tests.crash.driver import Driver, Plan
from tests.crash.kills import Kill, Victim, kill
from tests.crash.people import Member, create_members
from tests.support.server_processes import Node, running
from tests.support.visitor import Visitor

PEOPLE = 60
"""Members of each server."""

SETTLE_SECONDS = 150.0

EAST, WEST = "east", "west"


@dataclass(slots=True)
class Verdict:
    """The result of the run."""

    kills: list[Kill]
    problems: list[str]
    summary: str

    @property
    def busy_kills(self) -> int:
        """Kills that hit a claimed delivery or an open journal row, counted after the death."""
        return sum(one.was_busy for one in self.kills)


@dataclass(frozen=True, slots=True)
class Stores:
    """The storage of the servers: folders, and for the second PostgreSQL and Redis."""

    folder: Path
    database_url: str
    redis_url: str


def play(
    plan: Plan,
    kills: int,
    stores: Stores,
    *,
    seed: int = 1,
    people: int = PEOPLE,
    say: Callable[[str], None] = print,
) -> Verdict:
    """Run the whole scenario; `say` prints its progress."""
    nodes = [
        Node("anna", stores.folder / "anna", address="127.0.0.1"),
        Node(
            "bert",
            stores.folder / "bert",
            address="127.0.0.2",
            database_url=stores.database_url,
            redis_url=stores.redis_url,
        ),
    ]
    members = create_members(nodes[0], EAST, people) + create_members(nodes[1], WEST, people)
    say("anna: SQLite, delivers itself. bert: PostgreSQL, an arq worker, Redis.")
    with ExitStack() as stack:
        databases = [stack.enter_context(closing(ServerDatabase(node))) for node in nodes]
        stack.enter_context(running(*nodes))
        _follow(members[0], f"!{WEST}@{nodes[1].host}")
        _follow(members[people], f"!{EAST}@{nodes[0].host}")
        driver = Driver(plan, members, {EAST: nodes[0], WEST: nodes[1]}, seed)
        began = time.monotonic()
        driver.start()
        killed = _kill_in_turn(driver, kills, _victims(nodes, databases), seed, say)
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
        summary = ", ".join(
            f"{node.name} has {len(contents.posts)} posts, {len(contents.comments)} comments,"
            f" {contents.votes} votes"
            for node, contents in zip(nodes, found, strict=True)
        )
        return Verdict(killed, problems, f"{summary}; settled after {settled or 0:.0f} s")


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


def _victims(nodes: list[Node], databases: list[ServerDatabase]) -> list[Victim]:
    anna, bert = nodes
    assert bert.worker is not None
    return [
        Victim("anna", anna, anna.server, databases[0]),
        Victim("bert", bert, bert.server, databases[1]),
        Victim("worker", bert, bert.worker, databases[1]),
    ]


def _kill_in_turn(
    driver: Driver, count: int, victims: list[Victim], seed: int, say: Callable[[str], None]
) -> list[Kill]:
    chance = random.Random(seed)
    killed: list[Kill] = []
    for number, victim in zip(range(1, count + 1), itertools.cycle(victims), strict=False):
        while driver.done < driver.plan.total * number / (count + 1):
            if driver.is_over():
                return killed
            time.sleep(0.01)
        killed.append(kill(number, victim, driver.done, chance))
        say(str(killed[-1]))
    return killed


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
