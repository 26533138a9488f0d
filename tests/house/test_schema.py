"""The revisions make what the models declare, on both databases (`alembic check`)."""

from fedcom import migrate


def test_the_revisions_make_what_the_models_declare(empty_database_url: str) -> None:
    migrate.upgrade(empty_database_url)

    assert migrate.check(empty_database_url) == [], "write a revision: make revision M=…"


def test_the_history_is_one_line() -> None:
    revisions = sorted((migrate.scripts_folder() / "versions").glob("*.py"))
    numbers = [path.name[:4] for path in revisions]

    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
    for path, number in zip(revisions, numbers, strict=True):
        assert f'\nrevision = "{number}"\n' in path.read_text()
