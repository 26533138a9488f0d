"""Votes, counters and ranks, always changed in the transaction of what they count.

Rows are locked in one order everywhere: a vote, the comment or post that it is on, the post of that
comment, the community, then the author's counters.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Table,
    Update,
    bindparam,
    case,
    delete,
    or_,
    select,
    update,
)

from database.inserts import add_up, insert_ignoring, upsert
from fedcom.context import Context
from fedcom.db import UtcDateTime
from fedcom.models.actor import Community, Person, author_counts, community
from fedcom.models.base import to_row
from fedcom.models.comment import Comment, comment, comment_rank
from fedcom.models.post import Post, post, post_rank
from fedcom.models.vote import comment_vote, post_vote, stored_iri
from fedcom.queries.comments import COMMENT
from fedcom.queries.follows import (
    count_followers,
    count_local_followers,
    larger_count,
)
from fedcom.queries.posts import POST
from fedcom.rules.ranking import active_key, comment_hot, controversy, hot_key, scaled_key


def put_vote(
    ctx: Context, voter: Person, target: Post | Comment, score: int, iri: str
) -> tuple[int, str] | None:
    """Set `voter`'s vote on `target` to `score` (-1, 0, 1); returns the previous score and id.

    `iri` is what is stored of the id, and so is the one returned (`models.vote.stored_iri`).
    """
    before = _replace_vote(ctx, voter, target, score, iri)
    old = 0 if before is None else before[0]
    if old != score:
        _count_vote(ctx, target, score, old)
    return before


def put_own_vote(ctx: Context, author: Person, made: Post | Comment, iri: str) -> None:
    """The author's vote on a new post or comment, whose counters include `OWN_VOTE` already."""
    votes, key = _votes(made)
    stored = stored_iri(iri, local=author.local)
    values = {key: made.id, "voter_id": author.id, "score": 1, "iri": stored, "voted_at": ctx.now}
    insert_ignoring(ctx.conn, votes, values)


def _replace_vote(
    ctx: Context, voter: Person, target: Post | Comment, score: int, iri: str
) -> tuple[int, str] | None:
    """Two concurrent votes of one person (a double click, two workers) see each other: the second
    waits at the row of the first.
    """
    votes, key = _votes(target)
    which = {"target": target.id, "voter": voter.id}
    if score == 0:
        row = ctx.conn.execute(_DELETE_VOTE[votes], which).first()
        return None if row is None else (row.score, row.iri)
    values = {"score": score, "iri": iri, "voted_at": ctx.now}
    new = {key: target.id, "voter_id": voter.id, **values}
    is_first = ctx.cache.votes.get((voter.id, target.iri)) is None
    if is_first and insert_ignoring(ctx.conn, votes, new):
        return None
    row = ctx.conn.execute(_STANDING_VOTE[votes], which).first()
    if row is None:  # it was withdrawn in between
        insert_ignoring(ctx.conn, votes, new)
        return None
    if row.score != score:
        ctx.conn.execute(_CHANGE_VOTE[votes], {**which, "to": score, "as": iri, "at": ctx.now})
    return (row.score, row.iri)


def _count_vote(ctx: Context, target: Post | Comment, score: int, before: int) -> None:
    change = {
        "row": target.id,
        "up": int(score == 1) - int(before == 1),
        "down": int(score == -1) - int(before == -1),
    }
    if isinstance(target, Comment):
        voted = ctx.conn.execute(_COUNT_COMMENT_VOTE, change).one()
        keys = _comment_keys(voted.upvotes, voted.downvotes, voted.published_at)
        ctx.conn.execute(_RERANK_COMMENT, {"row": target.id, **keys})
        return
    _rank_row(ctx, ctx.conn.execute(_COUNT_POST_VOTE, change).one())


def find_vote(ctx: Context, voter: Person, target: Post | Comment) -> tuple[int, str] | None:
    """The current vote: its score and what is stored of the id of its Like or Dislike."""
    key = (voter.id, target.iri)
    if key in ctx.cache.votes:
        return ctx.cache.votes[key]
    votes, _ = _votes(target)
    row = ctx.conn.execute(_FIND_VOTE[votes], {"target": target.id, "voter": voter.id}).first()
    return None if row is None else (row.score, row.iri)


def locked(ctx: Context, target: Post | Comment) -> Post | Comment:
    """The current row, locked until this unit is over.

    What the caller read may be outdated.
    """
    if isinstance(target, Post):
        found = ctx.conn.execute(_LOCKED_POST, {"row": target.id}).mappings().one()
        return to_row(Post, found)
    found = ctx.conn.execute(_LOCKED_COMMENT, {"row": target.id}).mappings().one()
    return to_row(Comment, found)


