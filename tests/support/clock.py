"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta


class SettableClock:
    """A `Clock`: called, it answers what it was set to (at first noon of 2026-01-01, UTC)."""

    def __init__(self, moment: datetime = datetime(2026, 1, 1, 12, tzinfo=UTC)) -> None:
        self._moment = moment

    def __call__(self) -> datetime:
        return self._moment

    def set(self, moment: datetime) -> None:
        """Move to an aware moment."""
        self._moment = moment.astimezone(UTC)

    def advance(self, **span: float) -> None:
        """Move on by a span in the words of timedelta: `advance(seconds=90)`, `advance(days=7)`."""
        self._moment += timedelta(**span)
