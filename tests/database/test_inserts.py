"""Inserts that meet an existing row, on both databases."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from database.inserts import add_up, insert_ignoring, insert_new, upsert
from fedcom.db import Database
from tests.support.example_table import examples, metadata, opened_with


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    """One with `examples` in it."""
    with opened_with(metadata, empty_database_url) as opened:
        yield opened


def test_only_new_rows_are_inserted_and_returned(database: Database) -> None:
    with database.begin() as connection:
        insert_ignoring(connection, examples, {"name": "b", "times": 1})
        rows = [{"name": name, "times": 2} for name in ("a", "b", "c")]

        assert sorted(insert_new(connection, rows, examples.c.name)) == ["a", "c"]
        assert insert_new(connection, rows[:1], examples.c.id) == []
        found = connection.execute(select(examples.c.name, examples.c.times)).all()

    assert sorted(tuple(row) for row in found) == [("a", 2), ("b", 1), ("c", 2)]


def test_an_insert_reports_a_conflict(database: Database) -> None:
    with database.begin() as connection:
        assert insert_ignoring(connection, examples, {"name": "a", "times": 1}) is True
        assert insert_ignoring(connection, examples, {"name": "a", "times": 2}) is False
        assert connection.scalars(select(examples.c.times)).all() == [1]


def test_an_upsert_inserts_or_updates(database: Database) -> None:
    first, later = (datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2))
    with database.begin() as connection:
        new = upsert(
            connection, examples, {"name": "a", "times": 1, "seen_at": first}, key=["name"]
        )
        same = upsert(
            connection,
            examples,
            {"name": "a", "times": 2, "seen_at": later},
            key=["name"],
            keep=["seen_at"],
        )
        untouched = upsert(connection, examples, {"name": "a"}, key=["name"])

    assert (new.id, new.times, new.seen_at) == (1, 1, first)
    assert (same.id, same.times, same.seen_at) == (1, 2, first)
    assert untouched == same


def test_counters_are_added_to_the_row_or_begin_a_new_one(database: Database) -> None:
    with database.begin() as connection:
        for name, times in (("a", 3), ("b", 1), ("a", 4), ("b", -1)):
            add_up(connection, examples, {"name": name, "times": times}, key=["name"])
        found = connection.execute(select(examples.c.name, examples.c.times)).all()

    assert sorted(tuple(row) for row in found) == [("a", 7), ("b", 0)]
