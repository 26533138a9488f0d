"""Conditions on lists, on both databases."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select, update

from database.inserts import insert_new
from database.lists import among
from fedcom.db import Database
from tests.support.example_table import examples, metadata, opened_with


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    """One with `examples` in it."""
    with opened_with(metadata, empty_database_url) as opened:
        yield opened


def test_rows_are_found_and_changed_by_lists_of_any_length(database: Database) -> None:
    names = ["a", "b", 'c"\\', "ä"]
    by_name = select(examples.c.name).where(among(examples.c.name, "names")).order_by(examples.c.id)
    by_id = update(examples).where(among(examples.c.id, "ids")).values(times=2)
    with database.begin() as connection:
        rows = [{"name": name, "times": 1} for name in names]
        ids = insert_new(connection, rows, examples.c.id)
        for wanted in ([], names[1:], [*names, "nobody"] * 300):
            found = connection.execute(by_name, {"names": wanted}).scalars().all()
            assert found == [name for name in names if name in wanted]
        connection.execute(by_id, {"ids": ids[:2]})
        assert connection.execute(by_id, {"ids": []}).rowcount == 0
        changed = select(examples.c.name).where(examples.c.times == 2).order_by(examples.c.id)
        assert connection.execute(changed).scalars().all() == names[:2]


def test_sqlite_looks_them_up_in_an_index(database: Database) -> None:
    if database.dialect != "sqlite":
        return
    statement = select(examples.c.id).where(among(examples.c.name, "names"))
    with database.connect() as connection:
        sql = str(statement.compile(connection))
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", ("[]",)).all()
    assert any("SEARCH examples USING" in row[3] for row in plan)
