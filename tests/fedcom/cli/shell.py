"""The command line as an admin uses it: arguments and standard input in, text and exit code out."""

import io
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from fedcom.cli.root import main
from fedcom.db import Database, open_database
from tests.support.logs import logs_as_before

ORIGIN = "http://127.0.0.1:8000"
HOST = "127.0.0.1:8000"
PASSWORD = "ein langes Wort 7"


@dataclass(frozen=True)
class CommandResult:
    """What a command answered."""

    code: int
    out: str
    err: str


class Shell:
    """Runs `fedcom …` in this process with the settings of one instance."""

    def __init__(
        self, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str], folder: Path, url: str
    ) -> None:
        self._patch = patch
        self._capture = capture
        self.folder = folder
        self.url = url
        self.set(development="1", origin=ORIGIN, data_dir=str(folder), database_url=url)
        patch.chdir(folder)

    def set(self, **settings: str) -> None:
        """Give settings as variables of the environment."""
        for name, value in settings.items():
            self._patch.setenv(f"FEDCOM_{name.upper()}", value)

    def __call__(self, *arguments: str, stdin: str = "") -> CommandResult:
        """Run one command to its end."""
        self._patch.setattr(sys, "argv", ["fedcom", *arguments])
        self._patch.setattr(sys, "stdin", io.StringIO(stdin))
        self._capture.readouterr()
        code = 0
        try:
            with logs_as_before():
                main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
        result = self._capture.readouterr()
        return CommandResult(code, result.out, result.err)

    def must(self, *arguments: str, stdin: str = "") -> str:
        """Run a command that has to succeed without an error message; its output."""
        result = self(*arguments, stdin=stdin)
        assert (result.code, result.err) == (0, "")
        return result.out

    def create_user(self, name: str, *options: str) -> str:
        """`user create NAME` with a good password."""
        return self.must("user", "create", name, *options, stdin=f"{PASSWORD}\n")

    def open_database(self) -> Database:
        """The database behind the command line's back; close it."""
        return open_database(self.url)
