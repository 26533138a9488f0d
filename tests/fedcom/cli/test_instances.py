import pytest

from tests.fedcom.cli.shell import Shell


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


def test_a_list_is_shown_as_a_draft_first_and_exported_as_it_was_read(shell: Shell) -> None:
    head = "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\n"
    one = "one.example,suspend,false,false,spam,false\n"
    text = f"{head}{one}two.example,suspend,,,,\nquiet.example,silence,,,,\n"
    shell.folder.joinpath("tier0.csv").write_text(text)

    out = shell.must("instance", "import", "tier0.csv", "--except", "two.example")
    assert out == (
        "line 4 skipped (only limited there, and this server can only block):"
        " quiet.example,silence\n"
        "one.example  spam\n"
        "Not blocked yet: 1. To block them, repeat this with --yes.\n"
    )
    assert shell.must("instance", "export") == head
    out = shell.must("instance", "import", "tier0.csv", "--except", "two.example", "--yes")
    assert out.endswith("Blocked now: 1.\n")
    assert "  from tier0.csv  spam\n" in shell.must("instance", "list")
    assert shell.must("instance", "export") == head + one
    assert "Already blocked: 1." in shell.must("instance", "import", "tier0.csv")
    result = shell("instance", "import", str(shell.folder / "secret.key"))
    assert (result.code, result.out, "(list_empty)" in result.err) == (1, "", True)
