import json

import pytest

from tests.fedcom.cli.shell import Shell


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_what_the_doctor_finds_is_in_lines_in_json_and_in_the_exit_code(shell: Shell) -> None:
    """It neither creates nor upgrades a database."""
    shell.set(database_url="", data_dir=str(shell.folder / "new"))
    empty = shell("doctor")
    assert (empty.code, (shell.folder / "new").exists()) == (1, False)
    assert "failed   database     There is nothing in the database" in empty.out
    assert "→ Start the server, which creates it, or restore a backup." in empty.out

    shell.set(database_url=shell.url)
    database = shell.open_database()
    with database.begin() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    database.close()

    older = shell("doctor", "--json")

    assert older.code == 1
    found = {one["check"]: one for one in json.loads(older.out)}
    assert found["settings"]["state"] == "warning"
    assert "has the revision 0001, and this version needs" in found["database"]["found"]
    assert found["database"]["remedy"].startswith("Run fedcom db upgrade")
