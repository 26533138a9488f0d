"""Full-text search: posts, comments, communities and people, in pages, one statement each.

The texts are indexed in `post_search`, `comment_search` and `actor_search`, which triggers maintain
(revision 0005): FTS5 on SQLite, a tsvector on PostgreSQL. They hold visible content only, and no
messages. The differences between the two databases are in `_matching` and the two functions above
it; the rules about visibility are the same SQL on both.

A statement has three parts: `matched` selects the matching rows with their rank, of very many only
the most recent; `chosen` selects one page of them, in order; the outer part adds the columns that
the page shows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Connection,
    Double,
    Float,
    FromClause,
    RowMapping,
    Select,
    Subquery,
    TableClause,
    Text,
    and_,
    cast,
    column,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    table,
    true,
)

from fedcom.db import BigId
from fedcom.models.account import account
from fedcom.models.actor import actor, community as community_table
from fedcom.models.comment import comment
from fedcom.models.follow import follow
from fedcom.models.post import post
from fedcom.queries.visibility import is_not_blocked, is_not_deleted, is_open, is_shown
from fedcom.text.excerpts import MarkedPiece, excerpt, fold, mark
from fedcom.text.search_terms import Phrase, Terms, TermSet
from fedcom.views.comment import COMMENTS, LISTED, CommentView, to_listed
from fedcom.views.community import CommunityView, community_columns, to_community
from fedcom.views.paging import Cursor, Page, PageNumber, Start, to_page
from fedcom.views.person import ActorView, PersonView, actor_columns, to_person
from fedcom.views.post import SHOWN, SOURCE, PostView, author, group, post_columns, to_post
from fedcom.views.viewer import NOBODY, viewer_values

V = TypeVar("V")
A = TypeVar("A", bound=ActorView)

Scope = Literal["all", "local", "subscribed", "community"]
Sort = Literal["relevance", "new"]

PAGE = 20
"""Results per page."""

MOST = 10_000
"""Of more matches than this, only the most recently received are considered."""

# The weights of a word in the title, text and link: for bm25 one factor per column, for ts_rank the
# weights D to A.
_FACTORS = (10.0, 2.0, 1.0)
_WEIGHTS = literal_column("'{0, 0.1, 0.2, 1}'::float4[]", ARRAY(Float))


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What to search for, where, in which order, and from which point.

    `community_id` is set if the scope is one community.
    """

    terms: Terms
    scope: Scope = "all"
    sort: Sort = "relevance"
    community_id: int = NOBODY
    after: Start = None
    limit: int = PAGE


@dataclass(frozen=True, slots=True)
class Viewer:
    """The searcher: row id (NOBODY for a guest), and whether sensitive posts are shown."""

    id: int = NOBODY
    show_nsfw: bool = False


@dataclass(frozen=True, slots=True)
class Hit(Generic[V]):
    """A result, with the search terms highlighted in its title and text.

    The title of a comment is its post's. Text behind a content warning is not shown.
    """

    view: V
    title: tuple[MarkedPiece, ...]
    text: tuple[MarkedPiece, ...]


def _index(name: str) -> TableClause:
    """`rowid` is the id of the post, comment or actor; `words` is the column for PostgreSQL."""
    texts = [column(each, Text) for each in ("title", "body", "url")]
    return table(f"{name}_search", column("rowid", BigId), *texts, column("words"))


_post_index, _comment_index, _actor_index = map(_index, ("post", "comment", "actor"))


def to_fts5(phrases: Sequence[Phrase], operator: str) -> str:
    """The phrases in FTS5's query language; terms hold only letters, digits and marks."""
    return f" {operator} ".join(
        f'"{" ".join(phrase.words)}"{" *" if phrase.prefix else ""}' for phrase in phrases
    )


def to_tsquery(phrases: Sequence[Phrase], operator: str) -> str:
    """The phrases in PostgreSQL's query language, without the accents that its index lacks."""
    sign = {"AND": " & ", "OR": " | "}[operator]
    return sign.join(_to_tsquery(phrase) for phrase in phrases)


def _to_tsquery(phrase: Phrase) -> str:
    words = [f"'{fold(word)}'" for word in phrase.words]
    return f"({' <-> '.join(words)}{':*' if phrase.prefix else ''})"


def _matching(
    dialect: str, index: TableClause, phrases: Sequence[Phrase], operator: str
) -> tuple[ColumnElement[bool], ColumnElement[float]]:
    """The condition that an index row contains the phrases, and its rank."""
    if dialect == "sqlite":
        itself: ColumnElement[Any] = literal_column(index.name)
        # The better the match, the smaller the value of bm25.
        fit = -func.bm25(itself, *map(literal, _FACTORS), type_=Double)
        return itself.op("MATCH")(literal(to_fts5(phrases, operator))), fit
    query = func.to_tsquery("simple", to_tsquery(phrases, operator))
    rank = cast(func.ts_rank(_WEIGHTS, index.c.words, query), Double)
    return index.c.words.op("@@")(query), rank


