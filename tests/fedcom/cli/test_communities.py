from tests.fedcom.cli.shell import HOST, ORIGIN, Shell


def test_a_community_is_made_for_its_first_moderator(shell: Shell) -> None:
    shell.create_user("ann")

    out = shell.must("community", "create", "cats", "--by", "ann", "--title", "Cats & more")

    assert out == f"Created !cats@{HOST} at {ORIGIN}/c/cats.\n"
    assert "Cats & more" in shell.must("federation", "lookup", f"!cats@{HOST}")


def test_people_and_communities_share_their_names(shell: Shell) -> None:
    shell.create_user("ann")

    result = shell("community", "create", "ann", "--by", "ann")

    assert (result.code, result.out) == (1, "")
    assert "(name_taken)" in result.err


def test_a_community_needs_a_moderator(shell: Shell) -> None:
    assert "(couldnt_find_person)" in shell("community", "create", "cats", "--by", "zed").err
    assert shell("community", "create", "cats").code == 2


def test_banned_members_cannot_create_communities(shell: Shell) -> None:
    shell.create_user("ann", "--admin")
    shell.create_user("bob")
    shell.must("user", "ban", "bob")

    assert "(site_ban)" in shell("community", "create", "cats", "--by", "bob").err
