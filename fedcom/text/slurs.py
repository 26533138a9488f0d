"""The admin's filter of words: a regular expression of RE2, which takes linear time for any pattern
and any text.

It ignores case and knows no look-around and no back-references, as Lemmy's does not either.
"""

from functools import lru_cache
from typing import Any

import re2

MAX_PATTERN = 10_000
"""The longest pattern, in characters."""

MAX_MEMORY = 8_000_000
"""What one compiled pattern may take, in bytes; a longer one is refused."""

REMOVED = "*removed*"
"""What stands in place of a slur in a text of another server (as in Lemmy 0.19)."""


class BadPattern(ValueError):
    """The pattern is not one of RE2, or too long."""


class MatchesNothing(ValueError):
    """The pattern matches the empty text, and so every text."""


def check_pattern(pattern: str) -> str:
    """The pattern as it is stored; "" for none. Raises BadPattern and MatchesNothing."""
    pattern = pattern.strip()
    if not pattern:
        return ""
    if len(pattern) > MAX_PATTERN:
        raise BadPattern("too long")
    if _compiled(pattern).search("") is not None:
        raise MatchesNothing(pattern)
    return pattern


def has_slur(pattern: str, text: str) -> bool:
    """Whether the pattern matches anywhere in the text; "" matches nowhere."""
    return bool(pattern) and _compiled(pattern).search(_storable(text)) is not None


def without_slurs(pattern: str, text: str) -> str:
    """The text with `REMOVED` in place of all that the pattern matches."""
    if not has_slur(pattern, text):
        return text
    replaced: str = _compiled(pattern).sub(REMOVED, _storable(text))
    return replaced


@lru_cache(maxsize=8)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = MAX_MEMORY
    try:
        return re2.compile(_storable(pattern), options=options)
    except re2.error as error:
        raise BadPattern(str(error)) from error


def _storable(text: str) -> str:
    """Without lone surrogates, which have no encoding."""
    return text.encode("utf-8", "replace").decode()
