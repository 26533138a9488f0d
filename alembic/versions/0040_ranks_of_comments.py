"""The narrow table that lists of comments from many threads read, filled from the comments.

Revision 0040, after 0039.
"""

import math

import sqlalchemy as sa
from alembic import op

from fedcom.db import BigId, UtcDateTime

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

SECONDS = 180_000
"""`fedcom.rules.ranking.COMMENT_SECONDS`."""


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.create_table(
        "comment_rank",
        sa.Column("comment_id", BigId, autoincrement=False, nullable=False),
        sa.Column("community_id", BigId, nullable=False),
        sa.Column("hot", sa.Double(), nullable=False),
        sa.Column("controversy", sa.Double(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comment.id"], name=op.f("fk_comment_rank_comment_id_comment")
        ),
        sa.ForeignKeyConstraint(
            ["community_id"], ["actor.id"], name=op.f("fk_comment_rank_community_id_actor")
        ),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_comment_rank")),
    )
    _fill()
    for name in ("hot", "controversy", "score", "published_at"):
        op.create_index(f"ix_comment_rank_{name}", "comment_rank", [name, "comment_id"])
    for name in ("hot", "score", "published_at"):
        columns = ["community_id", name, "comment_id"]
        op.create_index(f"ix_comment_rank_community_id_{name}", "comment_rank", columns)


def _fill() -> None:
    """The keys as the server computes them from now on (`fedcom.rules.ranking`)."""
    conn = op.get_bind()
    seconds = "extract(epoch FROM published_at)"
    if conn.dialect.name == "sqlite":
        driver = conn.connection.driver_connection
        driver.create_function("log10", 1, math.log10, deterministic=True)
        driver.create_function("power", 2, math.pow, deterministic=True)
        seconds = "(julianday(published_at) - 2440587.5) * 86400"
    op.execute(
        "INSERT INTO comment_rank"
        " (comment_id, community_id, hot, controversy, score, published_at)"
        " SELECT id, community_id,"
        f" log10(CASE WHEN abs(score) > 1 THEN abs(score) ELSE 1 END)"
        f" * CASE WHEN score < 0 THEN -1 ELSE 1 END + {seconds} / {SECONDS}.0,"
        " CASE WHEN few > 0 THEN power(few + many, 1.0 * few / many) ELSE 0 END,"
        " score, published_at FROM ("
        " SELECT comment.id, post.community_id, comment.published_at,"
        " comment.upvotes - comment.downvotes AS score,"
        " CASE WHEN comment.upvotes < comment.downvotes"
        " THEN comment.upvotes ELSE comment.downvotes END AS few,"
        " CASE WHEN comment.upvotes < comment.downvotes"
        " THEN comment.downvotes ELSE comment.upvotes END AS many"
        " FROM comment JOIN post ON post.id = comment.post_id"
        " WHERE comment.deleted_at IS NULL AND comment.removed_at IS NULL"
        " ) AS listed ORDER BY id"
    )
