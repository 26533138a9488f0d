"""The tests that docs/security.md names exist; and rules for the whole code."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/security.md"
ROOMS = ("activitypub", "database", "inbox", "outbox", "fedcom")
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))

ROW = re.compile(
    r"^\| (?P<number>\d+\.\d+) \| (?P<source>.+) \| (?P<fault>.+) \| (?P<held>.+) \|$", re.M
)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)(?:\[([\w-]+)\])?`")
NOT_APPLICABLE = "Does not apply: "

ROWS = [match.groupdict() for match in ROW.finditer(PAGE.read_text())]


@cache
def functions(path: Path) -> set[str]:
    """The names of the tests in a file."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.parse(path.read_text()).body if isinstance(node, kinds)}


def test_the_rows_are_numbered_through() -> None:
    numbers = [tuple(map(int, row["number"].split("."))) for row in ROWS]
    parts = [part for part, _ in numbers]

    assert len(ROWS) > 90
    _, _, tables = PAGE.read_text().partition("## Known vulnerabilities and their tests\n")
    assert tables.count("\n| ") - len(ROWS) == 2 * len(set(parts))
    assert sorted(set(parts)) == list(range(1, max(parts) + 1))
    for part in set(parts):
        assert [row for one, row in numbers if one == part] == list(range(1, parts.count(part) + 1))


@pytest.mark.parametrize("row", ROWS, ids=[row["number"] for row in ROWS])
def test_every_row_has_a_test_or_a_reason(row: dict[str, str]) -> None:
    if row["held"].startswith(NOT_APPLICABLE):
        assert len(row["held"]) > len(NOT_APPLICABLE) + 10
        return
    named = row["held"].split("<br>")
    assert len(set(named)) == len(named)
    for one in named:
        found = TEST.fullmatch(one)
        assert found, f"{one} is no test"
        file, function, case = found.groups()
        assert function in functions(ROOT / file), one
        assert case is None or f'"{case}"' in (ROOT / file).read_text(), one


@cache
def imports() -> list[tuple[str, str]]:
    """Every name that is imported, with the file that does it."""
    found = []
    for path in MODULES:
        file = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found += [(file, one.name) for one in node.names]
            elif isinstance(node, ast.ImportFrom):
                found += [(file, f"{node.module}.{one.name}") for one in node.names]
    return found


def importers(*modules: str) -> set[tuple[str, str]]:
    """The files that import one of `modules` or something in it."""
    return {
        (path, module)
        for path, name in imports()
        for module in modules
        if f"{name}.".startswith(f"{module}.")
    }


def test_sockets_are_opened_in_one_place() -> None:
    """Mail, the database and Redis go to addresses that the admin has given."""
    clients = ("urllib.request", "http.client", "ftplib", "requests", "aiohttp", "smtplib")
    opening = re.compile(r"\b(create_connection|open_connection|socket\.socket)\(")

    assert importers(*clients) == {("fedcom/background/mailer.py", "smtplib")}
    assert importers("socket") == {("activitypub/resolver.py", "socket")}
    assert {path.name for path in MODULES if opening.search(path.read_text())} == {"transport.py"}


def test_no_xml_and_no_archive_is_read() -> None:
    """XML is only written, for feeds and the sitemap; archives are read that an admin gives to a
    command: backups, from which no path is unpacked."""
    readers = ("xml", "lxml", "zipfile", "tarfile", "pickle", "marshal", "yaml")

    writers = {"fedcom/web/html/feed_documents.py", "fedcom/web/sitemap.py"}
    reading = re.compile(r"\b(parse|iterparse|fromstring|XML|XMLParser|XMLPullParser)\(")

    backups = {("fedcom/backup/archive.py", "tarfile")}
    assert importers(*readers) == {(path, "xml") for path in writers} | backups
    assert [path for path in writers if reading.search((ROOT / path).read_text())] == []


def test_starlette_is_new_enough() -> None:
    """1.3.1 is the first without the faults that docs/security.md names."""
    (pinned,) = re.findall(
        r"^starlette==(\d+)\.(\d+)\.(\d+) ", (ROOT / "requirements.lock").read_text(), re.M
    )

    assert tuple(map(int, pinned)) >= (1, 3, 1)


def test_nothing_is_made_with_the_host_of_a_request() -> None:
    """`request.url` is made with the Host header; its path and query are the only parts used."""
    served = [ROOT / "inbox", ROOT / "fedcom"]
    used = [
        f"{path.name}: {found}"
        for path in [
            one for room in served for kind in ("*.py", "*.html") for one in room.rglob(kind)
        ]
        for found in re.findall(
            r"request\.(?:url(?!\.(?:path|query)\b)\w*|base_url|url_for)(?=[^`\w])",
            path.read_text(),
        )
    ]

    assert used == []
