"""The difference between two texts, word by word."""

import html as entities
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from fedcom.text.html import sanitize, to_text

Kind = Literal["same", "del", "ins"]

MAX_WORDS = 100
"""The maximum of words on each side that are compared word by word, which costs the square of their
number. Longer texts are first divided at words that occur once in each of the two.
"""

_WORD = re.compile(r"\S+|\n")
# In the form that the sanitizer writes.
_LINK = re.compile(r'<a href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_PICTURE = re.compile(r'<img (?:alt="[^"]*" )?src="([^"]*)"[^>]*>')


@dataclass(frozen=True, slots=True)
class ComparedPiece:
    """A run of words that were kept, removed or added; line ends count as words."""

    kind: Kind
    text: str


def readable(html: str) -> str:
    """`html` as plain text that also shows the targets of links, and the images."""
    named = _PICTURE.sub(r"(\1)", sanitize(html))
    return to_text(_LINK.sub(_with_target, named))


def difference(before: str, after: str) -> tuple[ComparedPiece, ...]:
    """The words of `after` together with the removed words of `before`, in order.

    Long stretches without common words are one removed and one added piece.
    """
    old, new = _WORD.findall(before), _WORD.findall(after)
    found: list[tuple[Kind, list[str]]] = []
    for kind, words in _compared(old, new):
        if found and found[-1][0] == kind:
            found[-1][1].extend(words)
        elif words:
            found.append((kind, list(words)))
    return tuple(ComparedPiece(kind, " ".join(words)) for kind, words in found)


def _compared(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[Kind, Sequence[str]]]:
    head = _same_at_start(old, new)
    tail = _same_at_start(old[head:][::-1], new[head:][::-1])
    yield "same", new[:head]
    middle = old[head : len(old) - tail], new[head : len(new) - tail]
    if max(map(len, middle)) <= MAX_WORDS:
        yield from _word_by_word(*middle)
    else:
        yield from _divided(*middle)
    yield "same", new[len(new) - tail :]


def _divided(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[Kind, Sequence[str]]]:
    """The stretches between words that certainly match ("patience diff")."""
    i = k = 0
    for j, m in [*_anchors(old, new), (len(old), len(new))]:
        yield from _stretch(old[i:j], new[k:m])
        yield "same", new[m : m + 1]
        i, k = j + 1, m + 1


def _stretch(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[Kind, Sequence[str]]]:
    if max(len(old), len(new)) <= MAX_WORDS:
        yield from _word_by_word(old, new)
    else:
        yield "del", old
        yield "ins", new


def _word_by_word(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[Kind, Sequence[str]]]:
    for tag, i, j, k, m in SequenceMatcher(None, old, new).get_opcodes():
        if tag == "equal":
            yield "same", new[k:m]
        else:
            yield "del", old[i:j]
            yield "ins", new[k:m]


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """The positions of words that occur once on each side, as many as are in the same order on
    both.
    """
    olds, news = _once(old), _once(new)
    pairs = [(i, news[word]) for word, i in olds.items() if word in news]
    # The longest increasing subsequence of the second positions: for each length the lowest end.
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(ends, place)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1] = [place]
        last[length : length + 1] = [number]
    chain = []
    number = last[-1] if last else -1
    while number >= 0:
        chain.append(pairs[number])
        number = before[number]
    return chain[::-1]


def _once(words: Sequence[str]) -> dict[str, int]:
    counts = Counter(words)
    return {word: place for place, word in enumerate(words) if counts[word] == 1}


def _same_at_start(one: Sequence[str], other: Sequence[str]) -> int:
    return next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )


def _with_target(link: re.Match[str]) -> str:
    target, text = link.groups()
    label = entities.unescape(re.sub(r"<[^>]*>", "", text)).strip()
    return text if label == entities.unescape(target) else f"{text} ({target})"
