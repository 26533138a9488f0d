"""Counting up to a bound, on both databases."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, insert, select

from database.counting import count_up_to
from fedcom.db import Database
from tests.support.example_table import examples, metadata, opened_with
from tests.support.plans import steps


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    """One with `examples` in it."""
    with opened_with(metadata, empty_database_url) as opened:
        yield opened


def _add(conn: Connection, numbers: range) -> None:
    conn.execute(insert(examples), [{"name": str(n), "times": n % 2} for n in numbers])


def _count(conn: Connection, most: int) -> int:
    odd = select(examples.c.name).where(examples.c.times == 1)
    return conn.execute(select(count_up_to(odd, most))).scalar_one()


@pytest.mark.parametrize(("rows", "counted"), [(0, 0), (9, 4), (10, 5), (11, 5), (100, 5)])
def test_rows_are_counted_up_to_the_bound(database: Database, rows: int, counted: int) -> None:
    with database.begin() as conn:
        if rows:
            _add(conn, range(rows))
        assert _count(conn, 5) == counted


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_many_rows_cost_no_more_than_the_bound(database: Database) -> None:
    costs = []
    for first, last in ((0, 2_000), (2_000, 20_000)):
        with database.begin() as conn:
            _add(conn, range(first, last))
            with steps(conn) as taken:
                _count(conn, 500)
        costs.append(len(taken))
    assert 0 < costs[1] < 1.1 * costs[0]
