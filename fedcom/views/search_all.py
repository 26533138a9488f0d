"""A search in posts, comments, communities and people at once: one list of all, how many there are
of each kind, and a better spelling if little was found.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from sqlalchemy import Connection

from fedcom.queries.search_words import find_similar
from fedcom.text.search_terms import Phrase, Terms, TermSet, parse_terms
from fedcom.views.paging import Cursor, Page, invalid_cursor
from fedcom.views.search import (
    Hit,
    SearchQuery,
    Viewer,
    count_found,
    search_comments,
    search_communities,
    search_people,
    search_posts,
)
from fedcom.views.search_statement import EXACT, Kind

KINDS: tuple[Kind, ...] = get_args(Kind)

COUNTED = 100
"""Results of each kind are counted up to here."""

FEW = 3
"""With fewer results than this, words that are spelled alike are looked for."""

_CORRECTED = 3
"""So many words of a query are looked at for a better spelling."""

_MIXED: tuple[Kind, ...] = ("posts", "communities", "comments", "people")
"""The order of the results that are first of their kind."""

_SEARCHES: Mapping[Kind, Callable[[Connection, SearchQuery, Viewer], Page[Hit[Any]]]] = {
    "posts": search_posts,
    "comments": search_comments,
    "communities": search_communities,
    "people": search_people,
}

Places = Mapping[Kind, Cursor | None]
"""Where the list of each kind continues, None at its beginning; without the kinds that have
ended.
"""


@dataclass(frozen=True, slots=True)
class MixedHit:
    """A result of some kind."""

    kind: Kind
    hit: Hit[Any]


@dataclass(frozen=True, slots=True)
class Mixed:
    """Results of several kinds, and where their list continues, None at its end."""

    items: tuple[MixedHit, ...] = ()
    next: str | None = None
    counts: Mapping[Kind, int] = field(default_factory=dict)
    """How many results there are of those kinds of which all are on this page."""


def is_by_time(wanted: SearchQuery) -> bool:
    """Whether the results are in the order of their times: without terms, all are equally
    relevant.
    """
    return wanted.sort == "new" or not wanted.terms.wanted


def search_kind(
    conn: Connection, kind: Kind, wanted: SearchQuery, viewer: Viewer, after: str
) -> Mixed:
    """Results of one kind. `after` is the `next` of the page before, "" for the first.

    Raises Invalid("cursor").
    """
    start = Cursor.read(after, whole=is_by_time(wanted)) if after else None
    found = _SEARCHES[kind](conn, replace(wanted, after=start), viewer)
    items = tuple(MixedHit(kind, hit) for hit in found.items)
    onward = str(found.next) if found.next else None
    return Mixed(items, onward, _counted({kind: found}, {kind: start}))


def search_all(
    conn: Connection, kinds: Collection[Kind], wanted: SearchQuery, viewer: Viewer, after: str
) -> Mixed:
    """Results of these kinds in one list, one statement each: the newest first if that is the
    order; else who has exactly this name, and then what fits best of each kind in turn.

    `after` is the `next` of the page before, "" for the first. Raises Invalid("cursor").
    """
    by_time = is_by_time(wanted)
    places = _read_places(after, kinds, whole=by_time)
    pages = {
        kind: _SEARCHES[kind](conn, replace(wanted, after=place), viewer)
        for kind, place in places.items()
    }

    def order(found: tuple[MixedHit, int]) -> tuple[float, ...]:
        result, position = found
        key, turn = result.hit.cursor.key, _MIXED.index(result.kind)
        if by_time:
            return (-key, turn, position)
        return (-key if key >= EXACT else 0, position, turn)

    every = [
        (MixedHit(kind, hit), position)
        for kind, page in pages.items()
        for position, hit in enumerate(page.items)
    ]
    items = tuple(result for result, _ in sorted(every, key=order)[: wanted.limit])
    return Mixed(items, _write_places(items, pages, places), _counted(pages, places))


def _counted(pages: Mapping[Kind, Page[Hit[Any]]], places: Places) -> Mapping[Kind, int]:
    return {
        kind: len(page.items)
        for kind, page in pages.items()
        if places[kind] is None and not page.has_more
    }


def _read_places(text: str, kinds: Collection[Kind], *, whole: bool) -> Places:
    if not text:
        return dict.fromkeys(kinds)
    parts = text.split("~")
    if len(parts) != len(KINDS):
        raise invalid_cursor()
    return {
        kind: Cursor.read(part, whole=whole) if part else None
        for kind, part in zip(KINDS, parts, strict=True)
        if kind in kinds and part != "-"
    }


def _write_places(
    items: Iterable[MixedHit], pages: Mapping[Kind, Page[Hit[Any]]], places: Places
) -> str | None:
    """The text for the next page: a part for each kind, "-" if it has ended, "" if none is shown
    yet.
    """
    shown: dict[Kind, list[Hit[Any]]] = {kind: [] for kind in pages}
    for result in items:
        shown[result.kind].append(result.hit)

    def part(kind: Kind) -> str:
        page = pages.get(kind)
        if page is None or (len(shown[kind]) == len(page.items) and not page.has_more):
            return "-"
        return str(shown[kind][-1].cursor) if shown[kind] else str(places[kind] or "")

    parts = [part(kind) for kind in KINDS]
    return "~".join(parts) if set(parts) != {"-"} else None


def count_kinds(
    conn: Connection,
    kinds: Collection[Kind],
    wanted: SearchQuery,
    viewer: Viewer,
    known: Mapping[Kind, int],
) -> dict[Kind, int]:
    """How many results there are of each kind; `COUNTED` + 1 means that there are more. Those that
    are `known` are not counted again.
    """
    return {
        kind: known[kind] if kind in known else count_found(conn, kind, wanted, viewer, COUNTED + 1)
        for kind in kinds
    }


def suggest(
    conn: Connection,
    text: str,
    kinds: Collection[Kind],
    wanted: SearchQuery,
    viewer: Viewer,
) -> str | None:
    """The text that was searched for with another spelling, if more is found with that.

    Its words are words of what the viewer may see: each was found there by itself, as it is.
    """

    def count(terms: Terms) -> int:
        found = 0
        for kind in kinds:
            found += count_found(conn, kind, replace(wanted, terms=terms), viewer, COUNTED)
            if found >= COUNTED:
                break
        return found

    corrected = text
    for word in _plain_words(wanted.terms)[:_CORRECTED]:
        before = count(_only(word))
        if before >= FEW:
            continue
        similar = {each: count(_only(each)) for each in find_similar(conn, word)}
        best = max(similar, key=similar.__getitem__, default=None)
        if best is not None and similar[best] > before:
            whole = rf"(?<!\w){re.escape(word)}(?!\w)"
            corrected = re.sub(whole, best, corrected, count=1)
    if corrected == text or count(parse_terms(corrected)) <= count(wanted.terms):
        return None
    return corrected


def _plain_words(terms: Terms) -> list[str]:
    return [
        phrase.words[0]
        for phrase in terms.wanted.phrases
        if len(phrase.words) == 1 and not phrase.quoted and not phrase.signed
    ]


def _only(word: str) -> Terms:
    return Terms(TermSet((Phrase((word,), quoted=True),)))
