"""The documents are held to the code: commands, links, tables, codes, and the worked example."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from fedcom.accounts.rate_limits import ACTION_LIMITS, ActionLimits
from fedcom.cli.root import fedcom
from fedcom.cli.table import incoming_table
from fedcom.web.html.i18n import number, span

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
CODE = sorted(
    path for room in ("activitypub", "inbox", "fedcom") for path in (ROOT / room).rglob("*.py")
)

LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def prose(path: Path) -> str:
    """A document without its blocks of code."""
    return FENCE.sub("", path.read_text())


def section(path: str, heading: str) -> str:
    """What stands below a heading of any level, up to the next one."""
    _, _, rest = (ROOT / path).read_text().partition(f"# {heading}\n")
    return re.split(r"^#+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def anchor(heading: str) -> str:
    """The fragment that forges give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def commands(group: click.Group, *before: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, by the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, *before, name)
        else:
            yield (*before, name), command


COMMANDS = list(commands(fedcom))


def test_the_documents_are_found() -> None:
    assert {"README.md", "CONTRIBUTING.md", "docs/admin.md"} <= {name(path) for path in DOCUMENTS}


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_links_lead_somewhere(path: Path) -> None:
    for link in LINK.findall(prose(path)):
        if link.startswith(("https://", "http://")):
            continue
        target, _, fragment = link.partition("#")
        document = (path.parent / target).resolve() if target else path
        assert document.exists(), link
        if fragment:
            assert fragment in {anchor(text) for text in HEADING.findall(prose(document))}, link


ROOMS = ("activitypub", "alembic", "database", "docs", "fedcom", "inbox", "outbox", "tests")
ENDS = {
    "/" + "/".join(path.parts[at:])
    for room in ROOMS
    for path in [ROOT / room, *(ROOT / room).rglob("*")]
    if "node_modules" not in path.parts
    for at in range(len(ROOT.parts), len(path.parts))
}
"""All files and folders, from each folder above them."""
# A file or a folder, from the top of the project or, as in CONTRIBUTING.md, from a folder of it.
NAMED = re.compile(
    rf"`((?:{'|'.join(ROOMS)})/[\w./-]+|[\w./-]+/|[\w./-]+\.(?:css|html|js|md|mjs|po|py))(?:::\w+)?`"
)
MADE = {"data", "fedcom/migrations", "screenshots"}
"""Folders that the wheel, the server and a command make."""


def exists(path: str) -> bool:
    """Whether a document may name it: from the top, or from a folder if no room is named."""
    is_whole = (ROOT / path).exists()
    return is_whole or (not path.startswith(ROOMS) and f"/{path}" in ENDS)


def test_files_in_the_documents_exist() -> None:
    said = {
        (name(document), path.removesuffix("/"))
        for document in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
        for path in NAMED.findall(prose(document))
        if not path.startswith("/")
    }

    assert len(said) > 200
    assert [one for one in sorted(said) if one[1] not in MADE and not exists(one[1])] == []


def test_every_command_is_in_the_admins_table() -> None:
    written = re.findall(
        r"^\| `fedcom ([^`]+)` \|", section("docs/admin.md", "The command line"), re.M
    )
    documented = {tuple(name for name in line.split() if not name.isupper()) for line in written}

    assert documented == {names for names, _ in COMMANDS}


@pytest.mark.parametrize(
    ("names", "command"), COMMANDS, ids=[" ".join(names) for names, _ in COMMANDS]
)
def test_every_option_of_a_command_is_in_its_line(
    names: tuple[str, ...], command: click.Command
) -> None:
    table = section("docs/admin.md", "The command line")
    line = next(
        (line for line in table.splitlines() if re.match(rf"\| `fedcom {' '.join(names)}\b", line)),
        "",
    )
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.opts[0] in line, f"{parameter.opts[0]} is missing in: {line}"
        else:
            assert str(parameter.human_readable_name) in line


def test_commands_in_the_documents_exist() -> None:
    known = {arguments for arguments, _ in COMMANDS}
    groups = {arguments[:1] for arguments in known if len(arguments) > 1}
    for path in DOCUMENTS:
        for command in re.findall(r"`fedcom ([a-z][a-z -]*)", path.read_text()):
            arguments = tuple(command.split(" --")[0].split())
            assert (
                arguments in known | groups or arguments[:2] in known or arguments[:1] in known
            ), (path, command)


@pytest.mark.parametrize("path", ["README.md", "CONTRIBUTING.md", "docs/admin.md", ".ci/run"])
def test_make_targets_in_the_documents_exist(path: str) -> None:
    targets = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.M))
    asked = set(re.findall(r"^make ([a-z]+)|`make ([a-z]+)", (ROOT / path).read_text(), re.M))

    assert asked
    assert {one or other for one, other in asked} <= targets


PACKAGES = {
    "git": "git",
    "python3": "python3-venv",
    "certbot": "certbot",
    "nginx": "nginx",
    "createuser": "postgresql",
    "jq": "jq",
}
"""Commands that a bare Debian 12 does not have, and the packages that bring them."""


