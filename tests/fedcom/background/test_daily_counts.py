"""The counting of days fills the gap since the last one."""

from datetime import timedelta

import pytest

from fedcom.background.daily_counts import DailyCounts
from fedcom.site.statistics import list_days
from tests.support.people import Home

pytestmark = pytest.mark.anyio


async def test_days_that_were_missed_are_counted_too(home: Home) -> None:
    counting = DailyCounts(home.database, home.clock)
    await counting.refresh()
    home.post()
    home.clock.advance(days=2)
    await counting.refresh()

    first = home.clock().date() - timedelta(days=2)
    days = await home.database.read(lambda conn: list_days(conn, first))
    assert [(one.posts, one.failing) for one in days] == [(1, 0), (0, None), (0, 0)]
