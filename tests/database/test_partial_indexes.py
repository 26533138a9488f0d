import re
from collections.abc import Iterator

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    create_engine,
    select,
)

from database.partial_indexes import flagged, partial_index

things = Table(
    "things",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("gone", Boolean),
    Column("name", Text),
    Column("kind", Text),
    partial_index("ix_things_gone", "name", where=flagged("gone")),
    partial_index("ix_things_gone_kind", "kind", where=flagged("gone", "kind IS NOT NULL")),
    partial_index("ix_things_named", "name", where="kind = 'named'"),
)


@pytest.fixture
def conn(empty_database_url: str) -> Iterator[Connection]:
    engine = create_engine(empty_database_url)
    with engine.begin() as connection:
        things.create(connection)
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET enable_seqscan = off")
        yield connection
    engine.dispose()


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (select(things.c.name).where(things.c.gone), "ix_things_gone"),
        (
            select(things.c.kind).where(things.c.gone, things.c.kind.is_not(None)),
            "ix_things_gone_kind",
        ),
    ],
)
def test_a_statement_about_flagged_rows_uses_their_index(
    conn: Connection, statement: Select[tuple[str]], index: str
) -> None:
    explain = "EXPLAIN QUERY PLAN" if conn.dialect.name == "sqlite" else "EXPLAIN"
    compiled = statement.compile(conn, compile_kwargs={"literal_binds": True})
    plan = conn.exec_driver_sql(f"{explain} {compiled}").all()

    assert index in re.findall(r"\w+", str(plan))


def test_a_condition_is_given_as_sql(conn: Connection) -> None:
    explain = "EXPLAIN QUERY PLAN" if conn.dialect.name == "sqlite" else "EXPLAIN"
    plan = conn.exec_driver_sql(f"{explain} SELECT name FROM things WHERE kind = 'named'").all()

    assert "ix_things_named" in str(plan)
