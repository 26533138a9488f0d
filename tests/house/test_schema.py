"""The revisions make what the models declare, on both databases (`alembic check`), and what is
declared is of use.
"""

from sqlalchemy import Boolean

from fedcom import migrate
from fedcom.tables import load_metadata


def test_the_revisions_make_what_the_models_declare(empty_database_url: str) -> None:
    migrate.upgrade(empty_database_url)

    assert migrate.check(empty_database_url) == [], "write a revision: make revision M=…"


def test_the_history_is_one_line() -> None:
    revisions = sorted((migrate.scripts_folder() / "versions").glob("*.py"))
    numbers = [path.name[:4] for path in revisions]

    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
    for path, number in zip(revisions, numbers, strict=True):
        assert f'\nrevision = "{number}"\n' in path.read_text()


def test_indexes_of_a_part_name_it_as_statements_do() -> None:
    """SQLite does not know that `gone = 1`, as SQLAlchemy writes it, is the same as `gone`."""
    found = [
        (index.name, str(index.dialect_options["sqlite"]["where"]))
        for metadata in load_metadata()
        for table in metadata.tables.values()
        for index in table.indexes
        for column in table.c
        if isinstance(column.type, Boolean)
        and str(index.dialect_options["sqlite"]["where"]) == column.name
    ]

    assert found == []
