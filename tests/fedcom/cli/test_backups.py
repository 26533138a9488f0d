from contextlib import closing
from pathlib import Path

import pytest

from fedcom.db import open_database
from fedcom.media.store import Store
from fedcom.site.settings import get_site
from tests.fedcom.cli.shell import HOST, PASSWORD, Shell

WITHIN = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_server_is_saved_to_one_file_and_restored_elsewhere(
    shell: Shell, target_url: str, tmp_path: Path
) -> None:
    shell.create_user("ann", "--admin")
    Store(tmp_path / "media").keep(b"picture")

    out = shell.must("backup", "all.tar")

    assert f"Backup of http://{HOST} from 20" in out
    assert "1 picture, the secret key." in out
    assert "It was read again and is undamaged." in out
    assert (tmp_path / "all.tar").stat().st_mode & 0o777 == 0o600
    assert shell.must("backup", "--verify", "all.tar").startswith("Backup of")
    with closing(open_database(shell.url)) as database, database.connect() as conn:
        assert get_site(conn).backed_up_at is not None
    again = shell("backup", "all.tar")
    assert (again.code, again.err) == (
        1,
        "all.tar exists already. Give another name, or --overwrite.\n",
    )

    new = tmp_path / "new"
    shell.set(database_url=target_url, data_dir=str(new))
    restored = shell.must("restore", "all.tar")
    assert "The private keys can be decrypted." in restored
    assert "Start the server and its workers, and run fedcom doctor" in restored
    assert shell.must("user", "list").startswith("ann")
    assert (new / "secret.key").read_text() == (tmp_path / "secret.key").read_text()
    assert len(list(Store(new / "media").files())) == 1


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_restore_to_the_wrong_place_changes_nothing(shell: Shell, tmp_path: Path) -> None:
    shell.create_user("ann", "--admin")
    shell.must("backup", "all.tar", "--without-pictures")
    shell.must("backup", "locked.tar", "--without-key")

    new = tmp_path / "new"
    shell.set(database_url="", data_dir=str(new))
    shell.set(origin="http://127.0.0.1:8001")
    assert "A server keeps its name" in shell("restore", "all.tar").err
    shell.set(origin=f"http://{HOST}")
    assert "made without the secret key. Put the key" in shell("restore", "locked.tar").err
    assert not new.exists()

    shell.set(secret_key=WITHIN)
    assert "is not the key of this backup" in shell("restore", "all.tar").err
    assert "encrypted with a different secret" in shell("restore", "locked.tar").err
    shell.set(secret_key="")
    new.joinpath("secret.key").write_text(WITHIN)
    assert "is not the key of this backup" in shell("restore", "all.tar").err
    assert new.joinpath("secret.key").read_text() == WITHIN

    out = shell.must("restore", "all.tar", "--replace")

    assert "Pictures were not restored" in out
    assert [path.read_text() for path in new.glob("secret.key.before-*")] == [WITHIN]
    shell.must("user", "reset-password", "ann", stdin=f"{PASSWORD}\n")
