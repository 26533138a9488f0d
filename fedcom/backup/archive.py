"""The file of a backup: an ordinary tar, whose members are in a fixed order.

    rows/TABLE/000001.jsonl.gz …   rows, table by table, each after those that it refers to
    secret.key                     with this the private keys among the rows are encrypted
    pictures/NAME …                as they are stored
    SHA256SUMS                     of all members before it, as `sha256sum --check` reads it
    manifest.json                  what it is, and the SHA-256 of SHA256SUMS

The manifest is written last, so a file that ends too early is never taken for a backup. Members are
read one at a time and never unpacked to a path that the file names.
"""

import hashlib
import io
import re
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Any, BinaryIO, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fedcom.media.store import NAME as PICTURE
from fedcom.migrate import MigrationError

FORMAT = 1
"""What a version of Fedcom must know to read the file."""

SUMS, MANIFEST, KEY = "SHA256SUMS", "manifest.json", "secret.key"

ROWS = re.compile(r"rows/([a-z0-9_]+)/[0-9]{6}\.jsonl\.gz")
PICTURES = "pictures/"

_MEMBER_BYTES = 512 * 2**20
"""No member is as large; more is not read into memory."""

_SUMS_IN_MEMORY = 2**20


class BackupError(MigrationError):
    """The backup cannot be made, read or restored; the text tells the admin why and what to do."""


class _Described(BaseModel):
    model_config = ConfigDict(frozen=True)


class DescribedColumn(_Described):
    """A column of a table in a backup."""

    name: str
    kind: Literal["time", "boolean", "bytes", "integer", "float", "text"]
    key: bool


class DescribedTable(_Described):
    """A table in a backup: `digest` is that of `fedcom.transfer.RowDigest`; `last_id` is the
    highest that was ever assigned in `id_column`, 0 if none was.
    """

    name: str
    columns: tuple[DescribedColumn, ...]
    rows: int
    digest: str
    id_column: str | None
    last_id: int


class Manifest(_Described):
    """What a backup is and contains."""

    format: Annotated[int, Field(ge=1)]
    version: str
    created_at: str
    origin: str
    revision: str
    database: Literal["sqlite", "postgresql"]
    has_key: bool
    has_pictures: bool
    pictures: int
    picture_bytes: int
    tables: tuple[DescribedTable, ...]
    sums: str

    @property
    def rows(self) -> int:
        """All rows together."""
        return sum(table.rows for table in self.tables)


class _Tar(tarfile.TarFile):
    """A tar file that can forget what it has read or written: each member takes a kilobyte."""

    members: list[tarfile.TarInfo]

    def forget(self) -> None:
        """Forget all members so far."""
        self.members.clear()


class ArchiveWriter:
    """Writes the members of one backup, one after the other, and remembers only their digests."""

    def __init__(self, file: BinaryIO) -> None:
        self._tar = _Tar.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT)
        self._sums = tempfile.SpooledTemporaryFile(_SUMS_IN_MEMORY)  # noqa: SIM115 - closed in __exit__
        self._now = int(time.time())

    def __enter__(self) -> "ArchiveWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._sums.close()

    def add(self, name: str, content: bytes) -> None:
        """Add one member. Raises OSError when the disk is full."""
        self._put(name, io.BytesIO(content), len(content))
        self._sums.write(_sum_line(name, content))

    def finish(self, **facts: Any) -> Manifest:
        """Add the digests and the manifest of these facts, and end the file; the manifest."""
        size = self._sums.tell()
        self._sums.seek(0)
        sums = hashlib.sha256()
        while part := self._sums.read(2**16):
            sums.update(part)
        self._sums.seek(0)
        self._put(SUMS, self._sums, size)
        manifest = Manifest(format=FORMAT, sums=sums.hexdigest(), **facts)
        text = manifest.model_dump_json(indent=1).encode()
        self._put(MANIFEST, io.BytesIO(text), len(text))
        self._tar.close()
        return manifest

    def _put(self, name: str, content: IO[bytes], size: int) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = size, 0o600, self._now
        self._tar.addfile(member, content)
        self._tar.forget()


def find_manifest(path: Path) -> Manifest:
    """The manifest, without reading what it is about.

    Raises BackupError if the file is not a complete backup that this version can read, and OSError.
    """
    for name, content in _members(path):
        if name == MANIFEST:
            return _read_manifest(_whole(path, name, content))
    raise BackupError(
        f"{path} ends too early: it was not written completely, or only a part of it was copied"
        " here. Nothing in it can be relied on."
    )


def read_members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of each member, in their order, without SHA256SUMS.

    Raises BackupError if the file is not a tar or ends too early, and OSError.
    """
    for name, content in _members(path):
        if name != SUMS:
            yield name, _whole(path, name, content)


def read_verified(path: Path, manifest: Manifest) -> Iterator[tuple[str, bytes]]:
    """As `read_members`, and at the end nothing differs from what was written.

    Raises BackupError, which names the first member that differs, and OSError.
    """
    sums = hashlib.sha256()
    with tempfile.SpooledTemporaryFile(_SUMS_IN_MEMORY) as own:
        for name, content in _members(path):
            if name == SUMS:
                own.seek(0)
                _compare_sums(path, own, content, sums)
                continue
            whole = _whole(path, name, content)
            if name != MANIFEST:
                own.write(_sum_line(name, whole))
            yield name, whole
    if manifest.sums != sums.hexdigest():
        raise BackupError(f"{path} is damaged: its list of digests is not the one of its manifest.")


def _read_manifest(content: bytes) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise BackupError(
            "The manifest is not one of a backup that this version of Fedcom can read: it is"
            " damaged, or a newer version made it."
        ) from error
    if manifest.format > FORMAT:
        raise BackupError(
            f"Fedcom {manifest.version} made this backup, in a form that this version cannot read:"
            " install that version or a newer one."
        )
    return manifest


def _members(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with _explained(path), _Tar.open(path, "r:") as tar:
        while (member := tar.next()) is not None:
            content = tar.extractfile(member) if member.isreg() else None
            if content is None or not _is_ours(member.name):
                raise BackupError(f"{path} is not a backup of Fedcom: it has {member.name!r}.")
            yield member.name, content
            tar.forget()


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except tarfile.ReadError as error:
        raise BackupError(
            f"{path} is not a backup of Fedcom, or it is damaged or incomplete ({error})."
        ) from error


def _is_ours(name: str) -> bool:
    is_picture = name.startswith(PICTURES) and PICTURE.fullmatch(name.removeprefix(PICTURES))
    return bool(name in {SUMS, MANIFEST, KEY} or ROWS.fullmatch(name) or is_picture)


def _whole(path: Path, name: str, content: IO[bytes]) -> bytes:
    with _explained(path):
        whole = content.read(_MEMBER_BYTES + 1)
    if len(whole) > _MEMBER_BYTES:
        raise BackupError(f"{name} is larger than anything in a backup of Fedcom.")
    return whole


def _sum_line(name: str, content: bytes) -> bytes:
    return f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode()


def _compare_sums(path: Path, own: IO[bytes], written: IO[bytes], sums: "hashlib._Hash") -> None:
    with _explained(path):
        for line in own:
            expected = written.readline(1000)
            sums.update(expected)
            if line != expected:
                name = line[66:-1].decode()
                raise BackupError(f"{path} is damaged: {name} is not what was written.")
        if written.read(1):
            raise BackupError(f"{path} is damaged: it has fewer members than were written.")
