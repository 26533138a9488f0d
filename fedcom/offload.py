"""Runs processor-bound work outside the event loop, for which every request waits.

Python threads take turns, so this makes nothing faster; but the loop gets its turn every few
milliseconds, however long a page or a text takes.
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
"""Few: each busy thread makes the loop wait for one turn more. They are not asyncio's own, which
wait for disks and for password hashes.
"""

_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="offload")


async def offload(work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Run `work` in a thread and return its result: for work of more than a few milliseconds.

    It sees the caller's context variables; its changes to them are lost.
    """
    call = partial(contextvars.copy_context().run, work, *args, **named)
    return await asyncio.get_running_loop().run_in_executor(_threads, call)
