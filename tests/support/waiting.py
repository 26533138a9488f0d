"""Waiting for other tasks, threads and processes."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until `condition` holds; TimeoutError if it does not."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - a row, a log, a list: few have an event
            await asyncio.sleep(0.005)


@asynccontextmanager
async def beats(seconds: float) -> AsyncIterator[list[None]]:
    """A list that grows by one whenever this event loop has waited for `seconds`.

    It measures a duration without the time that other processes took: while this one is stopped,
    neither a beat comes nor a timer of ours.
    """
    counted: list[None] = []

    async def count() -> None:
        while True:
            await asyncio.sleep(seconds)
            counted.append(None)

    counting = asyncio.create_task(count())
    try:
        yield counted
    finally:
        counting.cancel()


def eventually(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait in a thread of its own until `condition` holds; TimeoutError if it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.005)
