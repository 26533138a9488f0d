"""Standard names: report.reported_text, draft.form and the table tombstone.

They were report.said, draft.place and marker. A server of the version before does not know the new
names, so stop it before the upgrade.

Revision 0025, after 0024.
"""

import sqlalchemy as sa
from alembic import op

from fedcom.db import UtcDateTime

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

COLUMNS = "iri, kind, actor_iri, created_at, awaited, signed_at"


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.alter_column("report", "said", new_column_name="reported_text")
    op.alter_column("draft", "place", new_column_name="form")
    # Created again and not renamed: SQLite cannot rename the constraints.
    op.create_table(
        "tombstone",
        sa.Column("iri", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor_iri", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("awaited", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("signed_at", sa.Double(), nullable=True),
        sa.CheckConstraint("kind IN ('deleted', 'undone')", name=op.f("ck_tombstone_kind")),
        sa.PrimaryKeyConstraint("iri", "kind", name=op.f("pk_tombstone")),
    )
    op.execute(f"INSERT INTO tombstone ({COLUMNS}) SELECT {COLUMNS} FROM marker")
    op.drop_table("marker")
