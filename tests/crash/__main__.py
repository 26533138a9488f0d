"""Kill the processes of two federating servers again and again, among them PostgreSQL and Redis,
and check that both have the same content in the end, and what the same story leads to on small
servers that nobody kills.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.crash.driver import Plan
from tests.crash.scenario import Verdict, play, play_embedded
from tests.support import services

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
    run = services.Run()
    folder = Path(tempfile.mkdtemp(prefix="fedcom-crash-", dir=tempfile.gettempdir()))
    folder.chmod(0o711)  # PostgreSQL, under another user, must find its own folder in it
    try:
        plan = Plan(asked.posts, asked.comments, asked.votes)
        verdict = play(plan, asked.kills, folder / "large", seed=asked.seed, say=_say)
        small = play_embedded(plan, folder / "small", seed=asked.seed, say=_say)
    finally:
        run.end()
    problems = [*verdict.problems, *(f"embedded: {line}" for line in small.problems)]
    problems += _unlike(verdict, small)
    _say(verdict.summary)
    _say(f"embedded: {small.summary}")
    _say(f"{verdict.busy_kills} of {len(verdict.kills)} kills met a claimed delivery or open row.")
    for problem in problems[:SHOWN]:
        _say(f"DIFFERENT  {problem}")
    is_good = (
        not problems
        and len(verdict.kills) == asked.kills
        and verdict.busy_kills >= BUSY_PART * asked.kills
    )
    if is_good:
        shutil.rmtree(folder)
    else:
        _say(f"The logs and databases are in {folder}")
    verdict_text = "GOOD: nothing lost, nothing doubled" if is_good else "BAD"
    _say(f"{verdict_text}, in {time.monotonic() - began:.0f} s")
    return 0 if is_good else 1


def _unlike(large: Verdict, small: Verdict) -> list[str]:
    """The lines that only one of the two runs ended with, for each server."""
    return [
        f"{name} {'with kills' if line in one else 'embedded'}: {line}"
        for name, one, other in zip(("anna", "bert"), large.stories, small.stories, strict=True)
        for line in sorted(set(one) ^ set(other))
    ]


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
