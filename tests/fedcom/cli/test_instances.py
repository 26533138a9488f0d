import pytest

from tests.fedcom.cli.shell import Shell

pytestmark = pytest.mark.either_database


def test_a_block_is_listed_with_its_reason_until_it_is_removed(shell: Shell) -> None:
    assert shell.must("instance", "list") == "No servers are blocked.\n"

    out = shell.must("instance", "block", "https://Bad.Example/", "--reason", "spam")
    assert out == "bad.example is blocked.\n"
    listed = shell.must("instance", "list")
    assert listed.startswith("bad.example  since ")
    assert listed.endswith("  spam\n")

    out = shell.must("instance", "unblock", "bad.example")
    assert out == "bad.example is no longer blocked.\n"
    assert shell.must("instance", "list") == "No servers are blocked.\n"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["block", "127.0.0.1:8000"], "own_host"),
        (["block", "127.0.0.1"], "own_host"),
        (["block", "no host"], "host_invalid"),
        (["block", "com"], "host_invalid"),
        (["unblock", "good.example"], "instance_not_blocked"),
    ],
)
def test_an_invalid_block_or_unblock_shows_the_reason(
    shell: Shell, arguments: list[str], code: str
) -> None:
    result = shell("instance", *arguments)

    assert (result.code, result.out) == (1, "")
    assert f"({code})" in result.err


@pytest.mark.parametrize("text", ["https://bad.example/u/eve", "@eve@very.bad.example"])
def test_a_blocked_host_is_not_requested(shell: Shell, text: str) -> None:
    shell.must("instance", "block", "bad.example")

    result = shell("federation", "lookup", text)  # a look-up of the name would fail the test

    assert (result.code, result.out) == (1, "")
    assert "(instance_blocked)" in result.err
