"""The e-mail address of an account: typed by its owner, and confirmed with a link sent to it.

Only a confirmed address can be used to log in and to reset the password, and gets notifications,
and only one account can have it. Whether an address belongs to another account is revealed in its
own mailbox only (docs/decisions/0030).
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
"""How long a link is valid."""


def propose_email(
    conn: Connection, person_id: int, address: str | None, *, sends_mail: bool
) -> bool:
    """Store the address (checked by `register.check_email`) that a member typed, or none; whether
    it now has to be confirmed.

    Until then the old one stays in use. Where no mail is sent, nothing can be confirmed: the
    address is only stored. Raises NotFound.
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
    """Enqueue mail to the address that waits for confirmation, with `link(address)` to confirm it.

    If the address belongs to another account, its owner is told instead that somebody entered it;
    the member sees no difference. After a few mails in a day the address silently gets no more.
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
    """Put the address into use: the owner of the account has shown that the mailbox is theirs.

    Raises NotFound when this address does not wait for confirmation, and Conflict("email_taken")
    when another account confirmed it first.
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
