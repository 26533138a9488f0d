"""Text on one line: titles and names, freed of what would make a page lie about them."""

import re
import unicodedata

TITLE_LIMIT = 200
"""Longest title in characters (Lemmy 0.19 cuts there too)."""

ELLIPSIS = "…"

# U+200C and U+200D stay: Persian words and joined emoji need them.
_KEPT_FORMATS = frozenset("\u200c\u200d")
# Cc: controls; Cf: bidi overrides, zero-width, tags; Cs: lone surrogates; Co, Cn: no common glyph.
_DROPPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
# Kept for pictographs: what is unassigned there is an emoji younger than our Unicode.
_PICTOGRAPHS = ("\U0001f000", "\U0001faff")
_SPACES = re.compile(r"\s+")
# Normalising sorts runs of combining marks in quadratic time, so it never sees more than this.
_LONGEST_INPUT = 10_000


def clean_title(text: str, limit: int = TITLE_LIMIT) -> str:
    """`text` on one line, in NFC, without control, zero-width and bidi characters.

    At most `limit` characters; what is longer is cut and ends in an ellipsis. May be empty.
    """
    one_line = _SPACES.sub(" ", text[:_LONGEST_INPUT])
    visible = "".join(char for char in one_line if _is_kept(char))
    # Again, because what stood between two spaces may have been dropped.
    return cut(_SPACES.sub(" ", unicodedata.normalize("NFC", visible)).strip(), limit)


def cut(text: str, limit: int) -> str:
    """`text` with at most `limit` characters, cut between words when there is one near the end."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    words, space, _ = head.rpartition(" ")
    if space and len(words) > limit * 3 // 4:
        head = words
    return head.rstrip() + ELLIPSIS


def _is_kept(char: str) -> bool:
    first, last = _PICTOGRAPHS
    if char in _KEPT_FORMATS or first <= char <= last:
        return True
    return unicodedata.category(char) not in _DROPPED_CATEGORIES
