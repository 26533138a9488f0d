"""A few lines of a text that was found, with the search terms marked.

The output is pieces of plain text, never mark-up: the caller escapes them.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from fedcom.text.search_terms import Phrase, TermSet

EXCERPT = 240
"""The approximate number of characters shown of a text."""

_BEFORE = 60
"""Characters shown before the first match."""

READ = 20_000
"""The part of a text in which matches are looked for, in characters."""

_SPACES = re.compile(r"\s+")
_ACCENTS = ("\u0300", "\u036f")


class MarkedPiece(NamedTuple):
    """Some text; `found` says that it matches a search term."""

    text: str
    found: bool = False


def mark(text: str, terms: TermSet) -> tuple[MarkedPiece, ...]:
    """A whole text, in pieces."""
    return tuple(_cut(text, _spans(text, terms), 0, len(text)))


def excerpt(text: str, terms: TermSet, limit: int = EXCERPT) -> tuple[MarkedPiece, ...]:
    """About `limit` characters around the first match, or the beginning if there is none."""
    one_line = _SPACES.sub(" ", text[:READ]).strip()
    spans = _spans(one_line, terms)
    start, end = 0, len(one_line)
    if end > limit:
        start = _between_words(one_line, max(spans[0][0] - _BEFORE, 0) if spans else 0)
        end = _between_words(one_line, min(start + limit, end))
    pieces = list(_cut(one_line, spans, start, end))
    if start > 0:
        pieces.insert(0, MarkedPiece("… "))
    if end < len(one_line):
        pieces.append(MarkedPiece(" …"))
    return tuple(pieces)


def _between_words(text: str, position: int) -> int:
    """The nearest space before `position`, if one is near, so that no word is cut in two."""
    if position in {0, len(text)}:
        return position
    space = text.rfind(" ", max(position - 30, 0), position)
    return position if space < 0 else space


def _cut(text: str, spans: list[tuple[int, int]], start: int, end: int) -> Iterator[MarkedPiece]:
    for begun, ended in spans:
        first, last = max(begun, start), min(ended, end)
        if first >= last:
            continue
        if start < first:
            yield MarkedPiece(text[start:first])
        yield MarkedPiece(text[first:last], found=True)
        start = last
    if start < end:
        yield MarkedPiece(text[start:end])


def _spans(text: str, terms: TermSet) -> list[tuple[int, int]]:
    """The positions of the terms, in order, without overlaps."""
    patterns = [_pattern(phrase) for phrase in terms.phrases]
    patterns += [re.escape(part.translate(_FOLDED)) for part in terms.parts]
    if not patterns:
        return []
    return [match.span() for match in re.finditer("|".join(patterns), text.translate(_FOLDED))]


def _pattern(phrase: Phrase) -> str:
    if phrase.signed:
        return r"(?<![^\W_])" + re.escape(phrase.signed)
    folded = (re.escape(fold(word)) for word in phrase.words)
    ending = r"\w*" if phrase.prefix else r"(?![^\W_])"
    found = r"[\W_]{1,20}".join(folded) + ending
    others = (re.escape(fold(word)) + r"(?![^\W_])" for word in phrase.variants)
    return r"(?<![^\W_])(?:" + "|".join([found, *others]) + ")"


def fold(word: str) -> str:
    """A word in lower case and without accents."""
    return word.translate(_FOLDED)


class _Folding(dict[int, int]):
    """Maps each character to its lower-case form without accents: always exactly one character, so
    that positions in the folded text are positions in the text.
    """

    def __missing__(self, code: int) -> int:
        apart = unicodedata.normalize("NFD", chr(code))
        first, last = _ACCENTS
        is_accented = all(first <= mark <= last for mark in apart[1:])
        small = (apart[0] if is_accented else chr(code)).lower()
        self[code] = ord(small) if len(small) == 1 else code
        return self[code]


_FOLDED = _Folding()
