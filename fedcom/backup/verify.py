"""Reads a whole backup, and says whether it is complete and as it was written."""

import zlib
from collections.abc import Callable
from pathlib import Path

from fedcom.backup.archive import (
    KEY,
    MANIFEST,
    PICTURES,
    ROWS,
    BackupError,
    DescribedTable,
    Manifest,
    find_manifest,
    read_verified,
)
from fedcom.backup.portable_rows import read_portion
from fedcom.transfer import RowDigest, TableContents

Progress = Callable[[str, int, int], None]
"""Told what is worked on, how much of it is done, and all of it (0 if that is not known)."""


def verify_backup(path: Path, *, progress: Progress) -> Manifest:
    """Read the whole file; its manifest, if it is complete and as it was written.

    Raises BackupError, which says what is wrong with it, and OSError.
    """
    manifest = find_manifest(path)
    described = {table.name: table for table in manifest.tables}
    digests = {name: RowDigest(name) for name in described}
    total, done, pictures, has_key = path.stat().st_size, 0, 0, False
    for name, content in read_verified(path, manifest):
        done += len(content)
        progress("verified", min(done, total), total)
        if name == KEY:
            has_key = True
        elif name.startswith(PICTURES):
            pictures += 1
        elif name != MANIFEST:
            table = described.get(table_of(name))
            if table is None:
                raise BackupError(f"{path} is damaged: {name} is of no table of its manifest.")
            digests[table.name].add(rows_in(path, name, table, content))
    progress("verified", total, total)
    wrong = [
        name
        for name, digest in digests.items()
        if digest.contents() != TableContents(name, described[name].rows, described[name].digest)
    ]
    if wrong or (pictures, has_key) != (manifest.pictures, manifest.has_key):
        what = wrong[0] if wrong else "pictures or the key"
        raise BackupError(f"{path} is damaged: {what}: not what the manifest says.")
    return manifest


def table_of(name: str) -> str:
    """The table whose rows this member has; "" if it has none."""
    found = ROWS.fullmatch(name)
    return found.group(1) if found else ""


def columns_of(table: DescribedTable) -> list[dict[str, object]]:
    """The columns of a table, as `portable_rows` describes them."""
    return [column.model_dump() for column in table.columns]


def rows_in(
    path: Path, name: str, table: DescribedTable, content: bytes
) -> list[dict[str, object]]:
    """The rows in this member. Raises BackupError if it cannot be read."""
    try:
        return read_portion(columns_of(table), content)
    except (ValueError, EOFError, OSError, zlib.error) as error:
        raise BackupError(f"{path} is damaged: {name} cannot be read ({error}).") from error
