"""The blocks of code in the documents for admins: commands, and the contents of files."""

import re
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"

_HEADING = re.compile(r"#+ (.+)")
_FENCE = re.compile(r"```(\w*)")


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code: its document, the heading above it, its number below that heading (from 1),
    and its language.
    """

    document: str
    heading: str
    number: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}, {self.heading}, block {self.number}"


def read_blocks(document: str) -> list[Block]:
    """All blocks of docs/`document`."""
    found: list[Block] = []
    heading, number, language, lines = "", 0, "", None
    for line in (DOCS / document).read_text().splitlines():
        fence = _FENCE.fullmatch(line.strip())
        if lines is not None:
            if fence and not fence[1]:
                text = "\n".join(lines) + "\n"
                found.append(Block(document, heading, number, language, text))
                lines = None
            else:
                lines.append(line)
        elif fence:
            number, language, lines = number + 1, fence[1], []
        elif match := _HEADING.fullmatch(line):
            heading, number = match[1], 0
    return found


def find_block(document: str, heading: str, number: int) -> Block:
    """That block. Raises LookupError."""
    for block in read_blocks(document):
        if (block.heading, block.number) == (heading, number):
            return block
    raise LookupError(f"{document} has no block {number} below {heading!r}")


def to_commands(text: str) -> list[str]:
    """The commands of a block, those in several lines as one."""
    commands: list[str] = []
    for line in text.splitlines():
        if commands and commands[-1].endswith("\\"):
            commands[-1] = f"{commands[-1]}\n{line}"
        elif line.strip():
            commands.append(line)
    return commands
