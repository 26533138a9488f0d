"""The parts of safe HTML that are prose: its text outside of links and code."""

import re
from collections.abc import Iterator

# In the form that the sanitizer writes: no bare "<" in texts, no bare `"` in attributes.
_TAG = re.compile(r'<(?P<end>/?)(?P<name>[A-Za-z][A-Za-z0-9]*)(?:[^>"]|"[^"]*")*>')
_NOT_PROSE = frozenset({"a", "code", "pre"})


def pieces(html: str) -> Iterator[tuple[str, bool]]:
    """`html` (from the sanitizer) in pieces, texts and tags, each with whether it is prose.

    Texts keep their character references.
    """
    depth, position = 0, 0
    for tag in _TAG.finditer(html):
        yield html[position : tag.start()], depth == 0
        yield tag[0], False
        position = tag.end()
        if tag["name"] in _NOT_PROSE:
            depth = max(0, depth + (-1 if tag["end"] else 1))
    yield html[position:], depth == 0
