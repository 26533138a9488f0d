"""Hashtags in safe HTML: which there are, and links at them.

`#word` counts outside of code and links, where a letter is in it: `#1` is a number in a list.
"""

import html as entities
import re
from collections.abc import Callable

from fedcom.text.prose import pieces

MAX_HASHTAGS = 20
"""How many different hashtags of one text are found."""

MOST_LINKED = 200
"""Places in one text where a hashtag is linked: a link is thirty times as long as a short one."""

# Beside \w the marks that stand within words: accents, Arabic vowels, Indic and Thai signs, joiner.
_LETTER = r"\w\u0300-\u036f\u064b-\u065f\u0900-\u0963\u0966-\u0dff\u0e31-\u0e4e\u200c"
_HASHTAG = re.compile(rf"(?<![{_LETTER}/&#.])#(?P<word>[{_LETTER}]{{1,100}})(?![{_LETTER}])")


def find_hashtags(html: str) -> tuple[str, ...]:
    """The different hashtags in `html` (of the sanitizer), without `#`, as they were written first.

    At most `MAX_HASHTAGS`, in order; `#Cats` and `#cats` are one.
    """
    found: dict[str, str] = {}
    for text, is_prose in pieces(html):
        if is_prose and "#" in text:
            for match in _HASHTAG.finditer(entities.unescape(text)):
                if _is_a_word(match["word"]):
                    found.setdefault(match["word"].lower(), match["word"])
    return tuple(found.values())[:MAX_HASHTAGS]


def with_hashtag_links(html: str, address: Callable[[str], str]) -> str:
    """`html` with a link to `address(word)` at each hashtag up to `MOST_LINKED`, marked up as
    Mastodon does it.
    """
    if "#" not in html:
        return html
    left = MOST_LINKED

    def link(match: re.Match[str]) -> str:
        nonlocal left
        if left == 0 or not _is_a_word(match["word"]):
            return match[0]
        left -= 1
        href = entities.escape(address(match["word"]))
        return (
            f'<a href="{href}" class="mention hashtag" rel="tag">#<span>{match["word"]}</span></a>'
        )

    return "".join(
        _HASHTAG.sub(link, text) if is_prose else text for text, is_prose in pieces(html)
    )


def _is_a_word(text: str) -> bool:
    return any(map(str.isalpha, text))
