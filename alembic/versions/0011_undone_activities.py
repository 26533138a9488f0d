"""Tombstones of undone activities, and the signing times of requests.

The first half of an inbox dedupe key now stands for actor and subject, so that the journal can be
queried for an earlier activity.

Revision 0011, after 0010.
"""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BATCH = 1_000


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    with op.batch_alter_table("marker", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("awaited", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(sa.Column("signed_at", sa.Double(), nullable=True))
    with op.batch_alter_table("inbox_journal", schema=None) as batch_op:
        batch_op.add_column(sa.Column("signed_at", sa.Double(), nullable=True))
    # All existing rows stand for activities that were undone before they arrived.
    op.execute("UPDATE marker SET awaited = true WHERE kind = 'undone'")
    _rename_keys(op.get_bind())


def _rename_keys(conn: sa.Connection) -> None:
    journal = sa.table(
        "inbox_journal",
        sa.column("id", sa.BigInteger),
        sa.column("dedupe_key", sa.String),
        sa.column("actor", sa.Text),
        sa.column("subject", sa.Text),
    )
    after = 0
    change = (
        sa.update(journal)
        .where(journal.c.id == sa.bindparam("row"))
        .values(dedupe_key=sa.bindparam("key"))
    )
    while rows := conn.execute(
        sa.select(journal).where(journal.c.id > after).order_by(journal.c.id).limit(BATCH)
    ).all():
        conn.execute(
            change,
            [
                {"row": row.id, "key": _half_digest([row.actor, row.subject]) + row.dedupe_key[32:]}
                for row in rows
            ],
        )
        after = rows[-1].id


def _half_digest(parts: list[str | None]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
