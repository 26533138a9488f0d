"""The stage of the demo: a member acts on one server, and the others are polled until it shows.

A delay is the time from before the form is sent until a page of another server shows the result, so
it includes the work of both servers and the delivery in between. The response time of the form is
recorded too: on a busy machine both take longer.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Protocol

import httpx

from tests.support.emulated_peers import EmulatedPeer
from tests.support.server_processes import Node
from tests.support.visitor import Page, Unexpected, Visitor

PATIENCE = 30.0
"""Seconds after which a step counts as never arrived."""

POLL_SECONDS = 0.01
"""Pause between two polls of a page: fine enough to measure by, without being a load itself."""


class Acting(Protocol):
    """A member who acts; `sent_at` (perf_counter) is the moment before the form was sent."""

    sent_at: float


class Watched(Protocol):
    """A place where something should arrive."""

    @property
    def where(self) -> str:
        """The name of the server."""

    def has_arrived(self) -> bool:
        """Whether it has arrived."""


@dataclass(frozen=True, slots=True)
class Watch:
    """A page that should show something, as a visitor (mostly a guest) sees it."""

    node: Node
    who: Visitor
    path: str
    shows: Callable[[Page], bool]

    @property
    def where(self) -> str:
        """The name of the node."""
        return self.node.name

    def has_arrived(self) -> bool:
        """Fetches the page and checks it."""
        return self.shows(self.who.see(self.path))


class ExpectedDelivery:
    """A server with other software, whose people should see one more item of a kind."""

    def __init__(self, emulated_peer: EmulatedPeer, label: str) -> None:
        self.where = emulated_peer.software
        self._emulated_peer, self._label = emulated_peer, label
        self._before = emulated_peer.used[label]

    def has_arrived(self) -> bool:
        """Counts again."""
        return self._emulated_peer.used[self._label] > self._before


@dataclass(slots=True)
class Arrival:
    """An arrival with its delay in milliseconds; None if it never arrived."""

    where: str
    milliseconds: float | None


@dataclass(slots=True)
class Step:
    """One action, and its arrivals."""

    number: int
    sentence: str
    kind: str
    arrivals: list[Arrival] = field(default_factory=list)
    problem: str = ""
    answered: float = 0.0
    """The milliseconds until the form's response."""

    @property
    def is_good(self) -> bool:
        """Whether it was done, and arrived everywhere."""
        return not self.problem and all(one.milliseconds is not None for one in self.arrivals)


class Stage:
    """Plays steps one after the other and records them; `say` prints the progress."""

    def __init__(self, say: Callable[[str], None] = print) -> None:
        self.steps: list[Step] = []
        self.say = say

    def play(
        self,
        kind: str,
        sentence: str,
        who: Acting,
        act: Callable[[], object],
        watches: Sequence[Watched],
    ) -> None:
        """Have `who` act, poll until it shows everywhere, print it."""
        step = Step(len(self.steps) + 1, sentence, kind)
        self.steps.append(step)
        self.say(f"{step.number:3}  {sentence}")
        try:
            act()
            step.answered = (time.perf_counter() - who.sent_at) * 1000
            step.arrivals = _watch(who.sent_at, watches)
        except (Unexpected, httpx.HTTPError, StopIteration) as error:
            step.problem = str(error) or type(error).__name__
            self.say(f"       could not be done: {step.problem}")
        for arrival in step.arrivals:
            self.say(f"       {_describe(arrival)}")

    @property
    def is_good(self) -> bool:
        """Whether everything arrived everywhere."""
        return all(step.is_good for step in self.steps)

    def delays(self, kind: str = "") -> list[float]:
        """The milliseconds of all arrivals, of one kind of step or of all."""
        return [
            arrival.milliseconds
            for step in self.steps
            for arrival in step.arrivals
            if arrival.milliseconds is not None and kind in ("", step.kind)
        ]

    def slowness(self, kind: str) -> float:
        """The median ratio of an arrival's delay to the response time of its form."""
        ratios = [
            arrival.milliseconds / step.answered
            for step in self.steps
            for arrival in step.arrivals
            if kind == step.kind and arrival.milliseconds is not None and step.answered
        ]
        return median(ratios) if ratios else float("inf")

    def table(self) -> str:
        """All steps by kind: count and delays."""
        kinds = list(dict.fromkeys(step.kind for step in self.steps))
        lines = [f"{'':12}{'steps':>6}{'arrivals':>10}{'median ms':>11}{'slowest ms':>12}"]
        for kind in [*kinds, ""]:
            steps = [step for step in self.steps if kind in ("", step.kind)]
            arrivals = sum(len(step.arrivals) for step in steps)
            delays = self.delays(kind)
            middle, most = (f"{median(delays):.0f}", f"{max(delays):.0f}") if delays else ("-", "-")
            lines.append(f"{kind or 'all':12}{len(steps):>6}{arrivals:>10}{middle:>11}{most:>12}")
        return "\n".join(lines)


def _describe(arrival: Arrival) -> str:
    if arrival.milliseconds is None:
        return f"NOT on {arrival.where} after {PATIENCE:.0f} s"
    return f"on {arrival.where} after {arrival.milliseconds:.0f} ms"


def _watch(since: float, watches: Sequence[Watched]) -> list[Arrival]:
    """Poll everywhere in turn until it has arrived or time is out."""
    arrivals = [Arrival(watch.where, None) for watch in watches]
    while time.perf_counter() - since < PATIENCE:
        for watch, arrival in zip(watches, arrivals, strict=True):
            if arrival.milliseconds is None and watch.has_arrived():
                arrival.milliseconds = (time.perf_counter() - since) * 1000
        if all(arrival.milliseconds is not None for arrival in arrivals):
            break
        time.sleep(POLL_SECONDS)
    return arrivals
