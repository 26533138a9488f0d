"""Preferences: how pages look to a member, and which lists they begin with. No peer sees them."""

import re
from dataclasses import asdict, dataclass
from typing import get_args

from sqlalchemy import Connection, update

from fedcom.accounts.members import get_account
from fedcom.context import Context
from fedcom.errors import Invalid
from fedcom.models.account import Account, Theme, account
from fedcom.models.actor import Person

THEMES: tuple[str, ...] = get_args(Theme)

FRONT_SCOPES = ("subscribed", "local", "all")

FRONT_SORTS = (
    *("active", "hot", "scaled", "new", "old", "most_comments", "new_comments"),
    *("top-hour", "top-six_hours", "top-twelve_hours", "top-day", "top-week", "top-month"),
    *("top-three_months", "top-six_months", "top-nine_months", "top-year", "top-all"),
    *("controversial-week", "controversial-month", "controversial-all"),
)
"""Orders of the front page, some with a span of time after the hyphen."""

# The syntax of a BCP 47 tag; "" leaves the choice to the browser.
_LANGUAGE = re.compile(r"(?:[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,3})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What a member may choose; each field is the column of `account` with its name."""

    interface_language: str
    theme: str
    front_scope: str
    front_sort: str
    compact_lists: bool
    show_nsfw: bool
    mail_notifications: bool


def set_preferences(conn: Connection, person_id: int, chosen: Preferences) -> Account:
    """Store them all; the account as it then stands.

    Raises Invalid: `theme_unknown`, `front_scope_unknown`, `front_sort_unknown`,
    `interface_language_unknown`; and NotFound.
    """
    _check("theme", chosen.theme, THEMES)
    _check("front_scope", chosen.front_scope, FRONT_SCOPES)
    _check("front_sort", chosen.front_sort, FRONT_SORTS)
    if not _LANGUAGE.fullmatch(chosen.interface_language):
        raise Invalid("interface_language_unknown", "Unknown language.")
    mine = account.c.actor_id == person_id
    conn.execute(update(account).where(mine).values(**asdict(chosen)))
    return get_account(conn, person_id)


def note_donation_request(ctx: Context, person: Person) -> None:
    """Store that an app has just asked this member for a donation."""
    mine = account.c.actor_id == person.id
    ctx.conn.execute(update(account).where(mine).values(asked_to_donate_at=ctx.now))


def _check(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise Invalid(f"{name}_unknown", "Choose one of: %(choices)s.", choices=", ".join(known))
