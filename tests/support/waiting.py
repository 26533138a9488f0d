"""Waiting for what other tasks, threads and processes do."""

import asyncio
import time
from collections.abc import Callable


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until `condition` holds; TimeoutError when it does not."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - a row, a log, a list: few have an event
            await asyncio.sleep(0.005)


def eventually(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait in a thread of its own until `condition` holds; TimeoutError when it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.005)
