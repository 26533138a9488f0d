"""Structured fields (RFC 9651), as far as signatures use them, parsed strictly.

Dictionaries of items and inner lists, with parameters; strings, byte sequences, integers, booleans
and tokens. Stricter than the RFC where two parsers could differ: a repeated key is refused, where
the RFC takes the last one. Decimals, dates and display strings are refused too; nothing here uses
them.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from activitypub.errors import Malformed

MAX_LENGTH = 8192
"""Longest field value in characters."""

_KEY = re.compile(r"[a-z*][a-z0-9_.*-]*")
_STRING = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_BYTES = re.compile(r":([A-Za-z0-9+/=]*):")
_INTEGER = re.compile(r"-?[0-9]{1,15}(?![0-9.])")
_BOOLEAN = re.compile(r"\?([01])")
_TOKEN = re.compile(r"[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*")
_SPACES = re.compile(" *")
_BLANKS = re.compile("[ \t]*")
_ESCAPED = re.compile(r"\\(.)")
_PRINTABLE = re.compile("[ -~]*")


@dataclass(frozen=True, slots=True)
class Token:
    """A bare word, which differs from a string of the same letters."""

    text: str


Bare = str | bytes | bool | int | Token
Parameters = Mapping[str, Bare]


@dataclass(frozen=True, slots=True)
class Item:
    """One value with its parameters, in the order received."""

    value: Bare
    parameters: Parameters = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InnerList:
    """A list in parentheses, followed by its parameters."""

    items: tuple[Item, ...]
    parameters: Parameters = field(default_factory=dict)


def parse_dictionary(text: str) -> dict[str, Item | InnerList]:
    """The members of a dictionary field by key, in order; at least one.

    Raises `Malformed`: `structured_too_long`, `structured_syntax`, `structured_duplicate`,
    `structured_base64`.
    """
    if len(text) > MAX_LENGTH:
        raise Malformed(
            "structured_too_long", f"A structured field may have at most {MAX_LENGTH} characters."
        )
    reader = _Reader(text.strip(" "))
    found: dict[str, Item | InnerList] = {}
    while True:
        key = reader.expect(_KEY)[0]
        if key in found:
            raise Malformed(
                "structured_duplicate", f"The structured field contains {key} more than once."
            )
        found[key] = reader.member()
        reader.skip(_BLANKS)
        if reader.is_at_end:
            return found
        reader.expect_character(",")
        reader.skip(_BLANKS)


def serialize(member: Item | InnerList) -> str:
    """The canonical text of an item or inner list (RFC 9651 §4.1).

    Raises `ValueError` for a string with anything but printable ASCII characters.
    """
    if isinstance(member, InnerList):
        head = f"({' '.join(serialize(item) for item in member.items)})"
    else:
        head = _bare(member.value)
    return head + "".join(
        f";{name}" if value is True else f";{name}={_bare(value)}"
        for name, value in member.parameters.items()
    )


def _bare(value: Bare) -> str:
    if isinstance(value, str):
        if not _PRINTABLE.fullmatch(value):
            raise ValueError("a string in a structured field must be printable ASCII")
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, bytes):
        return f":{base64.b64encode(value).decode()}:"
    if isinstance(value, bool):
        return f"?{value:d}"
    return value.text if isinstance(value, Token) else str(value)


class _Reader:
    """A position in a text, and methods that read from there."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @property
    def is_at_end(self) -> bool:
        return self._at == len(self._text)

    def skip(self, pattern: re.Pattern[str]) -> None:
        self.take(pattern)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self._text, self._at)
        if match:
            self._at = match.end()
        return match

    def take_character(self, character: str) -> bool:
        found = self._text.startswith(character, self._at)
        self._at += found
        return found

    def expect(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = self.take(pattern)
        if match is None:
            raise self._error()
        return match

    def expect_character(self, character: str) -> None:
        if not self.take_character(character):
            raise self._error()

    def member(self) -> Item | InnerList:
        if not self.take_character("="):
            return Item(True, self._parameters())
        return self._inner_list() if self.take_character("(") else self._item()

    def _inner_list(self) -> InnerList:
        items: list[Item] = []
        while True:
            self.skip(_SPACES)
            if self.take_character(")"):
                return InnerList(tuple(items), self._parameters())
            items.append(self._item())
            if not self._text.startswith((" ", ")"), self._at):
                raise self._error()

    def _item(self) -> Item:
        return Item(self._bare(), self._parameters())

    def _parameters(self) -> Parameters:
        found: dict[str, Bare] = {}
        while self.take_character(";"):
            self.skip(_SPACES)
            name = self.expect(_KEY)[0]
            if name in found:
                raise Malformed("structured_duplicate", f"Duplicate parameter: {name}.")
            found[name] = self._bare() if self.take_character("=") else True
        return found

    def _bare(self) -> Bare:
        if match := self.take(_STRING):
            return _ESCAPED.sub(r"\1", match[1])
        if match := self.take(_BYTES):
            return _decoded(match[1])
        if match := self.take(_INTEGER):
            return int(match[0])
        if match := self.take(_BOOLEAN):
            return match[1] == "1"
        return Token(self.expect(_TOKEN)[0])

    def _error(self) -> Malformed:
        return Malformed(
            "structured_syntax",
            "The header is not a valid structured field.",
            position=str(self._at),
            received=self._text[self._at : self._at + 40],
        )


def _decoded(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise Malformed("structured_base64", "A byte sequence is not valid base64.") from error
    if base64.b64encode(raw).decode() != text:
        # Spare bits after the last byte would make a second text for the same signature.
        raise Malformed(
            "structured_base64",
            "A byte sequence is not canonical base64: it has extra bits at the end.",
        )
    return raw
