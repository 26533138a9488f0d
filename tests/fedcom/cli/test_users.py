from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select, update

from fedcom.accounts.passwords import check_password
from fedcom.accounts.sessions import create_session
from fedcom.models.account import account, invitation, password_reset, session, two_factor
from fedcom.models.actor import actor
from fedcom.models.site import site
from tests.fedcom.cli.shell import HOST, PASSWORD, Shell

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def stored_hash(shell: Shell, name: str) -> str:
    database = shell.open_database()
    with database.connect() as conn:
        found = conn.execute(
            select(account.c.password_hash)
            .join(actor, actor.c.id == account.c.actor_id)
            .where(actor.c.name == name)
        ).scalar_one()
    database.close()
    return str(found)


def sign_in(shell: Shell, name: str) -> None:
    database = shell.open_database()
    with database.begin() as conn:
        number = conn.execute(select(actor.c.id).where(actor.c.name == name)).scalar_one()
        create_session(conn, number, "a browser", NOW)
    database.close()


def turn_on_two_factor(shell: Shell, name: str) -> None:
    database = shell.open_database()
    with database.begin() as conn:
        number = conn.execute(select(actor.c.id).where(actor.c.name == name)).scalar_one()
        row = {"encrypted_secret": b"x", "created_at": NOW, "confirmed_at": NOW, "used_step": 0}
        conn.execute(insert(two_factor).values(account_id=number, **row))
    database.close()


def count_sessions(shell: Shell) -> int:
    database = shell.open_database()
    with database.connect() as conn:
        found = len(conn.execute(select(session.c.id)).all())
    database.close()
    return found


def test_a_new_account_has_the_password_from_standard_input(shell: Shell) -> None:
    out = shell.must("user", "create", "Ann", stdin=f"{PASSWORD}\n")

    assert out == f"ann@{HOST} can log in (member).\n"
    assert check_password(stored_hash(shell, "ann"), PASSWORD)


def test_a_line_end_of_windows_is_no_part_of_the_password(shell: Shell) -> None:
    shell.must("user", "create", "ann", stdin=f"{PASSWORD}\r\n")

    assert check_password(stored_hash(shell, "ann"), PASSWORD)


@pytest.mark.parametrize(
    ("name", "stdin", "code"),
    [
        ("ann", "tiny 1\n", "password_too_short"),
        ("ann", "", "password_too_short"),
        ("ann", "password123\n", "password_common"),
        ("a", PASSWORD, "name_too_short"),
        ("admin", PASSWORD, "name_reserved"),
        ("änne", PASSWORD, "name_characters"),
    ],
)
def test_a_refused_account_shows_the_reason(shell: Shell, name: str, stdin: str, code: str) -> None:
    result = shell("user", "create", name, stdin=stdin)

    assert (result.code, result.out) == (1, "")
    assert result.err.endswith(f"({code})\n")
    assert stdin.strip() == "" or stdin.strip() not in result.err


def test_a_name_is_given_once(shell: Shell) -> None:
    shell.create_user("ann")

    result = shell("user", "create", "ann", stdin=PASSWORD)

    assert result.code == 1
    assert "(name_taken)" in result.err


def test_an_invalid_address_is_refused(shell: Shell) -> None:
    result = shell("user", "create", "ann", "--email", "ann at home", stdin=PASSWORD)

    assert result.code == 1
    assert "(email_invalid)" in result.err


def test_the_first_admin_ends_the_set_up(shell: Shell) -> None:
    def is_set_up() -> bool:
        database = shell.open_database()
        with database.connect() as conn:
            found = conn.execute(select(site.c.set_up_at, site.c.registration)).one()
        database.close()
        assert found.registration == "closed"
        return found.set_up_at is not None

    shell.create_user("ann")
    assert not is_set_up()

    shell.create_user("bob", "--admin")
    assert is_set_up()
    shell.create_user("eve", "--admin")


def test_accounts_are_listed_with_role_and_ban(shell: Shell) -> None:
    assert shell.must("user", "list") == "No accounts.\n"
    shell.create_user("ann", "--admin")
    shell.create_user("bob")
    shell.must("user", "ban", "bob")

    first, second = shell.must("user", "list").splitlines()

    assert first.split()[:2] == ["ann", "admin"]
    assert second.split()[:2] == ["bob", "member"]
    assert "banned" not in first
    assert second.endswith("  banned")


def test_applicants_are_listed_separately(shell: Shell) -> None:
    shell.create_user("ann")
    assert shell.must("user", "list", "--pending") == "No pending applications.\n"
    database = shell.open_database()
    with database.begin() as conn:
        conn.execute(update(account).values(state="pending"))
    database.close()

    assert shell.must("user", "list") == "No accounts.\n"
    assert shell.must("user", "list", "--pending").startswith("ann ")


def test_a_promoted_member_logs_in_again(shell: Shell) -> None:
    shell.create_user("ann")
    sign_in(shell, "ann")

    assert shell.must("user", "promote", "@ann") == f"ann@{HOST} is now an admin.\n"

    assert shell.must("user", "list").split()[1] == "admin"
    assert count_sessions(shell) == 0


