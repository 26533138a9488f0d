"""Communities that an admin has closed here, whoever opened them: nobody here sees or uses them."""

from sqlalchemy import Connection, insert, select, update

from fedcom.context import Context
from fedcom.errors import Conflict
from fedcom.models.actor import Community, Person, actor, community
from fedcom.models.base import columns_of, to_row
from fedcom.models.moderation import modlog
from fedcom.queries.actors import get_community
from fedcom.rules.limits import MAX_REASON, check_body


def close_community(ctx: Context, number: int, reason: str, by: Person) -> Community:
    """Close the community with this row id. Raises NotFound, Conflict("already_removed") and
    Invalid (`body_…`)."""
    place = get_community(ctx.conn, number)
    if place.removed_at is not None:
        raise Conflict(
            "already_removed", "!%(community)s is closed already.", community=place.handle
        )
    reason = check_body(reason, MAX_REASON)
    _set(ctx, place, {"removed_at": ctx.now})
    _log(ctx, "remove_community", place, reason, by)
    return get_community(ctx.conn, number)


def reopen_community(ctx: Context, number: int, by: Person) -> Community:
    """Open it again. Raises NotFound and Conflict("not_removed")."""
    place = get_community(ctx.conn, number)
    if place.removed_at is None:
        raise Conflict("not_removed", "!%(community)s is open.", community=place.handle)
    _set(ctx, place, {"removed_at": None})
    _log(ctx, "restore_community", place, "", by)
    return get_community(ctx.conn, number)


def list_closed(conn: Connection) -> list[Community]:
    """All that were closed, the latest first."""
    rows = conn.execute(
        select(*columns_of(Community, actor, community))
        .join(community, community.c.actor_id == actor.c.id)
        .where(community.c.removed_at.is_not(None))
        .order_by(community.c.removed_at.desc())
    ).mappings()
    return [to_row(Community, row) for row in rows]


def _set(ctx: Context, place: Community, values: dict[str, object]) -> None:
    ctx.conn.execute(update(community).where(community.c.actor_id == place.id).values(**values))


def _log(ctx: Context, kind: str, place: Community, reason: str, by: Person) -> None:
    ctx.conn.execute(
        insert(modlog).values(
            moderator_id=by.id,
            kind=kind,
            target_iri=place.iri,
            reason=reason,
            created_at=ctx.now,
        )
    )
