"""Indexes for pages that read a bounded part of large tables: closed rows of the journal by their
states, a thread by time, follows without a response; on PostgreSQL words with the number of the
row's block (`fedcom.views.search`).

Revision 0032, after 0031.
"""

from alembic import op
from sqlalchemy import text

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

CLOSED, PENDING = "closed_at IS NOT NULL", "state = 'pending'"
BLOCK = 1_024


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.drop_index("ix_inbox_journal_closed", "inbox_journal")
    op.create_index(
        "ix_inbox_journal_closed",
        "inbox_journal",
        ["state", "closed_at"],
        sqlite_where=text(CLOSED),
        postgresql_where=text(CLOSED),
    )
    op.create_index("ix_comment_post_id_published_at", "comment", ["post_id", "published_at", "id"])
    op.create_index(
        "ix_follow_pending",
        "follow",
        ["created_at"],
        sqlite_where=text(PENDING),
        postgresql_where=text(PENDING),
    )
    if op.get_bind().dialect.name == "postgresql":
        for table in ("post", "comment", "actor"):
            op.execute(f"DROP INDEX ix_{table}_search_words")
            op.execute(
                f"CREATE INDEX ix_{table}_search_words ON {table}_search"
                f" USING gin (words, (ARRAY[rowid / {BLOCK}]))"
            )
