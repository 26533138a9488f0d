"""Start three servers, play the demo on them, and leave them running to be looked at.

The microblog and the forum beside them are scripted: they have no pages.
"""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from types import FrameType

from tests.demo.scenario import Play
from tests.demo.stage import Stage
from tests.support.server_processes import Node, is_free, running
from tests.support.visitor import PASSWORD

PLACES = [("alpha", "127.0.0.1", 8001), ("beta", "127.0.0.2", 8002), ("gamma", "127.0.0.3", 8003)]
SLOWEST = 15.0
"""How many times as long as the form's response a post may take to be visible on the others
(median).

Usually it is 4 to 7 times. A limit in milliseconds would measure how busy the machine is.
"""


def main() -> int:
    """0 if everything arrived everywhere, and fast enough."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--exit", action="store_true", help="end the servers when it is over")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    folder = Path(tempfile.mkdtemp(prefix="fedcom-demo-"))
    is_good = False
    try:
        nodes = [_node(folder, *community) for community in PLACES]
        print("Starting three servers …", flush=True)
        stage = Stage(lambda line: print(line, flush=True))
        with running(*nodes), closing(Play(stage, nodes)) as play:
            is_good = _perform(play, nodes)
            if not asked.exit:
                _stay(nodes)
    except KeyboardInterrupt:
        print("\nEnded.")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if is_good else 1


def _node(folder: Path, name: str, address: str, port: int) -> Node:
    # Not every system has more of the loopback network than its first address.
    own = address if is_free(address) else "127.0.0.1"
    return Node(name, folder / name, address=own, port=port)


def _perform(play: Play, nodes: list[Node]) -> bool:
    stage = play.stage
    began = time.monotonic()
    try:
        play.people_arrive()
        play.run()
    finally:
        print(f"\n{stage.table()}\n")
    failed = [step for step in stage.steps if not step.is_good]
    for step in failed:
        print(f"FAILED: {step.number} {step.sentence} {step.problem}")
    refused = play.refused()
    for problem in refused:
        print(f"REFUSED by {problem}")
    delays, slowness = stage.delays("post"), stage.slowness("post")
    print(
        f"From post to visible on another server: median {median(delays or [0]):.0f} ms,"
        f" {slowness:.1f} times as long as the form itself (must be below {SLOWEST:.0f}),"
        f" {len(delays)} arrivals."
    )
    is_good = not failed and not refused and slowness < SLOWEST
    if not is_good:
        _show_troubles(nodes)
    print(f"{'GOOD' if is_good else 'BAD'}, in {time.monotonic() - began:.0f} s.", flush=True)
    return is_good


def _show_troubles(nodes: list[Node]) -> None:
    for node in nodes:
        lines = node.server.log.read_text(errors="replace").splitlines()
        troubles = [
            line for line in lines if "[error" in line or "[warning" in line or "refused" in line
        ]
        print(f"\nFrom the log of {node.name} ({node.server.log}):", *troubles[-20:], sep="\n  ")


def _stay(nodes: list[Node]) -> None:
    print("\nThe servers stay up. Every password is", PASSWORD)
    for node, people in zip(nodes, (("ada", "alan"), ("bea", "ben"), ("gil", "gia")), strict=True):
        print(
            f"  {node.name:6} {node.origin}  log in as {' or '.join(people)} ({people[0]} is admin)"
        )
    print("Ctrl-C ends them.", flush=True)
    while all(node.server.pid is not None for node in nodes):
        time.sleep(0.5)
    print("A server has ended.")


def _end(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
