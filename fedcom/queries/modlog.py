"""The modlog's entries about one object: why it was removed, and by whom."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from fedcom.models.account import account
from fedcom.models.moderation import modlog


def find_reasons(conn: Connection, iris: Collection[str]) -> dict[str, str]:
    """The moderators' reasons for the last removal of each of these posts and comments, if
    given.
    """
    if not iris:
        return {}
    rows = conn.execute(
        select(modlog.c.target_iri, modlog.c.reason)
        .where(modlog.c.target_iri.in_(iris), modlog.c.kind == "remove")
        .order_by(modlog.c.id)
    )
    return {row.target_iri: row.reason for row in rows}


def find_remover(conn: Connection, iri: str) -> int | None:
    """The actor who last removed this post or comment: the row of a moderator or a community."""
    row = conn.execute(
        select(modlog.c.moderator_id)
        .where(modlog.c.target_iri == iri, modlog.c.kind == "remove")
        .order_by(modlog.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else row.moderator_id


def is_taken_down(conn: Connection, iri: str) -> bool:
    """Whether a local admin was the last to remove this post or comment."""
    row = conn.execute(
        select(account.c.role)
        .select_from(modlog.outerjoin(account, account.c.actor_id == modlog.c.moderator_id))
        .where(modlog.c.target_iri == iri, modlog.c.kind == "remove")
        .order_by(modlog.c.id.desc())
        .limit(1)
    ).first()
    return row is not None and row.role == "admin"
