"""The time, as a value that is passed in, so that callers control it."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the present moment as an aware datetime in UTC."""


def utc_now() -> datetime:
    """The machine's clock: the present moment, aware, in UTC."""
    return datetime.now(UTC)
