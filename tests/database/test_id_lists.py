"""Lists of row ids as one parameter, on both databases."""

from collections.abc import Collection, Iterator

import pytest
from sqlalchemy import insert, select, update

from database.id_lists import one_of
from fedcom.db import Database
from tests.support.example_table import examples, metadata, opened_with

NAMES = ["a", "b", "c", "d"]
BIG = 2**62

_named = select(examples.c.name).where(one_of(examples.c.id, "ids")).order_by(examples.c.name)


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    """One with four rows: 1, 2, 3 and one with a large id."""
    with opened_with(metadata, empty_database_url) as opened:
        with opened.begin() as connection:
            rows = [{"id": number, "name": NAMES[number - 1]} for number in (1, 2, 3)]
            connection.execute(insert(examples), [*rows, {"id": BIG, "name": "d"}])
        yield opened


@pytest.mark.parametrize(
    ("ids", "names"),
    [
        ([], []),
        ([2], ["b"]),
        ({1, 3, BIG}, ["a", "c", "d"]),
        ([3, 3, 4, 0, -1], ["c"]),
        (range(1000), ["a", "b", "c"]),
    ],
)
def test_rows_are_found_by_a_list_of_any_length(
    database: Database, ids: Collection[int], names: list[str]
) -> None:
    with database.connect() as connection:
        assert connection.scalars(_named, {"ids": ids}).all() == names


def test_it_is_a_condition_like_others(database: Database) -> None:
    alias = examples.alias()
    others = ~one_of(alias.c.id, "ids") & (alias.c.name < "d")
    with database.begin() as connection:
        changed = update(examples).where(one_of(examples.c.id, "ids")).values(times=5)
        connection.execute(changed, {"ids": [1]})

        assert connection.scalars(select(alias.c.name).where(others), {"ids": [1, 2]}).all() == [
            "c"
        ]
        assert connection.scalars(_named.where(examples.c.times == 5), {"ids": [1, 2]}).all() == [
            "a"
        ]
