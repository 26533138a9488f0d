"""How the cost of a function grows when its input doubles."""

import gc
import time
from collections.abc import Callable
from functools import cache
from typing import Any

FLOOR = 0.003
"""Seconds of CPU below which a cost is too small to be compared."""

TRIES = 12
PAUSE = 0.1
"""Seconds by which each pause between two attempts is longer than the previous one."""


def cost_ratio(
    work: Callable[[Any], object], small: Any, large: Any, times: int, most: float
) -> float:
    """The ratio of the CPU times of `work(large)` and `work(small)`, where `large` is `times` as
    large
    as `small`; 0.0 below the `FLOOR`.

    The best of both counts. While the ratio is more than `most` they are measured again, up to
    `TRIES` times and less and less often: another process may have taken the caches for a while.
    Work on `small` is done `times` times per measurement: a long one seldom finds a quiet moment,
    and must not be compared with a short one that did.
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
def _freeze() -> None:
    """Exclude objects from before the first measurement from each collection."""
    gc.collect()
    gc.freeze()
