"""Start three servers, play the demo on them, and leave them running to be looked at."""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from types import FrameType

from tests.demo.play import Play
from tests.demo.stage import Stage
from tests.support.nodes import Node, is_free, running
from tests.support.visitor import PASSWORD

PLACES = [("alpha", "127.0.0.1", 8001), ("beta", "127.0.0.2", 8002), ("gamma", "127.0.0.3", 8003)]
FASTER_THAN = 300.0
"""Milliseconds: the median delay from post to visible elsewhere must be below."""


def main() -> int:
    """0 when everything arrived everywhere, and fast enough."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--exit", action="store_true", help="end the servers when it is over")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    folder = Path(tempfile.mkdtemp(prefix="fedcom-demo-"))
    is_good = False
    try:
        nodes = [_node(folder, *place) for place in PLACES]
        print("Starting three servers …", flush=True)
        with running(*nodes):
            is_good = _perform(nodes)
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


def _perform(nodes: list[Node]) -> bool:
    stage = Stage(lambda line: print(line, flush=True))
    play = Play(stage, nodes)
    began = time.monotonic()
    try:
        play.run()
    finally:
        play.close()
        print(f"\n{stage.table()}\n")
    delays = stage.delays("post")
    middle = median(delays) if delays else float("inf")
    failed = [step for step in stage.steps if not step.is_good]
    for step in failed:
        print(f"FAILED: {step.number} {step.words} {step.problem}")
    print(
        f"From post to visible on another server: median {middle:.0f} ms"
        f" (must be below {FASTER_THAN:.0f}), slowest {max(delays, default=0):.0f} ms,"
        f" {len(delays)} arrivals."
    )
    is_good = not failed and middle < FASTER_THAN
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
