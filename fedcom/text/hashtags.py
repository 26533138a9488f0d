"""Hashtags in safe HTML: finding and linking them.

`#word` counts outside of code and links, and only with a letter in it: `#1` is a number in a list.
"""

import html as entities
import re
from collections.abc import Callable

from fedcom.text.prose import pieces

MAX_HASHTAGS = 20
"""The maximum of different hashtags found in one text."""

MOST_LINKED = 200
"""The maximum of hashtags linked in one text: a link is thirty times as long as a short one."""

# Beside \w the marks inside words: accents, Arabic vowels, Indic and Thai signs, joiner.
_LETTER = r"\w\u0300-\u036f\u064b-\u065f\u0900-\u0963\u0966-\u0dff\u0e31-\u0e4e\u200c"
_HASHTAG = re.compile(rf"(?<![{_LETTER}/&#.])#(?P<word>[{_LETTER}]{{1,100}})(?![{_LETTER}])")


def find_hashtags(html: str) -> tuple[str, ...]:
    """The different hashtags in `html` (from the sanitizer), without `#`, as first written.

    At most `MAX_HASHTAGS`, in order; `#Cats` and `#cats` are the same.
    """
    found: dict[str, str] = {}
    for text, is_prose in pieces(html):
        if is_prose and "#" in text:
            for match in _HASHTAG.finditer(entities.unescape(text)):
                if _is_a_word(match["word"]):
                    found.setdefault(match["word"].lower(), match["word"])
    return tuple(found.values())[:MAX_HASHTAGS]


def with_hashtag_links(html: str, address: Callable[[str], str]) -> str:
    """`html` with a link to `address(word)` at each hashtag up to `MOST_LINKED`, with Mastodon's
    mark-up.
    """
    if "#" not in html:
        return html
    remaining = MOST_LINKED

    def link(match: re.Match[str]) -> str:
        nonlocal remaining
        if remaining == 0 or not _is_a_word(match["word"]):
            return match[0]
        remaining -= 1
        href = entities.escape(address(match["word"]))
        return (
            f'<a href="{href}" class="mention hashtag" rel="tag">#<span>{match["word"]}</span></a>'
        )

    return "".join(
        _HASHTAG.sub(link, text) if is_prose else text for text, is_prose in pieces(html)
    )


def _is_a_word(text: str) -> bool:
    return any(map(str.isalpha, text))
