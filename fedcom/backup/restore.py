"""Reads a backup into an empty database, or in place of what is there.

First the whole file is read and compared with what was written; only then is anything changed. The
rows are one transaction: they are written to tables as they were at the time of the backup, read
again and compared, and upgraded to this version; the pictures and the key follow, and then the
transaction ends. So a restore that is interrupted leaves the database as it was, or, if it was
empty, a mark with which no server starts.

Numbers of posts, comments and messages are skipped: peers know those that were assigned after the
backup, and would take a new post for an edit of the old one, or refuse it as deleted.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Table, inspect, text
from sqlalchemy.exc import OperationalError

from fedcom import migrate
from fedcom.backup.archive import (
    KEY,
    PICTURES,
    BackupError,
    Manifest,
    read_members,
)
from fedcom.backup.portable_rows import to_table
from fedcom.backup.verify import Progress, columns_of, rows_in, table_of
from fedcom.media.store import PictureStore
from fedcom.migrate import MigrationError
from fedcom.transfer import (
    IN_USE,
    LastId,
    TableContents,
    compare_rows,
    insert_rows,
    mark_unfinished,
    refuse_other_encodings,
    refuse_others,
    refuse_unless_empty,
    set_last_id,
)

SKIPPED = 10_000
"""How many numbers of each kind of content are not assigned again."""

NUMBERED = ("post", "comment", "message")
"""The tables whose ids are in the ids that peers know."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is restored to: `replace` if what is there may be deleted; `pictures` None if they are
    left as they are.
    """

    database_url: str
    pictures: PictureStore | None
    replace: bool


def restore_backup(
    path: Path,
    manifest: Manifest,
    target: Target,
    *,
    examine: Callable[[Connection], None],
    put_key: Callable[[str], None],
    progress: Progress,
) -> None:
    """Restore a backup that `verify_backup` has read.

    `put_key` stores the secret key, if the backup has one; `examine` is called after it, with the
    restored database at the newest revision. Whatever one of them raises, the database is then as
    it was. Raises BackupError if the backup is of a newer version, MigrationError if the database
    is in use, or is not empty and `replace` was not said, and OSError.
    """
    if not migrate.knows(manifest.revision):
        raise BackupError(
            f"Fedcom {manifest.version} made this backup, at the revision {manifest.revision} of"
            " the database, which this version does not know: install that version or a newer one."
        )
    with _alone(target.database_url) as conn:
        _prepare(conn, target)
    with _alone(target.database_url) as conn:
        refuse_other_encodings(conn)
        _drop_everything(conn)
        migrate.upgrade_within(conn, manifest.revision)
        _restore_members(conn, path, manifest, target, put_key, progress)
        migrate.check_foreign_keys(conn)
        migrate.upgrade_within(conn)
        migrate.check_foreign_keys(conn)
        examine(conn)
        if conn.dialect.name == "postgresql":
            conn.exec_driver_sql("ANALYZE")


def _prepare(conn: Connection, target: Target) -> None:
    """Mark an empty database, so that no server starts with it; leave any other as it is."""
    try:
        refuse_unless_empty(conn)
    except MigrationError as error:
        if not target.replace:
            raise BackupError(
                f"{error} Or delete all that is in this one with --replace."
            ) from error
    else:
        mark_unfinished(conn)


@contextmanager
def _alone(url: str) -> Iterator[Connection]:
    """A transaction while nobody else uses the database. Raises MigrationError if somebody does."""
    try:
        with migrate.locked(url, alone=True) as conn:
            if conn.dialect.name == "postgresql":
                refuse_others(conn)
            yield conn
    except OperationalError as error:
        if getattr(error.orig, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
            raise MigrationError(IN_USE) from error
        raise


def _restore_members(
    conn: Connection,
    path: Path,
    manifest: Manifest,
    target: Target,
    put_key: Callable[[str], None],
    progress: Progress,
) -> None:
    described = {table.name: table for table in manifest.tables}
    tables = {name: to_table(name, columns_of(table)) for name, table in described.items()}
    rows = dict.fromkeys(described, 0)
    stored = 0
    are_rows_checked = False
    for name, content in read_members(path):
        if name.startswith("rows/"):
            table = described[table_of(name)]
            batch = rows_in(path, name, table, content)
            insert_rows(conn, tables[table.name], batch)
            rows[table.name] += len(batch)
            progress(table.name, rows[table.name], 2 * table.rows)
            continue
        if not are_rows_checked:  # the key and the pictures follow
            _finish_rows(conn, manifest, tables, progress)
            are_rows_checked = True
        if name == KEY:
            put_key(content.decode())
        elif name.startswith(PICTURES) and target.pictures is not None:
            target.pictures.keep(content, name.removeprefix(PICTURES))
            stored += 1
            progress("pictures", stored, manifest.pictures)


def _finish_rows(
    conn: Connection, manifest: Manifest, tables: dict[str, Table], progress: Progress
) -> None:
    for table in manifest.tables:
        copied = TableContents(table.name, table.rows, table.digest)
        compare_rows(conn, tables[table.name], copied, progress)
        if table.id_column is not None:
            last = table.last_id + (SKIPPED if table.name in NUMBERED else 0)
            if last:
                set_last_id(conn, LastId(table.name, table.id_column, last))


def _drop_everything(conn: Connection) -> None:
    """Leave nothing of an instance, or of the mark, in the database."""
    if conn.dialect.name == "sqlite":
        # The tables inside a virtual one are dropped with it.
        for kind in ("CREATE VIRTUAL%", "CREATE TABLE%"):
            query = text(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE :kind"
                " AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
            )
            for name in conn.execute(query, {"kind": kind}).scalars().all():
                conn.exec_driver_sql(f'DROP TABLE "{name}"')
        return
    for name in inspect(conn).get_table_names():
        conn.exec_driver_sql(f'DROP TABLE "{name}" CASCADE')
    functions = conn.execute(
        text(
            "SELECT CAST(oid AS regprocedure) FROM pg_proc"
            " WHERE pronamespace = CAST(current_schema() AS regnamespace) AND NOT EXISTS"
            " (SELECT 1 FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')"
        )
    )
    for signature in functions.scalars().all():
        conn.exec_driver_sql(f"DROP FUNCTION {signature} CASCADE")
