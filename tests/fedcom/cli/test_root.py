import socket
from pathlib import Path

import pytest

from tests.fedcom.cli.shell import PASSWORD, Shell

MENDABLE = [
    ({"origin": ""}, "origin"),
    ({"origin": "https://forum.example"}, "development"),
    ({"nonsense": "1"}, "FEDCOM_NONSENSE: unknown setting"),
    ({"bind": "everywhere"}, "address:port"),
    ({"database_url": "mysql://x@127.0.0.1/y"}, "use sqlite:///path or postgresql://"),
    ({"secret_key": "short"}, "at least 32 characters"),
    ({"config": "nowhere.toml"}, "nowhere.toml cannot be read"),
]


@pytest.mark.parametrize(("settings", "hint"), MENDABLE, ids=[hint for _, hint in MENDABLE])
@pytest.mark.parametrize("arguments", [["user", "list"], ["db", "upgrade"], ["serve"]])
def test_an_invalid_setting_gives_one_clear_message(
    bare_shell: Shell, arguments: list[str], settings: dict[str, str], hint: str
) -> None:
    bare_shell.set(**settings)

    result = bare_shell(*arguments)

    assert (result.code, result.out) == (1, "")
    assert hint in result.err
    assert "Traceback" not in result.err


def test_the_settings_may_be_in_a_file(bare_shell: Shell, tmp_path: Path) -> None:
    bare_shell.set(development="", origin="")
    config = tmp_path / "mine.toml"
    config.write_text('development = true\norigin = "http://127.0.0.1:8000"\n')

    assert bare_shell("user", "list").code == 1
    assert bare_shell.must("--config", str(config), "user", "list") == "No accounts.\n"


def test_another_origin_than_that_of_the_first_start_is_refused(shell: Shell) -> None:
    shell.must("user", "list")
    shell.set(origin="http://127.0.0.1:8001")

    for arguments in (["user", "list"], ["serve"]):
        result = shell(*arguments)
        assert (result.code, result.out) == (1, "")
        assert "belongs to http://127.0.0.1:8000" in result.err
        assert "Traceback" not in result.err


def test_another_secret_than_that_of_the_keys_is_refused(shell: Shell) -> None:
    shell.must("user", "list")
    shell.set(secret_key="another secret that has forty characters")

    for arguments in (["user", "list"], ["serve"]):
        result = shell(*arguments)
        assert result.code == 1
        assert "Restore the secret.key" in result.err
        assert "another secret that" not in result.err


def test_a_database_that_does_not_answer_is_named_without_its_password(bare_shell: Shell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        port = taken.getsockname()[1]
        bare_shell.set(database_url=f"postgresql://me:hushhush@127.0.0.1:{port}/fedcom")

        result = bare_shell("db", "upgrade")

    assert result.code == 1
    assert result.err.startswith("Database error: ")
    assert "hushhush" not in result.err


def test_a_folder_that_cannot_be_made_is_named(bare_shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    bare_shell.set(data_dir=str(tmp_path / "file/data"))

    result = bare_shell("user", "list")

    assert result.code == 1
    assert "File error: " in result.err
    assert "file/data" in result.err


def test_a_mistyped_command_is_a_usage_error(bare_shell: Shell) -> None:
    for arguments in (["users"], ["user", "create"], ["user", "create", "ann", "--password", "x"]):
        result = bare_shell(*arguments)
        assert (result.code, result.out) == (2, "")
        assert "Usage: fedcom" in result.err


def test_every_command_has_a_help_text(bare_shell: Shell) -> None:
    for arguments in ([], ["user"], ["user", "create"], ["federation", "queue"], ["db", "upgrade"]):
        out = bare_shell.must(*arguments, "--help")
        assert out.startswith("Usage: fedcom")


def test_the_secret_key_is_for_its_owner_only(bare_shell: Shell) -> None:
    bare_shell.create_user("ann")

    key = bare_shell.folder / "secret.key"
    assert key.stat().st_mode & 0o777 == 0o600
    for arguments in (["user", "list"], ["federation", "queue"], ["instance", "list"]):
        out = bare_shell.must(*arguments)
        assert key.read_text().strip() not in out
        assert PASSWORD not in out
