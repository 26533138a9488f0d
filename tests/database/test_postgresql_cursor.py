"""What the cursor for PostgreSQL says of a result is what psycopg says."""

import psycopg
from sqlalchemy import make_url

from database.postgresql_cursor import PostgresqlCursor
from tests.support.databases import PostgresqlDatabases

RESULTS = (
    "SELECT 1 AS one, 'a' AS \"größe\", now(), NULL AS nothing, ARRAY[1] AS list WHERE $1",
    "SELECT",
    "CREATE TEMPORARY TABLE cats (id int)",
    "INSERT INTO cats VALUES (1)",
)


def test_a_result_is_described_as_by_psycopg(postgresql_databases: PostgresqlDatabases) -> None:
    address = make_url(postgresql_databases.create(migrated=False)).set(drivername="postgresql")
    with psycopg.connect(address.render_as_string(hide_password=False)) as connection:
        cursor = PostgresqlCursor(connection)
        for number, text in enumerate(RESULTS):
            for values in ([True], [False]) if number == 0 else ([],):
                cursor.execute(text.encode(), values)
                theirs = psycopg.RawCursor.description.fget(cursor)  # type: ignore[attr-defined]
                named = theirs and [(one.name, one.type_code) for one in theirs]
                ours = cursor.description
                assert (ours and [one[:2] for one in ours]) == named
                assert all(len(one) == len(theirs[0]) for one in ours or ())
