"""The newest comments below a post, as feed readers get them: flat, shown to everybody."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from fedcom.models.actor import actor
from fedcom.models.comment import comment
from fedcom.queries.people import ActorRef, name_columns, to_name
from fedcom.queries.visibility import is_shown


@dataclass(frozen=True, slots=True)
class Latest:
    """A comment and who wrote it."""

    id: int
    iri: str
    body_html: str
    content_warning: str
    published_at: datetime
    updated_at: datetime | None
    author: ActorRef


_LATEST = (
    select(
        comment.c.id,
        comment.c.iri,
        comment.c.body_html,
        comment.c.content_warning,
        comment.c.published_at,
        comment.c.updated_at,
        *name_columns(actor),
    )
    .join(actor, actor.c.id == comment.c.author_id)
    .where(
        comment.c.post_id == bindparam("post"),
        is_shown(comment),
    )
    .order_by(comment.c.published_at.desc(), comment.c.id.desc())
    .limit(bindparam("count"))
)


def latest_comments(conn: Connection, post_id: int, limit: int) -> list[Latest]:
    """Those of the post that are shown, newest first."""
    rows = conn.execute(_LATEST, {"post": post_id, "count": limit})
    return [Latest(*(*row[:6], to_name(row[6:]))) for row in rows]
