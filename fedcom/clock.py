"""The time, as a value that is passed in: nothing asks the machine behind its caller's back."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Answers the present moment as an aware datetime in UTC."""


def utc_now() -> datetime:
    """The machine's clock: the present moment, aware, in UTC."""
    return datetime.now(UTC)
