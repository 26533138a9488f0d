"""The revisions make what the models declare, on both databases."""

from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.schema import CreateIndex

from fedcom import migrate
from fedcom.tables import load_metadata
from tests.support.databases import sqlite_database


def test_the_revisions_make_what_the_models_declare(empty_database_url: str) -> None:
    migrate.upgrade(empty_database_url)

    assert migrate.check(empty_database_url) == [], "write a revision: make revision M=…"


def test_the_history_is_one_line() -> None:
    revisions = sorted((migrate.scripts_folder() / "versions").glob("*.py"))
    numbers = [path.name[:4] for path in revisions]

    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
    for path, number in zip(revisions, numbers, strict=True):
        assert f'\nrevision = "{number}"\n' in path.read_text()


def test_the_revisions_make_partial_indexes_with_the_conditions_that_the_models_declare(
    tmp_path: Path,
) -> None:
    """`alembic check` does not compare them."""
    url = sqlite_database(tmp_path / "migrated.sqlite3", migrated=True)
    engine = create_engine(url)
    declared = {
        index.name: _condition(str(CreateIndex(index).compile(engine)))
        for metadata in load_metadata()
        for table in metadata.tables.values()
        for index in table.indexes
    }
    with engine.connect() as conn:
        made = conn.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'"
        ).all()
    engine.dispose()

    assert {name: _condition(sql) for name, sql in made} == {
        name: condition for name, condition in declared.items() if condition
    }


def _condition(sql: str) -> str:
    return " ".join(sql.partition("WHERE")[2].split())
