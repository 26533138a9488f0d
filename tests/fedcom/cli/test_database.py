import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import make_url

from fedcom import migrate
from tests.fedcom.cli.shell import Shell
from tests.support.databases import kept
from tests.support.server_processes import Node, running
from tests.support.waiting import eventually


def test_an_upgrade_creates_the_schema_and_prints_its_revision(bare_shell: Shell) -> None:
    out = bare_shell.must("db", "upgrade")

    assert out.startswith("The database is at revision ")
    assert bare_shell.must("db", "check") == "The database matches this version.\n"


def test_an_upgrade_of_the_newest_changes_nothing(bare_shell: Shell) -> None:
    first = bare_shell.must("db", "upgrade")

    assert bare_shell.must("db", "upgrade") == first


def test_a_check_of_an_empty_database_explains_what_to_do(bare_shell: Shell) -> None:
    result = bare_shell("db", "check")

    assert (result.code, result.out) == (1, "")
    assert "run fedcom db upgrade" in result.err


def test_a_check_lists_the_differences(shell: Shell) -> None:
    database = shell.open_database()
    with database.begin() as conn:
        conn.exec_driver_sql("CREATE TABLE left_behind (id INTEGER PRIMARY KEY)")
    database.close()

    result = shell("db", "check")

    assert result.code == 1
    assert "left_behind" in result.out
    assert "matches this version" not in result.out


def test_a_database_of_a_newer_version_is_left_alone(shell: Shell) -> None:
    database = shell.open_database()
    with database.begin() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()

    for arguments in (["db", "upgrade"], ["db", "check"], ["user", "list"], ["serve"]):
        result = shell(*arguments)
        assert (result.code, result.out) == (1, ""), arguments
        assert "9999, which this version of Fedcom does not know" in result.err
        assert "Traceback" not in result.err


@pytest.mark.each_database
def test_a_move_reports_what_it_moved_and_what_to_do_next(shell: Shell, target_url: str) -> None:
    shell.create_user("ann", "--admin")
    kept.close(str(make_url(shell.url).database))

    out = shell.must("db", "move", "--to", target_url)

    table, _, rest = out.partition("\n\n")
    lines = [line.split() for line in table.splitlines()]
    assert lines[0][:2] == ["table", "rows"]
    assert {line[0]: line[1] for line in lines}["account"] == "1"
    assert "is equal. It belongs to http://127.0.0.1:8000" in rest
    assert f'set database_url = "{target_url}"' in rest
    shell.set(database_url=target_url)
    assert shell.must("user", "list").startswith("ann")


def test_a_move_with_the_wrong_secret_or_origin_changes_nothing(
    shell: Shell, target_url: str
) -> None:
    shell.create_user("ann", "--admin")
    kept.close(str(make_url(shell.url).database))

    shell.set(secret_key="0123456789abcdef0123456789abcdef")
    assert "encrypted with a different secret" in shell("db", "move", "--to", target_url).err
    shell.set(origin="http://127.0.0.1:8001")
    assert "This database belongs to" in shell("db", "move", "--to", target_url).err

    shell.set(database_url=target_url)
    assert "at revision None" in shell("db", "check").err


def test_a_move_of_nothing_is_refused(shell: Shell, target_url: str) -> None:
    kept.close(str(make_url(shell.url).database))

    result = shell("db", "move", "--to", target_url)

    assert (result.code, result.out) == (1, "")
    assert "no server has used it yet" in result.err


def test_an_address_that_is_no_database_is_refused(bare_shell: Shell) -> None:
    result = bare_shell("db", "move", "--to", "mysql://localhost/fedcom")

    assert (result.code, result.out) == (1, "")
    assert "--to: unsupported database" in result.err


def test_a_backup_is_made_while_the_server_runs_and_a_move_is_refused(
    empty_database_url: str, target_url: str, tmp_path: Path
) -> None:
    node = Node("one", tmp_path / "one", database_url=empty_database_url)
    with running(node):
        shown, code = on_a_terminal(node.environ, "doctor")
        assert (code, "0 failed" in shown) == (0, True), shown
        assert "ok       signature" in shown
        shown, code = on_a_terminal(node.environ, "backup", str(tmp_path / "all.tar"))
        assert (code, "actor: 100 %" in shown, "is undamaged" in shown) == (0, True, True), shown
        shown, code = on_a_terminal(node.environ, "restore", "--replace", str(tmp_path / "all.tar"))
        assert (code, "stop the server and all workers first" in shown) == (1, True)
        shown, code = on_a_terminal(node.environ, "db", "move", "--to", target_url)
    assert (code, "stop the server and all workers first" in shown) == (1, True)

    shown, code = on_a_terminal(node.environ, "db", "move", "--to", target_url)

    assert code == 0
    assert "actor: 0 % of 1 rows" in shown
    assert "actor: 100 % of 1 rows" in shown
    assert "is equal. It belongs to" in shown


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_an_interrupted_move_says_that_nothing_was_moved(shell: Shell, target_url: str) -> None:
    """Ctrl-C is pressed while it waits for the target."""
    shell.create_user("ann", "--admin")
    with migrate.locked(target_url) as target:

        def is_waiting() -> bool:
            waiting = (
                "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
                " WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted"
            )
            return bool(target.exec_driver_sql(waiting).scalar())

        shown, code = on_a_terminal(
            os.environ, "db", "move", "--to", target_url, interrupt_when=is_waiting
        )

    assert (code, "Interrupted. Nothing was moved" in shown) == (1, True)
    assert "is equal." in shell.must("db", "move", "--to", target_url)


def on_a_terminal(
    environ: Mapping[str, str],
    *arguments: str,
    interrupt_when: Callable[[], bool] | None = None,
) -> tuple[str, int]:
    """What a command shows on a terminal, and its exit code; Ctrl-C is pressed at that moment."""
    ours, theirs = pty.openpty()
    # What a shell starts in the background inherits that it is ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    command = subprocess.Popen(
        [sys.executable, "-m", "fedcom", *arguments],
        env=environ,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    if interrupt_when is not None:
        eventually(interrupt_when)
        command.send_signal(signal.SIGINT)
    shown = b""
    with suppress(OSError):  # how a terminal ends on Linux
        while part := os.read(ours, 65_536):
            shown += part
    os.close(ours)
    return shown.decode(), command.wait(60)
