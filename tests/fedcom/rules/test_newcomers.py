from datetime import UTC, datetime, timedelta

from fedcom.rules.newcomers import NEW_FOR, is_newcomer

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=400)
MOMENT = timedelta(seconds=1)


def test_somebody_is_new_for_a_month() -> None:
    assert is_newcomer(NOW - NEW_FOR + MOMENT, LONG_AGO, NOW)
    assert not is_newcomer(NOW - NEW_FOR, LONG_AGO, NOW)


def test_nobody_is_new_on_a_server_that_is_new_itself() -> None:
    assert is_newcomer(NOW, NOW - NEW_FOR, NOW)
    assert not is_newcomer(NOW, NOW - NEW_FOR + MOMENT, NOW)
