"""The pictures in a text, and their addresses: none of our pages loads from another server."""

import html as entities
import re
from collections.abc import Callable, Iterator, Mapping

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


Sizes = Mapping[str, tuple[int, int]]
"""Width and height of pictures in pixels, by their addresses."""

NO_SIZES: Sizes = {}


def move_pictures(html: str, address: Callable[[str], str], sizes: Sizes = NO_SIZES) -> str:
    """`html` (from the sanitizer) with every picture's address replaced by `address(url)`, and with
    its size if that is known, so that the text does not move when it arrives.
    """
    if "<img" not in html:
        return html

    def in_tag(tag: re.Match[str]) -> str:
        source = _SOURCE.search(tag[0]) if tag[0].startswith("<img ") else None
        if source is None:
            return tag[0]
        url = entities.unescape(source[2])
        moved = source[1] + entities.escape(address(url)) + source[3]
        size = sizes.get(url)
        shape = f' width="{size[0]}" height="{size[1]}"' if size else ""
        return f"{tag[0][: source.start()]}{moved}{tag[0][source.end() : -1]}{shape}>"

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
