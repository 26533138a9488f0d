"""Runs many small calls in a few threads, several for each switch between threads.

A hop costs about a fifth of an RSA signature, and a signature on the event loop lets everything
else wait for a millisecond. So calls that come in together go to a thread together.

The rule: no call is held back. A call starts as soon as a thread is free; while all are busy, calls
wait in the order in which they came, and the next free thread takes its share of them, at most
`MOST`. The result of a call is handed over when its whole chunk is done. A call whose caller was
cancelled is still made if its chunk has begun. Each process has its own.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

THREADS = 2
MOST = 16
"""Calls in one chunk. Its first result waits for its last one."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    call: Callable[[], Any]
    result: "asyncio.Future[Any]"


class Chunks:
    """The threads and what waits for them. It belongs to the event loop in which it is used."""

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None
        self._waiting: deque[_Waiting] = deque()
        self._busy = 0
        self._is_planned = False
        self._is_closed = False

    async def run(self, call: Callable[[], T]) -> T:
        """Run `call` in a thread (after `close`: in the caller's); return or raise what it does."""
        if self._is_closed:
            return call()
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()
        self._waiting.append(_Waiting(call, result))
        if not self._is_planned and self._busy < THREADS:
            # Not at once: the other tasks that are ready may have calls as well.
            self._is_planned = True
            loop.call_soon(self._start, loop)
        return await result

    def close(self) -> None:
        """End the threads when their chunks are done; calls that still wait are cancelled."""
        self._is_closed = True
        for one in self._waiting:
            one.result.cancel()
        self._waiting.clear()
        if self._threads is not None:
            self._threads.shutdown(wait=False)

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_planned = False
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="chunks")
        while self._waiting and self._busy < THREADS:
            share = -(-len(self._waiting) // (THREADS - self._busy))
            chunk = [self._waiting.popleft() for _ in range(min(share, MOST))]
            self._busy += 1
            self._threads.submit(self._work, loop, chunk)

    def _work(self, loop: asyncio.AbstractEventLoop, chunk: list[_Waiting]) -> None:
        done = [_called(one.call) for one in chunk]
        loop.call_soon_threadsafe(self._finish, loop, chunk, done)

    def _finish(
        self,
        loop: asyncio.AbstractEventLoop,
        chunk: list[_Waiting],
        done: list[tuple[Any, Exception | None]],
    ) -> None:
        self._busy -= 1
        self._start(loop)
        for one, (value, error) in zip(chunk, done, strict=True):
            if one.result.done():
                continue  # its caller was cancelled
            if error is None:
                one.result.set_result(value)
            else:
                one.result.set_exception(error)


def _called(call: Callable[[], T]) -> tuple[T | None, Exception | None]:
    try:
        return call(), None
    except Exception as error:  # noqa: BLE001 - it belongs to one caller, who awaits it
        return None, error
