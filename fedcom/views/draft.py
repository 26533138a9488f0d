"""The drafts of a member, for the member's own page."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select

from fedcom.models.personal import draft
from fedcom.queries.drafts import read_fields
from fedcom.views.viewer import VIEWER

EXCERPT = 200
"""Characters of the text that are shown."""


@dataclass(frozen=True, slots=True)
class DraftView:
    """The beginning of an unsent text; `form` names its form, as in `Draft`.

    Only posts have a `title`.
    """

    form: str
    title: str
    excerpt: str
    updated_at: datetime


_DRAFTS = (
    select(draft.c.form, draft.c.fields, draft.c.updated_at)
    .where(draft.c.person_id == VIEWER)
    .order_by(draft.c.updated_at.desc(), draft.c.form)
)


def list_drafts(conn: Connection, viewer_id: int) -> list[DraftView]:
    """All drafts of the viewer, the newest first."""
    return [_to_draft(row) for row in conn.execute(_DRAFTS, {"viewer": viewer_id}).mappings()]


def _to_draft(row: RowMapping) -> DraftView:
    fields = read_fields(row["fields"])
    title, text = fields.get("title", ""), fields.get("body", "")
    return DraftView(row["form"], title, text[:EXCERPT], row["updated_at"])
