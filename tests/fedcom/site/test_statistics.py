"""What is counted for each day, and how days become weeks."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import update

from fedcom.actions.vote import Vote
from fedcom.models.account import account
from fedcom.models.site import DailyCount
from fedcom.site.statistics import count_day, list_days, list_uncounted, store_day, to_weeks
from tests.support.people import Home

KIM = "https://peer.example/u/kim"


def test_a_day_has_what_local_people_did_on_it(home: Home) -> None:
    post = home.post(by=home.ann)
    home.comment(post, by=home.bob)
    home.comment(post, by=home.person(KIM))
    home.perform(Vote(by=home.bob, target=post, score=1))
    home.perform(Vote(by=home.person(KIM), target=post, score=1))
    home(lambda ctx: ctx.conn.execute(update(account).values(last_seen_at=ctx.now)))

    today = home.clock().date()
    counted = home(lambda ctx: count_day(ctx.conn, today, ctx.now))
    assert (counted.posts, counted.comments, counted.votes, counted.active) == (1, 1, 1, 2)
    assert (counted.members, counted.failing) == (2, 0)
    before = home(lambda ctx: count_day(ctx.conn, today - timedelta(days=1), ctx.now))
    assert before == DailyCount(today - timedelta(days=1), 0, 0, 0, 0, 0, None)


def test_missing_days_are_counted_and_the_last_two_again(home: Home) -> None:
    now = home.clock()
    today = now.date()
    founded = home(lambda ctx: list_uncounted(ctx.conn, ctx.now))
    assert founded == [today]

    for one in (DailyCount(today, 2, 1, 1, 0, 0, 4), DailyCount(today, 3, 2, 1, 0, 0, 1)):
        home(lambda ctx, one=one: store_day(ctx.conn, one))
    stored = home(lambda ctx: list_days(ctx.conn, today))
    assert stored == [DailyCount(today, 3, 2, 1, 0, 0, 4)]  # the most failing servers stay

    again = home(lambda ctx: list_uncounted(ctx.conn, now + timedelta(hours=1)))
    assert again == [today - timedelta(days=1), today]
    later = home(lambda ctx: list_uncounted(ctx.conn, now + timedelta(days=3)))
    assert later == [today + timedelta(days=days) for days in range(4)]
    much_later = home(lambda ctx: list_uncounted(ctx.conn, now + timedelta(days=400)))
    assert len(much_later) == 91


def test_weeks_sum_what_was_written_and_keep_the_highest_of_the_rest() -> None:
    sunday = datetime(2026, 3, 1, tzinfo=UTC).date()
    days = [
        DailyCount(sunday - timedelta(days=1), 4, 3, 1, 5, 7, None),
        DailyCount(sunday, 5, 2, 2, 1, 1, 2),
        DailyCount(sunday + timedelta(days=1), 6, 1, 0, 0, 0, None),
    ]

    assert to_weeks(days) == [
        DailyCount(date(2026, 2, 23), 5, 3, 3, 6, 8, 2),
        DailyCount(date(2026, 3, 2), 6, 1, 0, 0, 0, None),
    ]
