"""A whole server in a thread of the tests, and the longest time one step holds its event loop."""

import asyncio
import socket
import threading
import time
from asyncio.events import Handle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import uvicorn

from fedcom.app import create_app
from fedcom.context import Context
from fedcom.settings import Settings
from tests.support.databases import sqlite_database
from tests.support.visitor import PASSWORD

T = TypeVar("T")

ADMIN = "boss"


class WatchedServer:
    """A server on a port of its own, with an admin called `ADMIN`."""

    def __init__(self, folder: Path) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.origin = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        settings = Settings(
            origin=self.origin,
            development=True,
            data_dir=folder,
            database_url=sqlite_database(folder / "watched.sqlite3", migrated=True),
            admin_name=ADMIN,
            admin_password=PASSWORD,
        )
        self._app = create_app(settings)
        # Not uvloop, whose steps cannot be measured from outside.
        config = uvicorn.Config(self._app, loop="asyncio", log_config=None, access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run)
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Start, and wait until requests are answered."""
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError("the server did not start")
            time.sleep(0.01)

    def stop(self) -> None:
        """End it as a signal would."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def unit(self, work: Callable[[Context], T]) -> T:
        """One transaction of the server's own, from here."""
        assert self._loop is not None
        unit = self._app.state.instance.unit(work)
        return asyncio.run_coroutine_threadsafe(unit, self._loop).result()

    def longest_step(self, work: Callable[[], object]) -> float:
        """Seconds of CPU that the longest step of the loop took while `work` was done here."""
        with measured_steps(self._thread) as steps:
            work()
        return max(steps, default=0.0)

    def _run(self) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            await self._server.serve(sockets=[self._socket])

        asyncio.run(serve())


@contextmanager
def measured_steps(thread: threading.Thread) -> Iterator[list[float]]:
    """The CPU time of each step of the loop that runs in `thread`.

    Only that of the thread itself: concurrent work, in this process or in another, does not count.
    """
    steps: list[float] = []
    run: Any = Handle._run

    def measured(handle: Handle) -> None:
        began = time.thread_time()
        run(handle)
        if threading.current_thread() is thread:
            steps.append(time.thread_time() - began)

    Handle._run = measured
    try:
        yield steps
    finally:
        Handle._run = run
