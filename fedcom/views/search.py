"""Full-text search: posts, comments, communities and people, in pages, one statement each.

Words that stand for what was typed (other forms of it, compounds, an ending that is still missing)
count less than itself. They are known beforehand: `fedcom.queries.search_words.widen`.
`search_statement` says how the statements find and sort.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, RowMapping, Select, func, select

from database.patterns import containing
from fedcom.models.account import account
from fedcom.models.actor import actor, author_counts
from fedcom.text.excerpts import READ, MarkedPiece, excerpt, fold, mark
from fedcom.text.html import one_line
from fedcom.text.search_terms import Phrase, Terms, TermSet
from fedcom.views.comment import CommentView, to_listed
from fedcom.views.community import CommunityView, to_community
from fedcom.views.feed import SPANNED, SPANS, Span
from fedcom.views.paging import Cursor, Page, PageNumber, Start, page_values, to_page
from fedcom.views.person import ActorView, PersonView, to_person
from fedcom.views.post import PostView, to_post
from fedcom.views.search_statement import (
    HandleShape,
    Kind,
    Scope,
    SearchShape,
    Sort,
    TermsShape,
    count_statement,
    key_of,
    page_statement,
    people,
)
from fedcom.views.viewer import NOBODY, viewer_values

V = TypeVar("V")
A = TypeVar("A", bound=ActorView)

PAGE = 20
"""Results per page."""

CONSIDERED = 5
"""So many times the results of a page are joined with everything else at first."""


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What to search for, where, in which order, and from which point.

    `community_id` is set if the scope is one community. `author_id` limits posts and comments to
    those of one person, `span` posts in the orders that have one, and `title_only` posts to those
    whose title contains the terms. Communities and people are in the order of relevance, or "new".
    """

    terms: Terms
    scope: Scope = "all"
    sort: Sort = "relevance"
    community_id: int = NOBODY
    after: Start = None
    limit: int = PAGE
    author_id: int = NOBODY
    span: Span = "all"
    title_only: bool = False


@dataclass(frozen=True, slots=True)
class Viewer:
    """The searcher: row id (NOBODY for a guest), and whether sensitive posts are shown."""

    id: int = NOBODY
    show_nsfw: bool = False


@dataclass(frozen=True, slots=True)
class Hit(Generic[V]):
    """A result, with the search terms highlighted in its title and text, and where the list
    continues after it.

    The title of a comment is its post's. Text behind a content warning is not shown.
    """

    view: V
    title: tuple[MarkedPiece, ...]
    text: tuple[MarkedPiece, ...]
    cursor: Cursor


def to_fts5(phrases: Sequence[Phrase], operator: str, *, title_only: bool = False) -> str:
    """The phrases in FTS5's query language; terms hold only letters, digits and marks."""
    found = f" {operator} ".join(map(_to_fts5, phrases))
    return f"title : ({found})" if title_only else found


def _to_fts5(phrase: Phrase) -> str:
    typed = f'"{" ".join(phrase.words)}"{" *" if phrase.prefix else ""}'
    others = (f'"{word}"' for word in phrase.variants)
    return f"({' OR '.join([typed, *others])})" if phrase.variants else typed


def to_tsquery(phrases: Sequence[Phrase], operator: str) -> str:
    """The phrases in PostgreSQL's query language, without the accents that its index lacks."""
    return {"AND": " & ", "OR": " | "}[operator].join(map(_to_tsquery, phrases))


def _to_tsquery(phrase: Phrase) -> str:
    typed = " <-> ".join(f"'{fold(word)}'" for word in phrase.words)
    others = (f"'{fold(word)}'" for word in phrase.variants)
    return f"({' | '.join([typed + (':*' if phrase.prefix else ''), *others])})"


