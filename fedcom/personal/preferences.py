"""Preferences: how pages look to a member, and which lists they begin with. No peer sees them."""

import re
from dataclasses import asdict, dataclass
from typing import get_args

from sqlalchemy import Connection, case, update

from fedcom.accounts.members import get_account
from fedcom.errors import Invalid
from fedcom.models.account import Account, Theme, account
from fedcom.rules.front_lists import FRONT_SCOPES, FRONT_SORTS
from fedcom.rules.languages import check_languages
from fedcom.rules.time_zones import check_time_zone

THEMES: tuple[str, ...] = get_args(Theme)

# The syntax of a BCP 47 tag; "" leaves the choice to the browser.
_LANGUAGE = re.compile(r"(?:[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,3})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What a member may choose; each field is the column of `account` with its name."""

    interface_language: str
    theme: str
    # The name of an IANA zone; "" for the browser's.
    time_zone: str = ""
    front_scope: str
    front_sort: str
    compact_lists: bool
    show_nsfw: bool
    show_read_posts: bool = True
    show_bot_accounts: bool = True
    keyboard_shortcuts: bool = True
    flat_threads: bool = False
    # Codes separated by spaces; "" for all.
    languages: str = ""
    mail_notifications: bool


def set_preferences(conn: Connection, person_id: int, chosen: Preferences) -> Account:
    """Store them all; the account as it then stands.

    Raises Invalid: `theme_unknown`, `front_scope_unknown`, `front_sort_unknown`,
    `interface_language_unknown`, `language_unknown`, `time_zone_unknown`; and NotFound.
    """
    _check("theme", chosen.theme, THEMES)
    _check("front_scope", chosen.front_scope, FRONT_SCOPES)
    _check("front_sort", chosen.front_sort, FRONT_SORTS)
    if not _LANGUAGE.fullmatch(chosen.interface_language):
        raise Invalid("interface_language_unknown", "Unknown language.")
    check_time_zone(chosen.time_zone)
    mine = account.c.actor_id == person_id
    is_same_zone = account.c.time_zone == chosen.time_zone
    values = asdict(chosen) | {
        "languages": check_languages(chosen.languages.split()),
        "digest_at": case((is_same_zone, account.c.digest_at)),
    }
    conn.execute(update(account).where(mine).values(**values))
    return get_account(conn, person_id)


def _check(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise Invalid(f"{name}_unknown", "Choose one of: %(choices)s.", choices=", ".join(known))
