"""The actors that a member has blocked."""

from sqlalchemy import Connection, literal, select

from fedcom.db import BigId
from fedcom.queries.visibility import is_blocked


def has_blocked(conn: Connection, viewer_id: int, actor_id: int) -> bool:
    """Whether the viewer has blocked this person or community by name."""
    asked = select(is_blocked(viewer_id, ids=[literal(actor_id, BigId)]))
    return bool(conn.execute(asked).scalar())
