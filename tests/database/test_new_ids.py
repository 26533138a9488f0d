"""Rows whose columns contain their own id, on both databases."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Column, ColumnElement, MetaData, Table, Text, delete

from database.new_ids import Columns, InsertWithId, padded
from fedcom.db import BigId, Database
from tests.support.example_table import opened_with

_metadata = MetaData()
_pages = Table(
    "page",
    _metadata,
    Column("id", BigId, primary_key=True),
    Column("address", Text, nullable=False),
    Column("place", Text, nullable=False),
    sqlite_autoincrement=True,
)


def _with_id(number: ColumnElement[str], given: Columns) -> Columns:
    return {"address": given["address"] + number, "place": padded(number, 2)}


_insert = InsertWithId(_pages, ["address"], _with_id, _pages.c)


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    with opened_with(_metadata, empty_database_url) as opened:
        yield opened


def test_columns_contain_the_id_that_the_database_gives(database: Database) -> None:
    with database.begin() as connection:
        first = _insert(connection, {"address": "/page/"})
        other = connection.execute(_pages.insert().values(address="", place=""))
        third = _insert(connection, {"address": "/p/"})

    assert dict(first) == {"id": 1, "address": "/page/1", "place": "01"}
    assert other.inserted_primary_key == (2,)
    assert dict(third) == {"id": 3, "address": "/p/3", "place": "03"}


def test_the_id_of_a_deleted_row_is_not_given_again(database: Database) -> None:
    with database.begin() as connection:
        made = _insert(connection, {"address": "/"})
        connection.execute(delete(_pages))

        assert _insert(connection, {"address": "/"})["id"] == made["id"] + 1


def test_numbers_are_padded_to_one_length(database: Database) -> None:
    with database.begin() as connection:
        places = [_insert(connection, {"address": "/"})["place"] for _ in range(11)]

    assert places[0] == "01"
    assert places[8:] == ["09", "10", "11"]