def count_shown(ctx: Context, content: Post | Comment, difference: int) -> None:
    """A post or comment becomes visible (+1) or hidden (-1)."""
    if isinstance(content, Post):
        count_post(ctx, content, difference)
    else:
        count_comment(ctx, content, difference)


def count_post(ctx: Context, content: Post, difference: int) -> None:
    """A post becomes visible (+1) or hidden (-1): the counters of its community and of its author,
    and the lists.
    """
    ctx.conn.execute(
        update(community)
        .where(community.c.actor_id == content.community_id)
        .values(posts=community.c.posts + difference)
    )
    count_written(ctx, content.author_id, posts=difference)
    rank(ctx, content.id)


def count_moved(ctx: Context, content: Post, target: Community) -> None:
    """Move a post to another community: the counters of both, and the lists. The caller has locked
    the post.

    A pin belonged to the former community.
    """
    shown, comments = int(content.is_shown), content.comments
    # In one order, so that two concurrent moves do not wait for each other.
    for community_id, sign in sorted(((content.community_id, -1), (target.id, 1))):
        ctx.conn.execute(
            update(community)
            .where(community.c.actor_id == community_id)
            .values(
                posts=community.c.posts + sign * shown,
                comments=community.c.comments + sign * comments,
            )
        )
    below = select(comment.c.id).where(comment.c.post_id == content.id)
    ranked = update(comment_rank).where(comment_rank.c.comment_id.in_(below))
    ctx.conn.execute(ranked.values(community_id=target.id))
    moved = update(post).where(post.c.id == content.id)
    ctx.conn.execute(moved.values(community_id=target.id, featured_at=None))
    rank(ctx, content.id)


def count_comment(ctx: Context, content: Comment, difference: int) -> None:
    """A comment becomes visible (+1) or hidden (-1): the counters above it, its author's, and the
    lists.

    `content` is its row as it is now.
    """
    ancestors = [int(part) for part in content.path.split(".")[:-1]]
    if ancestors:
        ctx.conn.execute(
            update(comment)
            .where(comment.c.id.in_(ancestors))
            .values(replies=comment.c.replies + difference)
        )
    # The time of writing, not of arrival: old threads are fetched much later.
    statement = _COUNT_COMMENT if difference < 0 else _COUNT_NEW_COMMENT
    change: dict[str, object] = {"row": content.post_id, "change": difference}
    if difference > 0:
        change["written"] = content.published_at
    row = ctx.conn.execute(statement, change).one()
    ctx.conn.execute(_COUNT_COMMENTS_OF, {"row": row.community_id, "change": difference})
    count_written(ctx, content.author_id, comments=difference)
    _rank_row(ctx, row)
    if difference > 0:
        rank_row = comment_rank_of(content, row.community_id)
        upsert(ctx.conn, comment_rank, rank_row, key=["comment_id"])
    else:
        ctx.conn.execute(_UNRANK_COMMENT, {"row": content.id})


def count_written(ctx: Context, author_id: int, *, posts: int = 0, comments: int = 0) -> None:
    """So many more of an author's posts and comments are visible, or fewer if negative."""
    if not (posts or comments):
        return
    change = {"author_id": author_id, "posts": posts, "comments": comments}
    add_up(ctx.conn, author_counts, change, key=["author_id"])


def count_subscribers(ctx: Context, community_id: int) -> None:
    """An actor follows or no longer follows a community; does nothing for a person."""
    mine = community.c.actor_id == community_id
    # Counted under a lock, because uncommitted changes of others are not visible.
    ctx.conn.execute(select(community.c.actor_id).where(mine).with_for_update())
    known = count_followers(ctx.conn, community_id)
    ctx.conn.execute(
        update(community)
        .where(mine)
        .values(
            subscribers=known,
            local_subscribers=count_local_followers(ctx.conn, community_id),
            followers=larger_count(known, community.c.claimed_followers),
        )
    )


def rank(ctx: Context, post_id: int) -> None:
    """Write the row by which lists find the post, or delete it if the post is hidden."""
    _rank_row(ctx, ctx.conn.execute(_RANKED, {"row": post_id}).one())


def _rank_row(ctx: Context, row: Row[*tuple[Any, ...]]) -> None:
    if row.deleted_at is not None or row.removed_at is not None:
        ctx.conn.execute(_UNRANK, {"row": row.id})
        return
    score = row.upvotes - row.downvotes
    values = {
        "post_id": row.id,
        "community_id": row.community_id,
        "hot": hot_key(score, row.published_at),
        "active": active_key(score, row.published_at, row.last_comment_at),
        "controversy": controversy(row.upvotes, row.downvotes),
        "score": score,
        "scaled": scaled_key(score, row.published_at, row.followers),
        "comments": row.comments,
        "published_at": row.published_at,
        "commented_at": max(row.published_at, row.last_comment_at or row.published_at),
    }
    upsert(ctx.conn, post_rank, values, key=["post_id"])


