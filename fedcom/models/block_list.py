"""Lists of servers to block: those that an admin uploaded, and those fetched from an address."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, Column, ForeignKey, Table, Text, false

from fedcom.db import BigId, UtcDateTime
from fedcom.models.base import EMPTY, metadata

block_list = Table(
    "block_list",
    metadata,
    Column("id", BigId, primary_key=True),
    # `instance_block.list_name` refers to it, also when the list is gone.
    Column("name", Text, nullable=False, unique=True),
    # Null for an upload, which lasts until all of it was decided on.
    Column("url", Text, nullable=True, unique=True),
    # Its changes need no admin.
    Column("is_automatic", Boolean, nullable=False, server_default=false()),
    # Of the version that the entries are from.
    Column("etag", Text, nullable=False, server_default=EMPTY),
    # JSON: the lines that are not entries, as [number, text, why].
    Column("skipped", Text, nullable=False, server_default="[]"),
    # When it was last asked for, and when that last succeeded.
    Column("asked_at", UtcDateTime, nullable=True),
    Column("fetched_at", UtcDateTime, nullable=True),
    # Why the last attempt failed, in English; "" if it did not.
    Column("problem", Text, nullable=False, server_default=EMPTY),
    Column("created_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)

block_list_entry = Table(
    "block_list_entry",
    metadata,
    Column("list_id", BigId, ForeignKey("block_list.id"), primary_key=True),
    Column("host", Text, primary_key=True),
    Column("reason", Text, nullable=False, server_default=EMPTY),
    # An admin decided against it.
    Column("is_declined", Boolean, nullable=False, server_default=false()),
)


@dataclass(frozen=True, slots=True)
class BlockList:
    """A list of servers to block, without its entries."""

    id: int
    name: str
    url: str | None
    is_automatic: bool
    etag: str
    skipped: str
    asked_at: datetime | None
    fetched_at: datetime | None
    problem: str
    created_at: datetime
