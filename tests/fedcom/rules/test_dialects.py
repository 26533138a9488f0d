"""In which words a peer is spoken to, by what it says it runs."""

import pytest

from fedcom.rules.dialects import FORUMS, MICROBLOGS, Dialect, dialect_of


@pytest.mark.parametrize(
    ("software", "reached", "dialect"),
    [
        ("lemmy", True, Dialect.FORUM),
        ("piefed", True, Dialect.FORUM),
        ("fedcom", True, Dialect.FORUM),
        # It answered once; that it does not just now changes nothing.
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


def test_whom_nobody_knows_is_spoken_to_in_the_form_that_disturbs_nobody() -> None:
    told = {one: (one.takes_activities, one.takes_boosts) for one in Dialect}

    assert told == {
        Dialect.FORUM: (True, False),
        Dialect.MICROBLOG: (False, True),
        Dialect.UNFAMILIAR: (True, True),
        Dialect.UNKNOWN: (False, True),
    }


def test_nobody_is_both() -> None:
    assert set() == FORUMS & MICROBLOGS
    assert all(name == name.lower() for name in FORUMS | MICROBLOGS)
