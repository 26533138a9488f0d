"""Mentions in Markdown: `@name@host` for people, `!name@host` for communities, never inside code.

Finding them and linking them are two steps, because in between the caller looks up (without a
transaction open, perhaps on the network) whether they exist.
"""

import html as entities
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Literal, NamedTuple

from markdown_it.token import Token

from fedcom.text import markdown

MAX_MENTIONS = 50
"""The maximum of different mentions found in one text; each may cost a look-up on the network."""

_MENTION = re.compile(
    r"""(?<![\w/@!.&\#=~-])             # not within a word, a URL or an e-mail address
    (?P<sign>[@!])
    (?P<name>[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,98}[A-Za-z0-9_])?)
    (?:@(?P<host>
        (?:[^\W_](?:[^\W_]|-){0,62}\.){1,10}[^\W_](?:[^\W_]|-){0,62}(?::[0-9]{1,5})?
        | localhost:[0-9]{1,5}
    ))?
    (?![\w@])""",
    re.VERBOSE,
)

# The tags that `_find` skips, as the sanitizer writes them.
_NO_TEXT = re.compile(r"<(a|code)\b[^>]*>.*?</\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
# In the form that the sanitizer writes.
_LINK = re.compile(r'<a href="([^"]*)"(?:[^>"]|"[^"]*")*>(.*?)</a>', re.DOTALL)
_MENTION_LINK = re.compile(r'<a href="([^"]*)" class="mention"')


class Mention(NamedTuple):
    """A mentioned actor; `host` (lower case) is None if only the name was written."""

    sign: Literal["@", "!"]
    name: str
    host: str | None

    def __str__(self) -> str:
        return self.sign + self.name + (f"@{self.host}" if self.host else "")


class ParsedMarkdown:
    """A Markdown text, parsed once: for its mentions, and for its HTML with and without links to
    them.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens = markdown.parse(source)
        self.is_rendered = self._tokens is not None
        """Whether it was parsed; otherwise its HTML shows it as typed."""
        self.mentions = _find(self._tokens or [])
        """The different mentions, in order, at most `MAX_MENTIONS`: none in code or in link texts.
        """

    def to_html(self, links: Mapping[Mention, str] | None = None) -> str:
        """Safe HTML, with a link at each mention that `links` has a URL for.

        They have the class `mention`, like Mastodon's. A text with too many mentions is shown
        without links.
        """
        if self._tokens is None:
            return markdown.as_typed(self._source)
        if not links:
            return markdown.render_tokens(self._tokens)
        linked = [_linked(token, links) for token in self._tokens]
        return markdown.render_tokens(linked, otherwise=self._tokens)


def linked_addresses(html: str) -> tuple[str, ...]:
    """Targets of the mentions in `html` (from `ParsedMarkdown.to_html`), each once, in order."""
    found = dict.fromkeys(_MENTION_LINK.findall(html))
    return tuple(map(entities.unescape, found))


def linked_mentions(html: str) -> dict[Mention, str]:
    """The targets of the links in `html` (from the sanitizer) whose whole text is a mention."""
    found: dict[Mention, str] = {}
    for address, inner in _LINK.findall(html):
        match = _MENTION.fullmatch(entities.unescape(_TAG.sub("", inner)).strip())
        if match is not None:
            found.setdefault(_to_mention(match), entities.unescape(address))
    return found


def unlinked_mentions(html: str) -> tuple[str, ...]:
    """The full handles in `html` (from `ParsedMarkdown.to_html`) that are not linked, because they
    were unknown when the text was written; each once, in order.
    """
    text = entities.unescape(_TAG.sub(" ", _NO_TEXT.sub(" ", html)))
    found = (_to_mention(match) for match in _MENTION.finditer(text))
    return tuple(dict.fromkeys(str(mention) for mention in found if mention.host))[:MAX_MENTIONS]


def _find(tokens: Sequence[Token]) -> tuple[Mention, ...]:
    found: dict[Mention, None] = {}
    for token in tokens:
        children = token.children or []
        for position in _plain_text(children):
            for match in _MENTION.finditer(children[position].content):
                found[_to_mention(match)] = None
    return tuple(found)[:MAX_MENTIONS]


def _linked(token: Token, links: Mapping[Mention, str]) -> Token:
    """The block token with the links in it; unchanged without any."""
    children = token.children or []
    places = set(_plain_text(children))
    if not any(_MENTION.search(children[position].content) for position in places):
        return token
    parts = (
        _link(child, links) if position in places else [child]
        for position, child in enumerate(children)
    )
    return token.copy(children=list(chain.from_iterable(parts)))


def _plain_text(children: Sequence[Token]) -> Iterator[int]:
    links = 0
    for position, token in enumerate(children):
        if token.type in {"link_open", "link_close"}:
            links += token.nesting
        elif token.type == "text" and not links:
            yield position


def _link(token: Token, links: Mapping[Mention, str]) -> list[Token]:
    parts: list[Token] = []
    end = 0
    for match in _MENTION.finditer(token.content):
        url = links.get(_to_mention(match))
        if url is None:
            continue
        parts += [
            _text(token.content[end : match.start()]),
            Token("link_open", "a", 1, attrs={"href": url, "class": "mention"}),
            _text(match.group()),
            Token("link_close", "a", -1),
        ]
        end = match.end()
    return [*parts, _text(token.content[end:])]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _to_mention(match: re.Match[str]) -> Mention:
    host = match["host"]
    sign: Literal["@", "!"] = "@" if match["sign"] == "@" else "!"
    return Mention(sign, match["name"], host.lower() if host else None)
