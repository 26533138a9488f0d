"""How the cost of a function grows when its input doubles."""

import gc
import time
from collections.abc import Callable
from functools import cache
from typing import Any

FLOOR = 0.003
"""Seconds of CPU below which a cost is too small to be compared."""

RESERVE = 150_000
"""Objects of half a kilobyte."""

TRIES = 12
PAUSE = 0.1
"""Seconds by which each pause between two attempts is longer than the previous one."""


def cost_ratio(
    work: Callable[[Any], object], small: Any, large: Any, times: int, most: float
) -> float:
    """The ratio of the CPU times of `work(large)` and `work(small)`, where `large` is `times` as
    large as `small`; 0.0 below the `FLOOR`.

    Both are measured one after the other, with `times` times `small`, which takes as long as
    `large` once. The lowest ratio counts: another process may have taken the caches for a while.
    While it is more than `most`, they are measured again, up to `TRIES` times and less and less
    often.
    """
    _prepare()
    lowest = float("inf")
    for number in range(TRIES):
        time.sleep(PAUSE * number)
        each = _cost(work, small, times) / times
        cost = _cost(work, large)
        lowest = min(lowest, 0.0 if cost < FLOOR else cost / each)
        if lowest <= most:
            break
    return lowest


def _cost(work: Callable[[Any], object], given: Any, times: int = 1) -> float:
    # The garbage collector's work depends on earlier allocations; and where there is much garbage,
    # memory is slower to get.
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
def _prepare() -> list[bytes]:
    """Exclude objects from before the first measurement from each collection, and keep memory for
    small objects: mapping new pages would cost more than the work, and only where there are many.

    Returns what holds that memory, one object in each part of it.
    """
    filled = [bytes(450) for _ in range(RESERVE)]
    gc.collect()
    gc.freeze()
    return filled[::1000]
