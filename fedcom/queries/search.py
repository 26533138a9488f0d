"""Full-text search: posts, comments, communities and people, in pages, one statement each.

The words are in `post_search`, `comment_search` and `actor_search`, which triggers keep (revision
0005): FTS5 on SQLite, a tsvector on PostgreSQL. They hold only what is shown, and no messages. What
the two databases spell differently is in `_matching` and the two functions above it; what a reader
may see of the matches is the same SQL on both.

A statement is made of three parts: `matched` are the rows with the words and how well they fit, of
very many only those that came last; `chosen` are those of one page, in order; around them stands
what the page shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Connection,
    Double,
    Float,
    FromClause,
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
)

from fedcom.db import BigId
from fedcom.models.account import account
from fedcom.models.actor import actor, community as community_table
from fedcom.models.comment import comment
from fedcom.models.follow import follow
from fedcom.models.personal import actor_block, host_block
from fedcom.models.post import post
from fedcom.queries.cursors import Cursor
from fedcom.queries.people import NAME_WIDTH, NOBODY, ActorRef, name_columns, to_name
from fedcom.queries.post_lines import SHOWN, author, place
from fedcom.text.excerpts import MarkedPiece, excerpt, fold, mark
from fedcom.text.search_terms import Phrase, Terms, Words

Scope = Literal["all", "local", "subscribed", "community"]
Sort = Literal["relevance", "new"]

PAGE = 20
"""Results in one page."""

MOST = 10_000
"""Of more matches than this only those that arrived last are looked at."""

# How much a word counts in the title, in the text and in the link: for bm25 one factor for each
# column, for ts_rank for the weights D to A.
_FACTORS = (10.0, 2.0, 1.0)
_WEIGHTS = literal_column("'{0, 0.1, 0.2, 1}'::float4[]", ARRAY(Float))


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What is searched for, among what, in which order, from where on.

    `community_id` is where the scope is one community's.
    """

    terms: Terms
    scope: Scope = "all"
    sort: Sort = "relevance"
    community_id: int = NOBODY
    after: Cursor | None = None
    limit: int = PAGE


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who searches: the row id (NOBODY: a guest), and whether sensitive posts are shown to them."""

    id: int = NOBODY
    show_nsfw: bool = False


@dataclass(frozen=True, slots=True)
class ContentHit:
    """A post or a comment that was found; for a comment the title and the numbers are its post's.

    `id` is the post's or the comment's own. Behind a content warning the text stays unseen.
    """

    id: int
    post_id: int
    title: tuple[MarkedPiece, ...]
    text: tuple[MarkedPiece, ...]
    url: str | None
    nsfw: bool
    published_at: datetime
    comments: int
    author: ActorRef
    community: ActorRef


@dataclass(frozen=True, slots=True)
class ActorHit:
    """A community or a person that was found; the last two are None for people."""

    name: ActorRef
    title: tuple[MarkedPiece, ...]
    text: tuple[MarkedPiece, ...]
    nsfw: bool
    subscribers: int | None
    claimed_followers: int | None


@dataclass(frozen=True, slots=True)
class ContentHits:
    """One page of posts or comments, and where the list goes on, None at its end."""

    lines: tuple[ContentHit, ...]
    next: Cursor | None


@dataclass(frozen=True, slots=True)
class ActorHits:
    """One page of communities or people, and where the list goes on, None at its end."""

    lines: tuple[ActorHit, ...]
    next: Cursor | None


def _index(name: str) -> TableClause:
    """`rowid` is the id of the post, comment or actor; `words` is PostgreSQL's."""
    texts = [column(each, Text) for each in ("title", "body", "url")]
    return table(f"{name}_search", column("rowid", BigId), *texts, column("words"))


_post_index, _comment_index, _actor_index = map(_index, ("post", "comment", "actor"))


def to_fts5(phrases: Sequence[Phrase], joint: str) -> str:
    """The phrases in FTS5's language; words hold nothing but letters, digits and marks."""
    return f" {joint} ".join(
        f'"{" ".join(phrase.words)}"{" *" if phrase.prefix else ""}' for phrase in phrases
    )


