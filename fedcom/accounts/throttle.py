"""Counts attempts, to stop guessing and flooding.

An attempt is counted before its outcome is known, and forgotten if it succeeds: so no more than the
limit are tried, however many arrive at the same time.
"""

import hashlib
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, delete, false, func, insert, or_, select, text

from database.pruning import Outdated, outdated_in
from fedcom.catalogues import mark
from fedcom.errors import Duration, TooMany
from fedcom.models.account import attempt


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `tries` attempts within `window`."""

    name: str
    tries: int
    window: timedelta


# Log-ins (docs/decisions/0031). Numbers without a reason beside them are Mastodon's
# (config/initializers/rack_attack.rb).
SIGN_IN_BY_ADDRESS = Limit("login:ip", 25, timedelta(minutes=5))
# One name from one address: a stranger who fails locks nobody else out.
SIGN_IN_BY_PAIR = Limit("login:pair", 20, timedelta(hours=1))
# One name from all addresses, without the devices below: how often many addresses together may
# guess. No owner is wrong that often, and ten characters withstand 2,400 guesses a day.
SIGN_IN_BY_NAME = Limit("login:name", 100, timedelta(hours=1))
# A device on which the account has logged in before is counted by itself only.
SIGN_IN_BY_DEVICE = Limit("login:device", 25, timedelta(hours=1))

# Codes of two-factor authentication, by those who know the password. Three codes are right at a
# time, so 480 guesses a day find one in two years.
CODE_BY_PAIR = Limit("code:pair", 10, timedelta(hours=1))
CODE_BY_ACCOUNT = Limit("code:account", 20, timedelta(hours=1))
CODE_BY_DEVICE = Limit("code:device", 10, timedelta(hours=1))

# Log-ins with passkeys, which cannot be guessed: each stores what is to be signed.
PASSKEY_BY_ADDRESS = Limit("passkey:ip", 60, timedelta(minutes=5))

SIGN_UP_BY_ADDRESS = Limit("signup:ip", 25, timedelta(minutes=5))
# Every account uses up a name for ever. A school class that joins together can be invited.
ACCOUNTS_BY_ADDRESS = Limit("signup:made", 20, timedelta(days=1))

# A recording takes 300 ms of CPU.
RECORDINGS_BY_ADDRESS = Limit("captcha:ip", 20, timedelta(minutes=10))

RESET_BY_ADDRESS = Limit("reset:ip", 25, timedelta(minutes=5))
RESET_BY_PAIR = Limit("reset:pair", 5, timedelta(minutes=30))
# Mails to one member, wherever they are requested from.
RESET_BY_ACCOUNT = Limit("reset:account", 5, timedelta(minutes=30))

# Mails to one address, whoever entered it.
CONFIRMATIONS_BY_RECIPIENT = Limit("letter:confirm", 5, timedelta(days=1))

# Mails that a member who cannot log in yet requests, to whichever address.
CONFIRMATIONS_BY_ACCOUNT = Limit("letter:account", 10, timedelta(days=1))

# A search costs more than a page, and a crawler that follows all links makes many.
SEARCH_BY_ADDRESS = Limit("search:ip", 30, timedelta(minutes=1))

# Nobody types faster.
COMPLETIONS_BY_MEMBER = Limit("complete:member", 120, timedelta(minutes=1))

LIMITS = (
    *(SIGN_IN_BY_ADDRESS, SIGN_IN_BY_PAIR, SIGN_IN_BY_NAME, SIGN_IN_BY_DEVICE),
    *(CODE_BY_PAIR, CODE_BY_ACCOUNT, CODE_BY_DEVICE, PASSKEY_BY_ADDRESS),
    *(SIGN_UP_BY_ADDRESS, ACCOUNTS_BY_ADDRESS),
    *(RECORDINGS_BY_ADDRESS, RESET_BY_ADDRESS, RESET_BY_PAIR, RESET_BY_ACCOUNT),
    *(CONFIRMATIONS_BY_RECIPIENT, CONFIRMATIONS_BY_ACCOUNT, SEARCH_BY_ADDRESS),
    COMPLETIONS_BY_MEMBER,
)
"""The limits of this file; those for members' actions are in `rate_limits`."""

_TOO_MANY = mark("Too many attempts. Try again in %(wait)s.")


def count_attempt(
    conn: Connection,
    limit: Limit,
    who: str,
    now: datetime,
    *,
    refusal: str = _TOO_MANY,
    **facts: object,
) -> int:
    """Count one attempt of `who`; its id, for `forget_attempts`.

    Raises TooMany, counting nothing, when the limit is reached; its `retry_after` (seconds) is when
    the oldest counted attempt leaves the window, its text `refusal`, a template that may use
    `wait`, `tries`, `window` and `facts`.
    """
    key = f"{limit.name}:{who}"
    _take_turns(conn, key)
    counted, oldest = conn.execute(
        select(func.count(), func.min(attempt.c.created_at)).where(
            attempt.c.key == key, attempt.c.created_at > now - limit.window
        )
    ).one()
    if counted >= limit.tries:
        wait = max((oldest + limit.window - now).total_seconds(), 1.0)
        facts |= {
            "wait": Duration(timedelta(seconds=wait)),
            "tries": limit.tries,
            "window": Duration(limit.window),
        }
        raise TooMany("rate_limit_error", refusal, retry_after=wait, **facts)
    return int(
        conn.execute(
            insert(attempt).values(key=key, created_at=now).returning(attempt.c.id)
        ).scalar_one()
    )


def _take_turns(conn: Connection, key: str) -> None:
    """Lock this key until the transaction ends, or two at the same time would both count one too
    few.

    SQLite has one writer at a time anyway.
    """
    if conn.dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], signed=True)
        conn.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def forget_attempts(conn: Connection, numbers: tuple[int, ...]) -> None:
    """Forget these attempts, because they succeeded."""
    conn.execute(delete(attempt).where(attempt.c.id.in_(numbers)))


def old_attempts(limits: Iterable[Limit], now: datetime) -> Outdated:
    """The attempts that are too old for these limits."""
    old = (
        and_(
            attempt.c.key.startswith(f"{limit.name}:", autoescape=True),
            attempt.c.created_at <= now - limit.window,
        )
        for limit in limits
    )
    return outdated_in(attempt, or_(false(), *old))


def name_key(name_or_email: str) -> str:
    """The key under which an account is counted: what was typed, not whose it is.

    Counting a name and an e-mail address together would reveal that they belong to one account, and
    counting unknown names differently would reveal the known ones. It is hashed, because people
    type passwords here by mistake.
    """
    typed = name_or_email.strip().lower().encode("utf-8", "replace")
    return hashlib.sha256(typed).hexdigest()[:32]


def address_key(address: str) -> str:
    """The key under which a client is counted: an IPv4 address, or the /64 of an IPv6 address.

    A household has a whole /64, so counting single addresses would have no effect. Anything that
    is not an address is its own key.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:100]
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed), 64), strict=False))
