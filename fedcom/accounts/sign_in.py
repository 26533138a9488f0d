"""Logging in, in three steps, because the slow one must not hold a transaction:

1. `begin_sign_in` in a transaction: is there an attempt left? It is counted at once;
2. `passwords.check_password(login.password_hash, password)` in a thread, and if it is right
   `passwords.stronger_hash`: the log-in is the one moment at which the password is at hand;
3. `finish_sign_in` in a transaction: a session, and the attempt is forgotten; or `incorrect_login`
   is raised, and the attempt stays counted.

Whoever fails learns nothing about whether the account exists, neither by words nor by time.

Failures are counted by name and address together, by address, and by name. A device on which the
account has logged in before is counted by itself alone, so that no stranger locks its owner out
(OWASP, "Slow Down Online Guessing Attacks with Device Cookies").
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from fedcom.accounts.members import Member, find_member, get_member, replace_hash
from fedcom.accounts.sessions import create_session
from fedcom.accounts.throttle import (
    SIGN_IN_BY_ADDRESS,
    SIGN_IN_BY_DEVICE,
    SIGN_IN_BY_NAME,
    SIGN_IN_BY_PAIR,
    address_key,
    count_attempt,
    forget_attempts,
    name_key,
)
from fedcom.catalogues import mark
from fedcom.errors import Denied
from fedcom.models.account import Account

_TOO_MANY = mark("Too many wrong passwords. Try again in %(wait)s, or reset your password.")


def no_device(_account: Account) -> str:
    """None that is known."""
    return ""


@dataclass(frozen=True, slots=True)
class Client:
    """Who tries to log in: the IP address, and which device that has logged in to the account
    before; "" for none.
    """

    address: str
    device_of: Callable[[Account], str] = no_device


@dataclass(frozen=True, slots=True)
class Login:
    """An attempt to sign in, counted and not yet decided."""

    person_id: int | None
    password_hash: str | None
    attempts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Welcome:
    """Who has signed in, and the token of the new session."""

    member: Member
    token: str


def begin_sign_in(conn: Connection, name_or_email: str, client: Client, now: datetime) -> Login:
    """Count an attempt to log in and find the account.

    Raises TooMany after too many that failed.
    """
    member = find_member(conn, name_or_email)
    device = client.device_of(member.account) if member else ""
    attempts = _count(conn, name_key(name_or_email), client.address, device, now)
    if member is None:
        return Login(None, None, attempts)
    return Login(member.person.id, member.account.password_hash, attempts)


def _count(
    conn: Connection, name: str, address: str, device: str, now: datetime
) -> tuple[int, ...]:
    where = address_key(address)
    limits = [(SIGN_IN_BY_DEVICE, device)]
    if not device:
        limits = [
            (SIGN_IN_BY_ADDRESS, where),
            (SIGN_IN_BY_PAIR, f"{name} {where}"),
            (SIGN_IN_BY_NAME, name),
        ]
    return tuple(count_attempt(conn, limit, who, now, refusal=_TOO_MANY) for limit, who in limits)


def finish_sign_in(
    conn: Connection,
    login: Login,
    *,
    password_ok: bool,
    stronger: str | None = None,
    user_agent: str,
    now: datetime,
) -> Welcome:
    """Begin a session if the password was right, and keep a `stronger` hash of it.

    Raises Denied: `incorrect_login`, and, only to who knows the password,
    `registration_application_is_pending`. The banned may log in to read why, to take along what is
    theirs and to leave; `fedcom.web.html.request_context` sees to it that they do nothing else.
    """
    if login.person_id is None or not password_ok:
        raise incorrect_login()
    member = get_member(conn, login.person_id)
    if member.account.password_hash != login.password_hash or member.person.deleted_at:
        # Changed while the hash was being checked.
        raise incorrect_login()
    if member.account.state == "pending":
        raise Denied(
            "registration_application_is_pending", "Your application is still waiting for approval."
        )
    if stronger is not None:
        member = _strengthen(conn, member, stronger)
    forget_attempts(conn, login.attempts)
    token = create_session(conn, login.person_id, user_agent, now)
    return Welcome(member, token)


def _strengthen(conn: Connection, member: Member, stronger: str) -> Member:
    verified = member.account.password_hash
    if not replace_hash(conn, member.person.id, verified, stronger):
        raise incorrect_login()
    return replace(member, account=replace(member.account, password_hash=stronger))


def incorrect_login() -> Denied:
    """The one answer to a wrong name and to a wrong password."""
    return Denied("incorrect_login", "Wrong name or password.")
