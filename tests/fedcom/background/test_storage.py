"""How many bytes a vote from another server takes in the end, on both databases."""

from pathlib import Path

import pytest

from tests.bench.outgoing import open_peers
from tests.bench.storage import MONTHS, POSTS, WEEK, growth, measure, open_village, total

pytestmark = pytest.mark.anyio

BEFORE, VOTES = 200, 400
"""The first ones are not counted, because every table and index begins with some pages."""

AFTER_A_WEEK = 600
"""Bytes of one vote with everything that belongs to it."""

IN_THE_END = 150
"""Bytes of what stays."""


async def test_a_remote_vote_takes_six_hundred_bytes_after_a_week(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        open_peers() as peers,
        open_village(database_url, tmp_path, peers.take(2), (BEFORE + VOTES) // POSTS) as village,
    ):
        await village.clean_up(MONTHS)
        await village.receive(village.likes(BEFORE))
        await village.clean_up(WEEK)
        before = measure(database_url)
        await village.receive(village.likes(VOTES))
        received = growth(before, measure(database_url), VOTES)
        await village.clean_up(WEEK)
        after_a_week = growth(before, measure(database_url), VOTES)

    grown = {"inbox_journal", "outbox_activity", "outbox_delivery", "post_vote"}
    assert grown <= received.keys(), "they were not received, announced and delivered"
    assert total(after_a_week) <= AFTER_A_WEEK, after_a_week
    assert sum(after_a_week["post_vote"]) <= IN_THE_END, after_a_week