def rank_comment(ctx: Context, comment_id: int) -> None:
    """Write the keys by which lists find the comment anew, if it is visible."""
    row = ctx.conn.execute(_VOTES_OF_COMMENT, {"row": comment_id}).one()
    keys = _comment_keys(row.upvotes, row.downvotes, row.published_at)
    ctx.conn.execute(_RERANK_COMMENT, {"row": comment_id, **keys})


def comment_rank_of(content: Comment | Row[Any], community_id: int) -> dict[str, object]:
    """The row of `comment_rank` by which lists find a visible comment, here a row of `comment`."""
    return {
        "comment_id": content.id,
        "community_id": community_id,
        "published_at": content.published_at,
        **_comment_keys(content.upvotes, content.downvotes, content.published_at),
    }


def _comment_keys(upvotes: int, downvotes: int, published: datetime) -> dict[str, float]:
    """The columns of `comment_rank` that change with votes."""
    score = upvotes - downvotes
    return {
        "hot": comment_hot(score, published),
        "controversy": controversy(upvotes, downvotes),
        "score": score,
    }


def _votes(target: Post | Comment) -> tuple[Table, str]:
    return (post_vote, "post_id") if isinstance(target, Post) else (comment_vote, "comment_id")


OWN_VOTE = {"upvotes": 1}
"""The counters of a new post or comment: its author's vote, as Lemmy counts it."""

# The input of the ranks.
_RANKS = (
    post.c.id,
    post.c.community_id,
    post.c.upvotes,
    post.c.downvotes,
    post.c.comments,
    post.c.published_at,
    post.c.last_comment_at,
    post.c.deleted_at,
    post.c.removed_at,
    select(community.c.followers)
    .where(community.c.actor_id == post.c.community_id)
    .correlate(post)
    .scalar_subquery()
    .label("followers"),
)
# Built in advance, because building a statement costs more than running it.
_LOCKED_POST = POST.where(post.c.id == bindparam("row")).with_for_update()
_LOCKED_COMMENT = COMMENT.where(comment.c.id == bindparam("row")).with_for_update()
_RANKED = select(*_RANKS).where(post.c.id == bindparam("row"))
_UNRANK = delete(post_rank).where(post_rank.c.post_id == bindparam("row"))


def _mine(votes: Table, key: str) -> ColumnElement[bool]:
    return (votes.c[key] == bindparam("target")) & (votes.c.voter_id == bindparam("voter"))


def _counting_vote(table: Table) -> Update:
    return (
        update(table)
        .where(table.c.id == bindparam("row"))
        .values(
            upvotes=table.c.upvotes + bindparam("up"),
            downvotes=table.c.downvotes + bindparam("down"),
        )
    )


_BOTH = ((post_vote, "post_id"), (comment_vote, "comment_id"))
_FIND_VOTE = {
    votes: select(votes.c.score, votes.c.iri).where(_mine(votes, key)) for votes, key in _BOTH
}
_STANDING_VOTE = {votes: found.with_for_update() for votes, found in _FIND_VOTE.items()}
_DELETE_VOTE = {
    votes: delete(votes).where(_mine(votes, key)).returning(votes.c.score, votes.c.iri)
    for votes, key in _BOTH
}
_CHANGE_VOTE = {
    votes: update(votes)
    .where(_mine(votes, key))
    .values(score=bindparam("to"), iri=bindparam("as"), voted_at=bindparam("at"))
    for votes, key in _BOTH
}
_COUNT_POST_VOTE = _counting_vote(post).returning(*_RANKS)
_COUNT_COMMENT_VOTE = _counting_vote(comment).returning(
    comment.c.upvotes, comment.c.downvotes, comment.c.published_at
)
_VOTES_OF_COMMENT = select(comment.c.upvotes, comment.c.downvotes, comment.c.published_at).where(
    comment.c.id == bindparam("row")
)
_RERANK_COMMENT = update(comment_rank).where(comment_rank.c.comment_id == bindparam("row"))
_UNRANK_COMMENT = delete(comment_rank).where(comment_rank.c.comment_id == bindparam("row"))
_COUNT_COMMENT = (
    update(post)
    .where(post.c.id == bindparam("row"))
    .values(comments=post.c.comments + bindparam("change"))
    .returning(*_RANKS)
)
_LAST = post.c.last_comment_at
_WRITTEN = bindparam("written", type_=UtcDateTime())
_COUNT_NEW_COMMENT = _COUNT_COMMENT.values(
    last_comment_at=case((or_(_LAST.is_(None), _LAST < _WRITTEN), _WRITTEN), else_=_LAST)
)
_COUNT_COMMENTS_OF = (
    update(community)
    .where(community.c.actor_id == bindparam("row"))
    .values(comments=community.c.comments + bindparam("change"))
)
