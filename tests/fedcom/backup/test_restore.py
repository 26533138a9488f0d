"""A backup is restored on either database, or nothing is changed."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, inspect, make_url, text

from fedcom import migrate
from fedcom.backup.archive import (
    ArchiveWriter,
    BackupError,
    Manifest,
    find_manifest,
    read_members,
)
from fedcom.backup.create import Source, create_backup
from fedcom.backup.portable_rows import read_portion, write_portions
from fedcom.backup.restore import SKIPPED, Target, restore_backup
from fedcom.backup.verify import verify_backup
from fedcom.db import Database
from fedcom.effects.modlog import log_content
from fedcom.media.store import Store
from fedcom.migrate import MigrationError
from fedcom.models.post import post
from fedcom.transfer import RowDigest, list_tables
from tests.fedcom.test_revisions import upgrade_to
from tests.support.databases import kept
from tests.support.people import ORIGIN, Home

SECRET = "a secret of at least 32 characters"
PICTURE = b"RIFF: as if it were a picture"


def quiet(*_: object) -> None:
    """Neither shows nor refuses anything."""


def save(
    url: str, folder: Path, progress: Callable[[str, int, int], None] = quiet
) -> tuple[Path, Manifest]:
    store = Store(folder / "media")
    store.keep(PICTURE)
    path = folder / "saved.tar"
    source = Source(ORIGIN, url, store, SECRET)
    made = create_backup(source, path, examine=quiet, progress=progress, overwrite=True)
    return path, made


def bring_back(
    path: Path, url: str, folder: Path, *, replace: bool = False, examine: Any = quiet
) -> list[str]:
    """Restores it; the keys that were put."""
    keys: list[str] = []
    manifest = verify_backup(path, progress=quiet)
    target = Target(url, Store(folder), replace)
    restore_backup(path, manifest, target, examine=examine, put_key=keys.append, progress=quiet)
    return keys


def close(database: Database, url: str) -> None:
    database.close()
    kept.close(str(make_url(url).database))


def read(url: str, query: str) -> Any:
    with migrate.locked(url) as conn:
        return conn.execute(text(query)).scalar()


def tables_of(url: str) -> list[str]:
    with migrate.locked(url) as conn:
        return inspect(conn).get_table_names()


def contents(manifest: Manifest) -> dict[str, tuple[int, str]]:
    return {table.name: (table.rows, table.digest) for table in manifest.tables}


@pytest.mark.each_database
def test_a_backup_of_one_moment_is_restored_on_the_other_database(
    home: Home, database_url: str, target_url: str, tmp_path: Path
) -> None:
    """While it is made, a server has the database open and goes on writing."""
    cat = home.post(title="Cats “sleep” 🐈")
    home.comment(cat, text="Indeed, zanzibar")
    later: list[int] = []

    def write_later(table: str, _done: int, _total: int) -> None:
        if table == "actor" and not later:
            later.append(home.post(title="Too late").id)

    path, made = save(database_url, tmp_path, write_later)

    assert len(home.rows(post)) == 2
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(contents(made)) == [table.name for table in list_tables()]
    assert (made.pictures, made.picture_bytes) == (1, len(PICTURE))
    keys = bring_back(path, target_url, tmp_path / "restored")
    assert keys == [SECRET]
    (name,) = [name for name, _, _ in Store(tmp_path / "restored").files()]
    assert Store(tmp_path / "restored").read(name) == PICTURE
    assert migrate.check(target_url) == []
    assert read(target_url, "SELECT count(*) FROM post WHERE title = 'Too late'") == 0
    _, again = save(target_url, tmp_path)
    assert contents(again) == contents(made)
    assert again.database != made.database
    # Peers may know the numbers that were assigned after the backup.
    last = {table.name: table.last_id for table in again.tables}
    before = {table.name: table.last_id for table in made.tables}
    assert last == before | {
        name: before[name] + SKIPPED for name in ("post", "comment", "message")
    }


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_backup_of_an_older_revision_is_upgraded(
    home: Home,
    database_url: str,
    target_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    older_post = home.post(title="Older")
    home(lambda ctx: log_content(ctx, home.ann, older_post, "lock", "why"))
    path, _ = save(database_url, tmp_path)

    bring_back(as_of("0048", path, monkeypatch), target_url, tmp_path / "restored")

    assert migrate.check(target_url) == []
    assert read(target_url, "SELECT title FROM post") == "Older"
    assert read(target_url, "SELECT about FROM modlog") == "post"


def as_of(revision: str, path: Path, patch: pytest.MonkeyPatch) -> Path:
    """A backup as the version with this revision made it."""
    url = f"sqlite:///{path.with_name('older.sqlite3')}"
    upgrade_to(revision, url, path.with_name("revisions"), patch)
    with migrate.locked(url) as conn:
        schema = inspect(conn)
        known = {
            name: {one["name"] for one in schema.get_columns(name)}
            for name in schema.get_table_names()
        }
    facts = find_manifest(path).model_dump()
    tables = {one["name"]: one for one in facts["tables"] if one["name"] in known}
    columns = {name: one["columns"] for name, one in tables.items()}
    digests = {name: RowDigest(name) for name in tables}
    for name, one in tables.items():
        one["columns"] = [column for column in columns[name] if column["name"] in known[name]]
    copy = path.with_name("older.tar")
    with copy.open("wb") as file, ArchiveWriter(file) as archive:
        for member, content in read_members(path):
            name = member.split("/")[1] if member.startswith("rows/") else ""
            if name in tables:
                rows = [
                    {column: value for column, value in row.items() if column in known[name]}
                    for row in read_portion(columns[name], content)
                ]
                digests[name].add(rows)
                ((_, older),) = write_portions(tables[name]["columns"], iter([rows]))
                archive.add(member, older)
            elif not name and member != "manifest.json":
                archive.add(member, content)
        for name, one in tables.items():
            one["digest"] = digests[name].contents().digest
        more = {name: facts[name] for name in facts if name not in {"format", "sums"}}
        archive.finish(**more | {"revision": revision, "tables": list(tables.values())})
    return copy


def test_only_a_database_that_nobody_uses_is_replaced(
    home: Home, database: Database, database_url: str, tmp_path: Path
) -> None:
    home.post(title="Saved")
    path, _ = save(database_url, tmp_path)
    home.post(title="Written later")

    with pytest.raises(MigrationError, match="stop the server and all workers first"):
        bring_back(path, database_url, tmp_path / "restored", replace=True)
    close(database, database_url)
    with pytest.raises(BackupError, match=r"not empty: .* with --replace"):
        bring_back(path, database_url, tmp_path / "restored")
    assert read(database_url, "SELECT count(*) FROM post") == 2
    assert not (tmp_path / "restored").exists()

    bring_back(path, database_url, tmp_path / "restored", replace=True)

    assert read(database_url, "SELECT count(*) FROM post") == 1
    assert migrate.check(database_url) == []


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_restore_that_fails_leaves_what_was_there_or_a_mark(
    home: Home, database: Database, database_url: str, target_url: str, tmp_path: Path
) -> None:
    path, _ = save(database_url, tmp_path)
    close(database, database_url)

    def refuse(_conn: Connection) -> None:
        raise LookupError("another server's")

    for url, replace in ((database_url, True), (target_url, False)):
        with pytest.raises(LookupError):
            bring_back(path, url, tmp_path, replace=replace, examine=refuse)

    assert migrate.check(database_url) == []
    assert read(database_url, "SELECT count(*) FROM actor") == 4
    assert tables_of(target_url) == ["alembic_version"]
    with pytest.raises(MigrationError, match="run fedcom restore again"):
        migrate.upgrade(target_url)


def changed(path: Path, change: Callable[[bytes], bytes], name: str = "manifest.json") -> Path:
    """A copy in which one member is another."""
    copy = path.with_name(f"changed{len(list(path.parent.iterdir()))}.tar")
    with tarfile.open(path) as old, tarfile.open(copy, "w", format=tarfile.USTAR_FORMAT) as new:
        for member in old.getmembers():
            file = old.extractfile(member)
            assert file is not None
            content = file.read()
            if member.name == name:
                content = change(content)
                member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    return copy


def start_of(path: Path, name: str) -> int:
    with tarfile.open(path) as tar:
        return tar.getmember(name).offset


def cut(path: Path, size: int) -> Path:
    copy = path.with_name(f"cut{size}.tar")
    copy.write_bytes(path.read_bytes()[:size])
    return copy


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_what_is_wrong_with_a_file_is_said_before_anything_is_changed(
    home: Home, database_url: str, tmp_path: Path
) -> None:
    path, _ = save(database_url, tmp_path)
    size = path.stat().st_size
    text_file = tmp_path / "notes.txt"
    text_file.write_text("Not an archive" * 100)
    foreign = tmp_path / "foreign.tar"
    with tarfile.open(foreign, "w") as tar:
        tar.addfile(tarfile.TarInfo("../etc/passwd"))
    rows = "rows/actor/000001.jsonl.gz"
    wrong = {
        "is not a backup of Fedcom, or it is damaged": text_file,
        "is not a backup of Fedcom: it has '../etc/passwd'": foreign,
        "damaged or incomplete": cut(path, size // 2),
        "secret.key is not what was written": changed(path, bytes.upper, "secret.key"),
        "a newer version made it": changed(path, lambda text: text.replace(b"tables", b"more")),
        "in a form that this version cannot read": changed(
            path, lambda text: text.replace(b'"format": 1', b'"format": 2')
        ),
        f"{rows} cannot be read": changed(path, lambda data: data[:-9], rows),
        "ends too early": cut(path, start_of(path, "manifest.json")),
    }
    for why, file in wrong.items():
        with pytest.raises(BackupError, match=why.replace("(", r"\(")):
            verify_backup(file, progress=quiet)


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_backup_of_a_newer_version_is_left_alone(
    home: Home, database_url: str, target_url: str, tmp_path: Path
) -> None:
    path, made = save(database_url, tmp_path)
    newer = changed(path, lambda text: text.replace(made.revision.encode(), b"9999"))

    with pytest.raises(BackupError, match="revision 9999 of the database, which this version"):
        bring_back(newer, target_url, tmp_path)

    assert tables_of(target_url) == []


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_backup_that_fails_leaves_no_file(home: Home, database_url: str, tmp_path: Path) -> None:
    path, _ = save(database_url, tmp_path)
    source = Source(ORIGIN, database_url, None, None)

    with pytest.raises(BackupError, match="exists already"):
        create_backup(source, path, examine=quiet, progress=quiet)
    verify_backup(path, progress=quiet)

    def full(_table: str, _done: int, _total: int) -> None:
        raise OSError("no space left on device")

    path.unlink()
    with pytest.raises(OSError, match="no space"):
        create_backup(source, path, examine=quiet, progress=full)
    assert [file.name for file in tmp_path.iterdir() if "saved" in file.name] == []
