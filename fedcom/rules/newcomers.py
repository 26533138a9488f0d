"""Newcomers: the people whom others may welcome, and help."""

from datetime import datetime, timedelta

NEW_FOR = timedelta(days=30)
"""How long somebody is new. On a server that is younger itself, everybody would be."""


def is_newcomer(joined_at: datetime, site_since: datetime, now: datetime) -> bool:
    """Whether someone who joined then is new at `now`, on a server that exists since then."""
    return now - joined_at < NEW_FOR <= now - site_since
