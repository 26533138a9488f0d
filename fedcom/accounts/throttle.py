"""Attempts that are counted, so that guessing and mass sign-ups end soon.

An attempt is counted before its outcome is known and forgotten when it was a good one: however many
come at once, no more than the limit are tried (on PostgreSQL and at the very limit a few more: as
many as are written in the same moment).
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select

from fedcom.errors import TooMany
from fedcom.models.account import attempt


@dataclass(frozen=True, slots=True)
class Limit:
    """So many attempts (`tries`) within `window`."""

    name: str
    tries: int
    window: timedelta


# The numbers are Mastodon's (config/initializers/rack_attack.rb).
SIGN_IN_BY_ADDRESS = Limit("login:ip", 25, timedelta(minutes=5))
SIGN_IN_BY_ACCOUNT = Limit("login:name", 25, timedelta(hours=1))
SIGN_UP_BY_ADDRESS = Limit("signup:ip", 25, timedelta(minutes=5))
RESET_BY_ADDRESS = Limit("reset:ip", 25, timedelta(minutes=5))
RESET_BY_ACCOUNT = Limit("reset:name", 5, timedelta(minutes=30))

# A search costs more than a page, and whoever walks through all our links asks for many.
SEARCH_BY_ADDRESS = Limit("search:ip", 30, timedelta(minutes=1))

# What a member has fetched from other servers: handles, addresses, the titles of pages.
LOOK_UPS = Limit("lookup", 60, timedelta(minutes=5))

UPLOADS = Limit("upload", 60, timedelta(hours=1))

_LIMITS = (
    *(SIGN_IN_BY_ADDRESS, SIGN_IN_BY_ACCOUNT, SIGN_UP_BY_ADDRESS),
    *(RESET_BY_ADDRESS, RESET_BY_ACCOUNT, SEARCH_BY_ADDRESS, LOOK_UPS, UPLOADS),
)
_LONGEST_WINDOW = max(limit.window for limit in _LIMITS)


def count_attempt(conn: Connection, limit: Limit, who: str, now: datetime) -> int:
    """Count one attempt of `who`; its id, for `forget_attempts`.

    Raises TooMany, counting nothing, when the limit is reached; `retry_after` (seconds) is when the
    oldest attempt that counts falls out of the window.
    """
    key = f"{limit.name}:{who}"
    counted, oldest = conn.execute(
        select(func.count(), func.min(attempt.c.created_at)).where(
            attempt.c.key == key, attempt.c.created_at > now - limit.window
        )
    ).one()
    if counted >= limit.tries:
        wait = max((oldest + limit.window - now).total_seconds(), 1.0)
        raise TooMany("rate_limit_error", "Too many attempts. Try again later.", retry_after=wait)
    return int(
        conn.execute(
            insert(attempt).values(key=key, created_at=now).returning(attempt.c.id)
        ).scalar_one()
    )


def forget_attempts(conn: Connection, numbers: tuple[int, ...]) -> None:
    """Let these attempts not have been: they were good ones."""
    conn.execute(delete(attempt).where(attempt.c.id.in_(numbers)))


def prune_attempts(conn: Connection, now: datetime) -> int:
    """Delete the attempts that no limit counts any more; how many they were."""
    return conn.execute(
        delete(attempt).where(attempt.c.created_at <= now - _LONGEST_WINDOW)
    ).rowcount


def address_key(address: str) -> str:
    """What is counted as one client: an IPv4 address, or the /64 of an IPv6 one.

    A household has a whole /64, so counting single addresses would count nothing. What is no
    address is counted as it is.
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
