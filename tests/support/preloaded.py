"""Programs of Fedcom in processes that have its modules already.

Importing them is three quarters of the CPU time of a start, and the test suite starts hundreds. The
fork server of Python's `multiprocessing` imports them once for each worker of the suite; a program
is a process forked from that.
"""

import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from fedcom.cli.root import main

MODULES = [
    *("fedcom.cli.server", "fedcom.cli.worker", "fedcom.migrate", "psycopg"),
    *("uvicorn.lifespan.on", "uvicorn.loops.uvloop"),
]


class Preloaded:
    """A running `fedcom` command, to be used as a `subprocess.Popen`: `arguments` and the whole
    `environ` are its own, it writes to the end of `log`, and it ends with the process that started
    it.
    """

    def __init__(self, arguments: Sequence[str], environ: Mapping[str, str], log: Path) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(MODULES)
        given = tuple(arguments), dict(environ), Path.cwd(), log.absolute()
        self._process = context.Process(target=_run, args=given, daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def poll(self) -> int | None:
        """Its exit code, or minus the number of the signal that ended it; None while it runs."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def wait(self, timeout: float) -> int:
        """Wait for its end; the exit code. Raises subprocess.TimeoutExpired after `timeout`
        seconds.
        """
        self._process.join(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout)
        return code


def _run(arguments: Sequence[str], environ: Mapping[str, str], folder: Path, log: Path) -> None:
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    written = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for stream in (1, 2):
        os.dup2(written, stream)
    os.close(written)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.argv[:] = ["fedcom", *arguments]
    main()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
