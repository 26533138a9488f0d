"""Drafts: text that members typed into forms and did not send."""

import json

from sqlalchemy import Connection, select

from fedcom.models.personal import Draft, draft


def find_draft(conn: Connection, person_id: int, form: str) -> Draft | None:
    """The member's draft for `form` (its name)."""
    row = conn.execute(
        select(draft.c.form, draft.c.fields, draft.c.updated_at).where(
            draft.c.person_id == person_id, draft.c.form == form
        )
    ).first()
    return None if row is None else Draft(row.form, read_fields(row.fields), row.updated_at)


def read_fields(text: str) -> dict[str, str]:
    """Fields from JSON; {} for anything else, since some of it comes back from browsers."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(fields, dict):
        return {}
    return {name: value for name, value in fields.items() if isinstance(value, str)}
