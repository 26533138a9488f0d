"""Orders of posts: by the size of the community, by the number of comments, by the newest comment.

Revision 0039, after 0038.
"""

import math

import sqlalchemy as sa
from alembic import op

from fedcom.db import UtcDateTime

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    for column in (
        sa.Column("scaled", sa.Double(), server_default="0", nullable=False),
        sa.Column("comments", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "commented_at",
            UtcDateTime(),
            server_default=sa.text("'1970-01-01 00:00:00.000000'"),
            nullable=False,
        ),
    ):
        op.add_column("post_rank", column)
    _fill()
    for name in ("scaled", "comments", "commented_at"):
        op.create_index(f"ix_post_rank_{name}", "post_rank", [name, "post_id"])
    for name in ("comments", "commented_at"):
        columns = ["community_id", name, "post_id"]
        op.create_index(f"ix_post_rank_community_id_{name}", "post_rank", columns)


def _fill() -> None:
    """The keys as the server computes them from now on (`fedcom.rules.ranking`)."""
    conn = op.get_bind()
    if conn.dialect.name == "sqlite":
        conn.connection.driver_connection.create_function(
            "log10", 1, math.log10, deterministic=True
        )
    op.execute(
        "UPDATE post_rank SET comments = post.comments,"
        " commented_at = CASE WHEN post.last_comment_at > post.published_at"
        " THEN post.last_comment_at ELSE post.published_at END,"
        " scaled = hot - log10(2 + community.followers)"
        " FROM post JOIN community ON community.actor_id = post.community_id"
        " WHERE post.id = post_rank.post_id"
    )
