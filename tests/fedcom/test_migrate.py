"""The schema's history on both databases: up in one piece, one process at a time, never down a
newer one.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect, text

from fedcom import migrate
from fedcom.db import open_database
from fedcom.migrate import MigrationError


def execute(url: str, *statements: str) -> None:
    database = open_database(url)
    with database.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    database.close()


def tables(url: str) -> list[str]:
    def names(connection: Connection) -> list[str]:
        return inspect(connection).get_table_names()

    database = open_database(url)
    with database.connect() as connection:
        found = names(connection)
    database.close()
    return found


def test_an_empty_database_is_brought_up_to_date(empty_database_url: str) -> None:
    before, head = migrate.current_and_head(empty_database_url)
    migrate.upgrade(empty_database_url)

    assert (before, head is None) == (None, False)
    assert migrate.current_and_head(empty_database_url) == (head, head)
    assert migrate.check(empty_database_url) == []
    assert {"actor", "inbox_journal", "outbox_delivery"} <= set(tables(empty_database_url))


def test_upgrading_again_changes_nothing(database_url: str) -> None:
    execute(database_url, "INSERT INTO local_name VALUES ('ann', '2026-01-01 00:00:00')")
    migrate.upgrade(database_url)
    database = open_database(database_url)
    with database.connect() as connection:
        assert connection.execute(text("SELECT name FROM local_name")).scalar() == "ann"
    database.close()


def test_processes_that_start_together_upgrade_once(empty_database_url: str) -> None:
    start = threading.Barrier(4)

    def begin(_number: int) -> None:
        start.wait(10)
        migrate.upgrade(empty_database_url)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(begin, range(4)))

    assert migrate.check(empty_database_url) == []


def test_a_database_from_the_future_is_left_alone(database_url: str) -> None:
    execute(database_url, "UPDATE alembic_version SET version_num = '9999'")

    for attempt in (migrate.upgrade, migrate.current_and_head, migrate.check):
        with pytest.raises(MigrationError, match=r"9999.* a newer version has upgraded it"):
            attempt(database_url)


def test_checking_a_database_that_was_not_upgraded_explains_how_to(empty_database_url: str) -> None:
    with pytest.raises(MigrationError, match="run fedcom db upgrade"):
        migrate.check(empty_database_url)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("ALTER TABLE local_name ADD COLUMN extra TEXT", "extra"),
        ("DROP INDEX ix_actor_host", "ix_actor_host"),
        ("CREATE TABLE stray (id INTEGER)", "stray"),
        ("DROP TABLE outbox_delivery", "outbox_delivery"),
        ("ALTER TABLE inbox_journal RENAME COLUMN reason TO cause", "cause"),
    ],
)
def test_differences_from_the_models_are_reported(
    database_url: str, change: str, named: str
) -> None:
    execute(database_url, change)

    assert any(named in difference for difference in migrate.check(database_url))


REVISION = """
from alembic import op

revision = "{number}"
down_revision = {before!r}
branch_labels = None
depends_on = None


def upgrade():
    {body}
"""


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A history of our own with one sound revision; write more into the folder."""
    folder = tmp_path / "100% migrations"
    (folder / "versions").mkdir(parents=True)
    environment = migrate.scripts_folder() / "env.py"
    (folder / "env.py").write_text(environment.read_text())
    write(folder, "0001", None, "op.execute('CREATE TABLE one (id INTEGER PRIMARY KEY)')")
    monkeypatch.setattr(migrate, "scripts_folder", lambda: folder)
    return folder


def write(folder: Path, number: str, before: str | None, body: str) -> None:
    text = REVISION.format(number=number, before=before, body=body)
    (folder / "versions" / f"{number}.py").write_text(text)


def test_an_upgrade_that_fails_leaves_nothing_behind(
    history: Path, empty_database_url: str
) -> None:
    broken = "op.execute('CREATE TABLE two (id INTEGER)'); raise KeyError('half way')"
    write(history, "0002", "0001", broken)

    with pytest.raises(KeyError):
        migrate.upgrade(empty_database_url)

    assert "one" not in tables(empty_database_url)
    assert "two" not in tables(empty_database_url)


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_recreating_a_table_on_sqlite_does_not_cascade(
    history: Path, empty_database_url: str
) -> None:
    child = "CREATE TABLE child (id INTEGER, one_id INTEGER REFERENCES one (id) ON DELETE CASCADE)"
    migrate.upgrade(empty_database_url)
    execute(
        empty_database_url, child, "INSERT INTO one VALUES (1)", "INSERT INTO child VALUES (1, 1)"
    )
    anew = (
        "op.execute('CREATE TABLE new (id INTEGER PRIMARY KEY)');"
        " op.execute('INSERT INTO new SELECT id FROM one'); op.execute('DROP TABLE one');"
        " op.execute('ALTER TABLE new RENAME TO one')"
    )
    write(history, "0002", "0001", anew)
    migrate.upgrade(empty_database_url)

    database = open_database(empty_database_url)
    with database.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM child")).scalar() == 1
    database.close()


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_an_upgrade_that_orphans_rows_is_undone(history: Path, empty_database_url: str) -> None:
    migrate.upgrade(empty_database_url)
    execute(
        empty_database_url,
        "CREATE TABLE child (id INTEGER, one_id INTEGER REFERENCES one (id))",
        "INSERT INTO one VALUES (1)",
        "INSERT INTO child VALUES (1, 1)",
    )
    write(history, "0002", "0001", "op.execute('DELETE FROM one')")

    with pytest.raises(MigrationError, match="child"):
        migrate.upgrade(empty_database_url)

    assert migrate.current_and_head(empty_database_url) == ("0001", "0002")


def test_the_next_revision_is_written_from_the_models(history: Path) -> None:
    template = Path(migrate.__file__).parents[1] / "alembic/script.py.mako"
    (history / "script.py.mako").write_text(template.read_text())
    migrate.write_revision("What it is for")

    written = (history / "versions/0002_what_it_is_for.py").read_text()
    assert written.startswith('"""What it is for.\n\nRevision 0002, after 0001.\n"""')
    assert "down_revision = '0001'" in written
    for table in ("actor", "inbox_journal", "outbox_delivery"):
        assert f"op.create_table('{table}'" in written
    assert "fedcom" not in written.partition("def upgrade")[2]  # it must not change when we do


def test_the_revisions_are_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    migrate.upgrade("sqlite:///here.sqlite3")

    assert migrate.check("sqlite:///here.sqlite3") == []
