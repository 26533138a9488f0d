"""What apps remember for a member."""

from typing import Any

import pytest

from fedcom.accounts.members import get_account
from fedcom.errors import Invalid
from fedcom.personal.app_preferences import (
    AppPreferences,
    app_preferences_of,
    set_app_preferences,
)
from tests.support.people import Home


def stored(home: Home) -> AppPreferences:
    return app_preferences_of(home(lambda ctx: get_account(ctx.conn, home.bob.id)))


def change(home: Home, changes: dict[str, Any]) -> AppPreferences:
    return home(lambda ctx: set_app_preferences(ctx.conn, home.bob.id, changes))


def test_only_given_preferences_change_and_the_others_are_lemmys_defaults(home: Home) -> None:
    assert stored(home) == AppPreferences()
    change(home, {"blur_nsfw": False, "theme": "darkly", "show_scores": None})
    change(home, {"post_listing_mode": "Card"})
    assert stored(home) == AppPreferences(blur_nsfw=False, theme="darkly", post_listing_mode="Card")
    ann = home(lambda ctx: get_account(ctx.conn, home.ann.id))
    assert app_preferences_of(ann) == AppPreferences()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"colour": "red"}, "app_preference_unknown"),
        ({"blur_nsfw": "yes"}, "app_preference_invalid"),
        ({"blur_nsfw": 1}, "app_preference_invalid"),
        ({"theme": "x" * 61}, "app_preference_invalid"),
        ({"post_listing_mode": "Wall"}, "post_listing_mode_unknown"),
    ],
)
def test_preferences_that_make_no_sense_are_refused(
    home: Home, changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(Invalid) as caught:
        change(home, changes)
    assert caught.value.code == code
    assert stored(home) == AppPreferences()
