"""The statements of the search. Building one costs more than running it, so there is one for each
shape of a search, whose texts and numbers are parameters.

The texts are indexed in `post_search`, `comment_search` and `actor_search`, which triggers maintain
(revision 0005): FTS5 on SQLite, a tsvector on PostgreSQL. They hold visible content only, and no
messages. The differences between the two databases are in `_matching` and `_has_signed`; the rules
about visibility are the same SQL on both.

A statement has four parts: `matched` selects the matching rows with their rank, of very many only
the most recent; `best` the first of these in order; `chosen` one page of what the viewer may see of
them; the outer part adds the columns that the page shows.

Frequent words cost no more when the tables grow. If the words have `MOST` matches as they were
typed, the `MOST` most recently received ones are considered, and the last word is not taken for the
beginning of others. A search that is limited to a community, a person or a part of the communities
considers `MOST_NARROW` instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeVar

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Double,
    Float,
    FromClause,
    Select,
    Subquery,
    TableClause,
    Text,
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
from database.patterns import fits
from fedcom.db import BigId, UtcDateTime
from fedcom.models.account import account
from fedcom.models.actor import actor, community as community_table
from fedcom.models.comment import comment, comment_rank
from fedcom.models.follow import follow
from fedcom.models.post import post, post_rank
from fedcom.models.search import actor_index, comment_index, post_index
from fedcom.queries.visibility import (
    is_not_blocked,
    is_not_deleted,
    is_not_hidden,
    is_open,
    is_shown,
)
from fedcom.views.comment import COMMENTS, LISTED
from fedcom.views.comment_feed import COMMENT_KEYS, order_beside
from fedcom.views.community import community_columns
from fedcom.views.feed import RANK_KEYS, Sort as FeedSort
from fedcom.views.paging import is_after_cursor
from fedcom.views.person import actor_columns
from fedcom.views.post import SHOWN, SOURCE, author, group, post_columns
from fedcom.views.viewer import MODERATED, VIEWER

V = TypeVar("V")

Kind = Literal["posts", "comments", "communities", "people"]
Scope = Literal["all", "local", "subscribed", "moderated", "community"]
Sort = Literal["relevance"] | FeedSort

MOST, MOST_NARROW = 1_000, 10_000
"""Of more matches than this, only the most recently received are considered; see above."""

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
class TermsShape:
    """Of some terms: whether the index is asked for `words`, and also for others than were typed
    (`is_wider`); the numbers of parts and of names with signs, which it does not have.
    """

    words: bool = False
    is_wider: bool = False
    parts: int = 0
    signed: int = 0

    def __bool__(self) -> bool:
        return bool(self.words or self.parts or self.signed)


@dataclass(frozen=True, slots=True)
class HandleShape:
    """Whether a name was typed, and with a host."""

    is_given: bool = False
    has_host: bool = False


@dataclass(frozen=True, slots=True)
class SearchShape:
    """All of a search but the values of its parameters, which `fedcom.views.search` gives."""

    dialect: str
    kind: Kind
    scope: Scope
    sort: Sort
    wanted: TermsShape
    unwanted: TermsShape
    author: HandleShape
    community: HandleShape
    of_author: bool
    has_span: bool
    has_name: bool
    has_cursor: bool
    title_only: bool
    show_nsfw: bool
    is_guest: bool

    @property
    def most(self) -> int:
        """How many matches are considered at most."""
        return MOST_NARROW if self._is_of_actors or self._is_narrow else MOST

    @property
    def takes_best(self) -> bool:
        """Whether only the best of the matches are joined with everything else at first, which is
        in vain if few of them fulfil the conditions.
        """
        if not self.wanted:
            return False
        # People and communities share one index, and there are far fewer communities.
        return self.scope == "all" if self._is_of_actors else not self._is_narrow

    @property
    def _is_of_actors(self) -> bool:
        return self.kind in {"communities", "people"}

    @property
    def _is_narrow(self) -> bool:
        named = self.author.is_given or self.community.is_given or self.of_author
        return self.scope != "all" or named

    @property
    def is_by_rank(self) -> bool:
        """Whether what fits best comes first."""
        return bool(self.wanted) and self.sort == "relevance"


def by_time(table_: FromClause) -> dict[FeedSort, ColumnElement[Any]]:
    """The orders that need no rank."""
    return {"new": table_.c.published_at, "old": table_.c.published_at}


@dataclass(frozen=True, slots=True)
class _Source:
    """What is searched: the index, the table that it is of, the tables joined with that, the
    columns by which it may be sorted, other than by relevance, those that are shown, and the text
    as HTML.
    """

    index: TableClause
    searched: FromClause
    rows: FromClause
    keys: Mapping[FeedSort, ColumnElement[Any]]
    columns: tuple[ColumnElement[Any], ...]
    html: ColumnElement[str]


_SOURCES: Mapping[Kind, _Source] = {
    "posts": _Source(
        post_index,
        post,
        SOURCE,
        {**RANK_KEYS, **by_time(post)},
        # What is shown of the text is read as HTML, below.
        tuple(post_columns(literal(""), true())),
        post.c.body_html,
    ),
    "comments": _Source(
        comment_index,
        comment,
        COMMENTS,
        {sort: COMMENT_KEYS[order_beside(sort)] for sort in RANK_KEYS} | by_time(comment),
        LISTED,
        comment.c.body_html,
    ),
    "communities": _Source(
        actor_index,
        actor,
        actor.join(community_table, community_table.c.actor_id == actor.c.id),
        by_time(actor),
        tuple(community_columns(actor, "")),
        actor.c.summary_html,
    ),
    "people": _Source(
        actor_index,
        actor,
        actor,
        by_time(actor),
        tuple(actor_columns(actor, "")),
        # What they say about themselves is not searched.
        literal("", Text),
    ),
}


@lru_cache(maxsize=500)
def page_statement(shape: SearchShape) -> Select[Any]:
    """One page and one more result, with what is shown of them; `key` is where each stands in the
    order, `considered` how many matches were looked at, and `found_html` the text.
    """
    source, chosen = _SOURCES[shape.kind], _chosen(shape)
    html = source.html.label("found_html")
    return (
        select(*source.columns, html, chosen.c.key, chosen.c.considered)
        .select_from(source.rows)
        .join(chosen, chosen.c.id == source.searched.c.id)
        .order_by(*_in_order(shape, chosen.c.key, chosen.c.id))
    )


@lru_cache(maxsize=500)
def count_statement(shape: SearchShape) -> Select[Any]:
    """The ids of results, with `considered`."""
    chosen = _chosen(shape)
    return select(chosen.c.id, chosen.c.considered)


def key_of(shape: SearchShape) -> ColumnElement[Any] | None:
    """The column that decides the order; None if it is the rank of the match."""
    return None if shape.is_by_rank else _key(shape)


def _matching(
    shape: SearchShape, words: str, *, title_only: bool = False
) -> tuple[ColumnElement[bool], ColumnElement[float]]:
    """The condition that an index row contains the phrases of the parameter `words`, and its
    rank.
    """
    index = _SOURCES[shape.kind].index
    typed = bindparam(words, type_=Text)
    if shape.dialect == "sqlite":
        itself: ColumnElement[Any] = literal_column(index.name)
        # The better the match, the smaller the value of bm25.
        fit = -func.bm25(itself, *map(literal, _FACTORS), type_=Double)
        return itself.op("MATCH")(typed), fit
    query = func.to_tsquery("simple", typed)
    found: ColumnElement[Any] = index.c.words
    if title_only:
        # As revision 0065 indexes them: those with the weight A.
        found = literal_column(f"ts_filter({index.name}.words, '{{a}}')")
    return found.op("@@")(query), cast(func.ts_rank(_WEIGHTS, found, query), Double)


def _texts(shape: SearchShape, *, title_only: bool = False) -> list[ColumnElement[str]]:
    index = _SOURCES[shape.kind].index
    return [index.c.title] if title_only else [index.c.title, index.c.body]


def _holds(shape: SearchShape, part: str, *, title_only: bool = False) -> ColumnElement[bool]:
    """Whether the row contains the part of a text that this parameter is; no index supports
    this.
    """
    pattern = bindparam(part, type_=Text)
    return or_(*(fits(each, pattern) for each in _texts(shape, title_only=title_only)))


def _has_signed(shape: SearchShape, name: str, *, title_only: bool = False) -> ColumnElement[bool]:
    """Whether a row has the name with signs, such as `c++`, of which this parameter is the pattern:
    the index found it by its letters.
    """
    text: ColumnElement[str] = literal(" ")
    for each in _texts(shape, title_only=title_only):
        text = text.concat(func.lower(each)).concat(" ")
    return text.op("GLOB" if shape.dialect == "sqlite" else "~")(bindparam(name, type_=Text))


def _matched(shape: SearchShape) -> CTE:
    """The ids and `rank` of rows that contain the wanted terms: all, or of frequent terms the most
    recent.
    """
    terms, only = shape.wanted, shape.title_only
    index = _SOURCES[shape.kind].index

    def found(words: str = "", weight: str = "") -> Select[Any]:
        rank: ColumnElement[float] = literal(0.0, Double)
        conditions = [
            _holds(shape, f"part_{number}", title_only=only) for number in range(terms.parts)
        ]
        if words:
            conditions += [
                _has_signed(shape, f"signed_{number}", title_only=only)
                for number in range(terms.signed)
            ]
            condition, fit = _matching(shape, words, title_only=only)
            conditions.append(condition)
            if shape.sort == "relevance":
                rank = fit * bindparam(weight, type_=Double) if weight else fit
        if index is actor_index and shape.sort == "relevance" and shape.has_name:
            rank += _exactness()
        rows = select(index.c.rowid.label("id"), rank.label("rank")).where(*conditions)
        return rows.order_by(index.c.rowid.desc()).limit(shape.most)

    if not terms.words:
        return _kept("matched", found())
    whole = found("typed")
    if shape.dialect == "sqlite":
        # It reads the matches from the most recent one, and stops.
        typed = _kept("typed", whole)
    else:
        are_enough, are_recent = _frequent(index, whole, shape.most)
        parts = (
            whole.limit(case((are_enough, 0), else_=shape.most)),
            whole.where(are_recent).limit(case((are_enough, shape.most), else_=0)),
        )
        typed = _kept("typed", union_all(*(select(part.subquery()) for part in parts)))
    if not terms.is_wider:
        return typed
    # By a limit, because SQLite would read all rows only to drop them for another condition.
    left = shape.most - select(func.count()).select_from(typed).scalar_subquery()
    wider = found("wider", "weight")
    others = wider.where(index.c.rowid.not_in(select(typed.c.id))).limit(left)
    return _kept("matched", union_all(select(typed), select(others.subquery())))


def _kept(name: str, rows: Select[Any] | CompoundSelect[Any]) -> CTE:
    """The rows, kept separate: else SQLite may query the index again for each row of another
    table.
    """
    return rows.cte(name).prefix_with("MATERIALIZED")


def _exactness() -> ColumnElement[float]:
    """What is added to the rank of an actor with the name that was typed, or whose chosen title it
    is.
    """
    name = bindparam("name", type_=Text)
    is_named = func.lower(actor.c.name) == name
    exact = case(
        (and_(is_named, actor.c.local.is_(True)), 3 * EXACT),
        (is_named, 2 * EXACT),
        (func.lower(actor.c.title) == name, EXACT),
        else_=0.0,
    )
    itself = select(cast(exact, Double)).where(actor.c.id == actor_index.c.rowid).scalar_subquery()
    # Looked up for those who may have it, not for everybody whose description has the word.
    pattern = bindparam("name_pattern", type_=Text)
    may_have_it = fits(func.lower(actor_index.c.title), pattern)
    return case((may_have_it, func.coalesce(itself, 0.0)), else_=literal(0.0, Double))


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


def _unmatched(shape: SearchShape, id_: ColumnElement[int]) -> list[ColumnElement[bool]]:
    """The conditions that a row contains nothing excluded."""
    terms, index = shape.unwanted, _SOURCES[shape.kind].index
    conditions = [_holds(shape, f"no_part_{number}") for number in range(terms.parts)]
    if terms.words:
        conditions.append(_matching(shape, "no_words")[0])
    for number in range(terms.signed):
        by_letters = _matching(shape, f"no_letters_{number}")[0]
        conditions.append(and_(by_letters, _has_signed(shape, f"no_signed_{number}")))
    if shape.dialect == "sqlite":
        # One subquery each, because FTS5 allows no MATCH inside an OR, and none per row.
        return [id_.not_in(select(index.c.rowid).where(condition)) for condition in conditions]
    return [~exists().where(index.c.rowid == id_, or_(*conditions))] if conditions else []


def _chosen(shape: SearchShape) -> Subquery:
    """The ids (`id`) of one page and one more result, with their `key`; `considered` is how many
    matches were looked at.
    """
    source = _SOURCES[shape.kind]
    rows, id_, key = source.rows, source.searched.c.id, _key(shape)
    considered: ColumnElement[int] = literal(shape.most)
    after: list[ColumnElement[bool]] = []
    if shape.wanted:
        matched = _matched(shape)
        key = matched.c.rank if shape.is_by_rank else key
        if shape.takes_best:
            best = _best(shape, matched, key)
            rows, key = rows.join(best, best.c.id == id_), best.c.key
            considered = select(func.count()).select_from(best).scalar_subquery()
        else:
            rows = _with_key(rows.join(matched, matched.c.id == id_), key, id_)
    else:
        rows = _with_key(rows, key, id_)
    if shape.has_cursor:
        after = [_is_after(shape, key, id_)]
    return (
        select(id_.label("id"), key.label("key"), considered.label("considered"))
        .select_from(rows)
        .where(*_conditions(shape), *_unmatched(shape, id_), *after)
        .order_by(*_in_order(shape, key, id_))
        .limit(bindparam("count"))
        .offset(bindparam("skip"))
        .subquery("chosen")
    )


def _key(shape: SearchShape) -> ColumnElement[Any]:
    """The column that decides the order, as far as it is not the rank of the match."""
    keys = _SOURCES[shape.kind].keys
    return keys["new"] if shape.sort == "relevance" else keys.get(shape.sort, keys["new"])


def _with_key(rows: FromClause, key: ColumnElement[Any], id_: ColumnElement[int]) -> FromClause:
    """The rows joined with the table of their keys, if it is not among them."""
    if key.table is post_rank:
        return rows.join(post_rank, post_rank.c.post_id == id_)
    if key.table is comment_rank:
        return rows.join(comment_rank, comment_rank.c.comment_id == id_)
    return rows


def _best(shape: SearchShape, matched: CTE, key: ColumnElement[Any]) -> CTE:
    """The ids and keys of the first matches by their keys alone, as many as the parameter
    `considered`: only they are joined with all that decides whether the viewer sees them.
    """
    rows = _with_key(matched, key, matched.c.id)
    if rows is matched and key.table is not matched:
        rows = matched.join(key.table, key.table.c.id == matched.c.id)
    found = select(matched.c.id, key.label("key")).select_from(rows)
    if shape.has_cursor:
        found = found.where(_is_after(shape, key, matched.c.id))
    found = found.order_by(*_in_order(shape, key, matched.c.id)).limit(bindparam("considered"))
    return found.cte("best").prefix_with("MATERIALIZED")


def _in_order(
    shape: SearchShape, key: ColumnElement[Any], id_: ColumnElement[int]
) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return (key.asc(), id_.asc()) if shape.sort == "old" else (key.desc(), id_.desc())


def _is_after(
    shape: SearchShape, key: ColumnElement[Any], id_: ColumnElement[int]
) -> ColumnElement[bool]:
    return is_after_cursor(key, id_, ascending=shape.sort == "old")


def _conditions(shape: SearchShape) -> list[ColumnElement[bool]]:
    """What the viewer may find."""
    if shape.kind == "communities":
        return _communities(shape)
    if shape.kind == "people":
        local = [actor.c.local.is_(True)] if shape.scope == "local" else []
        return [*people(is_guest=shape.is_guest), *local]
    if shape.kind == "comments":
        return [is_shown(comment), *_readable(shape)]
    conditions = _readable(shape)
    if shape.has_span:
        conditions.append(post.c.published_at > bindparam("since", type_=UtcDateTime))
    return conditions


def _readable(shape: SearchShape) -> list[ColumnElement[bool]]:
    """The conditions on every post, with or without its comments."""
    conditions = [SHOWN, *_is_named(author, shape.author, "author")]
    conditions += _is_named(group, shape.community, "community")
    if shape.scope != "moderated":
        conditions += _unblocked(author, group, is_guest=shape.is_guest)
    # Searching in a sensitive community is a choice to see its posts.
    if not shape.show_nsfw and shape.scope != "community":
        conditions += [post.c.nsfw.is_(False), community_table.c.nsfw.is_(False)]
    if shape.scope == "local":
        conditions.append(group.c.local.is_(True))
    elif shape.scope in _GROUPS:
        conditions.append(post.c.community_id.in_(_GROUPS[shape.scope]))
    elif shape.scope == "community":
        conditions.append(post.c.community_id == bindparam("community_id", type_=BigId))
    if shape.of_author:
        conditions.append(author.c.id == bindparam("author_id", type_=BigId))
    return conditions


_GROUPS: Mapping[Scope, Select[Any]] = {
    "subscribed": select(follow.c.target_id).where(follow.c.follower_id == VIEWER),
    "moderated": MODERATED,
}


def _communities(shape: SearchShape) -> list[ColumnElement[bool]]:
    conditions = [
        actor.c.kind == "Group",
        is_open(actor),
        *_unblocked(actor, is_guest=shape.is_guest),
        is_not_hidden(community_table, VIEWER, guest=shape.is_guest),
    ]
    if not shape.show_nsfw:
        conditions.append(community_table.c.nsfw.is_(False))
    if shape.scope in _GROUPS:
        conditions.append(actor.c.id.in_(_GROUPS[shape.scope]))
    elif shape.scope == "local":
        conditions.append(actor.c.local.is_(True))
    return conditions


def people(*, is_guest: bool) -> list[ColumnElement[bool]]:
    """The conditions on rows of `actor` for people whom the viewer may find: those waiting for
    approval are not.
    """
    is_applicant = exists().where(account.c.actor_id == actor.c.id, account.c.state == "pending")
    return [
        actor.c.kind.in_(("Person", "Service", "Organization")),
        is_not_deleted(actor),
        ~is_applicant,
        *_unblocked(actor, is_guest=is_guest),
    ]


def _is_named(table_: FromClause, shape: HandleShape, name: str) -> list[ColumnElement[bool]]:
    """Whether an actor has the `name` or `name@host` of the parameters that begin with `name`."""
    if not shape.is_given:
        return []
    named = (bindparam(f"{name}_{case_}", type_=Text) for case_ in ("typed", "lower"))
    known = or_(*(table_.c.name == each for each in named))
    if not shape.has_host:
        return [known, table_.c.local.is_(True)]
    host = bindparam(f"{name}_host", type_=Text)
    return [known, or_(table_.c.host == host, table_.c.domain == host)]


def _unblocked(*actors: FromClause, is_guest: bool) -> list[ColumnElement[bool]]:
    """None of the actors, and none of their servers, is blocked by the viewer."""
    if is_guest:
        return []
    ids, hosts = [each.c.id for each in actors], [each.c.host for each in actors]
    return [is_not_blocked(VIEWER, ids=ids, hosts=hosts)]
