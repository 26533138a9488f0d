"""Whether a post or comment is visible, and every counter that depends on it."""

from collections.abc import Mapping

from sqlalchemy import update

from fedcom.context import Context
from fedcom.effects.counts import count_shown, locked
from fedcom.effects.revisions import forget_revisions
from fedcom.queries.content import Content, get_again, table_of


def set_shown(ctx: Context, target: Content, changes: Mapping[str, object]) -> Content:
    """Write `changes` to a post or comment and update the counters if its visibility changes.

    Its previous versions are erased when its author deletes it.
    """
    before = locked(ctx, target)
    table = table_of(target)
    ctx.conn.execute(update(table).where(table.c.id == target.id).values(**changes))
    after = get_again(ctx.conn, target)
    if after.deleted_at is not None:
        forget_revisions(ctx, after)
    difference = int(after.is_shown) - int(before.is_shown)
    if difference:
        count_shown(ctx, after, difference)
    return after
