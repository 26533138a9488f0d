"""How many people are active in each community, on both databases."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, event, select

from fedcom.background.active_users import BATCH, ActiveUserCounts
from fedcom.models.actor import community
from fedcom.queries.counts import ActiveUsers, count_active_users
from tests.support.people import Home
from tests.support.rows import NOON, Rows

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def count(rows: Rows) -> Callable[[int], ActiveUsers]:
    return lambda place: count_active_users(rows.conn, place, NOON)


Count = Callable[[int], ActiveUsers]


def test_people_are_active_for_as_long_as_their_last_post_is_recent(
    rows: Rows, count: Count
) -> None:
    cats, dogs = rows.community("cats"), rows.community("dogs")
    for number, ago in enumerate((HOUR, 6 * DAY, 29 * DAY, 179 * DAY, 181 * DAY)):
        rows.post(cats, rows.person(f"p{number}"), published_at=NOON - ago)
    often = rows.person("often")
    for ago in (2 * DAY, 3 * DAY):
        rows.post(cats, often, published_at=NOON - ago)

    assert count(cats) == ActiveUsers(day=1, week=3, month=4, half_year=5)
    assert count(dogs) == ActiveUsers(0, 0, 0, 0)


def test_comments_and_votes_are_activity_too(rows: Rows, count: Count) -> None:
    cats, old = rows.community(), NOON - 200 * DAY
    writer, eve, mia, max_ = (rows.person(name) for name in ("writer", "eve", "mia", "max"))
    on = rows.post(cats, writer, published_at=old, last_comment_at=NOON - 2 * DAY)
    below = rows.comment(on, eve, published_at=NOON - 2 * DAY)
    rows.vote(mia, 1, post=on, at=NOON - 3 * DAY)
    rows.vote(max_, -1, comment=below.id, at=NOON - HOUR)

    assert count(cats) == ActiveUsers(day=1, week=3, month=3, half_year=3)


def test_bots_and_authors_votes_on_their_own_are_not_counted(rows: Rows, count: Count) -> None:
    cats, old = rows.community(), NOON - 20 * DAY
    writer, bot = rows.person("writer"), rows.person("bot", kind="Service")
    on = rows.post(cats, writer, published_at=old)
    rows.vote(writer, 1, post=on, at=NOON - HOUR)
    rows.vote(bot, 1, post=on, at=NOON - HOUR)

    assert count(cats) == ActiveUsers(day=0, week=0, month=1, half_year=1)


@pytest.mark.anyio
async def test_the_numbers_are_stored_and_change_with_time(home: Home) -> None:
    home.comment(home.post(by=home.bob), by=home.ann)
    dogs = home.community("dogs")
    home.post(by=home.bob, community=dogs)
    counting = ActiveUserCounts(home.database, home.clock)

    def stored(conn: Connection) -> list[tuple[int, ...]]:
        names = ("day", "week", "month", "half_year")
        columns = [community.c[f"users_active_{name}"] for name in names]
        return [tuple(row) for row in conn.execute(select(*columns).order_by(community.c.actor_id))]

    await counting.refresh()
    assert await home.database.read(stored) == [(2, 2, 2, 2), (1, 1, 1, 1)]
    home.clock.advance(days=8)
    await counting.refresh()
    assert await home.database.read(stored) == [(0, 0, 2, 2), (0, 0, 1, 1)]


@pytest.mark.anyio
async def test_only_numbers_that_changed_are_written_and_many_at_a_time(
    home: Home, request: pytest.FixtureRequest
) -> None:
    counting = ActiveUserCounts(home.database, home.clock)
    with home.database.begin() as conn:
        rows = Rows(conn)
        made = [rows.community(f"c{number}", users_active_day=1) for number in range(BATCH + 1)]
    updates = []

    def note(_conn: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("UPDATE"):
            updates.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    request.addfinalizer(lambda: event.remove(Engine, "before_cursor_execute", note))
    await counting.refresh()

    zero = select(community.c.actor_id).where(community.c.users_active_day == 0)
    with home.database.connect() as conn:
        assert set(made) <= set(conn.execute(zero).scalars())
    assert len(updates) == 2
    await counting.refresh()
    assert len(updates) == 2