def to_tsquery(phrases: Sequence[Phrase], joint: str) -> str:
    """The phrases in PostgreSQL's language, without the accents that its index does not have."""
    sign = {"AND": " & ", "OR": " | "}[joint]
    return sign.join(_to_tsquery(phrase) for phrase in phrases)


def _to_tsquery(phrase: Phrase) -> str:
    words = [f"'{fold(word)}'" for word in phrase.words]
    return f"({' <-> '.join(words)}{':*' if phrase.prefix else ''})"


def _matching(
    dialect: str, index: TableClause, phrases: Sequence[Phrase], joint: str
) -> tuple[ColumnElement[bool], ColumnElement[float]]:
    """The condition that a row of the index holds the phrases, and how well they fit."""
    if dialect == "sqlite":
        itself: ColumnElement[Any] = literal_column(index.name)
        # The better the match, the smaller is what bm25 gives.
        fit = -func.bm25(itself, *map(literal, _FACTORS), type_=Double)
        return itself.op("MATCH")(literal(to_fts5(phrases, joint))), fit
    query = func.to_tsquery("simple", to_tsquery(phrases, joint))
    rank = cast(func.ts_rank(_WEIGHTS, index.c.words, query), Double)
    return index.c.words.op("@@")(query), rank


def _holds(index: TableClause, part: str) -> ColumnElement[bool]:
    """Whether a part of a text stands in the row; no index helps with that."""
    return or_(
        index.c.title.contains(part, autoescape=True), index.c.body.contains(part, autoescape=True)
    )


def _matched(dialect: str, index: TableClause, words: Words) -> CTE:
    """The ids of all rows with the wanted words and how well they fit (`rank`)."""
    rank: ColumnElement[float] = literal(0.0, Double)
    conditions = [_holds(index, part) for part in words.parts]
    if words.phrases:
        condition, rank = _matching(dialect, index, words.phrases, "AND")
        conditions.append(condition)
    found = (
        select(index.c.rowid.label("id"), rank.label("rank"))
        .where(*conditions)
        .order_by(index.c.rowid.desc())
        .limit(MOST)
    )
    # Kept apart, else SQLite may ask the index anew for each row of another table.
    return found.cte("matched").prefix_with("MATERIALIZED")


def _unmatched(
    dialect: str, index: TableClause, words: Words, id_: ColumnElement[int]
) -> list[ColumnElement[bool]]:
    """The conditions that a row holds nothing unwanted."""
    conditions = [_holds(index, part) for part in words.parts]
    if words.phrases:
        conditions.append(_matching(dialect, index, words.phrases, "OR")[0])
    if dialect == "sqlite":
        # Each for itself, because FTS5 allows no MATCH inside an OR, and not one for each row.
        return [id_.not_in(select(index.c.rowid).where(condition)) for condition in conditions]
    return [~exists().where(index.c.rowid == id_, or_(*conditions))] if conditions else []


def _chosen(
    conn: Connection,
    wanted: SearchQuery,
    index: TableClause,
    rows: FromClause,
    thing: FromClause,
    conditions: list[ColumnElement[bool]],
) -> Subquery:
    """The ids (`id`) of one page and one result more, with their `key`.

    `rows` is what the conditions speak of; of its tables `thing` is what is searched for.
    """
    dialect = conn.dialect.name
    id_, published_at = thing.c.id, thing.c.published_at
    key: ColumnElement[Any] = published_at
    if wanted.terms.wanted:
        matched = _matched(dialect, index, wanted.terms.wanted)
        rows = rows.join(matched, matched.c.id == id_)
        if wanted.sort == "relevance":
            key = matched.c.rank
    after = []
    if wanted.after is not None:
        is_fit = isinstance(key.type, Double)
        at = literal(wanted.after.key if is_fit else wanted.after.moment(), key.type)
        after = [or_(key < at, and_(key == at, id_ < wanted.after.post_id))]
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
        .subquery("chosen")
    )


