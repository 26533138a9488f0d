"""Send the API random and malformed requests, as a guest, a member, a moderator and an admin. No
answer may be a 5xx, and each must be one that our OpenAPI describes: its status, its type, its
contents. `make fuzz` installs what this needs.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.requests import Outcome, Phase, send
from tests.fuzz.scene import Caller, Round, Scene
from tests.support import services
from tests.support.databases import PostgresqlDatabases
from tests.support.server_processes import Node, running

COVERAGE = 5_500
"""About how many requests one caller sends in the phase `coverage`."""

COVERED_AS = ("admin", "member", "moderator", "guest")
"""In whose role that phase is run, as far as half of the requests reach."""

MOST_EXAMPLES = 15
"""Random requests to one operation in one round; by then a round has used up what it is about."""


class Run:
    """The rounds of one run, and what came of them, by role."""

    def __init__(self, node: Node, seed: int) -> None:
        self._scene = Scene(node)
        self._node = node
        self._seed = seed
        self.outcomes: dict[str, Outcome] = {}

    @property
    def requests(self) -> int:
        """How many were sent."""
        return sum(one.requests for one in self.outcomes.values())

    @property
    def faults(self) -> int:
        """How many faults were found."""
        return sum(one.faults.total() for one in self.outcomes.values())

    def play(self, wanted: int) -> None:
        """Send at least so many requests; none after the round that finds a fault."""
        for role in COVERED_AS[: round(wanted / 2 / COVERAGE)]:
            around = self._scene.begin_round()
            caller = next(one for one in around.callers if one.role == role)
            self._send(caller, around, "coverage", 1)
        operations = sum(len(methods) for methods in self._scene.document["paths"].values())
        while self.requests < wanted and not self.faults:
            around = self._scene.begin_round()
            missing = (wanted - self.requests) / len(around.callers) / operations
            for caller in around.callers:
                self._send(caller, around, "fuzzing", min(int(missing) + 1, MOST_EXAMPLES))

    def _send(self, caller: Caller, around: Round, phase: Phase, examples: int) -> None:
        outcome = self.outcomes.setdefault(caller.role, Outcome())
        document, before = self._scene.document, self.requests
        self._seed += 1
        began = time.monotonic()
        sent = send(document, caller, around, phase, seed=self._seed, examples=examples)
        if not self._scene.is_logged_in(caller):
            sent.note(f"the {caller.role} is logged out", f"in the phase {phase}")
        outcome.add(sent)
        took = time.monotonic() - began
        _say(f"{before + sent.requests:6}  {phase} as {caller.role}, {took:.0f} s: {_counts(sent)}")


def main() -> int:
    """0 if every answer was as described."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000, help="at least so many in all")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    asked = parser.parse_args()
    _say(f"seed {asked.seed}, {asked.database}")
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="fedcom-fuzz-"))
    services_of_run = services.Run()
    url = PostgresqlDatabases().create(migrated=True) if asked.database == "postgresql" else ""
    node = Node(
        "fuzzed", folder, database_url=url,
        # Behind a proxy, which names the clients; nothing answers as its mail server.
        trusted_proxies="127.0.0.1", smtp_url="smtp://127.0.0.1:9",
    )  # fmt: skip
    try:
        with running(node):
            run = Run(node, asked.seed)
            run.play(asked.requests)
    finally:
        services_of_run.end()
    is_good = _report(run) and run.requests >= asked.requests
    if is_good:
        shutil.rmtree(folder)
    else:
        _say(f"The log of the server is in {folder}")
    processor = time.process_time()
    _say(
        f"{'GOOD' if is_good else 'BAD'}: {run.requests} requests, {run.faults} faults, in"
        f" {time.monotonic() - began:.0f} s ({processor:.0f} s of CPU beside the server)"
    )
    return 0 if is_good else 1


def _report(run: Run) -> bool:
    """Say what came of the run; whether all is well."""
    for role, outcome in run.outcomes.items():
        _say(f"as {role}: {outcome.requests} requests, {_counts(outcome)}")
        for fault, times in outcome.faults.most_common():
            _say(f"FAULT  {times} x {fault}\n{outcome.examples[fault]}\n")
    return not run.faults


def _counts(outcome: Outcome) -> str:
    statuses = ", ".join(f"{status}: {times}" for status, times in sorted(outcome.statuses.items()))
    return f"{statuses}; {outcome.faults.total()} faults"


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
