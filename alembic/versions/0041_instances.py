"""A number for each server, and the local followers of each community, for apps.

Revision 0041, after 0040.
"""

import sqlalchemy as sa
from alembic import op

from fedcom.db import BigId, UtcDateTime

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.create_table(
        "instance",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("first_seen_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("host", name="uq_instance_host"),
        sqlite_autoincrement=True,
    )
    # This server is the first.
    op.execute(
        "INSERT INTO instance (host, first_seen_at) SELECT actor.host, site.created_at"
        " FROM site JOIN actor ON actor.id = site.actor_id"
    )
    op.execute(
        "INSERT INTO instance (host, first_seen_at)"
        " SELECT host, min(coalesce(fetched_at, published_at)) FROM actor"
        " WHERE host NOT IN (SELECT host FROM instance) GROUP BY host ORDER BY 2, 1"
    )
    op.add_column(
        "community",
        sa.Column("local_subscribers", sa.Integer, nullable=False, server_default="0"),
    )
    op.execute(
        "UPDATE community SET local_subscribers = ("
        "SELECT count(*) FROM account JOIN follow ON follow.follower_id = account.actor_id"
        " WHERE follow.target_id = community.actor_id AND follow.state = 'accepted')"
    )
