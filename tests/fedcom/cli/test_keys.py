import pytest

from tests.fedcom.cli.shell import Shell


def test_new_keys_are_counted(shell: Shell) -> None:
    shell.create_user("ann")

    assert shell.must("keys", "rotate", "@Ann") == "1 actor has new keys.\n"
    assert shell.must("keys", "rotate", "--all") == "2 actors have new keys.\n"


@pytest.mark.parametrize("arguments", [["rotate"], ["rotate", "ann", "--all"]])
def test_either_an_actor_or_all_must_be_given(shell: Shell, arguments: list[str]) -> None:
    result = shell("keys", *arguments)

    assert result.code == 2
    assert "or --all" in result.err


def test_an_unknown_name_is_an_error(shell: Shell) -> None:
    result = shell("keys", "rotate", "nobody")

    assert (result.code, result.out) == (1, "")
    assert "There is no local person or community named nobody." in result.err
