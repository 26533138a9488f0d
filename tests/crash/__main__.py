"""Kill two federating servers again and again, and check that both have the same content in the
end.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.crash.driver import Plan
from tests.crash.scenario import Stores, play
from tests.support import services
from tests.support.databases import PostgresqlDatabases

BUSY_PART = 0.75
"""The least share of the kills that must hit a process in the middle of work."""

SHOWN = 20


def main() -> int:
    """0 if nothing was lost and nothing duplicated."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--posts", type=int, default=500)
    parser.add_argument("--comments", type=int, default=200)
    parser.add_argument("--votes", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    print(f"seed {asked.seed}")
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="fedcom-crash-"))
    run = services.Run()
    try:
        databases = PostgresqlDatabases()
        stores = Stores(folder, databases.create(migrated=False), f"{services.redis_url()}/0")
        plan = Plan(asked.posts, asked.comments, asked.votes)
        verdict = play(plan, asked.kills, stores, seed=asked.seed, say=_say)
        databases.close()
    finally:
        run.end()
    _say(verdict.summary)
    _say(f"{verdict.busy_kills} of {len(verdict.kills)} kills met a claimed delivery or open row.")
    for problem in verdict.problems[:SHOWN]:
        _say(f"DIFFERENT  {problem}")
    is_good = (
        not verdict.problems
        and len(verdict.kills) == asked.kills
        and verdict.busy_kills >= BUSY_PART * asked.kills
    )
    if is_good:
        shutil.rmtree(folder)
    else:
        _say(f"The logs and anna's database are in {folder}")
    verdict_text = "GOOD: nothing lost, nothing doubled" if is_good else "BAD"
    _say(f"{verdict_text}, in {time.monotonic() - began:.0f} s")
    return 0 if is_good else 1


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
