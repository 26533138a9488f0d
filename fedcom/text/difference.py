"""What changed between two texts, word by word."""

import html as entities
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from fedcom.text.html import sanitize, to_text

Kind = Literal["same", "del", "ins"]

MAX_WORDS = 1000
"""Most words that are compared on each side, between what is the same at both ends: comparing
costs the square of their number in the worst case (0.1 s for these)."""

_WORD = re.compile(r"\S+|\n")
# As the sanitizer writes them.
_LINK = re.compile(r'<a href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_PICTURE = re.compile(r'<img (?:alt="[^"]*" )?src="([^"]*)"[^>]*>')


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words that stayed, went or came; line ends are words too."""

    kind: Kind
    text: str


def readable(html: str) -> str:
    """`html` as plain text that also names where links lead and which pictures there are."""
    named = _PICTURE.sub(r"(\1)", sanitize(html))
    return to_text(_LINK.sub(_with_target, named))


def difference(before: str, after: str) -> tuple[Piece, ...]:
    """The words of `after` with those of `before` that are gone, in order.

    Texts that are very different, or very long, are one piece that went and one that came.
    """
    old, new = _WORD.findall(before), _WORD.findall(after)
    head = _same_at_start(old, new)
    tail = _same_at_start(old[head:][::-1], new[head:][::-1])
    pieces = [
        ("same", new[:head]),
        *_middle(old[head : len(old) - tail], new[head : len(new) - tail]),
        ("same", new[len(new) - tail :]),
    ]
    return tuple(Piece(kind, " ".join(words)) for kind, words in pieces if words)


def _middle(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[Kind, Sequence[str]]]:
    if len(old) > MAX_WORDS or len(new) > MAX_WORDS:
        yield "del", old
        yield "ins", new
        return
    for word, i, j, k, m in SequenceMatcher(None, old, new).get_opcodes():
        if word == "equal":
            yield "same", new[k:m]
        else:
            yield "del", old[i:j]
            yield "ins", new[k:m]


def _same_at_start(one: Sequence[str], other: Sequence[str]) -> int:
    return next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )


def _with_target(link: re.Match[str]) -> str:
    target, text = link.groups()
    said = entities.unescape(re.sub(r"<[^>]*>", "", text)).strip()
    return text if said == entities.unescape(target) else f"{text} ({target})"
