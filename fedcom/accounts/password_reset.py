"""Links to reset a forgotten password. Only their hashes are stored."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from database.pruning import Outdated, outdated_in
from fedcom.accounts.members import Member, get_member, set_password
from fedcom.errors import NotFound
from fedcom.models.account import password_reset
from fedcom.models.actor import actor

VALID = timedelta(hours=1)
"""How long a link is valid; it can be used once."""


NEW_ACCOUNT_VALID = timedelta(days=7)
"""The same for the first password of an account that an admin made."""


def create_reset(
    conn: Connection, account_id: int, now: datetime, *, valid: timedelta = VALID
) -> str:
    """The token of a new link (256 random bits, URL-safe).

    Older links stay valid, or a stranger could invalidate each one by requesting the next before
    its owner has read it; all end when one is used. Raises NotFound when there is no such account.
    """
    get_member(conn, account_id)
    token = secrets.token_urlsafe(32)
    conn.execute(
        insert(password_reset).values(
            token_hash=_hash(token),
            account_id=account_id,
            created_at=now,
            expires_at=now + valid,
        )
    )
    return token


def find_reset(conn: Connection, token: str, now: datetime) -> Member:
    """The member whose link it is. Raises NotFound("reset_unknown") for an invalid one."""
    member_id = conn.execute(
        select(password_reset.c.account_id)
        .join(actor, actor.c.id == password_reset.c.account_id)
        .where(
            password_reset.c.token_hash == _hash(token),
            password_reset.c.expires_at > now,
            actor.c.deleted_at.is_(None),
        )
    ).scalar()
    if member_id is None:
        raise NotFound(
            "reset_unknown",
            "This link has already been used or has expired. Request a new one.",
        )
    return get_member(conn, member_id)


def use_reset(conn: Connection, token: str, password_hash: str, now: datetime) -> Member:
    """Set this password and end the account's sessions and links; the member with it.

    Raises NotFound("reset_unknown").
    """
    member = find_reset(conn, token, now)
    # If the link is used twice at the same time, only one of the two finds the row.
    used = conn.execute(delete(password_reset).where(password_reset.c.token_hash == _hash(token)))
    if used.rowcount == 0:
        raise NotFound("reset_unknown", "This link has already been used. Request a new one.")
    set_password(conn, member.person.id, password_hash)
    return get_member(conn, member.person.id)


def expired_resets(now: datetime) -> Outdated:
    """The links that have expired."""
    return outdated_in(password_reset, password_reset.c.expires_at <= now)


def _hash(token: str) -> str:
    # The token is 256 random bits, so a fast hash without salt protects it as well as a slow one.
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
