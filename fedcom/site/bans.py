"""Banned people: whoever is banned may do nothing here, wherever they come from."""

from sqlalchemy import delete, insert, select, update

from fedcom.context import Context
from fedcom.errors import Conflict, Denied
from fedcom.models.account import account, session
from fedcom.models.actor import Person, actor
from fedcom.models.moderation import modlog
from fedcom.queries.actors import get_person
from fedcom.rules.limits import MAX_REASON, check_body


def ban_person(ctx: Context, person: Person, reason: str, by: Person | None = None) -> Person:
    """Ban a local or remote person from this instance and end their sessions.

    `by` is None on the command line. Raises Denied("cannot_ban_admin"), Conflict("already_banned")
    and Invalid (`body_…`).
    """
    reason = check_body(reason, MAX_REASON)
    if person.banned_at is not None:
        raise Conflict("already_banned", f"{person.handle} is banned already.")
    role = ctx.conn.execute(select(account.c.role).where(account.c.actor_id == person.id)).scalar()
    if role == "admin":
        raise Denied("cannot_ban_admin", "An admin cannot be banned; demote them first.")
    _set(ctx, person, {"banned_at": ctx.now, "ban_reason": reason})
    ctx.conn.execute(delete(session).where(session.c.account_id == person.id))
    _log(ctx, "ban", person, reason, by)
    return get_person(ctx.conn, person.id)


def unban_person(ctx: Context, person: Person, by: Person | None = None) -> Person:
    """Take the ban back. Raises Conflict("not_banned")."""
    if person.banned_at is None:
        raise Conflict("not_banned", f"{person.handle} is not banned.")
    _set(ctx, person, {"banned_at": None, "ban_reason": ""})
    _log(ctx, "unban", person, "", by)
    return get_person(ctx.conn, person.id)


def _set(ctx: Context, person: Person, values: dict[str, object]) -> None:
    ctx.conn.execute(update(actor).where(actor.c.id == person.id).values(**values))


def _log(ctx: Context, kind: str, person: Person, reason: str, by: Person | None) -> None:
    ctx.conn.execute(
        insert(modlog).values(
            moderator_id=by.id if by else None,
            kind=kind,
            target_iri=person.iri,
            reason=reason,
            created_at=ctx.now,
        )
    )
