"""Files with servers to block: Mastodon's CSV, or one name in each line.

Mastodon 4 exports `#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate`
(`Admin::ExportDomainBlocksController`); other tools leave out the # and some of the columns. Of its
severities, only `suspend` is what a block is here. A server that is merely limited there is left
out, because blocking it would do more than the list asks for.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from fedcom.errors import Invalid
from fedcom.models.peer import InstanceBlock
from fedcom.remote.peers import normalise_host
from fedcom.rules.limits import MAX_REASON
from fedcom.site.instances import is_own_host
from fedcom.text.plain import clean_line, cut

MAX_ENTRIES = 10_000
MAX_BYTES = 2 * 1024 * 1024

MAX_SKIPPED = 200
"""Lines that are reported; a page in HTML has thousands that are no servers."""

_LONGEST_CELL = 1_000

COLUMNS = ("domain", "severity", "reject_media", "reject_reports", "public_comment", "obfuscate")

SkipReason = Literal["host", "obfuscated", "own_host", "silence", "noop", "severity"]

_SEVERITIES: Mapping[str, SkipReason | None] = {
    "": None,
    "suspend": None,
    "silence": "silence",
    "limit": "silence",
    "noop": "noop",
    "none": "noop",
}


@dataclass(frozen=True, slots=True)
class SkippedLine:
    """A line that is not taken over: its number from 1, how it begins, and why."""

    number: int
    text: str
    why: SkipReason


@dataclass(frozen=True, slots=True)
class BlockListFile:
    """The content of a file: reasons by host, and the lines that were skipped."""

    entries: Mapping[str, str]
    skipped: tuple[SkippedLine, ...]


def read_block_list(content: bytes | str, own_host: str) -> BlockListFile:
    """The servers that a file names for blocking.

    Raises Invalid: `list_malformed` (no text), `list_too_large`, `too_many_items`, and
    `list_empty`: nothing in it is the name of a server, as in a web page.
    """
    entries: dict[str, str] = {}
    skipped: list[SkippedLine] = []
    columns: dict[str, int] = {"domain": 0, "severity": 1}
    for number, cells in _rows(_to_text(content)):
        head = [cell.lstrip("#").strip().lower() for cell in cells]
        if "domain" in head and not entries:
            columns = {name: head.index(name) for name in COLUMNS if name in head}
            continue
        if cells[0].startswith("#"):
            continue
        line = _Line(cells, columns)
        host, why = line.host, _why_not(line, own_host)
        if host is None or why is not None:
            text = clean_line(",".join(cells)[:_LONGEST_CELL]).rstrip(",")
            skipped.append(SkippedLine(number, cut(text, 100), why or "host"))
            continue
        entries.setdefault(host, line.reason)
        if len(entries) > MAX_ENTRIES:
            raise Invalid(
                "too_many_items",
                "The list may have at most %(maximum)s entries.",
                maximum=MAX_ENTRIES,
            )
    if not entries and not any(line.why != "host" for line in skipped):
        raise Invalid("list_empty", "There is no server to block in this list.")
    return BlockListFile(entries, tuple(skipped[:MAX_SKIPPED]))


def write_block_list(blocks: Iterable[InstanceBlock]) -> str:
    """Mastodon's CSV, with every block as `suspend`."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(f"#{name}" for name in COLUMNS)
    for block in blocks:
        reason = " ".join(block.reason.split())
        writer.writerow((block.host, "suspend", "false", "false", reason, "false"))
    return written.getvalue()


@dataclass(frozen=True, slots=True)
class _Line:
    cells: list[str]
    columns: Mapping[str, int]

    def cell(self, name: str) -> str:
        """The cell of this column; "" if it is missing."""
        at = self.columns.get(name, len(self.cells))
        return self.cells[at].strip() if at < len(self.cells) else ""

    @property
    def reason(self) -> str:
        """The public comment, as the reason of a block."""
        return cut(clean_line(self.cell("public_comment")[:_LONGEST_CELL]), MAX_REASON)

    @property
    def host(self) -> str | None:
        """The server; None if it is none. Some lists write `*.` before names with subdomains."""
        try:
            return normalise_host(self.cell("domain")[:_LONGEST_CELL].removeprefix("*."))
        except Invalid:
            return None


def _why_not(line: _Line, own_host: str) -> SkipReason | None:
    """Why a line names no server that can be blocked; None if it does."""
    if "*" in line.cell("domain").removeprefix("*."):
        return "obfuscated"
    if line.host is None:
        return "host"
    if is_own_host(own_host, line.host):
        return "own_host"
    return _SEVERITIES.get(line.cell("severity").lower(), "severity")


def _rows(text: str) -> Iterable[tuple[int, list[str]]]:
    """The lines that are not empty, as cells, each with its number."""
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise _malformed() from error


def _to_text(content: bytes | str) -> str:
    if len(content) > MAX_BYTES:
        raise Invalid("list_too_large", "The list is too large.")
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
    except UnicodeDecodeError as error:
        raise _malformed() from error
    return text.replace("\0", "")


def _malformed() -> Invalid:
    return Invalid("list_malformed", "This is no list of servers: it must be a text file or CSV.")
