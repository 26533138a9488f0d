"""Sessions: the tokens in members' cookies and in their apps. Only their hashes are stored.

An app's token is a JSON Web Token (`tokens`), as Lemmy's clients expect. It is valid for as long as
its session.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    update,
)

from activitypub.iri import host_of
from database.pruning import Outdated, outdated_in
from fedcom.accounts.tokens import is_genuine, make_secret, make_token
from fedcom.db import UtcDateTime
from fedcom.errors import NotFound
from fedcom.models.account import IS_ADMIN, Account, account, session
from fedcom.models.actor import Person, actor
from fedcom.models.base import columns_of, to_row
from fedcom.models.moderation import moderator, report
from fedcom.models.notification import notification
from fedcom.models.site import Site, site
from fedcom.queries.notifications import IS_SHOWN, WITH_SUBJECTS

IDLE = timedelta(days=30)
"""How long a session lasts without being used."""

ABSOLUTE = timedelta(days=180)
"""How long a session lasts at most, however much it is used."""

TOUCH_EVERY = timedelta(hours=1)
"""How often the last use of a session is stored, so that reading a page seldom writes."""

MAX_USER_AGENT = 300


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in browser or app."""

    id: int
    account_id: int
    user_agent: str
    is_app: bool
    created_at: datetime
    used_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The member that a token stands for."""

    session: Session
    account: Account
    person: Person
    # Their unread notifications.
    unread: int = 0
    # Open reports that they may resolve.
    reports: int = 0

    @property
    def is_admin(self) -> bool:
        """Whether they may run the instance."""
        return self.account.is_admin

    def is_untouched(self, now: datetime) -> bool:
        """Whether `touch_session` is due."""
        return now - self.session.used_at >= TOUCH_EVERY


_SESSION = columns_of(Session, session, prefix="session_")
_ACCOUNT = columns_of(Account, account, prefix="account_")
_PERSON = columns_of(Person, actor, prefix="person_")
_UNREAD = (
    select(func.count())
    .select_from(WITH_SUBJECTS)
    .where(
        notification.c.recipient_id == session.c.account_id,
        notification.c.read_at.is_(None),
        IS_SHOWN,
    )
    .correlate(session)
    .scalar_subquery()
)
_MODERATED = (
    select(func.count())
    .select_from(moderator.join(report, report.c.community_id == moderator.c.community_id))
    .where(moderator.c.person_id == session.c.account_id, report.c.resolved_at.is_(None))
    .correlate(session)
    .scalar_subquery()
)
_ALL_REPORTS = select(func.count()).where(report.c.resolved_at.is_(None)).scalar_subquery()
_REPORTS = case((IS_ADMIN, _ALL_REPORTS), else_=_MODERATED)
_SIGNED_IN = (*_SESSION, *_ACCOUNT, *_PERSON, _UNREAD.label("unread"), _REPORTS.label("reports"))
_OWNER = session.join(account, account.c.actor_id == session.c.account_id).join(
    actor, actor.c.id == session.c.account_id
)
_IS_ALIVE = and_(
    session.c.token_hash == bindparam("token"),
    session.c.expires_at > bindparam("now", type_=UtcDateTime),
    account.c.state == "active",
    actor.c.deleted_at.is_(None),
)
_SITE = columns_of(Site, site, prefix="site_")
# Every page for a member begins with this, so it is a single statement.
_SITE_AND_MEMBER = select(*_SITE, site.c.token_secret, *_SIGNED_IN).select_from(
    site.outerjoin(_OWNER, _IS_ALIVE)
)


def create_session(conn: Connection, account_id: int, user_agent: str, now: datetime) -> str:
    """Begin a session; its token (256 random bits, URL-safe), which is not stored."""
    token = secrets.token_urlsafe(32)
    values = {"account_id": account_id, "user_agent": user_agent, "is_app": False}
    _insert(conn, token, values, now)
    return token


def issue_token(conn: Connection, account_id: int, user_agent: str, now: datetime) -> str:
    """Begin a session of an app; its token, a JSON Web Token, which is not stored.

    Raises NotFound before the first start of the instance.
    """
    origin, secret = _get_signing(conn)
    token = make_token(secret, host_of(origin), account_id, now)
    values = {"account_id": account_id, "user_agent": user_agent, "is_app": True}
    _insert(conn, token, values, now)
    return token


def _insert(conn: Connection, token: str, values: dict[str, Any], now: datetime) -> None:
    agent = values["user_agent"][:MAX_USER_AGENT].replace("\0", "")
    times = {"created_at": now, "used_at": now, "expires_at": now + IDLE}
    conn.execute(
        insert(session).values(**values | times | {"token_hash": _hash(token), "user_agent": agent})
    )


def _get_signing(conn: Connection) -> tuple[str, str]:
    """The origin, and the secret that signs tokens, made when it is needed for the first time."""
    wanted = select(site.c.origin, site.c.token_secret)
    found = conn.execute(wanted).one_or_none()
    if found is None:
        raise NotFound("site_not_set_up", "This server has never been started.")
    if found.token_secret is None:
        # Of two processes that do this at the same time, the second keeps the secret of the first.
        unset = update(site).where(site.c.token_secret.is_(None))
        conn.execute(unset.values(token_secret=make_secret()))
        found = conn.execute(wanted).one()
    return found.origin, found.token_secret


def find_site_and_member(
    conn: Connection, token: str, now: datetime
) -> tuple[Site, SignedIn | None]:
    """This instance and the member that `token` stands for, in one statement; None for the member
    when there is no such session, it has ended, or its owner is deleted. Banned members are
    returned: they may export their data and delete their account.

    Only reads. When `is_untouched`, the caller has to call `touch_session` in a transaction. Raises
    NotFound before the first start of the instance.
    """
    wanted = {"token": _hash(token), "now": now}
    row = conn.execute(_SITE_AND_MEMBER, wanted).mappings().first()
    if row is None:
        raise NotFound("site_not_set_up", "This server has never been started.")
    signed_in = _to_signed_in(row) if _is_valid(row, token) else None
    return to_row(Site, row, "site_"), signed_in


def _is_valid(row: RowMapping, token: str) -> bool:
    """Whether there is a session with this token, and, if an app's, the token is signed by us."""
    if row["session_id"] is None:
        return False
    if not row["session_is_app"]:
        return True
    secret, host = row["token_secret"], host_of(row["site_origin"])
    return secret is not None and is_genuine(token, secret, host, row["session_account_id"])


