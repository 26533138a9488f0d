"""Everything that one person wrote, at once: removed with a ban, restored when it ends, blanked
when they leave.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Row,
    Table,
    delete,
    exists,
    insert,
    select,
    true,
    update,
)

from fedcom.context import Context
from fedcom.effects.counts import comment_rank_of, count_written, rank
from fedcom.effects.resolve_reports import Outcome, resolve_reports_about
from fedcom.models.account import IS_ADMIN, account
from fedcom.models.actor import (
    Community,
    Person,
    actor,
    author_counts,
    community as community_table,
)
from fedcom.models.base import columns_of, to_row
from fedcom.models.comment import Comment, comment, comment_rank
from fedcom.models.moderation import modlog
from fedcom.models.post import Post, post, post_rank
from fedcom.models.revision import revision
from fedcom.queries.visibility import is_not_removed, is_shown

# SQLite accepts about ten thousand values in one statement, older versions a thousand.
_CHUNK = 500

COUNTED = tuple(
    comment.c[name]
    for name in (
        *("id", "iri", "post_id", "path", "upvotes", "downvotes", "published_at", "deleted_at"),
    )
)
"""The columns of the rows that `count_comments` takes."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: the posts, and the comments by id with the row of their post."""

    posts: list[Post] = field(default_factory=list)
    comments: dict[str, int] = field(default_factory=dict)

    def by_community(self, ctx: Context) -> dict[int, list[str]]:
        """The ids of everything restored by the row of the community, posts first."""
        inside = {content.id: content.community_id for content in self.posts}
        found: dict[int, list[str]] = defaultdict(list)
        for content in self.posts:
            found[content.community_id].append(content.iri)
        inside |= _communities(ctx, set(self.comments.values()) - inside.keys())
        for iri, post_id in self.comments.items():
            found[inside[post_id]].append(iri)
        return found


def remove_all(
    ctx: Context, by: Person, person: Person, community: Community | None, reason: str
) -> list[Post]:
    """Remove all posts and comments of a person, in `community` or everywhere.

    This resolves the reports about them. Returns the posts that were visible until now.
    """
    resolve_reports_about(
        ctx,
        by,
        Outcome("removed", reason),
        posts=select(post.c.id).where(_posts_of(person, community)),
        comments=select(comment.c.id).where(_comments_of(person, community)),
    )
    comments = _set_comments_removed(ctx, person, community, is_not_removed(comment), ctx.now)
    posts = _set_posts_removed(ctx, person, community, is_not_removed(post), ctx.now)
    for chunk in _chunks([content.id for content in posts]):
        ctx.conn.execute(delete(post_rank).where(post_rank.c.post_id.in_(chunk)))
    count_written(ctx, person.id, posts=-len(posts), comments=-len(comments))
    return posts


def restore_all(
    ctx: Context, by: Person, person: Person, community: Community | None, since: datetime
) -> Restored:
    """Restore what was removed `since` then, as far as `by` may. Returns what is visible again."""
    comments, posts = (
        (table.c.removed_at >= since) & _is_theirs(table, by, person, community)
        for table in (comment, post)
    )
    restored = _set_comments_removed(ctx, person, community, comments, None)
    found = _set_posts_removed(ctx, person, community, posts, None)
    for content in found:
        rank(ctx, content.id)
    count_written(ctx, person.id, posts=len(found), comments=len(restored))
    return Restored(found, restored)


def blank_all(ctx: Context, owner: Person | Community) -> None:
    """Delete all posts and comments of a person, or all posts in a community, and their text."""
    wrote = comment.c.author_id == owner.id
    posts = post.c.author_id == owner.id
    if isinstance(owner, Community):
        posts = post.c.community_id == owner.id
    gone = update(comment).where(wrote).values(**Comment.BLANK, deleted_at=ctx.now)
    shown = gone.where(is_shown(comment))
    hidden = ctx.conn.execute(shown.returning(*COUNTED)).all()
    count_comments(ctx, hidden, back=False)
    ctx.conn.execute(gone)
    gone = update(post).where(posts).values(**Post.BLANK, deleted_at=ctx.now)
    shown = gone.where(is_shown(post))
    lost = ctx.conn.execute(shown.returning(post.c.community_id, post.c.author_id)).all()
    count_posts(ctx, lost)
    ctx.conn.execute(gone)
    count_written(ctx, owner.id, comments=-len(hidden))
    numbers, below = select(post.c.id).where(posts), select(comment.c.id).where(wrote)
    ctx.conn.execute(delete(post_rank).where(post_rank.c.post_id.in_(numbers)))
    ctx.conn.execute(delete(revision).where(revision.c.post_id.in_(numbers)))
    ctx.conn.execute(delete(revision).where(revision.c.comment_id.in_(below)))


