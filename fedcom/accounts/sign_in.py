"""Logging in, in three steps, because the slow one must not hold a transaction:

1. `begin_sign_in` in a transaction checks that an attempt is left, and counts it;
2. `passwords.check_password(login.password_hash, password)` in a thread, and if it is right
   `passwords.stronger_hash`: only during a log-in is the password at hand;
3. `finish_sign_in` in a transaction begins a session and forgets the attempt, or raises
   `incorrect_login`, and the attempt stays counted.

With two-factor authentication, the third returns `CodeNeeded`, and two more follow: `begin_code`
counts an attempt at the code, and `finish_code` begins the session. A passkey takes the place of
all of them: `begin_passkey`, `passkeys.take_challenge`, `finish_passkey`.

A failure does not reveal whether the account exists, neither by its text nor by its duration.

Failures are counted by name and address together, by address, and by name. A device on which the
account has logged in before is counted by itself only, so that no stranger can lock its owner out
(OWASP, "Slow Down Online Guessing Attacks with Device Cookies").
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, select

from fedcom.accounts.applications import refuse_applicant
from fedcom.accounts.members import Member, find_member, get_member, replace_hash
from fedcom.accounts.passkeys import Answer, use_passkey
from fedcom.accounts.sessions import create_session, issue_token
from fedcom.accounts.throttle import (
    CODE_BY_ACCOUNT,
    CODE_BY_DEVICE,
    CODE_BY_PAIR,
    PASSKEY_BY_ADDRESS,
    SIGN_IN_BY_ADDRESS,
    SIGN_IN_BY_DEVICE,
    SIGN_IN_BY_NAME,
    SIGN_IN_BY_PAIR,
    address_key,
    count_attempt,
    forget_attempts,
    name_key,
)
from fedcom.accounts.two_factor import has_two_factor, use_code
from fedcom.catalogues import mark
from fedcom.context import Context
from fedcom.errors import Denied
from fedcom.models.account import Account
from fedcom.models.site import site
from fedcom.remote.keys import KeyCipher

_TOO_MANY = mark("Too many wrong passwords. Try again in %(wait)s, or reset your password.")
_TOO_MANY_CODES = mark("Too many wrong codes. Try again in %(wait)s.")


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
class Start:
    """What is to begin: a session of a browser, or of an app, with its User-Agent."""

    user_agent: str
    is_app: bool = False
    # Whether this server could send a link that confirms an address.
    sends_mail: bool = False


@dataclass(frozen=True, slots=True)
class CodeNeeded:
    """The password of this member was right; a code has to follow."""

    member: Member


@dataclass(frozen=True, slots=True)
class EmailNeeded:
    """This member has shown who they are, but the site requires a confirmed e-mail address."""

    member: Member


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
    ctx: Context,
    login: Login,
    start: Start,
    *,
    password_ok: bool,
    stronger: str | None = None,
) -> NewSession | CodeNeeded | EmailNeeded:
    """Begin a session if the password was right and is enough, and store a `stronger` hash of it.

    Raises Denied: `incorrect_login`, and, only if the password was right,
    `registration_application_is_pending`, `registration_denied`, and for apps `site_ban`. On the
    pages, banned members may log in to read the reason, to export their data and to delete their
    account.
    """
    member = _accept_password(ctx.conn, login, password_ok=password_ok, stronger=stronger)
    if has_two_factor(ctx.conn, member.person.id):
        return CodeNeeded(member)
    return begin_session(ctx, member, start)


def _accept_password(
    conn: Connection, login: Login, *, password_ok: bool, stronger: str | None
) -> Member:
    if login.person_id is None or not password_ok:
        raise incorrect_login()
    member = get_member(conn, login.person_id)
    if member.account.password_hash != login.password_hash or member.person.deleted_at:
        # The password was changed while the hash was being checked.
        raise incorrect_login()
    if member.account.state == "pending":
        refuse_applicant(conn, member.person.id)
    if stronger is not None:
        member = _strengthen(conn, member, stronger)
    forget_attempts(conn, login.attempts)
    return member


def begin_code(
    conn: Connection, account: Account, client: Client, now: datetime
) -> tuple[int, ...]:
    """Count an attempt at the code of an account whose password was right; its ids.

    Raises TooMany after too many failures.
    """
    whose, device = account.actor_id, client.device_of(account)
    limits = [(CODE_BY_DEVICE, device)]
    if not device:
        limits = [
            (CODE_BY_PAIR, f"{whose} {address_key(client.address)}"),
            (CODE_BY_ACCOUNT, f"{whose}"),
        ]
    return tuple(
        count_attempt(conn, limit, who, now, refusal=_TOO_MANY_CODES) for limit, who in limits
    )


@dataclass(frozen=True, slots=True)
class SecondStep:
    """A counted attempt at a code: of this member, as of the first step."""

    member: Member
    code: str
    attempts: tuple[int, ...]


def finish_code(
    ctx: Context, cipher: KeyCipher, step: SecondStep, start: Start
) -> NewSession | EmailNeeded:
    """Begin a session if the code is right.

    Raises Denied: what `use_code` raises, `incorrect_login` if the account has changed since the
    first step, and for apps `site_ban`.
    """
    member = get_member(ctx.conn, step.member.person.id)
    is_same = member.account.password_hash == step.member.account.password_hash
    if not is_same or member.account.state != "active" or member.person.deleted_at:
        raise incorrect_login()
    use_code(ctx, cipher, member.person.id, step.code)
    forget_attempts(ctx.conn, step.attempts)
    return begin_session(ctx, member, start)


def begin_passkey(conn: Connection, client: Client, now: datetime) -> None:
    """Count a log-in with a passkey, before anything is stored for it. Raises TooMany."""
    count_attempt(conn, PASSKEY_BY_ADDRESS, address_key(client.address), now)


def finish_passkey(ctx: Context, answer: Answer, start: Start) -> NewSession | EmailNeeded:
    """Begin a session with a passkey, which is both factors at once.

    Raises Denied: what `use_passkey` raises, `registration_application_is_pending`,
    `registration_denied`.
    """
    member = get_member(ctx.conn, use_passkey(ctx, answer))
    if member.person.deleted_at:
        raise incorrect_login()
    if member.account.state == "pending":
        refuse_applicant(ctx.conn, member.person.id)
    return begin_session(ctx, member, start)


def begin_session(ctx: Context, member: Member, start: Start) -> NewSession | EmailNeeded:
    """Begin a session of a member who has shown who they are, unless the site requires a confirmed
    e-mail address first (as Lemmy's `require_email_verification` does, for all but admins). Where
    no mail can be sent, it cannot be required.

    Raises Denied("site_ban") for a banned member's app, because the API has nothing for them.
    """
    if start.sends_mail and _lacks_email(ctx.conn, member.account):
        return EmailNeeded(member)
    account, agent = member.account.actor_id, start.user_agent
    if not start.is_app:
        return NewSession(member, create_session(ctx.conn, account, agent, ctx.now))
    if member.person.is_banned(ctx.now):
        raise Denied("site_ban", "You are banned from this server.")
    return NewSession(member, issue_token(ctx.conn, account, agent, ctx.now))


def _lacks_email(conn: Connection, login: Account) -> bool:
    if login.email is not None or login.is_admin:
        return False
    return conn.execute(select(site.c.requires_confirmed_email)).scalar() is True


def _strengthen(conn: Connection, member: Member, stronger: str) -> Member:
    verified = member.account.password_hash
    if not replace_hash(conn, member.person.id, verified, stronger):
        raise incorrect_login()
    return replace(member, account=replace(member.account, password_hash=stronger))


def email_unconfirmed() -> Denied:
    """The error for a log-in without the confirmed e-mail address that the site requires."""
    return Denied("email_not_verified", "Confirm your e-mail address first.")


def incorrect_login() -> Denied:
    """The error for a wrong name and for a wrong password alike."""
    return Denied("incorrect_login", "Wrong name or password.")