@dataclass(frozen=True, slots=True)
class _Search:
    """A statement's shape, and the values of its parameters."""

    shape: SearchShape
    values: dict[str, Any]

    @classmethod
    def of(
        cls,
        conn: Connection,
        kind: Kind,
        wanted: SearchQuery,
        viewer: Viewer,
        now: datetime | None = None,
    ) -> "_Search":
        """Raises Invalid for a cursor or page number that no list has."""
        dialect, terms = conn.dialect.name, wanted.terms
        is_of_posts = kind == "posts"
        shape = SearchShape(
            dialect=dialect,
            kind=kind,
            scope=wanted.scope,
            sort=wanted.sort,
            wanted=_shape_of(terms.wanted),
            unwanted=_shape_of_unwanted(terms.unwanted),
            author=_handle_shape(terms.author),
            community=_handle_shape(terms.community),
            of_author=wanted.author_id != NOBODY,
            has_span=is_of_posts and wanted.span != "all" and wanted.sort in SPANNED,
            has_name=terms.name != "",
            has_cursor=isinstance(wanted.after, Cursor),
            title_only=is_of_posts and wanted.title_only,
            show_nsfw=viewer.show_nsfw,
            is_guest=viewer.id == NOBODY,
        )
        values = {
            **viewer_values(viewer.id, now),
            **page_values(wanted.after, wanted.limit, key_of(shape)),
            **_values_of(terms.wanted, shape),
            **_values_of_unwanted(terms.unwanted, shape),
            **_handle_values("author", terms.author),
            **_handle_values("community", terms.community),
            "community_id": wanted.community_id,
            "author_id": wanted.author_id,
            "name": terms.name,
            "name_pattern": containing(terms.name),
        }
        if isinstance(wanted.after, Cursor) and shape.is_by_rank:
            values["key"] = wanted.after.key
        if shape.has_span:
            values["since"] = values["now"] - SPANS[wanted.span]
        return cls(shape, values)

    def execute(self, conn: Connection, statement: Select[Any]) -> Sequence[RowMapping]:
        """The rows of a page and one more. If the viewer may see too few of the best matches, all
        are considered.
        """
        count = self.values["count"]
        few = (self.values["skip"] + count) * CONSIDERED
        rows = self._execute(conn, statement, few)
        is_short = len(rows) < count and (not rows or rows[0]["considered"] == few)
        if self.shape.takes_best and is_short:
            return self._execute(conn, statement, self.shape.most)
        return rows

    def _execute(
        self, conn: Connection, statement: Select[Any], considered: int
    ) -> Sequence[RowMapping]:
        values = {**self.values, "considered": considered}
        return conn.execute(statement, values).mappings().all()


def _whole(terms: TermSet) -> tuple[Phrase, ...]:
    """The phrases as they were typed."""
    return tuple(replace(phrase, prefix=False, variants=()) for phrase in terms.phrases)


def _shape_of(terms: TermSet) -> TermsShape:
    return TermsShape(
        words=bool(terms.phrases),
        is_wider=_whole(terms) != terms.phrases,
        parts=len(terms.parts),
        signed=len(_signed(terms)),
    )


def _shape_of_unwanted(terms: TermSet) -> TermsShape:
    # What has signs is excluded by itself.
    signed = len(_signed(terms))
    return TermsShape(len(terms.phrases) > signed, False, len(terms.parts), signed)


def _signed(terms: TermSet) -> list[Phrase]:
    return [phrase for phrase in terms.phrases if phrase.signed]


def _values_of(terms: TermSet, shape: SearchShape) -> dict[str, Any]:
    values: dict[str, Any] = {
        f"part_{number}": containing(part) for number, part in enumerate(terms.parts)
    }
    for number, phrase in enumerate(_signed(terms)):
        values[f"signed_{number}"] = _signed_pattern(shape.dialect, phrase.signed)
    if terms.phrases:
        values["typed"] = _query(shape, _whole(terms), "AND", title_only=shape.title_only)
        values["wider"] = _query(shape, terms.phrases, "AND", title_only=shape.title_only)
        values["weight"] = _weight(shape.dialect, terms.phrases)
    return values


def _values_of_unwanted(terms: TermSet, shape: SearchShape) -> dict[str, Any]:
    values: dict[str, Any] = {
        f"no_part_{number}": containing(part) for number, part in enumerate(terms.parts)
    }
    for number, phrase in enumerate(_signed(terms)):
        values[f"no_letters_{number}"] = _query(shape, [phrase], "OR")
        values[f"no_signed_{number}"] = _signed_pattern(shape.dialect, phrase.signed)
    plain = [phrase for phrase in terms.phrases if not phrase.signed]
    if plain:
        values["no_words"] = _query(shape, plain, "OR")
    return values


def _query(
    shape: SearchShape, phrases: Sequence[Phrase], operator: str, *, title_only: bool = False
) -> str:
    if shape.dialect == "sqlite":
        return to_fts5(phrases, operator, title_only=title_only)
    return to_tsquery(phrases, operator)


def _signed_pattern(dialect: str, name: str) -> str:
    """For GLOB on SQLite, a regular expression on PostgreSQL.

    What is before the name belongs to no word, nor what is after it if it ends with a letter.
    """
    after = "[^a-z0-9]" if name[-1].isalnum() else ""
    if dialect == "sqlite":
        return f"*[^a-z0-9]{name}{after}*"
    return f"[^a-z0-9]{re.escape(name)}{after}"


def _weight(dialect: str, phrases: Sequence[Phrase]) -> float:
    """How much a match counts: less if other words may stand for what was typed.

    The rarer a word is the more it counts for bm25, and most compounds are rare. Of alternatives,
    ts_rank counts each only as one of many.
    """
    if dialect == "sqlite":
        return 0.3
    return 0.5 * (1 + len(phrases[0].variants) if len(phrases) == 1 else 1)


def _handle_shape(handle: str) -> HandleShape:
    return HandleShape(handle != "", "@" in handle)


def _handle_values(name: str, handle: str) -> dict[str, str]:
    called, _, host = handle.partition("@")
    return {
        f"{name}_typed": called,
        f"{name}_lower": called.lower(),
        f"{name}_host": host.lower(),
    }


