"""Mentions in Markdown: `@name@host` for people, `!name@host` for communities, never inside code.

Finding them and linking them are two steps, because between the two somebody looks up (without a
transaction open, perhaps in the network) whether they exist.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from markdown_it.token import Token

from fedcom.text import markdown

MAX_MENTIONS = 50
"""How many different mentions of one text are found; each may cost a look-up in the network."""

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


class Mention(NamedTuple):
    """Somebody mentioned in a text; `host` (lower case) is None when only the name was written."""

    sign: Literal["@", "!"]
    name: str
    host: str | None

    def __str__(self) -> str:
        return self.sign + self.name + (f"@{self.host}" if self.host else "")


def find_mentions(source: str) -> tuple[Mention, ...]:
    """The different mentions in `source` (Markdown), in order, at most `MAX_MENTIONS`.

    Those in code and in the text of links do not count.
    """
    found: dict[Mention, None] = {}
    for children in _inlines(markdown.parse(source) or []):
        for position in _plain_text(children):
            for match in _MENTION.finditer(children[position].content):
                found[_to_mention(match)] = None
    return tuple(found)[:MAX_MENTIONS]


def render_with_mentions(source: str, resolved: Mapping[Mention, str]) -> str:
    """`source` (Markdown) as safe HTML, with a link at each mention that `resolved` has a URL for.

    The links have the class `mention`, as Mastodon's do.
    """
    tokens = markdown.parse(source)
    if tokens is None or not resolved:
        return markdown.render(source)
    for children in _inlines(tokens):
        for position in reversed(list(_plain_text(children))):
            children[position : position + 1] = _link(children[position], resolved)
    return markdown.render_tokens(tokens)


def _inlines(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    for token in tokens:
        if token.type == "inline" and token.children:
            yield token.children


def _plain_text(children: Sequence[Token]) -> Iterator[int]:
    links = 0
    for position, token in enumerate(children):
        if token.type in {"link_open", "link_close"}:
            links += token.nesting
        elif token.type == "text" and not links:
            yield position


def _link(token: Token, resolved: Mapping[Mention, str]) -> list[Token]:
    parts: list[Token] = []
    end = 0
    for match in _MENTION.finditer(token.content):
        url = resolved.get(_to_mention(match))
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
