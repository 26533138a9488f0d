"""The e-mail address of an account: typed by its owner, and confirmed with a link sent to it.

Only a confirmed address logs in, resets the password and gets letters about news, and only one
account has it. Nobody is told whether an address is another account's, except in its own mailbox
(docs/decisions/0030).
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import Connection, update
from sqlalchemy.exc import IntegrityError

from fedcom.accounts.mail import write_confirmation, write_known
from fedcom.accounts.members import Member, end_resets, find_member, get_account
from fedcom.accounts.throttle import CONFIRMATIONS_BY_RECIPIENT, count_attempt, name_key
from fedcom.context import Context
from fedcom.errors import Conflict, NotFound, TooMany
from fedcom.models.account import account
from fedcom.models.site import Site

VALID = timedelta(days=3)
"""How long a link confirms."""


def propose_email(
    conn: Connection, person_id: int, address: str | None, *, sends_mail: bool
) -> bool:
    """Store the address (checked by `register.check_email`) that a member typed, or none; whether
    it has to be confirmed now.

    The former one stays in use until then. Where no mail is sent nothing can be confirmed: the
    address is only kept. Raises NotFound.
    """
    login = get_account(conn, person_id)
    if address is not None and address == login.email:
        values: dict[str, str | None] = {"unconfirmed_email": None}
    elif address is None or not sends_mail:
        values = {"email": None, "unconfirmed_email": address}
        end_resets(conn, person_id)
    else:
        values = {"unconfirmed_email": address}
    conn.execute(update(account).where(account.c.actor_id == person_id).values(values))
    return sends_mail and values["unconfirmed_email"] is not None


def send_confirmation(ctx: Context, site: Site, member: Member, link: Callable[[str], str]) -> None:
    """Write to the address that waits: `link(address)` confirms it. Whose it is already is told
    there that somebody named it, and nothing else differs.

    After a few letters a day the address gets no more, silently.
    """
    address = member.account.unconfirmed_email
    if address is None:
        return
    with suppress(TooMany):
        count_attempt(ctx.conn, CONFIRMATIONS_BY_RECIPIENT, name_key(address), ctx.now)
        owner = find_member(ctx.conn, address)
        if owner is None:
            write_confirmation(ctx, site, member, address, link(address))
        else:
            write_known(ctx, site, owner, address)


def confirm_email(conn: Connection, person_id: int, address: str) -> None:
    """The owner of the account has the mailbox, so the address is in use from now on.

    Raises NotFound when another one or none waits, and Conflict("email_taken") when another account
    confirmed it first.
    """
    if get_account(conn, person_id).unconfirmed_email != address:
        raise NotFound("confirmation_unknown", "This link has already been used or has expired.")
    confirmed = update(account).where(account.c.actor_id == person_id)
    try:
        with conn.begin_nested():
            conn.execute(confirmed.values(email=address, unconfirmed_email=None))
    except IntegrityError:
        raise Conflict(
            "email_taken", "This address already belongs to another of your accounts."
        ) from None
    end_resets(conn, person_id)
