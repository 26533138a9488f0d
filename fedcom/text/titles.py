"""A title for a microblog post, which has none.

The first line with text, as in Lemmy 0.19, but without the parts that are not prose: the
addressees, and the "RE: https://…" that stands for a quoted post (Mastodon 4.5, Misskey).
"""

import re
from collections.abc import Collection, Iterable

from fedcom.text.html import to_text
from fedcom.text.plain import clean_title

MOST_LINES = 100
"""The lines of a text in which a title is looked for."""

MOST_LAST = 10
"""The mentions at the end of a line among which the community is looked for."""

MOST_NESTED = 10
"""The depth of nested quotes that are left out."""

# A community is `!name@host`; `!important` is a word.
_FIRST_MENTION = re.compile(
    r"\s*(?:@[\w.-]{1,100}(?:@[\w.:-]{1,255}?)?|![\w.-]{1,100}@[\w.:-]{1,255}?)"
    r"(?=[\s,;]|:\s|:?$|\.\s|\.$)"
)
# What separates an addressee from the text: "@cats, look", "@cats: look", "@cats - look".
_JOINT = re.compile(r"\s*(?:[,:;.]|[-\u2013\u2014])(?:\s+|$)")
_LAST_WORD = re.compile(r"\s[@!](\S{1,360})\s*\Z")
_QUOTE = re.compile(r"\s*(?:RE|QT):?\s+https?://\S+\s*", re.IGNORECASE)
_HASHTAG = re.compile(r"#\w{1,200}")
_BLOCKQUOTE = re.compile(r"<blockquote>(?:(?!<blockquote>).)*?</blockquote>", re.DOTALL)
# Digits alone are no text: "1/3" counts the parts of a thread, ":3" is a face.
_WORD = re.compile(r"[^\W\d_]")
_SENTENCE_END = re.compile(r"[.!?…](?=\s)|[\u3002\uff01\uff1f]")


def title_of(html: str, limit: int, community_names: Collection[str] = ()) -> str:
    """A title of at most `limit` characters for `html`; "" if it has no text.

    Mentions at the beginning are left out, and at the end the mention of the community, by one of
    `community_names`. A line of only hashtags, signs or emoji is used if no other has words, a
    quote if there is nothing else. A title that is too long is cut after a sentence if one ends in
    it.
    """
    return _title_of(_without_quotes(html), limit, community_names) or _title_of(
        html, limit, community_names
    )


def _without_quotes(html: str) -> str:
    """The text without quotes, which may be nested."""
    for _ in range(MOST_NESTED):
        html, count = _BLOCKQUOTE.subn("", html)
        if not count:
            break
    return html


def _title_of(html: str, limit: int, community_names: Collection[str]) -> str:
    tags = signs = quote = ""
    for line in to_text(html).splitlines()[:MOST_LINES]:
        text = _without_mentions(line, community_names)
        title = clean_title(_whole_sentences(text, limit), limit)
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
    """A title made of the options of a poll: `Cats / Dogs`."""
    return clean_title(" / ".join(name for name in names if name), limit)


def _without_mentions(line: str, community_names: Collection[str]) -> str:
    position = 0
    while match := _FIRST_MENTION.match(line, position):
        joint = _JOINT.match(line, match.end())
        position = (joint or match).end()
    return _without_community(line[position:], community_names)


def _without_community(text: str, community_names: Collection[str]) -> str:
    """Leave out the community among the mentions at the end of a line."""
    kept = []
    for _ in range(MOST_LAST):
        last = _LAST_WORD.search(text[-400:])
        if last is None:
            break
        text = text[: len(text) - len(last[0])]
        if last[1].lower() not in community_names:
            kept.append(last[0].strip())
    return " ".join([text, *reversed(kept)])


def _whole_sentences(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    ends = [match.end() for match in _SENTENCE_END.finditer(text, 0, limit)]
    whole = text[: ends[-1]] if ends else ""
    return whole if _WORD.search(whole) else text
