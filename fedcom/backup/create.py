"""Writes a backup while the server runs.

All rows are read in one transaction that sees one moment of the database: SQLite's readers in WAL
mode have such a snapshot, PostgreSQL has it with REPEATABLE READ. Nobody waits for it. Meanwhile
SQLite's write-ahead log grows by what is written, and PostgreSQL keeps outdated rows. Pictures are
read after the rows: files never change, so what the rows name is there, unless it was deleted in
between.
"""

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection, NullPool, Table, create_engine, event, select

from fedcom import migrate
from fedcom.backup.archive import KEY, PICTURES, ArchiveWriter, BackupError, Manifest
from fedcom.backup.portable_rows import describe_columns, write_portions
from fedcom.backup.verify import Progress, verify_backup
from fedcom.db import normalise_url
from fedcom.media.store import NAME, PictureStore, sync_folder
from fedcom.transfer import (
    RowDigest,
    check_revision,
    count_rows,
    find_last_id,
    list_tables,
    read_rows,
)


@dataclass(frozen=True, slots=True)
class Source:
    """What is saved: `pictures` and `secret` are None if they are left out."""

    origin: str
    database_url: str
    pictures: PictureStore | None
    secret: str | None


def create_backup(
    source: Source,
    path: Path,
    *,
    examine: Callable[[Connection], None],
    progress: Progress,
    overwrite: bool = False,
) -> Manifest:
    """Write everything to `path`, which appears when it is complete and has been read again,
    readable by its owner only.

    `examine` raises an exception if the database is not the expected one. Raises BackupError if
    there is such a file (unless `overwrite`), MigrationError if the database is not as this version
    expects, and OSError when the disk is full; then no file is left.
    """
    if path.exists() and not overwrite:
        raise BackupError(f"{path} exists already. Give another name, or --overwrite.")
    check_revision(source.database_url)
    with (
        _new_file(path, lambda draft: verify_backup(draft, progress=progress)) as file,
        ArchiveWriter(file) as archive,
    ):
        with _snapshot(source.database_url) as conn:
            # The first statement: what it and all others see is the moment of the backup.
            revision = migrate.find_revision(conn)
            moment = datetime.now(UTC)
            examine(conn)
            tables = [_add_table(archive, conn, table, progress) for table in list_tables()]
            kind = conn.dialect.name
        if source.secret is not None:
            archive.add(KEY, source.secret.encode())
        pictures, picture_bytes = _add_pictures(archive, source.pictures, progress)
        return archive.finish(
            version=version("fedcom"),
            created_at=moment.isoformat(timespec="seconds"),
            origin=source.origin,
            revision=revision,
            database=kind,
            has_key=source.secret is not None,
            has_pictures=source.pictures is not None,
            pictures=pictures,
            picture_bytes=picture_bytes,
            tables=tables,
        )


@contextmanager
def _new_file(path: Path, check: Callable[[Path], object]) -> Iterator[BinaryIO]:
    """A draft in the same folder, which gets its name when the block has ended and `check` has read
    it, without an exception.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        check(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)


@contextmanager
def _snapshot(url: str) -> Iterator[Connection]:
    """A transaction that reads one moment of the database and blocks nobody."""
    parsed = normalise_url(url)
    options: dict[str, Any] = {"poolclass": NullPool, "hide_parameters": True}
    if parsed.get_backend_name() == "postgresql":
        options["isolation_level"] = "REPEATABLE READ"
    engine = create_engine(parsed, **options)
    if engine.name == "sqlite":

        @event.listens_for(engine, "connect")
        def prepare(connection: sqlite3.Connection, _record: object) -> None:
            connection.isolation_level = None
            connection.execute("PRAGMA query_only = ON")

        @event.listens_for(engine, "begin")
        def send_begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN")

    with engine.connect() as connection:
        if engine.name == "postgresql":
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        yield connection


def _add_table(
    archive: ArchiveWriter, conn: Connection, table: Table, progress: Progress
) -> dict[str, Any]:
    columns = describe_columns(table)
    total, digest = count_rows(conn, table), RowDigest(table.name)
    progress(table.name, 0, total)

    def batches() -> Iterator[Any]:
        # A comment refers to another of its own table, which is older.
        for batch in read_rows(conn, select(table).order_by(*table.primary_key.columns)):
            digest.add(batch)
            yield batch

    for number, (rows, portion) in enumerate(write_portions(columns, batches()), 1):
        archive.add(f"rows/{table.name}/{number:06}.jsonl.gz", portion)
        progress(table.name, rows, total)
    numbered, last = table.autoincrement_column, find_last_id(conn, table)
    return {
        **asdict(digest.contents()),
        "columns": columns,
        "id_column": None if numbered is None else numbered.name,
        "last_id": 0 if last is None else last.last,
    }


def _add_pictures(
    archive: ArchiveWriter, store: PictureStore | None, progress: Progress
) -> tuple[int, int]:
    """How many there were, and their bytes."""
    if store is None:
        return 0, 0
    names = [name for name, _, _ in store.files() if NAME.fullmatch(name)]
    added = size = 0
    progress("pictures", 0, len(names))
    for seen, name in enumerate(sorted(names), 1):
        content = store.read(name)
        if content is not None:  # else it has been deleted just now
            archive.add(f"{PICTURES}{name}", content)
            added += 1
            size += len(content)
        progress("pictures", seen, len(names))
    return added, size
