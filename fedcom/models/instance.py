"""A number for each server of which an actor is known: apps name servers by numbers."""

from sqlalchemy import Column, Table, Text

from fedcom.db import BigId, UtcDateTime
from fedcom.models.base import metadata

instance = Table(
    "instance",
    metadata,
    # This server is the first.
    Column("id", BigId, primary_key=True),
    Column("host", Text, nullable=False, unique=True),
    Column("first_seen_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)
