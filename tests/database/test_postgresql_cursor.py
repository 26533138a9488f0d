"""What the cursor for PostgreSQL says of a result is what psycopg says."""

import psycopg
from sqlalchemy import make_url

from database.postgresql_cursor import PostgresqlCursor
from tests.support.databases import PostgresqlDatabases

RESULTS = (
    "SELECT 1 AS one, 'a' AS \"größe\", now(), NULL AS nothing, ARRAY[1] AS list WHERE $1",
    "SELECT",
    "CREATE TEMPORARY TABLE IF NOT EXISTS cats (id int)",
    "INSERT INTO cats VALUES (1)",
)


def test_a_result_is_described_as_by_psycopg(postgresql_databases: PostgresqlDatabases) -> None:
    address = make_url(postgresql_databases.create(migrated=False)).set(drivername="postgresql")
    with psycopg.connect(address.render_as_string(hide_password=False)) as connection:
        cursor, other = PostgresqlCursor(connection), psycopg.RawCursor(connection)
        for number, text in enumerate(RESULTS):
            for values in ([True], [False]) if number == 0 else ([],):
                ours = cursor.execute(text.encode(), values).description
                theirs = other.execute(text.encode(), values).description
                named = theirs and [(one.name, one.type_code) for one in theirs]
                assert (ours and [one[:2] for one in ours]) == named
                assert {len(one) for one in ours or ()} == {len(one) for one in theirs or ()}
