"""What a member's imported settings name and is still to be looked up, one row for each."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, Text

from database.partial_indexes import partial_index
from fedcom.db import BigId
from fedcom.models.base import EMPTY, metadata

ImportKind = Literal["follow", "save_post", "save_comment", "block_actor", "block_host"]
ImportState = Literal["waiting", "done", "failed"]

import_item = Table(
    "import_item",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("person_id", BigId, ForeignKey("actor.id"), nullable=False),
    Column("kind", Text, nullable=False),
    # An id or, of a server, its host.
    Column("target", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="waiting"),
    # The sentence for the member, if it failed.
    Column("error", Text, nullable=False, server_default=EMPTY),
    Index("ix_import_item_person_id", "person_id", "state"),
    partial_index("ix_import_item_waiting", "id", where="state = 'waiting'"),
    CheckConstraint("state IN ('waiting', 'done', 'failed')", name="state"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class ImportItem:
    """One thing to follow, save or block."""

    id: int
    person_id: int
    kind: ImportKind
    target: str
    state: ImportState
    error: str
