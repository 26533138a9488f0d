"""How the cost of a function grows when what it is given doubles."""

import gc
import time
from collections.abc import Callable
from functools import cache
from typing import Any

FLOOR = 0.003
"""Seconds of CPU below which a cost is too small to be judged."""

TRIES = 12
PAUSE = 0.1
"""Seconds by which each pause between two tries is longer than the one before."""


def growth(work: Callable[[Any], object], small: Any, large: Any, times: int, most: float) -> float:
    """How many times the CPU time of `work(small)` `work(large)` takes, where `large` is `times` as
    much as `small`; 0.0 below the `FLOOR`.

    The best of both counts. While it is more than `most` they are measured again, up to `TRIES`
    times and less and less often: another process may have taken the caches for a while. Work on
    `small` is done `times` times for each measurement: a long one seldom finds a quiet moment, and
    must not be compared with a short one that did.
    """
    _freeze()
    first = second = float("inf")
    for number in range(TRIES):
        time.sleep(PAUSE * number)
        first = min(first, _cost(work, small, times) / times)
        second = min(second, _cost(work, large))
        if second < FLOOR or second / first <= most:
            break
    return 0.0 if second < FLOOR else second / first


def _cost(work: Callable[[Any], object], given: Any, times: int = 1) -> float:
    # What the collector of garbage does depends on what was made before; and where there is much
    # garbage, memory is slower to get.
    gc.collect()
    gc.disable()
    try:
        began = time.process_time()
        for _ in range(times):
            work(given)
        return max(time.process_time() - began, 1e-6)
    finally:
        gc.enable()


@cache
def _freeze() -> None:
    """Leave out of each collection what was there before the first."""
    gc.collect()
    gc.freeze()
