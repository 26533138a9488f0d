"""Signing in, in three steps, because the slow one must not hold a transaction:

1. `begin_sign_in` in a transaction: is there an attempt left? It is counted at once;
2. `passwords.check_password(login.password_hash, password)` in a thread;
3. `finish_sign_in` in a transaction: a session, and the attempt is forgotten; or `incorrect_login`
   is raised, and the attempt stays counted.

Whoever fails learns nothing about whether the account exists, neither by words nor by time.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from fedcom.accounts.roster import Member, find_member, get_member
from fedcom.accounts.sessions import create_session
from fedcom.accounts.throttle import (
    SIGN_IN_BY_ACCOUNT,
    SIGN_IN_BY_ADDRESS,
    address_key,
    count_attempt,
    forget_attempts,
)
from fedcom.errors import Denied
from fedcom.rules.permissions import why_banned


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


def begin_sign_in(conn: Connection, name_or_email: str, address: str, now: datetime) -> Login:
    """Count an attempt to sign in from `address` (the client's IP address) and find the account.

    Raises TooMany when the address or the account has had too many that failed.
    """
    member = find_member(conn, name_or_email)
    # Unknown names are counted like known ones, or the limit would tell which are known.
    who = f"{member.person.id}" if member else f"?{name_or_email.strip().lower()[:100]!a}"
    attempts = (
        count_attempt(conn, SIGN_IN_BY_ADDRESS, address_key(address), now),
        count_attempt(conn, SIGN_IN_BY_ACCOUNT, who, now),
    )
    if member is None:
        return Login(None, None, attempts)
    return Login(member.person.id, member.account.password_hash, attempts)


def finish_sign_in(
    conn: Connection, login: Login, *, password_ok: bool, user_agent: str, now: datetime
) -> Welcome:
    """Begin a session if the password was right.

    Raises Denied: `incorrect_login`, and, only to who knows the password,
    `registration_application_is_pending` or `site_ban`.
    """
    if login.person_id is None or not password_ok:
        raise incorrect_login()
    member = get_member(conn, login.person_id)
    if member.account.password_hash != login.password_hash or member.person.deleted_at:
        # Changed while the hash was being checked.
        raise incorrect_login()
    if member.account.state == "pending":
        raise Denied("registration_application_is_pending", "An admin has not approved you yet.")
    if member.person.is_banned(now):
        why = why_banned(member.person.ban_reason, member.person.ban_expires_at)
        raise Denied("site_ban", "You are banned here. %(why)s", why=why)
    forget_attempts(conn, login.attempts)
    token = create_session(conn, login.person_id, user_agent, now)
    return Welcome(member, token)


def incorrect_login() -> Denied:
    """The one answer to a wrong name and to a wrong password."""
    return Denied("incorrect_login", "Name or password is wrong.")
