"""Which threads a member has read, which determines what is new to them (`LastVisit`), and which
communities they follow they have looked at.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select, update

from database.inserts import insert_new, upsert
from fedcom.context import Context
from fedcom.models.actor import Person, actor
from fedcom.models.follow import follow
from fedcom.models.personal import post_visit
from fedcom.models.post import post
from fedcom.rules.limits import check_items
from fedcom.views.post import LastVisit, PostView


def note_visit(
    conn: Connection, person_id: int, post_view: PostView, last: LastVisit | None, now: datetime
) -> None:
    """Store that a member is reading the thread of a post; `last` is their previous visit.

    Does nothing if a purge has erased the post or the member since the post was read.
    """
    if conn.execute(_BOTH, {"person": person_id, "post": post_view.id}).first() is None:
        return
    row = {
        "person_id": person_id,
        "post_id": post_view.id,
        "comments": post_view.comments,
        "visited_at": now,
        "new_after": last.new_from(now) if last else None,
    }
    upsert(conn, post_visit, row, key=["person_id", "post_id"])


_BOTH = (
    select(post.c.id)
    .select_from(post.join(actor, actor.c.id == bindparam("person")))
    .where(post.c.id == bindparam("post"))
    .with_for_update(read=True, key_share=True)
)


def note_community_visit(
    conn: Connection, person_id: int, community_id: int, now: datetime
) -> None:
    """Store that a member is looking at the list of a community, if they follow it."""
    mine = follow.c.follower_id == person_id, follow.c.target_id == community_id
    conn.execute(update(follow).where(*mine).values(visited_at=now))


def mark_as_read(ctx: Context, by: Person, post_ids: Collection[int]) -> None:
    """Count posts as read by a member who did not open them, with the comments that they have now.

    Earlier visits stay as they are, and unknown ids have no effect. Raises
    Invalid("too_many_items").
    """
    check_items(post_ids)
    known = select(post.c.id, post.c.comments).where(post.c.id.in_(post_ids)).order_by(post.c.id)
    rows = [
        {"person_id": by.id, "post_id": row.id, "comments": row.comments, "visited_at": ctx.now}
        for row in ctx.conn.execute(known)
    ]
    if rows:
        insert_new(ctx.conn, rows, post_visit.c.post_id)


def mark_as_unread(ctx: Context, by: Person, post_ids: Collection[int]) -> None:
    """Forget a member's visits to these posts. Raises Invalid("too_many_items")."""
    check_items(post_ids)
    mine = post_visit.c.person_id == by.id
    ctx.conn.execute(delete(post_visit).where(mine, post_visit.c.post_id.in_(post_ids)))
