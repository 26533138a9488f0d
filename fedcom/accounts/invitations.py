"""Invitations: codes that permit sign-up, whatever the registration mode."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from fedcom.errors import Denied, Invalid, NotFound
from fedcom.models.account import invitation
from fedcom.models.actor import actor
from fedcom.models.base import first_row, to_row
from fedcom.rules.limits import check_display_name

MAX_USES = 1_000

_BYTES = 9  # twelve letters; guessing one gives no more than an application would


@dataclass(frozen=True, slots=True)
class Invitation:
    """A code, how often it can still be used, and until when (None: for ever)."""

    id: int
    code: str
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


def list_invitations(conn: Connection) -> list[Invitation]:
    """All of them, the newest first."""
    return [to_row(Invitation, row) for row in conn.execute(_LIST).mappings()]


def get_invitation(conn: Connection, code: str) -> Invitation:
    """The invitation with this code. Raises NotFound("invitation_unknown")."""
    found = first_row(Invitation, conn.execute(_LIST.where(invitation.c.code == code[:100])))
    if found is None:
        raise NotFound("invitation_unknown", "This invitation does not exist or has been revoked.")
    return found


def check_invitation(conn: Connection, code: str, now: datetime) -> Invitation:
    """The invitation, if it can still be used.

    Raises NotFound("invitation_unknown") and Denied (`invitation_expired`, `invitation_used_up`).
    """
    found = get_invitation(conn, code)
    if found.expires_at is not None and found.expires_at <= now:
        raise Denied("invitation_expired", "This invitation has expired. Ask for a new one.")
    if found.uses_left < 1:
        raise Denied("invitation_used_up", "This invitation has been used up. Ask for a new one.")
    return found


def use_invitation(conn: Connection, code: str, now: datetime) -> None:
    """Use it once. Raises as `check_invitation` does."""
    found = check_invitation(conn, code, now)
    # When two people use the last one at the same time, the condition lets one of them in.
    used = conn.execute(
        update(invitation)
        .where(invitation.c.id == found.id, invitation.c.uses_left > 0)
        .values(uses_left=invitation.c.uses_left - 1)
    )
    if used.rowcount == 0:
        raise Denied("invitation_used_up", "This invitation has been used up. Ask for a new one.")


def remove_invitation(conn: Connection, invitation_id: int) -> None:
    """Revoke the invitation with this row id. Raises NotFound."""
    gone = conn.execute(delete(invitation).where(invitation.c.id == invitation_id))
    if gone.rowcount == 0:
        raise NotFound("invitation_unknown", "This invitation does not exist.")


def check_note(note: str) -> str:
    """The note as it is stored. Raises Invalid(`note_…`)."""
    try:
        return check_display_name(note)
    except Invalid as error:
        raise Invalid(f"note_{error.code}", error.template, **error.facts) from None
