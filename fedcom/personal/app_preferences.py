"""What a member's apps remember for them: Lemmy 0.19's settings that mean nothing to our pages.

They are one JSON object in the account: no query reads them, and apps come with new ones (decision
0051). Those that change lists or mail are columns of their own (`preferences`).
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from sqlalchemy import Connection, update

from fedcom.accounts.members import get_account
from fedcom.errors import Invalid
from fedcom.models.account import Account, account

LISTING_MODES = ("List", "Card", "SmallCard")
"""Lemmy 0.19's `PostListingMode`."""

LONGEST = 60
"""Of a text among them, in characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppPreferences:
    """Named as in Lemmy 0.19's `LocalUser` and `LocalUserVoteDisplayMode`, with its defaults."""

    auto_expand: bool = False
    blur_nsfw: bool = True
    collapse_bot_comments: bool = False
    enable_animated_images: bool = True
    enable_keyboard_navigation: bool = False
    infinite_scroll_enabled: bool = False
    # When the member last saw the request for donations, as apps write it; "" for never.
    last_donation_notification: str = ""
    open_links_in_new_tab: bool = False
    post_listing_mode: str = "List"
    show_avatars: bool = True
    show_downvotes: bool = True
    show_scores: bool = True
    show_upvote_percentage: bool = False
    show_upvotes: bool = True
    theme: str = "browser"


_TYPES = {field.name: type(field.default) for field in fields(AppPreferences)}


def app_preferences_of(mine: Account) -> AppPreferences:
    """A member's; what was never set is Lemmy's default."""
    stored = json.loads(mine.app_preferences)
    return AppPreferences(**{name: value for name, value in stored.items() if name in _TYPES})


def set_app_preferences(
    conn: Connection, person_id: int, changes: Mapping[str, Any]
) -> AppPreferences:
    """Store those that are given and not None; the result.

    Raises Invalid(`app_preference_unknown`, `app_preference_invalid`,
    `post_listing_mode_unknown`) and NotFound.
    """
    given = {name: value for name, value in changes.items() if value is not None}
    for name, value in given.items():
        _check(name, value)
    changed = replace(app_preferences_of(get_account(conn, person_id)), **given)
    values = {"app_preferences": json.dumps(asdict(changed))}
    conn.execute(update(account).where(account.c.actor_id == person_id).values(**values))
    return changed


def usable_preferences(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Those among an app's or another server's settings that can be stored."""
    found = {}
    for name, value in settings.items():
        with suppress(Invalid):
            _check(name, value)
            found[name] = value
    return found


def _check(name: str, value: object) -> None:
    if name not in _TYPES:
        raise Invalid("app_preference_unknown", "There is no preference named %(name)s.", name=name)
    is_text = isinstance(value, str)
    if type(value) is not _TYPES[name] or (is_text and len(str(value)) > LONGEST):
        raise Invalid("app_preference_invalid", "The value of %(name)s is not valid.", name=name)
    if name == "post_listing_mode" and value not in LISTING_MODES:
        raise Invalid(
            "post_listing_mode_unknown",
            "Choose one of: %(choices)s.",
            choices=", ".join(LISTING_MODES),
        )
