"""Drafts: text that members typed and did not send, by the name of the form; no peer sees it."""

import json
from collections.abc import Mapping

from sqlalchemy import Connection, delete, select

from database.inserts import upsert
from fedcom.context import Context
from fedcom.errors import Invalid
from fedcom.models.actor import Person
from fedcom.models.personal import draft

MAX_CHARACTERS = 100_000
"""Of all fields together; twice the longest text that can be sent."""

MAX_DRAFTS = 100
"""For one member; the oldest are dropped first."""


def save_draft(ctx: Context, by: Person, form: str, fields: Mapping[str, str]) -> None:
    """Store the text typed into `form` (its name), replacing an earlier draft.

    An empty form is not stored. Raises Invalid("draft_too_long").
    """
    typed = {name: text for name, text in fields.items() if text}
    if sum(map(len, typed.values())) > MAX_CHARACTERS:
        raise Invalid("draft_too_long", "This is too long to be saved as a draft.")
    if not typed:
        drop_draft(ctx.conn, by, form)
        return
    row = {
        "person_id": by.id,
        "form": form,
        "fields": json.dumps(typed),
        "updated_at": ctx.now,
    }
    upsert(ctx.conn, draft, row, key=["person_id", "form"])
    newest = select(draft.c.form).where(draft.c.person_id == by.id)
    kept = newest.order_by(draft.c.updated_at.desc()).limit(MAX_DRAFTS)
    mine = draft.c.person_id == by.id
    ctx.conn.execute(delete(draft).where(mine, draft.c.form.not_in(kept)))


def drop_draft(conn: Connection, by: Person, form: str) -> None:
    """Delete a draft that was sent or discarded."""
    conn.execute(delete(draft).where(draft.c.person_id == by.id, draft.c.form == form))
