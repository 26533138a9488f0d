"""On SQLite, indexes of what waits for mail or push and of servers that are gone, with the
condition as statements have it: for `gone = 1` it read all rows, not the index with `gone`.

Revision 0066, after 0065.
"""

import sqlalchemy as sa
from alembic import op

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_notification_awaits_mail": ("notification", "recipient_id", "awaits_mail = 1"),
    "ix_notification_awaits_push": ("notification", "id", "awaits_push = 1"),
    "ix_outbox_peer_gone": ("outbox_peer", "host", "gone = 1"),
}


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for name, (table, column, condition) in INDEXES.items():
        op.drop_index(name, table)
        op.create_index(name, table, [column], sqlite_where=sa.text(condition))
