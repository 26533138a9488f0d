"""Rows whose columns contain their own id, on both databases."""

from collections.abc import Iterator

import pytest
from sqlalchemy import ColumnElement, delete

from database.new_ids import Columns, insert_with_id, padded
from fedcom.db import Database
from tests.support.example_table import examples, metadata, opened_with


def _with_id(number: ColumnElement[str], given: Columns) -> Columns:
    return {"name": given["name"] + padded(number, 2)}


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    """One with `examples` in it."""
    with opened_with(metadata, empty_database_url) as opened:
        yield opened


def test_columns_contain_the_id_that_the_database_gives(database: Database) -> None:
    with database.begin() as connection:
        first = insert_with_id(connection, examples, {"name": "a/"}, _with_id)
        other = connection.execute(examples.insert().values(name="b"))
        third = insert_with_id(connection, examples, {"name": "c/", "times": 7}, _with_id)

    assert dict(first) == {"id": 1, "name": "a/01", "times": 0, "seen_at": None}
    assert other.inserted_primary_key == (2,)
    assert dict(third) == {"id": 3, "name": "c/03", "times": 7, "seen_at": None}


def test_the_id_of_a_deleted_row_is_not_given_again(database: Database) -> None:
    with database.begin() as connection:
        made = insert_with_id(connection, examples, {"name": ""}, _with_id)
        connection.execute(delete(examples))
        another = insert_with_id(connection, examples, {"name": ""}, _with_id)

    assert another["id"] == made["id"] + 1


def test_numbers_are_padded_to_one_length(database: Database) -> None:
    with database.begin() as connection:
        names = [
            insert_with_id(connection, examples, {"name": ""}, _with_id)["name"] for _ in range(11)
        ]

    assert names[0] == "01"
    assert names[8:] == ["09", "10", "11"]
