from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from fedcom.rules.mail_times import next_mail_time

BERLIN = ZoneInfo("Europe/Berlin")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("after", "at"),
    [
        ("2030-01-05T06:59", "2030-01-05T07:00"),
        ("2030-01-05T07:00", "2030-01-06T07:00"),
        ("2030-01-05T23:30", "2030-01-06T07:00"),  # the 6th in Berlin
        ("2030-03-30T12:00", "2030-03-31T06:00"),  # summer begins
        ("2030-10-26T12:00", "2030-10-27T07:00"),  # summer ends
    ],
)
def test_the_daily_mail_is_due_at_the_hour_of_the_zone(after: str, at: str) -> None:
    assert next_mail_time(utc(after), 8, BERLIN, weekly=False) == utc(at)


@pytest.mark.parametrize(
    ("after", "at"),
    [
        ("2030-01-05T12:00", "2030-01-07T07:00"),  # a Saturday
        ("2030-01-07T06:59", "2030-01-07T07:00"),
        ("2030-01-07T07:00", "2030-01-14T07:00"),
        ("2030-01-06T23:30", "2030-01-07T07:00"),  # Monday in Berlin
    ],
)
def test_the_weekly_mail_is_due_on_a_monday(after: str, at: str) -> None:
    assert next_mail_time(utc(after), 8, BERLIN, weekly=True) == utc(at)


def test_an_hour_that_does_not_exist_is_an_hour_later() -> None:
    at = next_mail_time(utc("2030-03-30T12:00"), 2, BERLIN, weekly=False)

    assert at == utc("2030-03-31T01:00")
    assert at.astimezone(BERLIN).hour == 3


def test_an_hour_that_comes_twice_is_used_once() -> None:
    first = next_mail_time(utc("2030-10-26T12:00"), 2, BERLIN, weekly=False)
    second = next_mail_time(first, 2, BERLIN, weekly=False)

    assert (first, second) == (utc("2030-10-27T00:00"), utc("2030-10-28T01:00"))
