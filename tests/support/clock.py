"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta


class SettableClock:
    """A `Clock`: returns the time it was set to (initially noon of 2026-01-01, UTC)."""

    def __init__(self, moment: datetime = datetime(2026, 1, 1, 12, tzinfo=UTC)) -> None:
        self._moment = moment

    def __call__(self) -> datetime:
        return self._moment

    def set(self, moment: datetime) -> None:
        """Set it to an aware datetime."""
        self._moment = moment.astimezone(UTC)

    def advance(self, **span: float) -> None:
        """Move it on, with timedelta's arguments: `advance(seconds=90)`, `advance(days=7)`."""
        self._moment += timedelta(**span)