def _next(rows: Sequence[Any], limit: int) -> Cursor | None:
    """Where the list goes on; a row ends with its key and its id."""
    return Cursor.after(*rows[limit - 1][-2:]) if len(rows) > limit else None


def _is_named(table_: FromClause, handle: str) -> list[ColumnElement[bool]]:
    """Whether an actor has the `name` or `name@host` that somebody typed."""
    if not handle:
        return []
    name, _, host = handle.partition("@")
    known = [table_.c.name.in_({name, name.lower()})]
    there = or_(table_.c.host == host.lower(), table_.c.domain == host.lower())
    return [*known, there if host else table_.c.local.is_(True)]


def _unblocked(viewer: Viewer, *actors: FromClause) -> list[ColumnElement[bool]]:
    """None of the actors is one that the viewer blocked, nor from a server they blocked."""
    if viewer.id == NOBODY:
        return []
    blocked = select(actor_block.c.blocked_id).where(actor_block.c.person_id == viewer.id)
    hosts = select(host_block.c.host).where(host_block.c.person_id == viewer.id)
    return [
        condition
        for each in actors
        for condition in (each.c.id.not_in(blocked), each.c.host.not_in(hosts))
    ]


def _followed(viewer: Viewer) -> Select[Any]:
    return select(follow.c.target_id).where(follow.c.follower_id == viewer.id)


def _readable(wanted: SearchQuery, viewer: Viewer) -> list[ColumnElement[bool]]:
    """What holds of every post, with or without its comments, that the viewer may find."""
    conditions = [
        *SHOWN,
        *_unblocked(viewer, author, place),
        *_is_named(author, wanted.terms.author),
        *_is_named(place, wanted.terms.community),
    ]
    # Whoever searches a sensitive community has gone there.
    if not viewer.show_nsfw and wanted.scope != "community":
        conditions += [post.c.nsfw.is_(False), community_table.c.nsfw.is_(False)]
    if wanted.scope == "local":
        conditions.append(place.c.local.is_(True))
    elif wanted.scope == "subscribed":
        conditions.append(post.c.community_id.in_(_followed(viewer)))
    elif wanted.scope == "community":
        conditions.append(post.c.community_id == wanted.community_id)
    return conditions


def _around(thing: FromClause, author_id: ColumnElement[int]) -> FromClause:
    """A table that holds or leads to posts, with the author and the community beside it."""
    return (
        thing.join(author, author.c.id == author_id)
        .join(place, place.c.id == post.c.community_id)
        .join(community_table, community_table.c.actor_id == post.c.community_id)
    )


def search_posts(conn: Connection, wanted: SearchQuery, viewer: Viewer) -> ContentHits:
    """Posts that are shown and that the viewer did not block, in one statement."""
    rows = _around(post, post.c.author_id)
    chosen = _chosen(conn, wanted, _post_index, rows, post, _readable(wanted, viewer))
    return _read_content(conn, wanted, _post_index, chosen, post, rows)


def search_comments(conn: Connection, wanted: SearchQuery, viewer: Viewer) -> ContentHits:
    """Comments that are shown, below posts that are shown, in one statement.

    `author:` is who wrote the comment.
    """
    rows = _around(comment.join(post, post.c.id == comment.c.post_id), comment.c.author_id)
    shown = [comment.c.deleted_at.is_(None), comment.c.removed_at.is_(None)]
    conditions = [*shown, *_readable(wanted, viewer)]
    chosen = _chosen(conn, wanted, _comment_index, rows, comment, conditions)
    return _read_content(conn, wanted, _comment_index, chosen, comment, rows)


