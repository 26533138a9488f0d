"""Other servers: their software, and whether the admin has blocked them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, Column, Table, Text

from fedcom.db import UtcDateTime
from fedcom.models.base import EMPTY, metadata

peer = Table(
    "peer",
    metadata,
    Column("host", Text, primary_key=True),
    # As in NodeInfo, lower case; null if it was never reached.
    Column("software", Text, nullable=True),
    Column("version", Text, nullable=True),
    Column("reached", Boolean, nullable=False, default=False),
    Column("checked_at", UtcDateTime, nullable=False),
)

instance_block = Table(
    "instance_block",
    metadata,
    Column("host", Text, primary_key=True),
    Column("reason", Text, nullable=False, default=""),
    Column("created_at", UtcDateTime, nullable=False),
    # The list that it came from (`block_list.name`); "" if an admin chose it.
    Column("list_name", Text, nullable=False, server_default=EMPTY),
)


@dataclass(frozen=True, slots=True)
class Peer:
    """One other server, as it described itself in NodeInfo."""

    host: str
    software: str | None
    version: str | None
    reached: bool
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class InstanceBlock:
    """A server that the admin has blocked, with its subdomains."""

    host: str
    reason: str
    created_at: datetime
    list_name: str
