"""Work for the processor, beside the event loop that every request waits for.

Python threads take turns, so this makes nothing faster; but the loop gets its turn every few
milliseconds, whatever a page or a text costs.
"""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 2
"""Few: each of them that has work makes the loop wait for one turn more. They are not asyncio's
own, which wait for disks and for password hashes.
"""

_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="offload")


async def offload(work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Run `work` in a thread and give its answer: for what may take more than a few milliseconds.

    It sees the context variables of the caller; what it sets of them is lost.
    """
    call = partial(contextvars.copy_context().run, work, *args, **named)
    return await asyncio.get_running_loop().run_in_executor(_threads, call)
