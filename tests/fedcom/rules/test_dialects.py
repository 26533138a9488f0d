"""The form of activities for a peer, by the software it runs."""

import pytest

from fedcom.rules.dialects import (
    FORUMS,
    MICROBLOGS,
    Dialect,
    dialect_of,
    ignores_restore_data,
    takes_chat,
)


@pytest.mark.parametrize(
    ("software", "reached", "dialect"),
    [
        ("lemmy", True, Dialect.FORUM),
        ("piefed", True, Dialect.FORUM),
        ("fedcom", True, Dialect.FORUM),
        # It responded once; that it does not now changes nothing.
        ("lemmy", False, Dialect.FORUM),
        ("mastodon", True, Dialect.MICROBLOG),
        ("gotosocial", False, Dialect.MICROBLOG),
        ("oddity", True, Dialect.UNFAMILIAR),
        ("oddity", False, Dialect.UNKNOWN),
        (None, True, Dialect.UNKNOWN),
        (None, False, Dialect.UNKNOWN),
    ],
)
def test_the_software_decides(software: str | None, reached: bool, dialect: Dialect) -> None:
    assert dialect_of(software, reached=reached) is dialect


def test_unknown_peers_get_the_safe_form() -> None:
    forms = {one: (one.takes_activities, one.takes_boosts) for one in Dialect}

    assert forms == {
        Dialect.FORUM: (True, False),
        Dialect.MICROBLOG: (False, True),
        Dialect.UNFAMILIAR: (True, True),
        Dialect.UNKNOWN: (False, True),
    }


def test_no_software_is_both() -> None:
    assert set() == FORUMS & MICROBLOGS
    assert all(name == name.lower() for name in FORUMS | MICROBLOGS)


@pytest.mark.parametrize(
    ("software", "version", "reads"),
    [
        ("fedcom", "0.1", True),
        ("lemmy", "1.0.0", True),
        ("lemmy", "0.20.0-alpha.1", True),
        ("lemmy", "0.19.20", False),
        ("lemmy", None, False),
        ("piefed", "1.7", False),
        (None, None, False),
    ],
)
def test_servers_that_restore_content_with_the_undo_of_a_ban(
    software: str | None, version: str | None, reads: bool
) -> None:
    assert ignores_restore_data(software, version) is not reads


@pytest.mark.parametrize(
    ("software", "version", "chats"),
    [
        ("lemmy", "0.19.20", True),
        ("lemmy", "0.18.5-rc.1", True),
        ("lemmy", "0.20.0-alpha.1", False),
        ("lemmy", "1.0.0-beta.1", False),
        ("lemmy", "unknown", True),
        ("lemmy", None, True),
        ("piefed", "1.0", True),
        ("mbin", None, True),
        ("fedcom", "0.1", False),
        ("mastodon", "4.6.5", False),
        (None, None, False),
    ],
)
def test_software_that_gets_messages_as_chat(
    software: str | None, version: str | None, *, chats: bool
) -> None:
    assert takes_chat(software, version) is chats
