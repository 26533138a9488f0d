"""Threads that a member follows, and those that they muted. A thread is one or neither."""

from sqlalchemy import Connection, Table, delete

from database.inserts import insert_ignoring
from fedcom.accounts.rate_limits import LISTS, count_action
from fedcom.context import Context
from fedcom.errors import NotFound
from fedcom.models.actor import Person
from fedcom.models.personal import followed_post, muted_post
from fedcom.models.post import Post


def follow_post(ctx: Context, by: Person, post: Post) -> None:
    """Notify a member of each new comment on a post from now on; doing it twice changes nothing.

    Raises NotFound if the post is gone.
    """
    if not post.is_shown:
        raise NotFound("couldnt_find_post", "It was deleted or removed.")
    count_action(ctx, by, LISTS)
    _forget(ctx.conn, muted_post, by, post)
    row = {"person_id": by.id, "post_id": post.id, "followed_at": ctx.now}
    insert_ignoring(ctx.conn, followed_post, row)


def unfollow_post(conn: Connection, by: Person, post: Post) -> None:
    """Undo `follow_post`."""
    _forget(conn, followed_post, by, post)


def mute_post(ctx: Context, by: Person, post: Post) -> None:
    """Notify a member neither of replies and mentions in this thread nor of anything else in it,
    except of moderation; doing it twice changes nothing.
    """
    count_action(ctx, by, LISTS)
    _forget(ctx.conn, followed_post, by, post)
    row = {"person_id": by.id, "post_id": post.id, "muted_at": ctx.now}
    insert_ignoring(ctx.conn, muted_post, row)


def unmute_post(conn: Connection, by: Person, post: Post) -> None:
    """Undo `mute_post`."""
    _forget(conn, muted_post, by, post)


def _forget(conn: Connection, table: Table, by: Person, post: Post) -> None:
    conn.execute(delete(table).where(table.c.person_id == by.id, table.c.post_id == post.id))