def search_posts(
    conn: Connection, wanted: SearchQuery, viewer: Viewer, now: datetime | None = None
) -> Page[Hit[PostView]]:
    """Visible posts that the viewer does not block, in one statement."""
    if not wanted.terms:
        return Page()
    search = _Search.of(conn, "posts", wanted, viewer, now)
    return _page(conn, search, wanted, to_post, lambda found: found.title)


def search_comments(
    conn: Connection, wanted: SearchQuery, viewer: Viewer, now: datetime | None = None
) -> Page[Hit[CommentView]]:
    """Visible comments on visible posts, in one statement.

    `author:` is the author of the comment.
    """
    if not wanted.terms:
        return Page()
    search = _Search.of(conn, "comments", wanted, viewer, now)
    return _page(conn, search, wanted, to_listed, lambda found: found.post.title)


def search_communities(
    conn: Connection, wanted: SearchQuery, viewer: Viewer
) -> Page[Hit[CommunityView]]:
    """Open communities by name, title and description, in one statement. `author:` and `community:`
    have no effect.
    """
    if not wanted.terms.wanted:
        return Page()
    search = _Search.of(conn, "communities", wanted, viewer)
    return _page(conn, search, wanted, lambda row: to_community(row, ""), _name_of)


def search_people(conn: Connection, wanted: SearchQuery, viewer: Viewer) -> Page[Hit[PersonView]]:
    """People by name and title, in one statement; without those waiting for approval. `author:` and
    `community:` have no effect.
    """
    if not wanted.terms.wanted:
        return Page()
    search = _Search.of(conn, "people", wanted, viewer)
    return _page(conn, search, wanted, lambda row: to_person(row, ""), _name_of)


def _name_of(found: ActorView) -> str:
    return found.display_name


def _page(
    conn: Connection,
    search: _Search,
    wanted: SearchQuery,
    to_view: Callable[[RowMapping], V],
    title_of: Callable[[V], str],
) -> Page[Hit[V]]:
    terms = wanted.terms.wanted

    def to_hit(row: RowMapping) -> Hit[V]:
        found = to_view(row)
        place = Cursor.after(row["key"], row["id"])
        return Hit(found, mark(title_of(found), terms), _text(row, terms), place)

    rows = search.execute(conn, page_statement(search.shape))
    return to_page(rows, wanted.limit, to_hit, "key")


def _text(row: RowMapping, terms: TermSet) -> tuple[MarkedPiece, ...]:
    if warning := row.get("content_warning"):
        return mark(warning, terms)
    parts = one_line(row["found_html"], READ), row.get("image_alt") or ""
    return excerpt(" · ".join(part for part in parts if part), terms)


def list_people(conn: Connection, wanted: SearchQuery, viewer: Viewer) -> list[int]:
    """The row ids of a page of everybody: who wrote most comments first, but for "new" and "old" by
    when they were received here.
    """
    skipped = wanted.after.skips(wanted.limit) if isinstance(wanted.after, PageNumber) else 0
    is_local = wanted.scope == "local"
    by = {"viewer": viewer.id}
    shown = people(is_guest=viewer.id == NOBODY)
    everybody = select(actor.c.id).where(*shown).limit(wanted.limit).offset(skipped)
    if is_local:
        everybody = everybody.where(actor.c.id.in_(select(account.c.actor_id)))
    if wanted.sort in {"new", "old"}:
        order = actor.c.id.asc() if wanted.sort == "old" else actor.c.id.desc()
        return list(conn.scalars(everybody.order_by(order), by))
    # No index has this order: first of the narrow table alone, and of all only if too few of those
    # are left, or of our few members.
    comments, author_id = author_counts.c.comments, author_counts.c.author_id
    best = (
        select(author_id, comments)
        .order_by(comments.desc(), author_id.desc())
        .limit((skipped + wanted.limit) * CONSIDERED)
        .cte("best")
        .prefix_with("MATERIALIZED")
    )
    among_best = everybody.join(best, best.c.author_id == actor.c.id)
    first = among_best.order_by(best.c.comments.desc(), actor.c.id.desc())
    found = [] if is_local else list(conn.scalars(first, by))
    if len(found) < wanted.limit:
        among_all = everybody.outerjoin(author_counts, author_id == actor.c.id)
        order = func.coalesce(comments, 0).desc()
        found = list(conn.scalars(among_all.order_by(order, actor.c.id.desc()), by))
    return found


def count_found(
    conn: Connection, kind: Kind, wanted: SearchQuery, viewer: Viewer, most: int
) -> int:
    """How many results of this kind there are, counted up to `most`, in one statement."""
    if not (wanted.terms.wanted if kind in {"communities", "people"} else wanted.terms):
        return 0
    # The order does not matter, and that by time needs no rank.
    wanted = replace(wanted, sort="new", span="all", after=None, limit=most - 1)
    search = _Search.of(conn, kind, wanted, viewer)
    return len(search.execute(conn, count_statement(search.shape)))
