"""Which threads a member has read, which determines what is new to them (`LastVisit`)."""

from datetime import datetime

from sqlalchemy import Connection

from database.inserts import upsert
from fedcom.models.personal import post_visit
from fedcom.views.post import LastVisit, PostView


def note_visit(
    conn: Connection, person_id: int, post_view: PostView, last: LastVisit | None, now: datetime
) -> None:
    """Store that a member is reading the thread of a post; `last` is their previous visit."""
    row = {
        "person_id": person_id,
        "post_id": post_view.id,
        "comments": post_view.comments,
        "visited_at": now,
        "new_after": last.new_from(now) if last else None,
    }
    upsert(conn, post_visit, row, key=["person_id", "post_id"])
