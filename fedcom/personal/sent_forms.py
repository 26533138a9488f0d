"""Forms that members have sent: sending one again creates nothing and leads to the same result."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select, update

from database.inserts import insert_ignoring
from database.pruning import Outdated, outdated_in
from fedcom.context import Context
from fedcom.models.actor import Person
from fedcom.models.personal import sent_form

KEPT = timedelta(days=7)
"""How long a sent form is remembered; tabs stay open for days."""


def once(ctx: Context, by: Person, key: str, make: Callable[[], int]) -> int:
    """The row id that `make` returned, which is called only for the first form with this `key`.

    A repeat at the same time waits for the first one. If `make` raises, nothing is remembered,
    because the caller's transaction is rolled back. With the key "" it is always called.
    """
    if not key:
        return make()
    row = {"person_id": by.id, "key": key, "made_id": 0, "sent_at": ctx.now}
    mine = (sent_form.c.person_id == by.id, sent_form.c.key == key)
    if not insert_ignoring(ctx.conn, sent_form, row):
        return int(ctx.conn.execute(select(sent_form.c.made_id).where(*mine)).scalar_one())
    made = make()
    ctx.conn.execute(update(sent_form).where(*mine).values(made_id=made))
    return made


def old_sent_forms(now: datetime) -> Outdated:
    """The forms that are too old to be sent again."""
    return outdated_in(sent_form, sent_form.c.sent_at <= now - KEPT)
