"""The rules of the site and of its communities, as lists."""

from dataclasses import dataclass

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from fedcom.db import BigId
from fedcom.models.base import metadata

rule = Table(
    "rule",
    metadata,
    Column("id", BigId, primary_key=True),
    # Null for the rules of the whole site.
    Column("community_id", BigId, ForeignKey("actor.id"), nullable=True),
    # Its number in the list, from 1.
    Column("position", Integer, nullable=False),
    # One line.
    Column("name", Text, nullable=False),
    Column("text_source", Text, nullable=False),
    Column("text_html", Text, nullable=False),
    Index("ix_rule_community_id", "community_id", "position"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its number, its short name, and a text that explains it, which may be empty."""

    id: int
    community_id: int | None
    position: int
    name: str
    text_source: str
    text_html: str
