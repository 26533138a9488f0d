"""What admins decorate the site with: taglines, and custom emoji."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Table, Text

from fedcom.db import BigId, UtcDateTime
from fedcom.models.base import metadata

# Short texts, one of which is above the front page.
tagline = Table(
    "tagline",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("source", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)

custom_emoji = Table(
    "custom_emoji",
    metadata,
    Column("id", BigId, primary_key=True),
    # Without the colons that surround it in texts.
    Column("shortcode", Text, nullable=False, unique=True),
    Column("image_url", Text, nullable=False),
    Column("alt", Text, nullable=False),
    Column("category", Text, nullable=False),
    # Separated by spaces.
    Column("keywords", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=True),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class Tagline:
    """A short text by the admins."""

    id: int
    source: str
    html: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CustomEmoji:
    """A picture that `:shortcode:` stands for in members' texts."""

    id: int
    shortcode: str
    image_url: str
    alt: str
    category: str
    keywords: str
    created_at: datetime
    updated_at: datetime | None
