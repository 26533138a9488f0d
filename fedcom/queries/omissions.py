"""Omissions from backfills, for the command line and the admin's page."""

from sqlalchemy import Connection, select

from fedcom.models.actor import actor
from fedcom.models.base import columns_of, to_row
from fedcom.models.omission import Omission, omission

_LATEST = (
    select(*columns_of(Omission, omission, actor))
    .join(actor, actor.c.id == omission.c.community_id)
    .order_by(omission.c.created_at.desc(), omission.c.id)
)


def list_omissions(conn: Connection, limit: int, host: str | None = None) -> list[Omission]:
    """The latest `limit` omissions, of one host's communities or of all."""
    statement = _LATEST.limit(limit)
    if host is not None:
        statement = statement.where(actor.c.host == host)
    return [to_row(Omission, row) for row in conn.execute(statement).mappings()]
