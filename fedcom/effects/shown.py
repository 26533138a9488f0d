"""Whether a post or comment is shown, with everything that is counted by that."""

from collections.abc import Mapping

from sqlalchemy import update

from fedcom.context import Context
from fedcom.effects.counts import count_comment, count_post, locked
from fedcom.effects.revisions import forget_revisions
from fedcom.models.comment import Comment, comment
from fedcom.models.post import Post, post
from fedcom.queries.comments import get_comment
from fedcom.queries.content import Content
from fedcom.queries.posts import get_post


def set_shown(ctx: Context, target: Content, changes: Mapping[str, object]) -> Content:
    """Write `changes` to a post or comment and keep the counters true to whether it is shown.

    What it said before its edits is forgotten when its author deletes it.
    """
    before = locked(ctx, target)
    table = post if isinstance(target, Post) else comment
    ctx.conn.execute(update(table).where(table.c.id == target.id).values(**changes))
    get = get_post if isinstance(target, Post) else get_comment
    after = get(ctx.conn, target.id)
    if after.deleted_at is not None:
        forget_revisions(ctx, after)
    difference = int(after.is_shown) - int(before.is_shown)
    if difference and isinstance(after, Post):
        count_post(ctx, after, difference)
    elif difference and isinstance(after, Comment):
        count_comment(ctx, after, difference)
    return after
