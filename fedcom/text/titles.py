"""A title for what a microblog says, which has none.

The first line that says something, as Lemmy 0.19 does it, without what is not said: whom it is
addressed to, and the "RE: https://…" that stands for a quoted post (Mastodon 4.5, Misskey).
"""

import re
from collections.abc import Collection, Iterable

from fedcom.text.html import to_text
from fedcom.text.plain import clean_title

MOST_LINES = 100
"""Lines of a text in which a title is looked for."""

MOST_LAST = 10
"""Mentions at the end of a line among which the community is looked for."""

MOST_NESTED = 10
"""Quotes in quotes that are left out."""

# A community is `!name@host`; `!important` is a word.
_FIRST_MENTION = re.compile(
    r"\s*(?:@[\w.-]{1,100}(?:@[\w.:-]{1,255}?)?|![\w.-]{1,100}@[\w.:-]{1,255}?)"
    r"(?=[\s,;]|:\s|:?$|\.\s|\.$)"
)
# What joins an address to what is said: "@cats, look", "@cats: look", "@cats - look".
_JOINT = re.compile(r"\s*(?:[,:;.]|[-\u2013\u2014])(?:\s+|$)")
_LAST_WORD = re.compile(r"\s[@!](\S{1,360})\s*\Z")
_QUOTE = re.compile(r"\s*(?:RE|QT):?\s+https?://\S+\s*", re.IGNORECASE)
_HASHTAG = re.compile(r"#\w{1,200}")
_BLOCKQUOTE = re.compile(r"<blockquote>(?:(?!<blockquote>).)*?</blockquote>", re.DOTALL)
# Digits alone are none: "1/3" counts the parts of a thread, ":3" is a face.
_WORD = re.compile(r"[^\W\d_]")
_SENTENCE_END = re.compile(r"[.!?…](?=\s)|[\u3002\uff01\uff1f]")


def title_of(html: str, limit: int, place: Collection[str] = ()) -> str:
    """A title of at most `limit` characters for `html`; "" when nothing is said in it.

    Mentions at the beginning are left out, and among those at the end that of the community, by
    one of its names in `place`. A line of nothing but hashtags, signs or emoji is taken when no
    other has words, a quote when there is nothing else. What is too long is cut behind a sentence
    where one ends.
    """
    return _title_of(_without_quotes(html), limit, place) or _title_of(html, limit, place)


def _without_quotes(html: str) -> str:
    """Without the words of others, which may hold the words of others again."""
    for _ in range(MOST_NESTED):
        html, number = _BLOCKQUOTE.subn("", html)
        if not number:
            break
    return html


def _title_of(html: str, limit: int, place: Collection[str]) -> str:
    tags = signs = quote = ""
    for line in to_text(html).splitlines()[:MOST_LINES]:
        said = _without_mentions(line, place)
        title = clean_title(_whole_sentences(said, limit), limit)
        if _QUOTE.fullmatch(line):
            quote = quote or title
        elif _WORD.search(_HASHTAG.sub("", title)):
            return title
        elif _WORD.search(title):
            tags = tags or title
        else:
            signs = signs or title
    return tags or signs or quote


def title_of_names(names: Iterable[str], limit: int) -> str:
    """A title made of what can be chosen in a poll: `Cats / Dogs`."""
    return clean_title(" / ".join(name for name in names if name), limit)


def _without_mentions(line: str, place: Collection[str]) -> str:
    position = 0
    while match := _FIRST_MENTION.match(line, position):
        joint = _JOINT.match(line, match.end())
        position = (joint or match).end()
    return _without_place(line[position:], place)


def _without_place(said: str, place: Collection[str]) -> str:
    """Leave out the community among the mentions that a line ends with."""
    kept = []
    for _ in range(MOST_LAST):
        last = _LAST_WORD.search(said[-400:])
        if last is None:
            break
        said = said[: len(said) - len(last[0])]
        if last[1].lower() not in place:
            kept.append(last[0].strip())
    return " ".join([said, *reversed(kept)])


def _whole_sentences(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    ends = [match.end() for match in _SENTENCE_END.finditer(text, 0, limit)]
    whole = text[: ends[-1]] if ends else ""
    return whole if _WORD.search(whole) else text
