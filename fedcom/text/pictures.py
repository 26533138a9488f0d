"""The pictures in a text, and their addresses: none of our pages loads from another server."""

import html as entities
import re
from collections.abc import Callable, Iterator

# One whole tag. The sanitizer's output has no bare "<" in texts and no bare quote in attributes, so
# from the first tag on each match is a tag and nothing within one.
_TAG = re.compile(r'<[A-Za-z/](?:[^>"]|"[^"]*")*>')
_SOURCE = re.compile(r'(\ssrc=")([^"]*)(")')
_ALT = re.compile(r'\salt="([^"]*)"')
# Without brackets in the description, so that each attempt ends at the next one. An address may
# have pairs of parentheses.
_IN_MARKDOWN = re.compile(
    r"(!\[[^\[\]]*\]\(\s{0,9}<?)(https?://(?:[^\s()<>]|\([^\s()<>]*\))+)", re.IGNORECASE
)


def move_pictures(html: str, address: Callable[[str], str]) -> str:
    """`html` (from the sanitizer) with every picture's address replaced by `address(url)`."""
    if "<img" not in html:
        return html

    def in_tag(tag: re.Match[str]) -> str:
        if not tag[0].startswith("<img "):
            return tag[0]
        return _SOURCE.sub(in_source, tag[0], count=1)

    def in_source(source: re.Match[str]) -> str:
        moved = address(entities.unescape(source[2]))
        return source[1] + entities.escape(moved) + source[3]

    return _TAG.sub(in_tag, html)


def move_markdown_pictures(markdown: str, address: Callable[[str], str]) -> str:
    """`markdown` with the address of every picture in it, `![…](…)`, replaced by `address(url)`."""
    if "![" not in markdown:
        return markdown
    return _IN_MARKDOWN.sub(
        lambda found: found[1] + address(found[2].replace("&amp;", "&")), markdown
    )


def pictures_in(html: str) -> Iterator[tuple[str, str]]:
    """The address of each picture in `html` (from the sanitizer), and its description."""
    for tag in _TAG.finditer(html) if "<img" in html else ():
        source = _SOURCE.search(tag[0]) if tag[0].startswith("<img ") else None
        if source is not None:
            alt = _ALT.search(tag[0])
            yield entities.unescape(source[2]), entities.unescape(alt[1] if alt else "")
