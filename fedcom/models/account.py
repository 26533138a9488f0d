"""Local logins: passwords, second factors, roles, sessions, and the attempts that throttling
counts.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    false,
    literal_column,
    text,
    true,
)

from database.partial_indexes import partial_index
from fedcom.db import BigId, UtcDateTime
from fedcom.models.base import EMPTY, metadata

Theme = Literal["auto", "light", "dark"]
MailPace = Literal["soon", "daily", "weekly"]

account = Table(
    "account",
    metadata,
    Column("actor_id", BigId, ForeignKey("actor.id"), primary_key=True, autoincrement=False),
    Column("password_hash", Text, nullable=False),
    # Confirmed: for logging in and for mail.
    Column("email", Text, nullable=True, unique=True),
    # Typed and not confirmed; several accounts may name one address.
    Column("unconfirmed_email", Text, nullable=True),
    Column("role", Text, nullable=False),
    # 'pending' until an admin has approved the application.
    Column("state", Text, nullable=False),
    Column("application", Text, nullable=False, default=""),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=True),
    # The look of pages and the defaults of lists, for `Preferences`.
    Column("interface_language", Text, nullable=False, server_default=EMPTY),
    Column("theme", Text, nullable=False, server_default="auto"),
    # The name of an IANA time zone; "" for the browser's.
    Column("time_zone", Text, nullable=False, server_default=EMPTY),
    Column("front_scope", Text, nullable=False, server_default="subscribed"),
    Column("front_sort", Text, nullable=False, server_default="active"),
    Column("compact_lists", Boolean, nullable=False, server_default=false()),
    Column("show_nsfw", Boolean, nullable=False, server_default=false()),
    Column("show_read_posts", Boolean, nullable=False, server_default=true()),
    Column("show_bot_accounts", Boolean, nullable=False, server_default=true()),
    Column("keyboard_shortcuts", Boolean, nullable=False, server_default=true()),
    Column("flat_threads", Boolean, nullable=False, server_default=false()),
    # Of the posts in their lists, as codes separated by spaces; "" for all.
    Column("languages", Text, nullable=False, server_default=EMPTY),
    # What only apps read, as JSON: `AppPreferences`.
    Column("app_preferences", Text, nullable=False, server_default=text("'{}'")),
    Column("mail_notifications", Boolean, nullable=False, server_default=false()),
    Column("mail_pace", Text, nullable=False, server_default="soon"),
    # Of the daily or weekly mail, in the member's time zone.
    Column("mail_hour", Integer, nullable=False, server_default=text("8")),
    # When that mail is due; null: not known yet.
    Column("digest_at", UtcDateTime, nullable=True),
    # Mail and push messages quote private messages.
    Column("quotes_messages", Boolean, nullable=False, server_default=false()),
    # Changed to change the addresses of their private feeds.
    Column("feed_salt", Text, nullable=False, server_default=EMPTY),
    # The number of the last announcement that they dismissed.
    Column("dismissed_announcement", Integer, nullable=False, server_default=text("0")),
    # When the last mail about unread notifications was sent.
    Column("mailed_at", UtcDateTime, nullable=True),
    CheckConstraint("role IN ('admin', 'member')", name="role"),
    CheckConstraint("state IN ('active', 'pending')", name="state"),
    CheckConstraint("mail_pace IN ('soon', 'daily', 'weekly')", name="mail_pace"),
    partial_index("ix_account_admin", "actor_id", where="role = 'admin'"),
)

IS_ADMIN = account.c.role == literal_column("'admin'")
"""The condition that an account is an admin's, in which databases see that an index has those."""

