"""Invitations: codes that permit sign-up, whatever the registration mode.

Admins make them as they like; members, where the admins permit it, a few at a time.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, delete, func, insert, or_, select, update

from fedcom.context import Context
from fedcom.errors import Conflict, Denied, Invalid, NotFound
from fedcom.models.account import account, invitation, invited_member
from fedcom.models.actor import Person, actor
from fedcom.models.base import first_row, to_row
from fedcom.models.site import site
from fedcom.queries.actors import get_person
from fedcom.rules.limits import check_display_name

MAX_USES = 1_000

MEMBERS_VALID = timedelta(days=14)
"""How long a member's invitation can be used, once."""

_BYTES = 9  # twelve letters; guessing one gives no more than an application would


@dataclass(frozen=True, slots=True)
class Invitation:
    """A code, how often it can still be used, and until when (None: for ever)."""

    id: int
    code: str
    by_id: int
    by: str
    note: str
    uses_left: int
    created_at: datetime
    expires_at: datetime | None

    def is_good(self, now: datetime) -> bool:
        """Whether it can still be used."""
        return self.uses_left > 0 and (self.expires_at is None or self.expires_at > now)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationTerms:
    """What an admin chooses for a new code; only admins see the `note`."""

    note: str = ""
    uses: int = 1
    expires_at: datetime | None = None


_LIST = (
    select(
        invitation.c.id,
        invitation.c.code,
        invitation.c.by_id,
        actor.c.name.label("by"),
        invitation.c.note,
        invitation.c.uses_left,
        invitation.c.created_at,
        invitation.c.expires_at,
    )
    .join(actor, actor.c.id == invitation.c.by_id)
    .order_by(invitation.c.id.desc())
)


def create_invitation(
    conn: Connection, by_id: int, terms: InvitationTerms, now: datetime
) -> Invitation:
    """Make a new code. Raises Invalid: `uses_number`, `note_…`, `expires_past`."""
    if not 1 <= terms.uses <= MAX_USES:
        raise Invalid(
            "uses_number", "The number of uses must be from 1 to %(maximum)s.", maximum=MAX_USES
        )
    if terms.expires_at is not None and terms.expires_at <= now:
        raise Invalid("expires_past", "The expiry date is in the past.")
    code = secrets.token_urlsafe(_BYTES)
    conn.execute(
        insert(invitation).values(
            code=code,
            by_id=by_id,
            note=check_note(terms.note),
            uses_left=terms.uses,
            created_at=now,
            expires_at=terms.expires_at,
        )
    )
    return get_invitation(conn, code)


def invite_as_member(ctx: Context, by: Person, note: str = "") -> Invitation:
    """A new code by a member: for one use, within `MEMBERS_VALID`; admins see the note, too.

    Raises Denied("invitations_off") where members may not invite and for the banned,
    Conflict("invitations_open") if as many of theirs are open as the site allows, and Invalid
    (`note_…`).
    """
    most = ctx.conn.execute(select(site.c.member_invitations)).scalar() or 0
    if not most or by.is_banned(ctx.now):
        raise Denied("invitations_off", "Only admins can invite people here.")
    # Until the transaction ends, no other counts the invitations of this member.
    ctx.conn.execute(
        select(account.c.actor_id).where(account.c.actor_id == by.id).with_for_update()
    )
    if count_open(ctx.conn, by.id, ctx.now) >= most:
        raise Conflict(
            "invitations_open",
            "You already have %(count)s open invitations. Revoke one, or wait until one is used.",
            count=most,
        )
    terms = InvitationTerms(note=note, expires_at=ctx.now + MEMBERS_VALID)
    return create_invitation(ctx.conn, by.id, terms, ctx.now)


def count_open(conn: Connection, by_id: int, now: datetime) -> int:
    """How many invitations of this person can still be used."""
    is_valid = or_(invitation.c.expires_at.is_(None), invitation.c.expires_at > now)
    own = (invitation.c.by_id == by_id, invitation.c.uses_left > 0, is_valid)
    return conn.execute(select(func.count()).where(*own)).scalar_one()


def list_invitations(conn: Connection, by_id: int | None = None) -> list[Invitation]:
    """All of them, or those by one person, the newest first."""
    wanted: Select[*tuple[object, ...]] = _LIST
    if by_id is not None:
        wanted = _LIST.where(invitation.c.by_id == by_id)
    return [to_row(Invitation, row) for row in conn.execute(wanted).mappings()]


def find_inviters(conn: Connection, person_ids: Sequence[int]) -> dict[int, str]:
    """Who invited each of these members, by name; those whom nobody did are left out."""
    rows = conn.execute(
        select(invited_member.c.account_id, actor.c.name)
        .join(actor, actor.c.id == invited_member.c.by_id)
        .where(invited_member.c.account_id.in_(person_ids))
    )
    return {row.account_id: row.name for row in rows}


def get_invitation(conn: Connection, code: str) -> Invitation:
    """The invitation with this code. Raises NotFound("invitation_unknown")."""
    found = first_row(Invitation, conn.execute(_LIST.where(invitation.c.code == code[:100])))
    if found is None:
        raise _unknown()
    return found


def _unknown() -> NotFound:
    return NotFound("invitation_unknown", "This invitation does not exist or has been revoked.")


def check_invitation(conn: Connection, code: str, now: datetime) -> Invitation:
    """The invitation, if it can still be used.

    That of somebody who has been banned counts as revoked. Raises NotFound("invitation_unknown")
    and Denied (`invitation_expired`, `invitation_used_up`).
    """
    found = get_invitation(conn, code)
    if get_person(conn, found.by_id).is_banned(now):
        raise _unknown()
    if found.expires_at is not None and found.expires_at <= now:
        raise Denied("invitation_expired", "This invitation has expired. Ask for a new one.")
    if found.uses_left < 1:
        raise Denied("invitation_used_up", "This invitation has been used up. Ask for a new one.")
    return found


def use_invitation(conn: Connection, code: str, now: datetime) -> Invitation:
    """Use it once; the invitation. Raises as `check_invitation` does."""
    found = check_invitation(conn, code, now)
    # When two people use the last one at the same time, the condition lets one of them in.
    used = conn.execute(
        update(invitation)
        .where(invitation.c.id == found.id, invitation.c.uses_left > 0)
        .values(uses_left=invitation.c.uses_left - 1)
    )
    if used.rowcount == 0:
        raise Denied("invitation_used_up", "This invitation has been used up. Ask for a new one.")
    return found


def note_inviter(conn: Connection, person_id: int, used: Invitation) -> None:
    """Store for admins who invited the member with this row id."""
    conn.execute(insert(invited_member).values(account_id=person_id, by_id=used.by_id))


def remove_invitation(conn: Connection, invitation_id: int, by_id: int | None = None) -> None:
    """Revoke the invitation with this row id, if given only one by this person. Raises NotFound."""
    which = delete(invitation).where(invitation.c.id == invitation_id)
    if by_id is not None:
        which = which.where(invitation.c.by_id == by_id)
    gone = conn.execute(which)
    if gone.rowcount == 0:
        raise NotFound("invitation_unknown", "This invitation does not exist.")


def check_note(note: str) -> str:
    """The note as it is stored. Raises Invalid(`note_…`)."""
    try:
        return check_display_name(note)
    except Invalid as error:
        raise Invalid(f"note_{error.code}", error.template, **error.facts) from None
