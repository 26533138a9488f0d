"""Where pictures are stored: what a store can do, and the folder that is the usual one.

In the folder, files are named by their content, so none is ever overwritten. A file is complete or
not there. Rows name files and are written after them, so a crash leaves at most a file without a
row; `fedcom.background.housekeeping` removes those.
"""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from fedcom.db import make_folder
from fedcom.media.picture import name_of

NAME = re.compile(r"[0-9a-f]{64}\.webp")
OURS = re.compile(rf"{NAME.pattern}|\.[0-9a-f]{{16}}")


class PictureStore(Protocol):
    """Pictures by their names; blocks, so call it in a thread. All functions may raise OSError."""

    def keep(self, content: bytes, name: str = "") -> str:
        """Write `content` durably, as `name` or under its hash; the name."""

    def read(self, name: str) -> bytes | None:
        """The content; None if there is nothing of ours with this name."""

    def remove(self, name: str) -> None:
        """Delete it, if it is there."""

    def files(self) -> Iterator[tuple[str, datetime, int]]:
        """Name, last change and size in bytes of everything of ours."""


class Store:
    """Files in one folder, which is made for the first file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, content: bytes, name: str = "") -> str:
        """Write `content` durably, as `name` or under its hash; the name.

        Raises OSError when the disk is full.
        """
        name = name or name_of(content)
        make_folder(self.folder)
        draft = self.folder / f".{secrets.token_hex(8)}"
        try:
            with draft.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.folder / name)
        finally:
            draft.unlink(missing_ok=True)
        sync_folder(self.folder)
        return name

    def read(self, name: str) -> bytes | None:
        """The content of the file; None if there is no such file of ours."""
        if NAME.fullmatch(name):
            with suppress(OSError):
                return (self.folder / name).read_bytes()
        return None

    def remove(self, name: str) -> None:
        """Delete the file, if it is there; also a temporary one."""
        if OURS.fullmatch(name):
            (self.folder / name).unlink(missing_ok=True)

    def files(self) -> Iterator[tuple[str, datetime, int]]:
        """Name, last change and size in bytes of every file of ours, also of temporary ones that a
        crash left.

        Other files are left out: what is found here is deleted if no row names it, and the admin
        may have configured a folder with other files in it.
        """
        if not self.folder.is_dir():
            return
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if OURS.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    try:
                        seen = entry.stat()
                    except FileNotFoundError:  # a temporary file that was renamed meanwhile
                        continue
                    yield entry.name, datetime.fromtimestamp(seen.st_mtime, UTC), seen.st_size


def sync_folder(folder: Path) -> None:
    """Make the name of a file durable, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
