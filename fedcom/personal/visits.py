"""Which threads a member has read; what is new to them follows from it (`LastVisit`)."""

from datetime import datetime

from sqlalchemy import Connection

from database.inserts import upsert
from fedcom.models.personal import post_visit
from fedcom.models.post import Post
from fedcom.queries.post_view import LastVisit


def note_visit(
    conn: Connection, person_id: int, about: Post, last: LastVisit | None, now: datetime
) -> None:
    """Remember that the member looks at the thread of `about`, which they last did at `last`."""
    row = {
        "person_id": person_id,
        "post_id": about.id,
        "comments": about.comments,
        "visited_at": now,
        "new_after": last.new_from(now) if last else None,
    }
    upsert(conn, post_visit, row, key=["person_id", "post_id"])
