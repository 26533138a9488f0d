"""Text on one line: titles and names, without characters that would make a page misleading.

Invisible characters are dropped silently, because nobody could find and delete them; they are kept
where they change how the line looks: joiners in words and emoji, the letters of a flag, and the
marks that place punctuation between words of opposite directions.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import zip_longest

TITLE_LIMIT = 200
"""The longest title in characters (Lemmy 0.19 cuts there too)."""

ELLIPSIS = "…"

# U+200C and U+200D stay: Persian words and joined emoji need them.
_JOINERS = frozenset("\u200c\u200d")
# LRM, RLM and ALM: next to right-to-left letters they place neutral characters. Unlike overrides,
# embeddings and isolates (U+202A to U+202E, U+2066 to U+2069) they reverse no letters.
_MARKS = frozenset("\u200e\u200f\u061c")
_FROM_THE_RIGHT = frozenset({"R", "AL"})
# A black flag with tags is that of a part of a country (UTS 51, ED-14a); other tags are dropped.
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,8}\U000e007f")
# Cc: controls; Cf: bidi overrides, zero-width, tags; Cs: lone surrogates; Co, Cn: no common glyph.
_DROPPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
# Kept for pictographs: unassigned code points there are emoji newer than our Unicode tables.
_PICTOGRAPHS = ("\U0001f000", "\U0001faff")
_SPACES = re.compile(r"\s+")
# Normalising sorts runs of combining marks in quadratic time, so it never gets more than this.
_LONGEST_INPUT = 10_000


# Letters and symbols without a visible shape: fillers of Hangul, the blank of Braille, a note
# without a head. All others are spaces, formats or marks by their category.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\U0001d159")
# Spaces (Z), controls, formats and what has no common glyph (C), marks without their letter (M).
_NO_GLYPH = frozenset("ZCM")


def has_glyph(text: str) -> bool:
    """Whether any character of `text` is drawn as more than a space."""
    return any(_is_drawn(char) for char in text)


def clean_line(text: str) -> str:
    """`text` on one line, in NFC, without control, zero-width and bidi characters.

    The caller bounds its length: normalising takes quadratic time. May be empty.
    """
    kept_marks = _MARKS if any(map(_is_from_the_right, text)) else frozenset()
    flags = _FLAG.findall(text)
    parts = ("".join(_visible(part, kept_marks)) for part in _FLAG.split(text))
    joined = "".join(part for pair in zip_longest(parts, flags, fillvalue="") for part in pair)
    return " ".join(unicodedata.normalize("NFC", joined).split())


def clean_title(text: str, limit: int = TITLE_LIMIT) -> str:
    """`text` as `clean_line` makes it, "" if no character of it is visible.

    At most `limit` characters; longer ones are cut and end in an ellipsis.
    """
    line = clean_line(text[:_LONGEST_INPUT])
    return cut(line, limit) if has_glyph(line) else ""


def cut(text: str, limit: int) -> str:
    """`text` with at most `limit` characters, cut between words if a space is near the end."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    words, space, _ = head.rpartition(" ")
    if space and len(words) > limit * 3 // 4:
        head = words
    return head.rstrip() + ELLIPSIS


def _visible(text: str, marks: frozenset[str]) -> Iterator[str]:
    """The characters that are kept; all kinds of spaces become plain ones."""
    kept = _JOINERS | marks
    for char in _SPACES.sub(" ", text):
        is_dropped = unicodedata.category(char) in _DROPPED_CATEGORIES
        if char in kept or _is_pictograph(char) or not is_dropped:
            yield char


def _is_drawn(char: str) -> bool:
    if char in _BLANK:
        return False
    return _is_pictograph(char) or unicodedata.category(char)[0] not in _NO_GLYPH


def _is_pictograph(char: str) -> bool:
    first, last = _PICTOGRAPHS
    return first <= char <= last


def _is_from_the_right(char: str) -> bool:
    return unicodedata.bidirectional(char) in _FROM_THE_RIGHT and char not in _MARKS
