"""The `shell`: the command line on a new instance, on each database."""

import os
from pathlib import Path

import pytest

from tests.fedcom.cli.shell import Shell


@pytest.fixture
def bare_shell(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    empty_database_url: str,
) -> Shell:
    _forget_settings(monkeypatch)
    return Shell(monkeypatch, capsys, tmp_path, empty_database_url)


@pytest.fixture
def shell(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    database_url: str,
) -> Shell:
    _forget_settings(monkeypatch)
    return Shell(monkeypatch, capsys, tmp_path, database_url)


def _forget_settings(patch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("FEDCOM_") and not name.startswith("FEDCOM_TEST_"):
            patch.delenv(name)