def _read_content(
    conn: Connection,
    wanted: SearchQuery,
    index: TableClause,
    chosen: Subquery,
    thing: FromClause,
    rows: FromClause,
) -> ContentHits:
    if not wanted.terms:
        return ContentHits((), None)
    statement = (
        select(
            thing.c.id,
            post.c.id.label("post_id"),
            post.c.title,
            post.c.url,
            post.c.nsfw,
            post.c.comments,
            thing.c.published_at,
            thing.c.content_warning,
            index.c.body,
            *name_columns(author),
            *name_columns(place),
            chosen.c.key,
            chosen.c.id.label("chosen_id"),
        )
        .select_from(rows)
        .join(chosen, chosen.c.id == thing.c.id)
        .join(index, index.c.rowid == chosen.c.id)
        .order_by(chosen.c.key.desc(), chosen.c.id.desc())
    )
    found = conn.execute(statement).all()
    words = wanted.terms.wanted
    lines = tuple(_to_content(row, words) for row in found[: wanted.limit])
    return ContentHits(lines, _next(found, wanted.limit))


_NAMES = 9


def _to_content(row: Any, words: Words) -> ContentHit:
    warning = row.content_warning
    return ContentHit(
        id=row[0],
        post_id=row.post_id,
        title=mark(row.title, words),
        text=mark(warning, words) if warning else excerpt(row.body, words),
        url=row.url,
        nsfw=row.nsfw,
        published_at=row.published_at,
        comments=row.comments,
        author=to_name(row[_NAMES : _NAMES + NAME_WIDTH]),
        community=to_name(row[_NAMES + NAME_WIDTH : _NAMES + 2 * NAME_WIDTH]),
    )


def search_communities(conn: Connection, wanted: SearchQuery, viewer: Viewer) -> ActorHits:
    """Communities that are open, by name, title and description, in one statement."""
    rows = actor.join(community_table, community_table.c.actor_id == actor.c.id)
    conditions = [
        actor.c.kind == "Group",
        actor.c.deleted_at.is_(None),
        community_table.c.removed_at.is_(None),
        *_unblocked(viewer, actor),
    ]
    if not viewer.show_nsfw:
        conditions.append(community_table.c.nsfw.is_(False))
    if wanted.scope == "subscribed":
        conditions.append(actor.c.id.in_(_followed(viewer)))
    return _search_actors(conn, wanted, rows, conditions)


def search_people(conn: Connection, wanted: SearchQuery, viewer: Viewer) -> ActorHits:
    """People by name and title, in one statement; not those who wait for an admin's approval."""
    is_applicant = exists().where(account.c.actor_id == actor.c.id, account.c.state == "pending")
    conditions = [
        actor.c.kind.in_(("Person", "Service", "Organization")),
        actor.c.deleted_at.is_(None),
        ~is_applicant,
        *_unblocked(viewer, actor),
    ]
    return _search_actors(conn, wanted, actor, conditions)


def _search_actors(
    conn: Connection, wanted: SearchQuery, rows: FromClause, conditions: list[ColumnElement[bool]]
) -> ActorHits:
    """`author:` and `community:` narrow nothing here."""
    words = wanted.terms.wanted
    if not words:
        return ActorHits((), None)
    if wanted.scope == "local":
        conditions = [*conditions, actor.c.local.is_(True)]
    chosen = _chosen(conn, wanted, _actor_index, rows, actor, conditions)
    statement = (
        select(
            *name_columns(actor),
            _actor_index.c.body,
            community_table.c.nsfw,
            community_table.c.subscribers,
            community_table.c.claimed_followers,
            chosen.c.key,
            chosen.c.id.label("chosen_id"),
        )
        .select_from(chosen)
        .join(actor, actor.c.id == chosen.c.id)
        .join(_actor_index, _actor_index.c.rowid == chosen.c.id)
        .outerjoin(community_table, community_table.c.actor_id == chosen.c.id)
        .order_by(chosen.c.key.desc(), chosen.c.id.desc())
    )
    found = conn.execute(statement).all()
    lines = tuple(_to_actor(row, words) for row in found[: wanted.limit])
    return ActorHits(lines, _next(found, wanted.limit))


def _to_actor(row: Any, words: Words) -> ActorHit:
    name = to_name(row[:NAME_WIDTH])
    return ActorHit(
        name=name,
        title=mark(name.display_name, words),
        text=excerpt(row.body, words),
        nsfw=bool(row.nsfw),
        subscribers=row.subscribers,
        claimed_followers=row.claimed_followers,
    )