def _to_signed_in(row: RowMapping) -> SignedIn:
    return SignedIn(
        to_row(Session, row, "session_"),
        to_row(Account, row, "account_"),
        to_row(Person, row, "person_"),
        unread=row["unread"],
        reports=row["reports"],
    )


def touch_session(conn: Connection, found: SignedIn, now: datetime) -> None:
    """Store that the session is in use, which prolongs it."""
    expires_at = min(now + IDLE, found.session.created_at + ABSOLUTE)
    conn.execute(
        update(session)
        .where(session.c.id == found.session.id)
        .values(used_at=now, expires_at=expires_at)
    )
    conn.execute(
        update(account).where(account.c.actor_id == found.account.actor_id).values(last_seen_at=now)
    )


def list_sessions(conn: Connection, account_id: int, now: datetime) -> list[Session]:
    """The open sessions of an account, the last used first."""
    rows = conn.execute(
        select(*columns_of(Session, session))
        .where(session.c.account_id == account_id, session.c.expires_at > now)
        .order_by(session.c.used_at.desc(), session.c.id.desc())
    ).mappings()
    return [to_row(Session, row) for row in rows]


def end_session(conn: Connection, token: str) -> None:
    """End the session with this token, if there is one."""
    conn.execute(delete(session).where(session.c.token_hash == _hash(token)))


def end_one_session(conn: Connection, account_id: int, session_id: int) -> bool:
    """End the session with this row id if it is one of the account's; whether it was."""
    ended = conn.execute(
        delete(session).where(session.c.id == session_id, session.c.account_id == account_id)
    )
    return ended.rowcount == 1


def end_all_sessions(conn: Connection, account_id: int, *, but: int | None = None) -> int:
    """End all sessions of the account, except the one with row id `but`; how many."""
    deletion = delete(session).where(session.c.account_id == account_id)
    if but is not None:
        deletion = deletion.where(session.c.id != but)
    return conn.execute(deletion).rowcount


def expired_sessions(now: datetime) -> Outdated:
    """The sessions that have expired."""
    return outdated_in(session, session.c.expires_at <= now)


def _hash(token: str) -> str:
    # The token is 256 random bits, so a fast hash without salt protects it as well as a slow one.
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
