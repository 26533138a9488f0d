"""Signing up: makes an account and its person, at once or after an admin's approval."""

import re
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select

from database.inserts import insert_ignoring
from fedcom.accounts.invitations import note_inviter, use_invitation
from fedcom.accounts.members import Member, get_member
from fedcom.context import Context, NewKey
from fedcom.effects.local_actor import create_local_actor
from fedcom.effects.mail_admins import mail_admins
from fedcom.effects.notify import NotificationEvent, notify
from fedcom.errors import Conflict, Denied, Invalid
from fedcom.models.account import account
from fedcom.models.site import site
from fedcom.queries.actors import list_admins
from fedcom.queries.policy import policy_of
from fedcom.rules.limits import MAX_APPLICATION, check_body
from fedcom.rules.slurs import check_slurs

MAX_EMAIL = 254
"""RFC 5321, 4.5.3.1.3, less the brackets."""

# Strict on purpose: quoted names, "%" and "," can make mail servers route mail elsewhere.
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$&'*+/=?^_{|}~-]+(?:\.[A-Za-z0-9!#$&'*+/=?^_{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """Somebody who signs up. The password has been checked and hashed (`passwords`)."""

    name: str
    password_hash: str
    email: str | None = None
    application: str = ""
    invitation: str = ""
    show_nsfw: bool = False


def register(
    ctx: Context, new_account: NewAccount, key: NewKey, *, sends_mail: bool = False
) -> Member:
    """Sign up as the site's settings allow; the account is 'pending' when an admin must approve.

    With a valid `invitation` the account is active at once, whatever the settings. The e-mail
    address has to be confirmed; whether another account has it makes no difference (`email`). The
    site may require one, if this server `sends_mail`. Raises Denied("registration_closed"), Invalid
    (`name_…`, `email_invalid`, `email_required`, `application_required`, `body_…`, `slurs`),
    Conflict("name_taken"), and what `use_invitation` raises.
    """
    requires_email = ctx.conn.execute(select(site.c.requires_confirmed_email)).scalar()
    if requires_email and sends_mail:
        require_email(new_account.email)
    if new_account.invitation:
        used = use_invitation(ctx.conn, new_account.invitation, ctx.now)
        invited = _sign_up(ctx, new_account, key, "active")
        note_inviter(ctx.conn, invited.person.id, used)
        return invited
    mode = ctx.conn.execute(select(site.c.registration)).scalar()
    if mode not in ("open", "approval"):
        raise Denied("registration_closed", "This server isn't accepting new members.")
    if mode == "open":
        return _sign_up(ctx, new_account, key, "active")
    require_application(new_account.application)
    applicant = _sign_up(ctx, new_account, key, "pending")
    for admin_id in list_admins(ctx.conn):
        notify(ctx, admin_id, NotificationEvent(kind="application", by_id=applicant.person.id))
    mail_admins(ctx, "application")
    return applicant


def create_account(
    ctx: Context, new_account: NewAccount, key: NewKey, role: Literal["admin", "member"] = "member"
) -> Member:
    """Make an active account, whatever the settings: for the first admin, or by an admin, who
    vouches for the e-mail address.

    Raises Invalid as `register` does, and Conflict (`name_taken`, `email_taken`).
    """
    values = {"state": "active", "role": role, "email": check_email(new_account.email)}
    return _create(ctx, new_account, key, values)


def check_email(email: str | None) -> str | None:
    """The address as it is stored, in lower case; None for an empty one. Raises Invalid."""
    email = (email or "").strip().lower()
    if not email:
        return None
    if len(email) > MAX_EMAIL or not _EMAIL.fullmatch(email):
        raise Invalid("email_invalid", "This is not a valid e-mail address.")
    return email


def require_email(email: str | None) -> None:
    """Raises Invalid("email_required") without an address."""
    if not (email or "").strip():
        raise Invalid("email_required", "Enter your e-mail address.")


def require_application(application: str) -> None:
    """Raises Invalid("application_required") for an empty one."""
    if not application.strip():
        raise Invalid("application_required", "Please say briefly why you want to join.")


def _sign_up(ctx: Context, new_account: NewAccount, key: NewKey, state: str) -> Member:
    address = check_email(new_account.email)
    values = {"state": state, "role": "member", "unconfirmed_email": address}
    return _create(ctx, new_account, key, values)


def _create(
    ctx: Context, new_account: NewAccount, key: NewKey, values: dict[str, str | None]
) -> Member:
    application = check_body(new_account.application, MAX_APPLICATION)
    check_slurs(policy_of(ctx).slur_filter, application)
    defaults = ctx.conn.execute(select(site.c.default_scope, site.c.default_sort)).first()
    made = create_local_actor(ctx, kind="Person", name=new_account.name, title="", key=key)
    row = {
        "actor_id": made.id,
        "password_hash": new_account.password_hash,
        "application": application,
        "show_nsfw": new_account.show_nsfw,
        "created_at": ctx.now,
        **({"front_scope": defaults[0], "front_sort": defaults[1]} if defaults else {}),
        **values,
    }
    if not insert_ignoring(ctx.conn, account, row):
        raise Conflict("email_taken", "There is already an account with this e-mail address.")
    return get_member(ctx.conn, made.id)
