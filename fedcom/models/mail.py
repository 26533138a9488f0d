"""Queued mail: written in the transaction that sends it, deleted once it is sent."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Index, Integer, Table, Text

from fedcom.db import BigId, UtcDateTime
from fedcom.models.base import metadata

mail = Table(
    "mail",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("recipient", Text, nullable=False),
    Column("subject", Text, nullable=False),
    # May hold a link that opens an account, so no mail is kept.
    Column("body", Text, nullable=False),
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
    tries: int
    created_at: datetime
    due_at: datetime
