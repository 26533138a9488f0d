"""The announcement: a line or two of the admins at the top of every page.

Each has a number, and who dismisses it dismisses that number: an edited one is shown again.
"""

from datetime import datetime

from sqlalchemy import Connection, update

from fedcom.context import Context
from fedcom.errors import Invalid
from fedcom.models.account import account
from fedcom.models.site import Site, site
from fedcom.rules.limits import check_body
from fedcom.site.settings import get_site
from fedcom.wire.body import Body

MAX_ANNOUNCEMENT = 500


def set_announcement(ctx: Context, text: Body, until: datetime | None) -> Site:
    """Show this text until then (None: until it is removed); an empty one removes it.

    Another text gets the next number; another time alone does not. Raises Invalid: `body_…`,
    `until_past`.
    """
    check_body(text.source, MAX_ANNOUNCEMENT)
    if text.source and until is not None and until <= ctx.now:
        raise Invalid("until_past", "This time is in the past.")
    before = get_site(ctx.conn)
    number = before.announcement_number + (text.source != before.announcement_source)
    ctx.conn.execute(
        update(site).values(
            announcement_source=text.source,
            announcement_html=text.html,
            announcement_until=until if text.source else None,
            announcement_number=number,
        )
    )
    return get_site(ctx.conn)


def dismiss_announcement(conn: Connection, person_id: int, number: int) -> None:
    """Do not show this member the announcement with this number, or an earlier one, again."""
    own = (account.c.actor_id == person_id, account.c.dismissed_announcement < number)
    latest = min(number, get_site(conn).announcement_number)
    conn.execute(update(account).where(*own).values(dismissed_announcement=latest))