def _holds(index: TableClause, part: str) -> ColumnElement[bool]:
    """Whether the row contains this part of a text; no index supports this."""
    return or_(
        index.c.title.contains(part, autoescape=True), index.c.body.contains(part, autoescape=True)
    )


def _matched(dialect: str, index: TableClause, terms: TermSet) -> CTE:
    """The ids and `rank` of all rows that contain the wanted terms."""
    rank: ColumnElement[float] = literal(0.0, Double)
    conditions = [_holds(index, part) for part in terms.parts]
    if terms.phrases:
        condition, rank = _matching(dialect, index, terms.phrases, "AND")
        conditions.append(condition)
    found = (
        select(index.c.rowid.label("id"), rank.label("rank"))
        .where(*conditions)
        .order_by(index.c.rowid.desc())
        .limit(MOST)
    )
    # Kept separate, else SQLite may query the index again for each row of another table.
    return found.cte("matched").prefix_with("MATERIALIZED")


def _unmatched(
    dialect: str, index: TableClause, terms: TermSet, id_: ColumnElement[int]
) -> list[ColumnElement[bool]]:
    """The conditions that a row contains nothing excluded."""
    conditions = [_holds(index, part) for part in terms.parts]
    if terms.phrases:
        conditions.append(_matching(dialect, index, terms.phrases, "OR")[0])
    if dialect == "sqlite":
        # One subquery each, because FTS5 allows no MATCH inside an OR, and none per row.
        return [id_.not_in(select(index.c.rowid).where(condition)) for condition in conditions]
    return [~exists().where(index.c.rowid == id_, or_(*conditions))] if conditions else []


def _chosen(
    conn: Connection,
    wanted: SearchQuery,
    index: TableClause,
    rows: FromClause,
    searched: FromClause,
    conditions: list[ColumnElement[bool]],
) -> Subquery:
    """The ids (`id`) of one page and one more result, with their `key`.

    `rows` are the tables that the conditions refer to; `searched` is the one that is searched.
    """
    dialect = conn.dialect.name
    id_, published_at = searched.c.id, searched.c.published_at
    key: ColumnElement[Any] = published_at
    if wanted.terms.wanted:
        matched = _matched(dialect, index, wanted.terms.wanted)
        rows = rows.join(matched, matched.c.id == id_)
        if wanted.sort == "relevance":
            key = matched.c.rank
    after = []
    if isinstance(wanted.after, Cursor):
        is_fit = isinstance(key.type, Double)
        at = literal(wanted.after.key if is_fit else wanted.after.moment(), key.type)
        after = [or_(key < at, and_(key == at, id_ < wanted.after.row_id))]
    return (
        select(id_.label("id"), key.label("key"))
        .select_from(rows)
        .where(
            *conditions,
            *_unmatched(dialect, index, wanted.terms.unwanted, id_),
            *after,
        )
        .order_by(key.desc(), id_.desc())
        .limit(wanted.limit + 1)
        .offset(wanted.after.skips(wanted.limit) if isinstance(wanted.after, PageNumber) else 0)
        .subquery("chosen")
    )


def _is_named(table_: FromClause, handle: str) -> list[ColumnElement[bool]]:
    """Whether an actor has the `name` or `name@host` that was typed."""
    if not handle:
        return []
    name, _, host = handle.partition("@")
    known = [table_.c.name.in_({name, name.lower()})]
    there = or_(table_.c.host == host.lower(), table_.c.domain == host.lower())
    return [*known, there if host else table_.c.local.is_(True)]


def _unblocked(viewer: Viewer, *actors: FromClause) -> list[ColumnElement[bool]]:
    """None of the actors, and none of their servers, is blocked by the viewer."""
    if viewer.id == NOBODY:
        return []
    ids, hosts = [each.c.id for each in actors], [each.c.host for each in actors]
    return [is_not_blocked(viewer.id, ids=ids, hosts=hosts)]


def _followed(viewer: Viewer) -> Select[Any]:
    return select(follow.c.target_id).where(follow.c.follower_id == viewer.id)


def _readable(wanted: SearchQuery, viewer: Viewer) -> list[ColumnElement[bool]]:
    """The condition on every post, with or without its comments, that the viewer may find."""
    conditions = [
        SHOWN,
        *_unblocked(viewer, author, group),
        *_is_named(author, wanted.terms.author),
        *_is_named(group, wanted.terms.community),
    ]
    # Searching in a sensitive community is a choice to see its posts.
    if not viewer.show_nsfw and wanted.scope != "community":
        conditions += [post.c.nsfw.is_(False), community_table.c.nsfw.is_(False)]
    if wanted.scope == "local":
        conditions.append(group.c.local.is_(True))
    elif wanted.scope == "subscribed":
        conditions.append(post.c.community_id.in_(_followed(viewer)))
    elif wanted.scope == "community":
        conditions.append(post.c.community_id == wanted.community_id)
    return conditions


