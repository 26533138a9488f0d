from tests.fedcom.cli.shell import Shell


def test_an_upgrade_creates_the_schema_and_prints_its_revision(bare_shell: Shell) -> None:
    out = bare_shell.must("db", "upgrade")

    assert out.startswith("The database is at revision ")
    assert bare_shell.must("db", "check") == "The database matches this version.\n"


def test_an_upgrade_of_the_newest_changes_nothing(bare_shell: Shell) -> None:
    first = bare_shell.must("db", "upgrade")

    assert bare_shell.must("db", "upgrade") == first


def test_a_check_of_an_empty_database_explains_what_to_do(bare_shell: Shell) -> None:
    result = bare_shell("db", "check")

    assert (result.code, result.out) == (1, "")
    assert "run fedcom db upgrade" in result.err


def test_a_check_lists_the_differences(shell: Shell) -> None:
    database = shell.open_database()
    with database.begin() as conn:
        conn.exec_driver_sql("CREATE TABLE left_behind (id INTEGER PRIMARY KEY)")
    database.close()

    result = shell("db", "check")

    assert result.code == 1
    assert "left_behind" in result.out
    assert "matches this version" not in result.out


def test_a_database_of_a_newer_version_is_left_alone(shell: Shell) -> None:
    database = shell.open_database()
    with database.begin() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()

    for arguments in (["db", "upgrade"], ["db", "check"], ["user", "list"], ["serve"]):
        result = shell(*arguments)
        assert (result.code, result.out) == (1, ""), arguments
        assert "9999, which this version of Fedcom does not know" in result.err
        assert "Traceback" not in result.err