def test_the_documents_install_each_command_before_they_use_it() -> None:
    """Those for admins, who create a PostgreSQL database before they make a backup of it."""
    text = "".join((ROOT / path).read_text() for path in ("docs/scaling.md", "docs/admin.md"))
    installed: set[str] = set()
    used: set[str] = set()
    for block in re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S):
        for line in block.splitlines():
            tokens = re.findall(r"[\w./-]+", line.partition("    #")[0])
            if tokens[:2] == ["apt-get", "install"]:
                installed |= set(tokens[2:])
                continue
            missing = {token for token in tokens if PACKAGES.get(token, "") not in {"", *installed}}
            assert not missing, line
            used |= PACKAGES.keys() & set(tokens)
    assert used == PACKAGES.keys()
    assert "sudo" not in re.findall(r"^\w+", "".join(FENCE.findall(text)), re.M)


def test_nginx_answers_certbot_and_sends_everybody_else_to_https() -> None:
    text = (ROOT / "docs/admin.md").read_text()
    plain = re.findall(r"^server \{\n(.*?)^\}$", text, re.M | re.S)[-1]

    assert "listen 80;" in plain
    assert "location /.well-known/acme-challenge/ {" in plain
    assert "root /var/www/html;" in plain
    assert "--webroot-path /var/www/html" in text


def test_the_readme_names_the_command_that_ci_runs() -> None:
    last = (ROOT / ".ci/run").read_text().split("\n")[-2]

    assert last == "make test"
    assert re.search(rf"^{last}\b", (ROOT / "README.md").read_text(), re.M)


def test_the_table_of_supported_activities_is_that_of_the_catalog() -> None:
    text = (ROOT / "docs/federation.md").read_text()
    _, _, rest = text.partition("<!-- incoming: begin -->\n")

    assert rest.partition("<!-- incoming: end -->")[0] == incoming_table(), (
        "run: fedcom federation table, and put it between the marks"
    )


def test_every_supported_activity_is_explained() -> None:
    _, begin, explained = (ROOT / "docs/federation.md").read_text().partition("In detail:")
    detail, end, _ = explained.partition("Ignored, alone")
    assert begin
    assert end
    for shape in re.findall(r"`([A-Z][A-Za-z{}]+)`", incoming_table()):
        verb, _, kind = shape.partition("{")
        if verb in ("Create", "Update") and kind.rstrip("}") not in ("Note", "Group"):
            continue  # explained with Note
        mentioned = verb if verb in ("Accept", "Reject") else shape
        assert f"`{mentioned}`" in detail


def test_every_activity_type_that_actions_send_is_documented() -> None:
    sent_types: set[str] = set()
    for path in (ROOT / "fedcom/actions").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "activitypub.vocab.activities":
                sent_types |= {alias.name for alias in node.names if alias.name != "announce_of"}
    sent = (ROOT / "docs/federation.md").read_text().partition("## Sent")[2]

    # What only others say.
    assert sent_types - {"move", "reject"} <= {
        type_name.lower() for type_name in re.findall(r"[A-Z][a-z]+", sent)
    }


def test_every_code_of_a_refusal_is_one_of_the_code() -> None:
    table = section("FEDERATION.md", "What we refuse, and how").partition("| Status |")[2]
    strings = {
        node.value
        for path in CODE
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    codes = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", table))

    assert len(codes) > 50
    assert codes <= strings


def test_every_refusal_of_the_inbox_is_documented() -> None:
    """The inbox's own; what actions refuse is the domain's, and changes with it."""
    table = section("FEDERATION.md", "What we refuse, and how")
    raised = {
        argument.value
        for file in ("receive", "verify", "body", "commits")
        for node in ast.walk(ast.parse((ROOT / f"inbox/{file}.py").read_text()))
        if isinstance(node, ast.Call)
        for argument in [*node.args[:2], *(word.value for word in node.keywords)]
        if isinstance(node.func, ast.Name)
        and node.func.id in {"Refused", "Later", "Malformed", "Problem", "KeyGone", "Unauthentic"}
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
        if re.fullmatch(r"[a-z]+(_[a-z]+)+", argument.value)
    }

    assert raised
    assert {code for code in raised if f"`{code}`" not in table} <= {"internal_error"}


def test_every_decision_is_listed_and_has_its_four_parts() -> None:
    folder = ROOT / "docs/decisions"
    listed = (folder / "README.md").read_text()
    for path in sorted(folder.glob("[0-9]*.md")):
        text = path.read_text()
        title = text.splitlines()[0]
        assert re.fullmatch(rf"# {path.name[:4]}: .+", title)
        assert f"]({path.name})" in listed
        for part in ("Context", "Decision", "Why", "Consequences"):
            assert f"**{part}.**" in text, f"{path.name} has no {part}"


def test_the_worked_example_is_the_file_that_it_shows() -> None:
    shown = re.findall(
        r"^```python\n(.*?)^```$", (ROOT / "CONTRIBUTING.md").read_text(), re.M | re.S
    )
    assert shown == [(ROOT / "fedcom/actions/lock.py").read_text()]


def limits_row(pace: ActionLimits) -> str:
    """A line of the table of limits."""
    usual, newcomer = (
        " · ".join(f"{number(count)} in {span(window)}" for count, window in pairs)
        for pairs in (
            [(allowed.usual, allowed.window) for allowed in pace.allowances],
            [(allowed.newcomer, allowed.window) for allowed in pace.allowances],
        )
    )
    return f"| {pace.what} | {usual} | {newcomer} |"


def test_the_documented_limits_are_those_of_the_code() -> None:
    text = section("docs/admin.md", "Members and mail")
    assert [row for row in map(limits_row, ACTION_LIMITS) if row not in text] == []