session = Table(
    "session",
    metadata,
    Column("id", BigId, primary_key=True),
    # SHA-256 of the token: a stolen database opens no session.
    Column("token_hash", Text, nullable=False, unique=True),
    Column("account_id", BigId, ForeignKey("account.actor_id"), nullable=False),
    Column("user_agent", Text, nullable=False, default=""),
    # Its token is a JSON Web Token for an app, not the value of a cookie.
    Column("is_app", Boolean, nullable=False, server_default=false()),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("ix_session_account_id", "account_id"),
    sqlite_autoincrement=True,
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", BigId, primary_key=True),
    # The key of the counter, such as "login:ip:192.0.2.1" or "login:name:ann".
    Column("key", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_attempt_key_created_at", "key", "created_at"),
    sqlite_autoincrement=True,
)


# Anyone with the code may sign up, whatever the registration mode.
invitation = Table(
    "invitation",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("by_id", BigId, ForeignKey("actor.id"), nullable=False),
    Column("note", Text, nullable=False),
    Column("uses_left", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=True),
    Index("ix_invitation_by_id", "by_id"),
    sqlite_autoincrement=True,
)

# Who signed up with whose invitation; for admins.
invited_member = Table(
    "invited_member",
    metadata,
    Column("account_id", BigId, ForeignKey("account.actor_id"), primary_key=True),
    Column("by_id", BigId, ForeignKey("actor.id"), nullable=False),
    Index("ix_invited_member_by_id", "by_id"),
)

password_reset = Table(
    "password_reset",
    metadata,
    # SHA-256 of the token in the link.
    Column("token_hash", Text, primary_key=True),
    Column("account_id", BigId, ForeignKey("account.actor_id"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("ix_password_reset_account_id", "account_id"),
)

# What an admin decided about an application; the account of a denied one stays 'pending' until it
# is deleted a month later (fedcom.accounts.applications).
application_decision = Table(
    "application_decision",
    metadata,
    Column("account_id", BigId, ForeignKey("account.actor_id"), primary_key=True),
    # Null after the admin has been purged.
    Column("admin_id", BigId, ForeignKey("actor.id"), nullable=True),
    Column("approved", Boolean, nullable=False),
    # Shown to the applicant.
    Column("deny_reason", Text, nullable=False, server_default=EMPTY),
    Column("decided_at", UtcDateTime, nullable=False),
    Index("ix_application_decision_admin_id", "admin_id"),
    Index("ix_application_decision_decided_at", "decided_at"),
)

# The secret that a member's authenticator app has, too.
two_factor = Table(
    "two_factor",
    metadata,
    Column("account_id", BigId, ForeignKey("account.actor_id"), primary_key=True),
    # Encrypted with the instance's secret (fedcom.remote.keys), never in the clear.
    Column("encrypted_secret", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # Null until its first code: without that, log-ins need none.
    Column("confirmed_at", UtcDateTime, nullable=True),
    # The step of the last code that was used, in units of 30 seconds since 1970.
    Column("used_step", Integer, nullable=False),
)

# For members who have lost that app; each counts once.
recovery_code = Table(
    "recovery_code",
    metadata,
    Column("account_id", BigId, ForeignKey("account.actor_id"), primary_key=True),
    # SHA-256 of the code.
    Column("code_hash", Text, primary_key=True),
)


# The public keys with which members log in (fedcom.accounts.passkeys).
passkey = Table(
    "passkey",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("account_id", BigId, ForeignKey("account.actor_id"), nullable=False),
    # In base64url, as browsers name it.
    Column("credential_id", Text, nullable=False, unique=True),
    # In COSE's format.
    Column("public_key", LargeBinary, nullable=False),
    # Of its last use; 0 for devices that do not count.
    Column("sign_count", BigId, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime, nullable=True),
    Index("ix_passkey_account_id", "account_id"),
    sqlite_autoincrement=True,
)

# What a device is to sign; each is answered once.
passkey_challenge = Table(
    "passkey_challenge",
    metadata,
    # SHA-256 of the challenge.
    Column("digest", Text, primary_key=True),
    # For adding a passkey to this account; null: for logging in.
    Column("account_id", BigId, ForeignKey("account.actor_id"), nullable=True),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("ix_passkey_challenge_account_id", "account_id"),
)

# Each is answered once; kept for as long as it would be valid.
used_captcha = Table(
    "used_captcha",
    metadata,
    # SHA-256 of the ticket.
    Column("digest", Text, primary_key=True),
    Column("expires_at", UtcDateTime, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Decision:
    """An admin's decision about an application; `deny_reason` may be "", also for a denial."""

    account_id: int
    admin_id: int | None
    approved: bool
    deny_reason: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """The login of a local person."""

    actor_id: int
    password_hash: str
    email: str | None
    unconfirmed_email: str | None
    role: Literal["admin", "member"]
    state: Literal["active", "pending"]
    application: str
    created_at: datetime
    last_seen_at: datetime | None
    interface_language: str
    theme: Theme
    time_zone: str
    front_scope: str
    front_sort: str
    compact_lists: bool
    show_nsfw: bool
    show_read_posts: bool
    show_bot_accounts: bool
    keyboard_shortcuts: bool
    flat_threads: bool
    languages: str
    app_preferences: str
    mail_notifications: bool
    mail_pace: MailPace
    mail_hour: int
    quotes_messages: bool
    dismissed_announcement: int

    @property
    def contact(self) -> str | None:
        """The address to reach the member at: the confirmed one, else the unconfirmed one."""
        return self.email or self.unconfirmed_email

    @property
    def is_admin(self) -> bool:
        """Whether they may run the instance."""
        return self.role == "admin"
