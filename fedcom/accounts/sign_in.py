"""Logging in, in three steps, because the slow one must not hold a transaction:

1. `begin_sign_in` in a transaction checks that an attempt is left, and counts it;
2. `passwords.check_password(login.password_hash, password)` in a thread, and if it is right
   `passwords.stronger_hash`: only during a log-in is the password at hand;
3. `finish_sign_in` in a transaction begins a session and forgets the attempt, or raises
   `incorrect_login`, and the attempt stays counted.

A failure does not reveal whether the account exists, neither by its text nor by its duration.

Failures are counted by name and address together, by address, and by name. A device on which the
account has logged in before is counted by itself only, so that no stranger can lock its owner out
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
    """The default for `Client.device`: no known device."""
    return ""


@dataclass(frozen=True, slots=True)
class Client:
    """Where an attempt comes from: the IP address, and the device, if it has logged in to the
    account before; "" if it has not.
    """

    address: str
    device_of: Callable[[Account], str] = no_device


@dataclass(frozen=True, slots=True)
class Login:
    """An attempt to log in that is counted and not yet decided."""

    person_id: int | None
    password_hash: str | None
    attempts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NewSession:
    """The member who has logged in, and the token of the new session."""

    member: Member
    token: str


def begin_sign_in(conn: Connection, name_or_email: str, client: Client, now: datetime) -> Login:
    """Count an attempt to log in and find the account.

    Raises TooMany after too many failures.
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
) -> NewSession:
    """Begin a session if the password was right, and store a `stronger` hash of it.

    Raises Denied: `incorrect_login`, and, only if the password was right,
    `registration_application_is_pending`. Banned members may log in to read the reason, to export
    their data and to delete their account; the interfaces permit nothing else.
    """
    if login.person_id is None or not password_ok:
        raise incorrect_login()
    member = get_member(conn, login.person_id)
    if member.account.password_hash != login.password_hash or member.person.deleted_at:
        # The password was changed while the hash was being checked.
        raise incorrect_login()
    if member.account.state == "pending":
        raise Denied(
            "registration_application_is_pending", "Your application is still waiting for approval."
        )
    if stronger is not None:
        member = _strengthen(conn, member, stronger)
    forget_attempts(conn, login.attempts)
    token = create_session(conn, login.person_id, user_agent, now)
    return NewSession(member, token)


def _strengthen(conn: Connection, member: Member, stronger: str) -> Member:
    verified = member.account.password_hash
    if not replace_hash(conn, member.person.id, verified, stronger):
        raise incorrect_login()
    return replace(member, account=replace(member.account, password_hash=stronger))


def incorrect_login() -> Denied:
    """The error for a wrong name and for a wrong password alike."""
    return Denied("incorrect_login", "Wrong name or password.")
