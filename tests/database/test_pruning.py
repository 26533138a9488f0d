"""Deleting in steps, on both databases."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select

from database.pruning import (
    FEWEST,
    FIRST,
    MOST,
    STEP_SECONDS,
    Outdated,
    next_size,
    outdated_in,
    prune,
)
from fedcom.db import Database
from tests.support.example_table import examples, metadata, opened_with

pytestmark = pytest.mark.anyio


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    """One with `examples` in it."""
    with opened_with(metadata, empty_database_url) as opened:
        yield opened


async def test_steps_are_repeated_until_nothing_is_outdated(database: Database) -> None:
    def fill(conn: Connection) -> None:
        rows = [{"name": str(number), "times": number} for number in range(10 * FIRST)]
        conn.execute(insert(examples), rows)

    await database.write(fill)
    sizes: list[int] = []

    outdated = outdated_in(examples, examples.c.times >= 7)

    def drop(conn: Connection, keys: Sequence[Any]) -> int:
        sizes.append(outdated.drop(conn, keys))
        return sizes[-1]

    assert await prune(database, Outdated(outdated.find, drop)) == 10 * FIRST - 7
    assert sizes[0] == FIRST
    assert max(sizes) <= 2 * MOST
    left = select(func.count()).select_from(examples)
    assert await database.read(lambda conn: conn.execute(left).scalar_one()) == 7


@pytest.mark.parametrize(
    ("size", "seconds", "following"),
    [
        (300, STEP_SECONDS, 300),
        (1000, STEP_SECONDS * 4, 250),
        (300, 0.0, 600),
        (MOST, 0.0, MOST),
        (300, 60.0, FEWEST),
    ],
)
def test_the_size_of_a_step_follows_the_time_of_the_previous_one(
    size: int, seconds: float, following: int
) -> None:
    assert next_size(size, seconds) == following