def test_the_last_admin_cannot_be_demoted(shell: Shell) -> None:
    shell.create_user("ann", "--admin")

    result = shell("user", "promote", "ann", "--demote")
    assert (result.code, result.out) == (1, "")
    assert "(last_admin)" in result.err

    shell.create_user("bob", "--admin")
    assert (
        shell.must("user", "promote", "ann", "--demote")
        == f"ann@{HOST} is now an ordinary member.\n"
    )


def test_a_new_password_replaces_the_old_and_ends_sessions(shell: Shell) -> None:
    shell.create_user("ann")
    sign_in(shell, "ann")

    out = shell.must("user", "reset-password", f"ann@{HOST}", stdin="ein anderes Wort 8\n")

    assert out == f"ann@{HOST} has a new password.\n"
    assert check_password(stored_hash(shell, "ann"), "ein anderes Wort 8")
    assert not check_password(stored_hash(shell, "ann"), PASSWORD)
    assert count_sessions(shell) == 0


def test_a_ban_ends_sessions_and_can_be_lifted(shell: Shell) -> None:
    shell.create_user("ann", "--admin")
    shell.create_user("bob")
    sign_in(shell, "bob")
    arguments = ("user", "ban", "bob", "--reason", "spam")

    assert shell.must(*arguments) == f"bob@{HOST} is banned.\n"
    assert count_sessions(shell) == 0
    assert "(already_banned)" in shell(*arguments).err
    assert shell.must(*arguments, "--days", "7", "--content") == f"bob@{HOST} is banned.\n"

    assert shell.must("user", "ban", "bob", "--undo") == f"bob@{HOST} is no longer banned.\n"
    assert "(not_banned)" in shell("user", "ban", "bob", "--undo").err


def test_a_ban_needs_an_admin_as_its_actor(shell: Shell) -> None:
    shell.create_user("bob")

    assert "(no_admin)" in shell("user", "ban", "bob").err
    assert shell("user", "ban", "bob", "--days", "99999999").code == 2


def test_a_remote_person_can_be_banned(shell: Shell) -> None:
    shell.create_user("ann", "--admin")
    database = shell.open_database()
    with database.begin() as conn:
        conn.execute(
            insert(actor).values(
                iri="https://far.example/u/eve",
                local=False,
                kind="Person",
                name="eve",
                host="far.example",
                inbox="https://far.example/inbox",
                published_at=NOW,
            )
        )
    database.close()

    assert shell.must("user", "ban", "@eve@far.example") == "eve@far.example is banned.\n"


def test_an_admin_is_demoted_before_a_ban(shell: Shell) -> None:
    shell.create_user("ann", "--admin")

    assert "(cannot_ban_admin)" in shell("user", "ban", "ann").err


@pytest.mark.parametrize(
    "arguments",
    [
        ["user", "promote", "zed"],
        ["user", "reset-password", "zed"],
        ["user", "ban", "zed"],
        ["user", "ban", "zed@far.example"],
    ],
)
def test_an_unknown_name_is_not_found(shell: Shell, arguments: list[str]) -> None:
    result = shell(*arguments, stdin=PASSWORD)

    assert (result.code, result.out) == (1, "")
    assert "zed" in result.err
    assert "(couldnt_find_person)" in result.err


def test_an_invitation_is_made_in_the_name_of_the_first_admin(shell: Shell) -> None:
    assert "(no_admin)" in shell("user", "invite").err
    shell.create_user("ann", "--admin")
    made = shell.must("user", "invite", "--uses", "3", "--days", "0", "--note", "club")
    assert made.startswith(f"http://{HOST}/register?invitation=")
    database = shell.open_database()
    with database.connect() as conn:
        row = conn.execute(select(invitation)).mappings().one()
    database.close()
    assert row["code"] == made.strip().rpartition("=")[2]
    assert (row["uses_left"], row["note"], row["expires_at"]) == (3, "club", None)


def test_a_reset_link_is_made_and_only_its_hash_kept(shell: Shell) -> None:
    shell.create_user("ann", "--admin")
    made = shell.must("user", "reset-link", "ann").strip()
    assert made.startswith(f"http://{HOST}/reset?token=")
    database = shell.open_database()
    with database.connect() as conn:
        row = conn.execute(select(password_reset)).one()
    database.close()
    assert made.rpartition("=")[2] not in str(row)
    assert "no account named nobody" in shell("user", "reset-link", "nobody").err


def test_two_factor_authentication_is_turned_off_for_one_who_lost_everything(shell: Shell) -> None:
    shell.create_user("ann")
    turn_on_two_factor(shell, "ann")
    off = shell.must("user", "two-factor-off", "ann")
    assert off == f"Two-factor authentication is now off for ann@{HOST}.\n"
    again = shell.must("user", "two-factor-off", "ann")
    assert again == f"Two-factor authentication was not on for ann@{HOST}.\n"
    assert "(couldnt_find_person)" in shell("user", "two-factor-off", "eve").err