def _is_theirs(
    table: Table, by: Person, person: Person, community: Community | None
) -> ColumnElement[bool]:
    """For removed rows of `post` or `comment`: whether `by` may restore them.

    A remote server restores what its own ban of its people removed, and nothing that moderators
    here removed; a remote community restores nothing that a local admin took down.
    """
    if by.local or (community is not None and community.local):
        return true()
    then = modlog.c.created_at == table.c.removed_at
    if community is None:
        banned = modlog.c.kind == "ban", modlog.c.target_iri == person.iri
        from_site = modlog.c.community_id.is_(None), actor.c.host == by.host
        return exists().where(actor.c.id == modlog.c.moderator_id, then, *banned, *from_site)
    taken_down = modlog.c.kind == "remove", modlog.c.target_iri == table.c.iri
    an_admin = account.c.actor_id == modlog.c.moderator_id, IS_ADMIN
    return ~exists().where(then, *taken_down, *an_admin)


def _posts_of(person: Person, community: Community | None) -> ColumnElement[bool]:
    mine = post.c.author_id == person.id
    return mine if community is None else mine & (post.c.community_id == community.id)


def _comments_of(person: Person, community: Community | None) -> ColumnElement[bool]:
    mine = comment.c.author_id == person.id
    if community is None:
        return mine
    inside = select(post.c.id).where(post.c.community_id == community.id)
    return mine & comment.c.post_id.in_(inside)


def _set_posts_removed(
    ctx: Context,
    person: Person,
    community: Community | None,
    which: ColumnElement[bool],
    removed_at: datetime | None,
) -> list[Post]:
    changed = update(post).where(_posts_of(person, community), which)
    rows = ctx.conn.execute(
        changed.values(removed_at=removed_at).returning(*columns_of(Post, post))
    ).mappings()
    posts = [found for found in (to_row(Post, row) for row in rows) if found.deleted_at is None]
    counts = Counter(content.community_id for content in posts)
    _count(
        ctx, community_table.c.posts, community_table.c.actor_id, counts, back=removed_at is None
    )
    return posts


def _set_comments_removed(
    ctx: Context,
    person: Person,
    community: Community | None,
    which: ColumnElement[bool],
    removed_at: datetime | None,
) -> dict[str, int]:
    """Returns what is visible now, or was until now: ids of comments, rows of their posts."""
    changed = update(comment).where(_comments_of(person, community), which)
    rows = ctx.conn.execute(changed.values(removed_at=removed_at).returning(*COUNTED))
    shown = [row for row in rows if row.deleted_at is None]
    count_comments(ctx, shown, back=removed_at is None)
    return {row.iri: row.post_id for row in shown}


def count_comments(ctx: Context, rows: Sequence[Row[Any]], *, back: bool) -> None:
    """Update the counters above comments (rows of `COUNTED`) that become hidden, or visible again,
    and their ranks.
    """
    above = Counter(int(part) for row in rows for part in row.path.split(".")[:-1])
    below = Counter(row.post_id for row in rows)
    _count(ctx, comment.c.replies, comment.c.id, above, back=back)
    for counter, key in ((post.c.comments, post.c.id), (post_rank.c.comments, post_rank.c.post_id)):
        _count(ctx, counter, key, below, back=back)
    community_of = _communities(ctx, below)
    inside_of = Counter(community_of[row.post_id] for row in rows)
    _count(ctx, community_table.c.comments, community_table.c.actor_id, inside_of, back=back)
    for chunk in _chunks(row.id for row in rows):
        ctx.conn.execute(delete(comment_rank).where(comment_rank.c.comment_id.in_(chunk)))
    if back and rows:
        ranks = [comment_rank_of(row, community_of[row.post_id]) for row in rows]
        ctx.conn.execute(insert(comment_rank), ranks)


def count_posts(ctx: Context, rows: Sequence[Row[Any]]) -> None:
    """Update the counters of the communities and authors of posts (`community_id`, `author_id`)
    that become hidden.
    """
    inside = Counter(row.community_id for row in rows)
    _count(ctx, community_table.c.posts, community_table.c.actor_id, inside, back=False)
    wrote = Counter(row.author_id for row in rows)
    _count(ctx, author_counts.c.posts, author_counts.c.author_id, wrote, back=False)


def _communities(ctx: Context, posts: Iterable[int]) -> dict[int, int]:
    """The community of each post."""
    found: dict[int, int] = {}
    for chunk in _chunks(posts):
        rows = select(post.c.id, post.c.community_id).where(post.c.id.in_(chunk))
        found |= {row.id: row.community_id for row in ctx.conn.execute(rows)}
    return found


def _count(
    ctx: Context, counter: Column[Any], key: Column[Any], numbers: Counter[int], *, back: bool
) -> None:
    """Change each row's counter by its own amount; one statement for all with the same amount."""
    alike = defaultdict(list)
    for row_id, amount in numbers.items():
        alike[amount if back else -amount].append(row_id)
    for difference, row_ids in alike.items():
        for chunk in _chunks(row_ids):
            ctx.conn.execute(
                update(counter.table).where(key.in_(chunk)).values({counter: counter + difference})
            )


def _chunks(row_ids: Iterable[int]) -> Iterator[list[int]]:
    """In ascending order, so that two concurrent removals lock in the same order."""
    ordered = sorted(row_ids)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]
