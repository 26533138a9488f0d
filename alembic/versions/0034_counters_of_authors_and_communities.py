"""Counters and indexes for pages that grew with the tables: the posts and comments of each author,
followers and active people of communities, and the person whom an entry of the modlog or a report
is about.

Revision 0034, after 0033.
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SPANS = ("day", "week", "month", "half_year")
SHOWN = "deleted_at IS NULL AND removed_at IS NULL"


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    _count_authors()
    _extend_communities()
    _name_persons()
    op.drop_index("ix_actor_local", "actor")
    op.create_index(
        "ix_actor_local",
        "actor",
        ["kind", "name"],
        sqlite_where=sa.text("local = 1"),
        postgresql_where=sa.text("local"),
    )
    op.create_index(
        "ix_post_rank_community_id_controversy",
        "post_rank",
        ["community_id", "controversy", "post_id"],
    )
    removed = sa.text("removed_at IS NOT NULL")
    for table in ("post", "comment"):
        op.create_index(
            f"ix_{table}_removed",
            table,
            ["author_id"],
            sqlite_where=removed,
            postgresql_where=removed,
        )


def _count_authors() -> None:
    op.create_table(
        "author_counts",
        sa.Column("author_id", BIG, autoincrement=False, nullable=False),
        sa.Column("posts", sa.Integer(), nullable=False),
        sa.Column("comments", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["actor.id"], name=op.f("fk_author_counts_author_id_actor")
        ),
        sa.PrimaryKeyConstraint("author_id", name=op.f("pk_author_counts")),
    )
    op.execute(
        "INSERT INTO author_counts (author_id, posts, comments)"
        " SELECT author_id, sum(posts), sum(comments) FROM ("
        f" SELECT author_id, count(*) AS posts, 0 AS comments FROM post WHERE {SHOWN} GROUP BY 1"
        " UNION ALL"
        f" SELECT author_id, 0, count(*) FROM comment WHERE {SHOWN} GROUP BY 1"
        ") AS counted GROUP BY 1"
    )


def _extend_communities() -> None:
    op.add_column("community", sa.Column("followers", BIG, server_default="0", nullable=False))
    for span in SPANS:
        column = sa.Column(f"users_active_{span}", sa.Integer(), server_default="0", nullable=False)
        op.add_column("community", column)
    op.execute(
        "UPDATE community SET followers ="
        " CASE WHEN subscribers < claimed_followers THEN claimed_followers ELSE subscribers END"
    )
    op.create_index("ix_community_followers", "community", ["followers", "actor_id"])
    op.create_index(
        "ix_community_users_active_month", "community", ["users_active_month", "actor_id"]
    )


def _name_persons() -> None:
    for table in ("modlog", "report"):
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("person_id", BIG, nullable=True))
            batch.create_foreign_key(
                op.f(f"fk_{table}_person_id_actor"), "actor", ["person_id"], ["id"]
            )
    op.execute(
        "UPDATE modlog SET person_id = coalesce("
        "(SELECT author_id FROM post WHERE post.iri = target_iri),"
        " (SELECT author_id FROM comment WHERE comment.iri = target_iri),"
        " (SELECT id FROM actor WHERE actor.iri = target_iri AND kind <> 'Group'))"
    )
    op.execute(
        "UPDATE report SET person_id = coalesce("
        "(SELECT author_id FROM post WHERE post.id = post_id),"
        " (SELECT author_id FROM comment WHERE comment.id = comment_id),"
        " (SELECT author_id FROM message WHERE message.id = message_id),"
        " CASE WHEN post_id IS NULL AND comment_id IS NULL AND message_id IS NULL"
        " THEN (SELECT id FROM actor WHERE actor.iri = reported_text) END)"
    )
    op.create_index("ix_modlog_person_id", "modlog", ["person_id", "id"])
    op.create_index("ix_report_person_id", "report", ["person_id"])