def search_posts(
    conn: Connection, wanted: SearchQuery, viewer: Viewer, now: datetime | None = None
) -> Page[Hit[PostView]]:
    """Visible posts that the viewer does not block, in one statement."""
    if not wanted.terms:
        return Page()
    chosen = _chosen(conn, wanted, _post_index, SOURCE, post, _readable(wanted, viewer))
    statement = _around(_POSTS, SOURCE, _post_index, chosen, post)
    rows = conn.execute(statement, viewer_values(viewer.id, now)).mappings().all()
    terms = wanted.terms.wanted

    def to_hit(row: RowMapping) -> Hit[PostView]:
        found = to_post(row)
        return Hit(found, mark(found.title, terms), _text(row, terms))

    return to_page(rows, wanted.limit, to_hit, "key")


def search_comments(
    conn: Connection, wanted: SearchQuery, viewer: Viewer, now: datetime | None = None
) -> Page[Hit[CommentView]]:
    """Visible comments on visible posts, in one statement.

    `author:` is the author of the comment.
    """
    if not wanted.terms:
        return Page()
    conditions = [is_shown(comment), *_readable(wanted, viewer)]
    chosen = _chosen(conn, wanted, _comment_index, COMMENTS, comment, conditions)
    statement = _around(LISTED, COMMENTS, _comment_index, chosen, comment)
    rows = conn.execute(statement, viewer_values(viewer.id, now)).mappings().all()
    terms = wanted.terms.wanted

    def to_hit(row: RowMapping) -> Hit[CommentView]:
        found = to_listed(row)
        return Hit(found, mark(found.post.title, terms), _text(row, terms))

    return to_page(rows, wanted.limit, to_hit, "key")


# The text comes from the index, without mark-up.
_POSTS = post_columns(literal(""), true())


def _around(
    columns: Sequence[ColumnElement[Any]],
    rows: FromClause,
    index: TableClause,
    chosen: Subquery,
    searched: FromClause,
) -> Select[Any]:
    return (
        select(*columns, index.c.body.label("found_text"), chosen.c.key)
        .select_from(rows)
        .join(chosen, chosen.c.id == searched.c.id)
        .join(index, index.c.rowid == chosen.c.id)
        .order_by(chosen.c.key.desc(), chosen.c.id.desc())
    )


def _text(row: RowMapping, terms: TermSet) -> tuple[MarkedPiece, ...]:
    warning = row["content_warning"]
    return mark(warning, terms) if warning else excerpt(row["found_text"], terms)


def search_communities(
    conn: Connection, wanted: SearchQuery, viewer: Viewer
) -> Page[Hit[CommunityView]]:
    """Open communities by name, title and description, in one statement."""
    rows = actor.join(community_table, community_table.c.actor_id == actor.c.id)
    conditions = [
        actor.c.kind == "Group",
        is_open(actor),
        *_unblocked(viewer, actor),
    ]
    if not viewer.show_nsfw:
        conditions.append(community_table.c.nsfw.is_(False))
    if wanted.scope == "subscribed":
        conditions.append(actor.c.id.in_(_followed(viewer)))
    columns = community_columns(actor, "")
    return _search_actors(conn, wanted, rows, conditions, (columns, to_community, viewer))


def search_people(conn: Connection, wanted: SearchQuery, viewer: Viewer) -> Page[Hit[PersonView]]:
    """People by name and title, in one statement; without those waiting for approval."""
    is_applicant = exists().where(account.c.actor_id == actor.c.id, account.c.state == "pending")
    conditions = [
        actor.c.kind.in_(("Person", "Service", "Organization")),
        is_not_deleted(actor),
        ~is_applicant,
        *_unblocked(viewer, actor),
    ]
    columns = actor_columns(actor, "")
    return _search_actors(
        conn, wanted, actor, conditions, (columns, lambda row: to_person(row, ""), viewer)
    )


def _search_actors(
    conn: Connection,
    wanted: SearchQuery,
    tables: FromClause,
    conditions: list[ColumnElement[bool]],
    shown: tuple[list[ColumnElement[Any]], Callable[[RowMapping], A], Viewer],
) -> Page[Hit[A]]:
    """`author:` and `community:` have no effect here. `shown` holds the columns, the function that
    makes the view, and the viewer.
    """
    columns, to_view, viewer = shown
    terms = wanted.terms.wanted
    if not terms:
        return Page()
    if wanted.scope == "local":
        conditions = [*conditions, actor.c.local.is_(True)]
    chosen = _chosen(conn, wanted, _actor_index, tables, actor, conditions)
    statement = _around(columns, tables, _actor_index, chosen, actor)
    rows = conn.execute(statement, {"viewer": viewer.id}).mappings().all()

    def to_hit(row: RowMapping) -> Hit[A]:
        found = to_view(row)
        return Hit(found, mark(found.display_name, terms), excerpt(row["found_text"], terms))

    return to_page(rows, wanted.limit, to_hit, "key")
