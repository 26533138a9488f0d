"""Reads pictures in a separate process, so that no file can crash the server or exhaust its memory.

The process (`fedcom.media.worker`) is started for the first picture, reads one at a time within
limits of memory and time, and ends after a while without one. A process that takes too long is
killed, and after a crash the next picture gets a new one.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from typing import Any

import structlog

from fedcom.errors import Busy
from fedcom.media.messages import LENGTHS, SECONDS, answered, question
from fedcom.media.picture import Picture, Size, broken, too_costly

IDLE_SECONDS = 120.0
"""How long the process waits for the next picture before it is ended."""

_PASSED_ON = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH")
"""Environment variables of the process. The settings are not among them: they include secrets."""

logger = structlog.get_logger(__name__)


class _EndedError(Exception):
    """The process has ended without a response; the argument is its exit status."""


class PictureProcess:
    """The process that reads pictures, if there is one. Close it with `aclose`."""

    def __init__(self, *, seconds: float = SECONDS, idle_seconds: float = IDLE_SECONDS) -> None:
        """`seconds`: how long a picture may take; `idle_seconds`: how long to wait for the next."""
        self._seconds = seconds
        self._idle_seconds = idle_seconds
        self._turn = asyncio.Lock()
        self._process: Process | None = None
        self._ending: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process id, while there is a process."""
        return None if self._process is None else self._process.pid

    async def read(self, content: bytes, size: Size) -> Picture:
        """As `images.read_picture`. A picture that takes too long or crashes the process is Invalid
        too (`picture_too_large`, `picture_broken`). Raises Busy when no process can be started.
        """
        async with self._turn:
            if self._ending is not None:
                self._ending.cancel()
            try:
                return await self._read(question(content, size))
            finally:
                self._ending = asyncio.create_task(self._end_when_idle())

    async def aclose(self) -> None:
        """End the process for good, whatever it is doing."""
        self._closed = True
        if self._ending is not None:
            self._ending.cancel()
        await self._end()

    async def _read(self, request: bytes) -> Picture:
        if self._process is not None:
            # A process that ended while it was idle is not the fault of this picture.
            with suppress(_EndedError):
                return await self._ask(self._process, request)
        self._process = await self._start()
        try:
            return await self._ask(self._process, request)
        except _EndedError as error:
            logger.warning("picture_process_died", status=error.args[0])
            raise broken() from error

    async def _ask(self, process: Process, request: bytes) -> Picture:
        try:
            async with asyncio.timeout(self._seconds):
                head, body = await _exchange(process, request)
        except TimeoutError:
            await self._end()
            raise too_costly() from None
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            raise _EndedError(await self._end()) from error
        except asyncio.CancelledError:
            await self._end()  # or its response would be taken for the next picture's
            raise
        return answered(head, body)

    async def _end(self) -> int | None:
        """Kill the process, if there is one; its exit status."""
        process, self._process = self._process, None
        if process is None:
            return None
        with suppress(ProcessLookupError):
            process.kill()
        if process.stdin is not None:
            process.stdin.close()
        return await process.wait()

    async def _start(self) -> Process:
        try:
            if self._closed:
                raise OSError("the server is shutting down")
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "fedcom.media.worker"),
                stdin=PIPE,
                stdout=PIPE,
                env=_environment(),
                # Signals from the server's terminal must not reach it.
                start_new_session=True,
            )
        except OSError as error:
            logger.warning("picture_process_not_started", error=str(error))
            raise Busy(
                "pictures_busy",
                "Pictures cannot be processed right now. Try again in a minute.",
                retry_after=60,
            ) from error

    async def _end_when_idle(self) -> None:
        await asyncio.sleep(self._idle_seconds)
        async with self._turn:
            await self._end()


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    # It must find the same modules as this process, however they were installed.
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


async def _exchange(process: Process, request: bytes) -> tuple[dict[str, Any], bytes]:
    stdin, stdout = process.stdin, process.stdout
    if stdin is None or stdout is None:
        raise ConnectionError("the process has no pipes")
    stdin.write(request)
    await stdin.drain()
    head, body = LENGTHS.unpack(await stdout.readexactly(LENGTHS.size))
    return json.loads(await stdout.readexactly(head)), await stdout.readexactly(body)
