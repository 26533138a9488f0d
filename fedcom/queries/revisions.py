"""The previous versions of posts and comments, for the pages of their history."""

from sqlalchemy import Connection, select

from fedcom.models.base import columns_of, to_row
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.models.revision import Revision, revision
from fedcom.queries.content import is_about


def list_revisions(conn: Connection, content: Post | Comment) -> list[Revision]:
    """The previous versions, the newest first; without the current one."""
    rows = conn.execute(
        select(*columns_of(Revision, revision))
        .where(is_about(revision, content))
        .order_by(revision.c.id.desc())
    )
    return [to_row(Revision, row) for row in rows.mappings()]
