"""Queued mail: written in the transaction that sends it, deleted once it is sent."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Index, Integer, Table, Text

from fedcom.db import BigId, UtcDateTime
from fedcom.models.base import EMPTY, metadata

mail = Table(
    "mail",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("recipient", Text, nullable=False),
    Column("subject", Text, nullable=False),
    # May hold a link that opens an account, so no mail is kept.
    Column("body", Text, nullable=False),
    # The same as a page; "" for mail that is plain text only.
    Column("html", Text, nullable=False, server_default=EMPTY),
    # The address that ends mail of this kind (RFC 8058); "" for mail that was asked for.
    Column("unsubscribe_url", Text, nullable=False, server_default=EMPTY),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Index("ix_mail_due_at", "due_at"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class Mail:
    """One queued mail."""

    id: int
    recipient: str
    subject: str
    body: str
    html: str
    unsubscribe_url: str
    tries: int
    created_at: datetime
    due_at: datetime
