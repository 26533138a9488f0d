"""Votes, counters and ranks, always changed in the transaction of what they count.

Rows are locked in one order everywhere: comment or post, then its post, then the community.
"""

from sqlalchemy import Table, case, delete, or_, select, update

from database.inserts import upsert
from fedcom.context import Context
from fedcom.models.actor import Community, Person, community
from fedcom.models.comment import Comment, comment
from fedcom.models.post import Post, post, post_rank
from fedcom.models.vote import comment_vote, post_vote
from fedcom.queries.comments import get_comment
from fedcom.queries.follows import count_followers
from fedcom.queries.posts import get_post
from fedcom.rules.ranking import active_key, controversy, hot_key


def put_vote(ctx: Context, voter: Person, target: Post | Comment, score: int, iri: str) -> None:
    """Make `voter`'s vote on `target` be `score` (-1, 0, 1), whatever it was before."""
    votes, key = _votes(target)
    table = post if isinstance(target, Post) else comment
    # Two votes of one person at once (a double click, two workers) must see each other.
    ctx.conn.execute(select(table.c.id).where(table.c.id == target.id).with_for_update())
    mine = (votes.c[key] == target.id) & (votes.c.voter_id == voter.id)
    before = ctx.conn.execute(select(votes.c.score).where(mine)).scalar() or 0
    if before == score:
        return
    if score == 0:
        ctx.conn.execute(delete(votes).where(mine))
    else:
        row = {
            key: target.id,
            "voter_id": voter.id,
            "score": score,
            "iri": iri,
            "voted_at": ctx.now,
        }
        upsert(ctx.conn, votes, row, key=[key, "voter_id"])
    ctx.conn.execute(
        update(table)
        .where(table.c.id == target.id)
        .values(
            upvotes=table.c.upvotes + int(score == 1) - int(before == 1),
            downvotes=table.c.downvotes + int(score == -1) - int(before == -1),
        )
    )
    if isinstance(target, Post):
        rank(ctx, target.id)


def find_vote(ctx: Context, voter: Person, target: Post | Comment) -> tuple[int, str] | None:
    """The vote that stands: its score and the id of its Like or Dislike."""
    votes, key = _votes(target)
    row = ctx.conn.execute(
        select(votes.c.score, votes.c.iri).where(
            votes.c[key] == target.id, votes.c.voter_id == voter.id
        )
    ).first()
    return None if row is None else (row.score, row.iri)


def locked(ctx: Context, target: Post | Comment) -> Post | Comment:
    """The row as it is now, which nobody else changes until this unit is over.

    What the caller read may be old by now.
    """
    table = post if isinstance(target, Post) else comment
    ctx.conn.execute(select(table.c.id).where(table.c.id == target.id).with_for_update())
    get = get_post if isinstance(target, Post) else get_comment
    return get(ctx.conn, target.id)


def count_post(ctx: Context, about: Post, difference: int) -> None:
    """A post is shown (+1) or no longer shown (-1): its community's counter and the lists."""
    ctx.conn.execute(
        update(community)
        .where(community.c.actor_id == about.community_id)
        .values(posts=community.c.posts + difference)
    )
    rank(ctx, about.id)


def count_moved(ctx: Context, about: Post, target: Community) -> None:
    """Put a post into another community: the counters of both, and the lists. `about` is locked.

    A pin was the former community's.
    """
    shown, comments = int(about.is_shown), about.comments
    # In one order, so that two moves at once do not wait for each other.
    for community_id, sign in sorted(((about.community_id, -1), (target.id, 1))):
        ctx.conn.execute(
            update(community)
            .where(community.c.actor_id == community_id)
            .values(
                posts=community.c.posts + sign * shown,
                comments=community.c.comments + sign * comments,
            )
        )
    moved = update(post).where(post.c.id == about.id)
    ctx.conn.execute(moved.values(community_id=target.id, featured_at=None))
    rank(ctx, about.id)


def count_comment(ctx: Context, about: Comment, difference: int) -> None:
    """A comment is shown (+1) or no longer shown (-1): the counters above it."""
    ancestors = [int(part) for part in about.path.split(".")[:-1]]
    if ancestors:
        ctx.conn.execute(
            update(comment)
            .where(comment.c.id.in_(ancestors))
            .values(replies=comment.c.replies + difference)
        )
    changes: dict[str, object] = {"comments": post.c.comments + difference}
    if difference > 0:
        # When it was written, not when it came: old threads are fetched long after.
        last = post.c.last_comment_at
        is_newer = or_(last.is_(None), last < about.published_at)
        changes["last_comment_at"] = case((is_newer, about.published_at), else_=last)
    community_id = ctx.conn.execute(
        update(post)
        .where(post.c.id == about.post_id)
        .values(**changes)
        .returning(post.c.community_id)
    ).scalar_one()
    ctx.conn.execute(
        update(community)
        .where(community.c.actor_id == community_id)
        .values(comments=community.c.comments + difference)
    )
    if difference > 0:
        rank(ctx, about.post_id)


def count_subscribers(ctx: Context, community_id: int) -> None:
    """Somebody follows or no longer follows a community; nothing for what is none."""
    mine = community.c.actor_id == community_id
    # Counted under a lock, because what others have not committed yet is not seen.
    ctx.conn.execute(select(community.c.actor_id).where(mine).with_for_update())
    followers = count_followers(ctx.conn, community_id)
    ctx.conn.execute(update(community).where(mine).values(subscribers=followers))


def rank(ctx: Context, post_id: int) -> None:
    """Put the post where lists will look for it, or take it out when it is not shown."""
    row = ctx.conn.execute(select(post).where(post.c.id == post_id)).one()
    if row.deleted_at is not None or row.removed_at is not None:
        ctx.conn.execute(delete(post_rank).where(post_rank.c.post_id == post_id))
        return
    score = row.upvotes - row.downvotes
    values = {
        "post_id": post_id,
        "community_id": row.community_id,
        "hot": hot_key(score, row.published_at),
        "active": active_key(score, row.published_at, row.last_comment_at),
        "controversy": controversy(row.upvotes, row.downvotes),
        "score": score,
        "published_at": row.published_at,
    }
    upsert(ctx.conn, post_rank, values, key=["post_id"])


def _votes(target: Post | Comment) -> tuple[Table, str]:
    return (post_vote, "post_id") if isinstance(target, Post) else (comment_vote, "comment_id")
