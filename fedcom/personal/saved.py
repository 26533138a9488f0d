"""Posts and comments that a member saved, and posts that they hid from their lists."""

from collections.abc import Collection

from sqlalchemy import Connection, Table, delete, select

from database.inserts import insert_ignoring, insert_new
from fedcom.accounts.rate_limits import LISTS, count_action
from fedcom.context import Context
from fedcom.errors import NotFound
from fedcom.models.actor import Person
from fedcom.models.comment import Comment
from fedcom.models.personal import hidden_post, saved_comment, saved_post
from fedcom.models.post import Post, post
from fedcom.rules.limits import check_items


def save(ctx: Context, by: Person, target: Post | Comment) -> None:
    """Save a post or comment; doing it twice changes nothing. Raises NotFound if it is gone."""
    if not target.is_shown:
        raise NotFound("couldnt_find_object", "It was deleted or removed.")
    table, column = _saved(target)
    count_action(ctx, by, LISTS)
    row = {"person_id": by.id, column: target.id, "saved_at": ctx.now}
    insert_ignoring(ctx.conn, table, row)


def unsave(conn: Connection, by: Person, target: Post | Comment) -> None:
    """Undo `save`."""
    table, column = _saved(target)
    conn.execute(delete(table).where(table.c.person_id == by.id, table.c[column] == target.id))


def hide(ctx: Context, by: Person, post_ids: Collection[int]) -> None:
    """Leave posts out of the lists that this member sees; unknown ids have no effect. Raises
    Invalid("too_many_items").
    """
    check_items(post_ids)
    count_action(ctx, by, LISTS)
    known = select(post.c.id).where(post.c.id.in_(post_ids)).order_by(post.c.id)
    rows = [
        {"person_id": by.id, "post_id": post_id, "hidden_at": ctx.now}
        for post_id in ctx.conn.execute(known).scalars()
    ]
    if rows:
        insert_new(ctx.conn, rows, hidden_post.c.post_id)


def unhide(conn: Connection, by: Person, post_ids: Collection[int]) -> None:
    """Undo `hide`. Raises Invalid("too_many_items")."""
    check_items(post_ids)
    mine = hidden_post.c.person_id == by.id
    conn.execute(delete(hidden_post).where(mine, hidden_post.c.post_id.in_(post_ids)))


def _saved(target: Post | Comment) -> tuple[Table, str]:
    return (saved_post, "post_id") if isinstance(target, Post) else (saved_comment, "comment_id")
