"""Full-text search: posts, comments, communities and people, in pages, one statement each.

The texts are indexed in `post_search`, `comment_search` and `actor_search`, which triggers maintain
(revision 0005): FTS5 on SQLite, a tsvector on PostgreSQL. They hold visible content only, and no
messages. The differences between the two databases are in `_matching` and the two functions above
it; the rules about visibility are the same SQL on both.

Words that stand for what was typed (other forms of it, compounds, an ending that is still missing)
count less than itself. They are known beforehand: `fedcom.queries.search_words.widen`.

A statement has four parts: `matched` selects the matching rows with their rank, of very many only
the most recent; `best` the first of these in order; `chosen` one page of what the viewer may see of
them; the outer part adds the columns that the page shows.

Frequent words cost no more when the tables grow. If the words have `MOST` matches as they were
typed, the `MOST` most recently received ones are considered, and the last word is not taken for the
beginning of others. A search that is limited to a community, a person or a part of the communities
considers `MOST_NARROW` instead.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Generic, Literal, TypeVar

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Connection,
    Double,
    Float,
    FromClause,
    RowMapping,
    Select,
    Subquery,
    TableClause,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    union_all,
)

from database.counting import count_up_to
from fedcom.db import UtcDateTime
from fedcom.models.account import account
from fedcom.models.actor import actor, author_counts, community as community_table
from fedcom.models.comment import comment, comment_rank
from fedcom.models.follow import follow
from fedcom.models.moderation import moderator
from fedcom.models.post import post, post_rank
from fedcom.models.search import actor_index, comment_index, post_index
from fedcom.queries.visibility import (
    is_not_blocked,
    is_not_deleted,
    is_not_hidden,
    is_open,
    is_shown,
)
from fedcom.text.excerpts import READ, MarkedPiece, excerpt, fold, mark
from fedcom.text.html import one_line
from fedcom.text.search_terms import Phrase, Terms, TermSet
from fedcom.views.comment import COMMENTS, LISTED, CommentView, to_listed
from fedcom.views.comment_feed import COMMENT_KEYS, order_beside
from fedcom.views.community import CommunityView, community_columns, to_community
from fedcom.views.feed import RANK_KEYS, SPANNED, SPANS, Sort as FeedSort, Span
from fedcom.views.paging import Cursor, Page, PageNumber, Start, to_page
from fedcom.views.person import ActorView, PersonView, actor_columns, to_person
from fedcom.views.post import SHOWN, SOURCE, PostView, author, group, post_columns, to_post
from fedcom.views.viewer import NOBODY, viewer_values

V = TypeVar("V")
A = TypeVar("A", bound=ActorView)

Kind = Literal["posts", "comments", "communities", "people"]
Scope = Literal["all", "local", "subscribed", "moderated", "community"]
Sort = Literal["relevance"] | FeedSort

PAGE = 20
"""Results per page."""

MOST, MOST_NARROW = 1_000, 10_000
"""Of more matches than this, only the most recently received are considered; see above."""

CONSIDERED = 5
"""So many times the results of a page are joined with everything else at first."""

EXACT = 1_000_000.0
"""The rank of an actor whose title is what was typed; whose name it is has more."""

BLOCK = 1_024
"""The rows of one block of the indexes on PostgreSQL, which contain this number."""

BLOCKS_PROBED, MAX_BLOCKS = 8, 512
"""The blocks in which matches are counted, and of how many words are looked up at most."""

# The weights of a word in the title, text and link: for bm25 one factor per column, for ts_rank the
# weights D to A.
_FACTORS = (10.0, 2.0, 1.0)
_WEIGHTS = literal_column("'{0, 0.1, 0.2, 1}'::float4[]", ARRAY(Float))


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


def by_time(table_: FromClause) -> dict[FeedSort, ColumnElement[Any]]:
    """The orders that need no rank."""
    return {"new": table_.c.published_at, "old": table_.c.published_at}


@dataclass(frozen=True, slots=True)
class _Source:
    """What is searched: the index, the table that it is of, the tables joined with that, the
    columns by which it may be sorted, other than by relevance, and the text that is shown, as HTML.
    """

    index: TableClause
    searched: FromClause
    rows: FromClause
    keys: Mapping[FeedSort, ColumnElement[Any]]
    html: ColumnElement[str]


@dataclass(frozen=True, slots=True)
class _Reach:
    """How many matches are considered at `most`; and whether only the best of these are joined with
    everything else at first, which is in vain if few of the matches fulfil the conditions.
    """

    most: int
    takes_best: bool


@dataclass(frozen=True, slots=True)
class _Among:
    """What is searched, on which conditions, and how far."""

    source: _Source
    conditions: list[ColumnElement[bool]]
    reach: _Reach


_IN_POSTS = _Source(post_index, post, SOURCE, {**RANK_KEYS, **by_time(post)}, post.c.body_html)
_IN_COMMENTS = _Source(
    comment_index,
    comment,
    COMMENTS,
    {sort: COMMENT_KEYS[order_beside(sort)] for sort in RANK_KEYS} | by_time(comment),
    comment.c.body_html,
)


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


def _matching(
    dialect: str,
    index: TableClause,
    phrases: Sequence[Phrase],
    operator: str,
    *,
    title_only: bool = False,
) -> tuple[ColumnElement[bool], ColumnElement[float]]:
    """The condition that an index row contains the phrases, and its rank."""
    if dialect == "sqlite":
        itself: ColumnElement[Any] = literal_column(index.name)
        # The better the match, the smaller the value of bm25.
        fit = -func.bm25(itself, *map(literal, _FACTORS), type_=Double)
        return itself.op("MATCH")(literal(to_fts5(phrases, operator, title_only=title_only))), fit
    query = func.to_tsquery("simple", to_tsquery(phrases, operator))
    words: ColumnElement[Any] = index.c.words
    if title_only:
        # As revision 0066 indexes them: those with the weight A.
        words = literal_column(f"ts_filter({index.name}.words, '{{a}}')")
    return words.op("@@")(query), cast(func.ts_rank(_WEIGHTS, words, query), Double)


def _holds(index: TableClause, part: str, *, title_only: bool = False) -> ColumnElement[bool]:
    """Whether the row contains this part of a text; no index supports this."""
    columns = [index.c.title] if title_only else [index.c.title, index.c.body]
    return or_(*(each.contains(part, autoescape=True) for each in columns))


def _matched(dialect: str, index: TableClause, wanted: SearchQuery, most: int) -> CTE:
    """The ids and `rank` of rows that contain the wanted terms: all, or of frequent terms the
    `most` recent.
    """
    terms = wanted.terms.wanted
    whole = tuple(replace(phrase, prefix=False, variants=()) for phrase in terms.phrases)

    def found(phrases: Sequence[Phrase]) -> Select[Any]:
        rank: ColumnElement[float] = literal(0.0, Double)
        only = wanted.title_only
        conditions = [_holds(index, part, title_only=only) for part in terms.parts]
        conditions += [
            _has_signed(dialect, index, phrase.signed, title_only=only)
            for phrase in phrases
            if phrase.signed
        ]
        if phrases:
            condition, fit = _matching(dialect, index, phrases, "AND", title_only=only)
            conditions.append(condition)
            if wanted.sort == "relevance":
                rank = fit * _weight(dialect, phrases)
        if index is actor_index and wanted.sort == "relevance" and wanted.terms.name:
            rank += _exactness(wanted.terms.name)
        rows = select(index.c.rowid.label("id"), rank.label("rank")).where(*conditions)
        return rows.order_by(index.c.rowid.desc()).limit(most)

    if not terms.phrases:
        return _kept("matched", found(()))
    if dialect == "sqlite":
        # It reads the matches from the most recent one, and stops.
        typed = _kept("typed", found(whole))
    else:
        are_enough, are_recent = _frequent(index, found(whole), most)
        parts = (
            found(whole).limit(case((are_enough, 0), else_=most)),
            found(whole).where(are_recent).limit(case((are_enough, most), else_=0)),
        )
        typed = _kept("typed", union_all(*(select(part.subquery()) for part in parts)))
    if whole == terms.phrases:
        return typed
    # By a limit, because SQLite would read all rows only to drop them for another condition.
    left = most - select(func.count()).select_from(typed).scalar_subquery()
    others = found(terms.phrases).where(index.c.rowid.not_in(select(typed.c.id))).limit(left)
    return _kept("matched", union_all(select(typed), select(others.subquery())))


def _kept(name: str, rows: Select[Any] | CompoundSelect[Any]) -> CTE:
    """The rows, kept separate: else SQLite may query the index again for each row of another
    table.
    """
    return rows.cte(name).prefix_with("MATERIALIZED")


def _weight(dialect: str, phrases: Sequence[Phrase]) -> float:
    """How much a match counts: less if other words may stand for what was typed.

    The rarer a word is the more it counts for bm25, and most compounds are rare. Of alternatives,
    ts_rank counts each only as one of many.
    """
    if not any(phrase.prefix or phrase.variants for phrase in phrases):
        return 1.0
    if dialect == "sqlite":
        return 0.3
    return 0.5 * (1 + len(phrases[0].variants) if len(phrases) == 1 else 1)


def _exactness(name: str) -> ColumnElement[float]:
    """What is added to the rank of an actor with this name, or whose chosen title it is."""
    is_named = func.lower(actor.c.name) == name
    exact = case(
        (and_(is_named, actor.c.local.is_(True)), 3 * EXACT),
        (is_named, 2 * EXACT),
        (func.lower(actor.c.title) == name, EXACT),
        else_=0.0,
    )
    itself = select(cast(exact, Double)).where(actor.c.id == actor_index.c.rowid).scalar_subquery()
    # Looked up for those who may have it, not for everybody whose description has the word.
    may_have_it = actor_index.c.title.icontains(name, autoescape=True)
    return case((may_have_it, func.coalesce(itself, 0.0)), else_=literal(0.0, Double))


def _has_signed(
    dialect: str, index: TableClause, name: str, *, title_only: bool = False
) -> ColumnElement[bool]:
    """Whether a row has this name with its signs, such as `c++`: the index found it by its letters.

    What is before it belongs to no word, nor what is after it if it ends with a letter.
    """
    texts = [index.c.title] if title_only else [index.c.title, index.c.body]
    text: ColumnElement[str] = literal(" ")
    for each in texts:
        text = text.concat(func.lower(each)).concat(" ")
    after = "[^a-z0-9]" if name[-1].isalnum() else ""
    if dialect == "sqlite":
        return text.op("GLOB")(literal(f"*[^a-z0-9]{name}{after}*"))
    return text.op("~")(literal(f"[^a-z0-9]{re.escape(name)}{after}"))


def _frequent(
    index: TableClause, matches: Select[Any], most: int
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Whether the most recent blocks of the index on PostgreSQL have `most` matches; and a
    condition of which rows are recent enough, if so.

    That index has no order, but the number of each row's block beside its words (revision 0032):
    from how many matches there are in the most recent blocks follows how many blocks have enough,
    and if they do, no others are read.
    """
    ids = matches.with_only_columns(index.c.rowid).order_by(None)
    probed = count_up_to(ids.where(_is_in_newest(index, literal(BLOCKS_PROBED))), most)
    guess = _once(
        "guess",
        literal(BLOCKS_PROBED * most * 3 // 2) // func.greatest(probed, 1, type_=BigInteger),
    )
    are_enough = count_up_to(ids.where(_is_in_newest(index, guess)), most) >= most
    blocks = _once("blocks", case((guess > MAX_BLOCKS, 0), (are_enough, guess), else_=0))
    return blocks > 0, _is_in_newest(index, blocks)


def _once(name: str, value: ColumnElement[V]) -> ColumnElement[V]:
    """The same, calculated once in the statement."""
    kept = select(value.label("value")).cte(name).prefix_with("MATERIALIZED")
    return select(kept.c.value).scalar_subquery()


def _is_in_newest(index: TableClause, blocks: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a row of the index on PostgreSQL is in that many of the most recent blocks."""
    size = literal_column(str(BLOCK), BigInteger)
    last = select(func.max(index.c.rowid) // size).correlate(None).scalar_subquery()
    newest = select(func.generate_series(last - blocks + 1, last)).scalar_subquery()
    own = literal_column(f"ARRAY[{index.name}.rowid / {BLOCK}]", ARRAY(BigInteger))
    return own.op("&&")(func.array(newest))


def _unmatched(
    dialect: str, index: TableClause, terms: TermSet, id_: ColumnElement[int]
) -> list[ColumnElement[bool]]:
    """The conditions that a row contains nothing excluded."""
    conditions = [_holds(index, part) for part in terms.parts]
    plain = [phrase for phrase in terms.phrases if not phrase.signed]
    if plain:
        conditions.append(_matching(dialect, index, plain, "OR")[0])
    for phrase in terms.phrases:
        if phrase.signed:
            by_letters = _matching(dialect, index, [phrase], "OR")[0]
            conditions.append(and_(by_letters, _has_signed(dialect, index, phrase.signed)))
    if dialect == "sqlite":
        # One subquery each, because FTS5 allows no MATCH inside an OR, and none per row.
        return [id_.not_in(select(index.c.rowid).where(condition)) for condition in conditions]
    return [~exists().where(index.c.rowid == id_, or_(*conditions))] if conditions else []


def _chosen(conn: Connection, wanted: SearchQuery, among: _Among) -> Subquery:
    """The ids (`id`) of one page and one more result, with their `key`; `considered` is how many
    matches were looked at.
    """
    source, reach = among.source, among.reach
    dialect, rows = conn.dialect.name, source.rows
    id_, key = source.searched.c.id, _key(source, wanted.sort)
    considered: ColumnElement[int] = literal(reach.most)
    after: list[ColumnElement[bool]] = []
    if wanted.terms.wanted:
        matched = _matched(dialect, source.index, wanted, reach.most)
        key = matched.c.rank if wanted.sort == "relevance" else key
        if reach.takes_best:
            best = _best(wanted, matched, key)
            rows, key = rows.join(best, best.c.id == id_), best.c.key
            considered = select(func.count()).select_from(best).scalar_subquery()
        else:
            rows = _with_key(rows.join(matched, matched.c.id == id_), key, id_)
    else:
        rows = _with_key(rows, key, id_)
    if isinstance(wanted.after, Cursor):
        after = [_is_after(wanted, wanted.after, key, id_)]
    return (
        select(id_.label("id"), key.label("key"), considered.label("considered"))
        .select_from(rows)
        .where(
            *among.conditions,
            *_unmatched(dialect, source.index, wanted.terms.unwanted, id_),
            *after,
        )
        .order_by(*_in_order(wanted, key, id_))
        .limit(wanted.limit + 1)
        .offset(_skipped(wanted))
        .subquery("chosen")
    )


def _key(source: _Source, sort: Sort) -> ColumnElement[Any]:
    """The column that decides the order, as far as it is not the rank of the match."""
    return source.keys.get("new" if sort == "relevance" else sort, source.keys["new"])


def _with_key(rows: FromClause, key: ColumnElement[Any], id_: ColumnElement[int]) -> FromClause:
    """The rows joined with the table of their keys, if it is not among them."""
    if key.table is post_rank:
        return rows.join(post_rank, post_rank.c.post_id == id_)
    if key.table is comment_rank:
        return rows.join(comment_rank, comment_rank.c.comment_id == id_)
    return rows


def _best(wanted: SearchQuery, matched: CTE, key: ColumnElement[Any]) -> CTE:
    """The ids and keys of the first matches by their keys alone, as many as the parameter
    `considered`: only they are joined with all that decides whether the viewer sees them.
    """
    rows = _with_key(matched, key, matched.c.id)
    if rows is matched and key.table is not matched:
        rows = matched.join(key.table, key.table.c.id == matched.c.id)
    found = select(matched.c.id, key.label("key")).select_from(rows)
    if isinstance(wanted.after, Cursor):
        found = found.where(_is_after(wanted, wanted.after, key, matched.c.id))
    found = found.order_by(*_in_order(wanted, key, matched.c.id)).limit(bindparam("considered"))
    return found.cte("best").prefix_with("MATERIALIZED")


def _in_order(
    wanted: SearchQuery, key: ColumnElement[Any], id_: ColumnElement[int]
) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return (key.asc(), id_.asc()) if wanted.sort == "old" else (key.desc(), id_.desc())


def _is_after(
    wanted: SearchQuery, cursor: Cursor, key: ColumnElement[Any], id_: ColumnElement[int]
) -> ColumnElement[bool]:
    is_time = isinstance(key.type, UtcDateTime)
    at = literal(cursor.moment() if is_time else cursor.key, key.type)
    if wanted.sort == "old":
        return or_(key > at, and_(key == at, id_ > cursor.row_id))
    return or_(key < at, and_(key == at, id_ < cursor.row_id))


def _skipped(wanted: SearchQuery) -> int:
    return wanted.after.skips(wanted.limit) if isinstance(wanted.after, PageNumber) else 0


def _execute(
    conn: Connection,
    statement: Select[Any],
    wanted: SearchQuery,
    values: Mapping[str, Any],
    among: _Among,
) -> Sequence[RowMapping]:
    """The rows of a page and one more. If the viewer may see too few of the best matches, all are
    considered.
    """
    reach = among.reach
    if not (wanted.terms.wanted and reach.takes_best):
        return conn.execute(statement, values).mappings().all()
    count = wanted.limit + 1
    few = (_skipped(wanted) + count) * CONSIDERED
    rows = conn.execute(statement, {**values, "considered": few}).mappings().all()
    if len(rows) < count and (not rows or rows[0]["considered"] == few):
        rows = conn.execute(statement, {**values, "considered": reach.most}).mappings().all()
    return rows


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


def _moderated(viewer: Viewer) -> Select[Any]:
    return select(moderator.c.community_id).where(moderator.c.person_id == viewer.id)


def _reach(wanted: SearchQuery) -> _Reach:
    """Narrow if only a part of the communities or people is searched."""
    named = wanted.terms.author or wanted.terms.community or wanted.author_id
    is_narrow = wanted.scope != "all" or bool(named)
    return _Reach(MOST_NARROW if is_narrow else MOST, takes_best=not is_narrow)


def _readable(wanted: SearchQuery, viewer: Viewer) -> list[ColumnElement[bool]]:
    """The condition on every post, with or without its comments, that the viewer may find."""
    conditions = [
        SHOWN,
        *([] if wanted.scope == "moderated" else _unblocked(viewer, author, group)),
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
    elif wanted.scope == "moderated":
        conditions.append(post.c.community_id.in_(_moderated(viewer)))
    elif wanted.scope == "community":
        conditions.append(post.c.community_id == wanted.community_id)
    if wanted.author_id:
        conditions.append(author.c.id == wanted.author_id)
    return conditions


def search_posts(
    conn: Connection, wanted: SearchQuery, viewer: Viewer, now: datetime | None = None
) -> Page[Hit[PostView]]:
    """Visible posts that the viewer does not block, in one statement."""
    if not wanted.terms:
        return Page()
    among = _among_posts(wanted, viewer, now)
    rows = _find(conn, wanted, among, _POSTS, viewer_values(viewer.id, now))
    terms = wanted.terms.wanted

    def to_hit(row: RowMapping) -> Hit[PostView]:
        found = to_post(row)
        return Hit(found, mark(found.title, terms), _text(row, terms), _place(row))

    return to_page(rows, wanted.limit, to_hit, "key")


def _among_posts(wanted: SearchQuery, viewer: Viewer, now: datetime | None = None) -> _Among:
    conditions = _readable(wanted, viewer)
    if wanted.span != "all" and wanted.sort in SPANNED:
        since = (now or datetime.now(UTC)) - SPANS[wanted.span]
        conditions.append(post.c.published_at > since)
    return _Among(_IN_POSTS, conditions, _reach(wanted))


def search_comments(
    conn: Connection, wanted: SearchQuery, viewer: Viewer, now: datetime | None = None
) -> Page[Hit[CommentView]]:
    """Visible comments on visible posts, in one statement.

    `author:` is the author of the comment.
    """
    if not wanted.terms:
        return Page()
    among = _among_comments(wanted, viewer)
    rows = _find(conn, wanted, among, LISTED, viewer_values(viewer.id, now))
    terms = wanted.terms.wanted

    def to_hit(row: RowMapping) -> Hit[CommentView]:
        found = to_listed(row)
        return Hit(found, mark(found.post.title, terms), _text(row, terms), _place(row))

    return to_page(rows, wanted.limit, to_hit, "key")


def _among_comments(wanted: SearchQuery, viewer: Viewer) -> _Among:
    conditions = [is_shown(comment), *_readable(wanted, viewer)]
    return _Among(_IN_COMMENTS, conditions, _reach(wanted))


# What is shown of the text is read as `found_html`.
_POSTS = post_columns(literal(""), true())


def _find(
    conn: Connection,
    wanted: SearchQuery,
    among: _Among,
    columns: Sequence[ColumnElement[Any]],
    values: Mapping[str, Any],
) -> Sequence[RowMapping]:
    """The rows of a page and one more."""
    chosen = _chosen(conn, wanted, among)
    return _execute(conn, _around(columns, among.source, chosen, wanted), wanted, values, among)


def _around(
    columns: Sequence[ColumnElement[Any]], source: _Source, chosen: Subquery, wanted: SearchQuery
) -> Select[Any]:
    return (
        select(*columns, source.html.label("found_html"), chosen.c.key, chosen.c.considered)
        .select_from(source.rows)
        .join(chosen, chosen.c.id == source.searched.c.id)
        .order_by(*_in_order(wanted, chosen.c.key, chosen.c.id))
    )


def _place(row: RowMapping) -> Cursor:
    return Cursor.after(row["key"], row["id"])


def _text(row: RowMapping, terms: TermSet) -> tuple[MarkedPiece, ...]:
    if warning := row.get("content_warning"):
        return mark(warning, terms)
    parts = one_line(row["found_html"], READ), row.get("image_alt") or ""
    return excerpt(" · ".join(part for part in parts if part), terms)


def search_communities(
    conn: Connection, wanted: SearchQuery, viewer: Viewer
) -> Page[Hit[CommunityView]]:
    """Open communities by name, title and description, in one statement."""
    columns = community_columns(actor, "")
    among = _among_communities(wanted, viewer)
    return _search_actors(conn, wanted, among, (columns, to_community, viewer))


def _among_communities(wanted: SearchQuery, viewer: Viewer) -> _Among:
    rows = actor.join(community_table, community_table.c.actor_id == actor.c.id)
    conditions = [
        actor.c.kind == "Group",
        is_open(actor),
        *_unblocked(viewer, actor),
    ]
    if not viewer.show_nsfw:
        conditions.append(community_table.c.nsfw.is_(False))
    conditions.append(is_not_hidden(community_table, viewer.id))
    if wanted.scope == "subscribed":
        conditions.append(actor.c.id.in_(_followed(viewer)))
    elif wanted.scope == "moderated":
        conditions.append(actor.c.id.in_(_moderated(viewer)))
    return _among_actors(wanted, rows, conditions)


def search_people(conn: Connection, wanted: SearchQuery, viewer: Viewer) -> Page[Hit[PersonView]]:
    """People by name and title, in one statement; without those waiting for approval."""
    columns = actor_columns(actor, "")
    among = _among_people(wanted, viewer)
    return _search_actors(conn, wanted, among, (columns, lambda row: to_person(row, ""), viewer))


def _among_people(wanted: SearchQuery, viewer: Viewer) -> _Among:
    return _among_actors(wanted, actor, _people(viewer))


def _among_actors(
    wanted: SearchQuery, rows: FromClause, conditions: list[ColumnElement[bool]]
) -> _Among:
    if wanted.scope == "local":
        conditions = [*conditions, actor.c.local.is_(True)]
    # People and communities share one index, and there are far fewer communities.
    reach = _Reach(MOST_NARROW, takes_best=wanted.scope == "all")
    # Only the descriptions of communities are searched.
    html = case((actor.c.kind == "Group", actor.c.summary_html), else_="")
    return _Among(_Source(actor_index, actor, rows, by_time(actor), html), conditions, reach)


def _people(viewer: Viewer) -> list[ColumnElement[bool]]:
    is_applicant = exists().where(account.c.actor_id == actor.c.id, account.c.state == "pending")
    return [
        actor.c.kind.in_(("Person", "Service", "Organization")),
        is_not_deleted(actor),
        ~is_applicant,
        *_unblocked(viewer, actor),
    ]


def list_people(conn: Connection, wanted: SearchQuery, viewer: Viewer) -> list[int]:
    """The row ids of a page of everybody: who wrote most comments first, but for "new" and "old" by
    when they were received here.
    """
    skipped, is_local = _skipped(wanted), wanted.scope == "local"
    everybody = select(actor.c.id).where(*_people(viewer)).limit(wanted.limit).offset(skipped)
    if is_local:
        everybody = everybody.where(actor.c.id.in_(select(account.c.actor_id)))
    if wanted.sort in {"new", "old"}:
        order = actor.c.id.asc() if wanted.sort == "old" else actor.c.id.desc()
        return list(conn.scalars(everybody.order_by(order)))
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
    found = [] if is_local else list(conn.scalars(first))
    if len(found) < wanted.limit:
        among_all = everybody.outerjoin(author_counts, author_id == actor.c.id)
        order = func.coalesce(comments, 0).desc()
        found = list(conn.scalars(among_all.order_by(order, actor.c.id.desc())))
    return found


def _search_actors(
    conn: Connection,
    wanted: SearchQuery,
    among: _Among,
    shown: tuple[list[ColumnElement[Any]], Callable[[RowMapping], A], Viewer],
) -> Page[Hit[A]]:
    """`author:` and `community:` have no effect here. `shown` holds the columns, the function that
    makes the view, and the viewer.
    """
    columns, to_view, viewer = shown
    terms = wanted.terms.wanted
    if not terms:
        return Page()
    rows = _find(conn, wanted, among, columns, {"viewer": viewer.id})

    def to_hit(row: RowMapping) -> Hit[A]:
        found = to_view(row)
        return Hit(found, mark(found.display_name, terms), _text(row, terms), _place(row))

    return to_page(rows, wanted.limit, to_hit, "key")


_AMONG: Mapping[Kind, Callable[[SearchQuery, Viewer], _Among]] = {
    "posts": _among_posts,
    "comments": _among_comments,
    "communities": _among_communities,
    "people": _among_people,
}


def count_found(
    conn: Connection, kind: Kind, wanted: SearchQuery, viewer: Viewer, most: int
) -> int:
    """How many results of this kind there are, counted up to `most`, in one statement."""
    if not (wanted.terms.wanted if kind in {"communities", "people"} else wanted.terms):
        return 0
    # The order does not matter, and that by time needs no rank.
    wanted = replace(wanted, sort="new", span="all", after=None, limit=most - 1)
    among = _AMONG[kind](wanted, viewer)
    chosen = _chosen(conn, wanted, among)
    return len(_execute(conn, select(chosen.c.id, chosen.c.considered), wanted, {}, among))
