"""Files are complete or absent, and no name leads out of the folder."""

from pathlib import Path

import pytest

from fedcom.media.store import Store

NAME = "0" * 64 + ".webp"


def test_a_stored_file_can_be_read_and_removed(tmp_path: Path) -> None:
    store = Store(tmp_path / "media")
    assert list(store.files()) == []

    name = store.keep(b"content")

    assert store.keep(b"content") == name
    assert store.read(name) == b"content"
    assert [(found, size) for found, _, size in store.files()] == [(name, 7)]
    store.remove(name)
    store.remove(name)
    assert store.read(name) is None


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../secret.key", "secret.key", f"../{NAME}", f"{NAME}\n"]
)
def test_no_name_leads_to_another_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.key").write_bytes(b"secret")
    (tmp_path / NAME).write_bytes(b"secret")
    store = Store(tmp_path / "media")
    store.keep(b"content")

    store.remove(name)

    assert store.read(name) is None
    assert (tmp_path / "secret.key").exists()


def test_foreign_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    name = store.keep(b"content")
    for other in ("secret.key", "fedcom.sqlite3", ".profile", f"{NAME}.bak"):
        (tmp_path / other).write_bytes(b"precious")
    (tmp_path / f".{'0' * 16}").write_bytes(b"half of a pict")

    assert {found for found, *_ in store.files()} == {name, f".{'0' * 16}"}


def test_a_full_disk_leaves_no_half_file(tmp_path: Path) -> None:
    store = Store(tmp_path / "media")
    store.keep(b"content")
    (tmp_path / "media").chmod(0o700)
    (tmp_path / "media" / NAME).mkdir()

    with pytest.raises(OSError, match="directory"):
        store.keep(b"more", NAME)

    assert [found for found, *_ in store.files() if found.startswith(".")] == []
