"""Reports, bans, messages, notifications, pictures, and members' private lists.

Revision 0004, after 0003.
"""

import math

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.create_table(
        "actor_block",
        sa.Column(
            "person_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "blocked_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["blocked_id"], ["actor.id"], name=op.f("fk_actor_block_blocked_id_actor")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["actor.id"], name=op.f("fk_actor_block_person_id_actor")
        ),
        sa.PrimaryKeyConstraint("person_id", "blocked_id", name=op.f("pk_actor_block")),
    )
    with op.batch_alter_table("actor_block", schema=None) as batch_op:
        batch_op.create_index("ix_actor_block_blocked_id", ["blocked_id"], unique=False)

    op.create_table(
        "community_ban",
        sa.Column(
            "community_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "person_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["community_id"], ["actor.id"], name=op.f("fk_community_ban_community_id_actor")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["actor.id"], name=op.f("fk_community_ban_person_id_actor")
        ),
        sa.PrimaryKeyConstraint("community_id", "person_id", name=op.f("pk_community_ban")),
    )
    with op.batch_alter_table("community_ban", schema=None) as batch_op:
        batch_op.create_index("ix_community_ban_person_id", ["person_id"], unique=False)

    op.create_table(
        "draft",
        sa.Column(
            "person_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["actor.id"], name=op.f("fk_draft_person_id_actor")),
        sa.PrimaryKeyConstraint("person_id", "place", name=op.f("pk_draft")),
    )
    op.create_table(
        "host_block",
        sa.Column(
            "person_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["actor.id"], name=op.f("fk_host_block_person_id_actor")
        ),
        sa.PrimaryKeyConstraint("person_id", "host", name=op.f("pk_host_block")),
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["actor.id"], name=op.f("fk_invitation_by_id_actor")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("code", name=op.f("uq_invitation_code")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "media",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("thumbnail", sa.Text(), nullable=True),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('upload', 'preview', 'avatar', 'site')", name=op.f("ck_media_purpose")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["actor.id"], name=op.f("fk_media_owner_id_actor")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media")),
        sa.UniqueConstraint("name", name=op.f("uq_media_name")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("media", schema=None) as batch_op:
        batch_op.create_index("ix_media_owner_id", ["owner_id"], unique=False)
        batch_op.create_index("ix_media_source_url", ["source_url"], unique=False)

    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("iri", sa.Text(), nullable=False),
        sa.Column("local", sa.Boolean(), nullable=False),
        sa.Column(
            "author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "recipient_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("body_source", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["actor.id"], name=op.f("fk_message_author_id_actor")
        ),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["actor.id"], name=op.f("fk_message_recipient_id_actor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("iri", name=op.f("uq_message_iri")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index("ix_message_author_id", ["author_id", "id"], unique=False)
        batch_op.create_index("ix_message_recipient_id", ["recipient_id", "id"], unique=False)

    op.create_table(
        "hidden_post",
        sa.Column(
            "person_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "post_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("hidden_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["actor.id"], name=op.f("fk_hidden_post_person_id_actor")
        ),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_hidden_post_post_id_post")),
        sa.PrimaryKeyConstraint("person_id", "post_id", name=op.f("pk_hidden_post")),
    )
    with op.batch_alter_table("hidden_post", schema=None) as batch_op:
        batch_op.create_index("ix_hidden_post_post_id", ["post_id"], unique=False)

    op.create_table(
        "link_preview",
        sa.Column(
            "post_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("media_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'done', 'failed')", name=op.f("ck_link_preview_state")
        ),
        sa.ForeignKeyConstraint(
            ["media_id"], ["media.id"], name=op.f("fk_link_preview_media_id_media")
        ),
        sa.ForeignKeyConstraint(
            ["post_id"], ["post.id"], name=op.f("fk_link_preview_post_id_post")
        ),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_link_preview")),
    )
    with op.batch_alter_table("link_preview", schema=None) as batch_op:
        batch_op.create_index("ix_link_preview_state", ["state", "due_at"], unique=False)

    op.create_table(
        "password_reset",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.actor_id"], name=op.f("fk_password_reset_account_id_account")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_password_reset")),
    )
    with op.batch_alter_table("password_reset", schema=None) as batch_op:
        batch_op.create_index("ix_password_reset_account_id", ["account_id"], unique=False)

    op.create_table(
        "post_visit",
        sa.Column(
            "person_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "post_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("comments", sa.Integer(), nullable=False),
        sa.Column("visited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("new_after", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["actor.id"], name=op.f("fk_post_visit_person_id_actor")
        ),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_post_visit_post_id_post")),
        sa.PrimaryKeyConstraint("person_id", "post_id", name=op.f("pk_post_visit")),
    )
    with op.batch_alter_table("post_visit", schema=None) as batch_op:
        batch_op.create_index("ix_post_visit_post_id", ["post_id"], unique=False)

    op.create_table(
        "saved_post",
        sa.Column(
            "person_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "post_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["actor.id"], name=op.f("fk_saved_post_person_id_actor")
        ),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_saved_post_post_id_post")),
        sa.PrimaryKeyConstraint("person_id", "post_id", name=op.f("pk_saved_post")),
    )
    with op.batch_alter_table("saved_post", schema=None) as batch_op:
        batch_op.create_index("ix_saved_post_post_id", ["post_id"], unique=False)

    op.create_table(
        "notification",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "recipient_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "community_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("post_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "comment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('reply', 'mention', 'message', 'moderation', 'report', 'application')",
            name=op.f("ck_notification_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["actor.id"], name=op.f("fk_notification_actor_id_actor")
        ),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comment.id"], name=op.f("fk_notification_comment_id_comment")
        ),
        sa.ForeignKeyConstraint(
            ["community_id"], ["actor.id"], name=op.f("fk_notification_community_id_actor")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_notification_message_id_message")
        ),
        sa.ForeignKeyConstraint(
            ["post_id"], ["post.id"], name=op.f("fk_notification_post_id_post")
        ),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["actor.id"], name=op.f("fk_notification_recipient_id_actor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("notification", schema=None) as batch_op:
        batch_op.create_index("ix_notification_comment_id", ["comment_id"], unique=False)
        batch_op.create_index("ix_notification_post_id", ["post_id"], unique=False)
        batch_op.create_index("ix_notification_recipient_id", ["recipient_id", "id"], unique=False)
        batch_op.create_index("ix_notification_unread", ["recipient_id", "read_at"], unique=False)

    op.create_table(
        "report",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("iri", sa.Text(), nullable=False),
        sa.Column(
            "reporter_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "community_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("post_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "comment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column(
            "message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "resolver_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comment.id"], name=op.f("fk_report_comment_id_comment")
        ),
        sa.ForeignKeyConstraint(
            ["community_id"], ["actor.id"], name=op.f("fk_report_community_id_actor")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_report_message_id_message")
        ),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_report_post_id_post")),
        sa.ForeignKeyConstraint(
            ["reporter_id"], ["actor.id"], name=op.f("fk_report_reporter_id_actor")
        ),
        sa.ForeignKeyConstraint(
            ["resolver_id"], ["actor.id"], name=op.f("fk_report_resolver_id_actor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
        sa.UniqueConstraint("iri", name=op.f("uq_report_iri")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("report", schema=None) as batch_op:
        batch_op.create_index("ix_report_comment_id", ["comment_id"], unique=False)
        batch_op.create_index(
            "ix_report_community_id", ["community_id", "resolved_at"], unique=False
        )
        batch_op.create_index("ix_report_post_id", ["post_id"], unique=False)

    op.create_table(
        "revision",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("post_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "comment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comment.id"], name=op.f("fk_revision_comment_id_comment")
        ),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_revision_post_id_post")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("revision", schema=None) as batch_op:
        batch_op.create_index("ix_revision_comment_id", ["comment_id", "id"], unique=False)
        batch_op.create_index("ix_revision_post_id", ["post_id", "id"], unique=False)

    op.create_table(
        "saved_comment",
        sa.Column(
            "person_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "comment_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comment.id"], name=op.f("fk_saved_comment_comment_id_comment")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["actor.id"], name=op.f("fk_saved_comment_person_id_actor")
        ),
        sa.PrimaryKeyConstraint("person_id", "comment_id", name=op.f("pk_saved_comment")),
    )
    with op.batch_alter_table("saved_comment", schema=None) as batch_op:
        batch_op.create_index("ix_saved_comment_comment_id", ["comment_id"], unique=False)

    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("interface_language", sa.Text(), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("theme", sa.Text(), server_default="auto", nullable=False))
        batch_op.add_column(
            sa.Column("front_scope", sa.Text(), server_default="subscribed", nullable=False)
        )
        batch_op.add_column(
            sa.Column("front_sort", sa.Text(), server_default="active", nullable=False)
        )
        batch_op.add_column(
            sa.Column("compact_lists", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(
            sa.Column("show_nsfw", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(
            sa.Column("mail_notifications", sa.Boolean(), server_default=sa.false(), nullable=False)
        )

    with op.batch_alter_table("actor", schema=None) as batch_op:
        batch_op.add_column(sa.Column("ban_expires_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("comment", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("content_warning", sa.Text(), server_default="", nullable=False)
        )

    with op.batch_alter_table("modlog", schema=None) as batch_op:
        batch_op.add_column(sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("post", schema=None) as batch_op:
        batch_op.add_column(sa.Column("image_url", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("image_alt", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(
            sa.Column("content_warning", sa.Text(), server_default="", nullable=False)
        )
        batch_op.create_index("ix_post_url", ["url"], unique=False)
        batch_op.create_index(
            "ix_post_featured",
            ["community_id", "featured_at"],
            unique=False,
            sqlite_where=sa.text("featured_at IS NOT NULL"),
            postgresql_where=sa.text("featured_at IS NOT NULL"),
        )

    with op.batch_alter_table("post_rank", schema=None) as batch_op:
        batch_op.add_column(sa.Column("active", sa.Double(), server_default="0", nullable=False))
        batch_op.add_column(
            sa.Column("controversy", sa.Double(), server_default="0", nullable=False)
        )
        batch_op.add_column(sa.Column("score", sa.Integer(), server_default="0", nullable=False))
        batch_op.create_index("ix_post_rank_active", ["active", "post_id"], unique=False)
        batch_op.create_index(
            "ix_post_rank_community_id_active", ["community_id", "active", "post_id"], unique=False
        )
        batch_op.create_index(
            "ix_post_rank_community_id_score", ["community_id", "score", "post_id"], unique=False
        )
        batch_op.create_index("ix_post_rank_controversy", ["controversy", "post_id"], unique=False)
        batch_op.create_index("ix_post_rank_score", ["score", "post_id"], unique=False)

    with op.batch_alter_table("site", schema=None) as batch_op:
        batch_op.add_column(sa.Column("rules_source", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("rules_html", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("logo", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("hue", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column("application_question", sa.Text(), server_default="", nullable=False)
        )

    _fill_ranks()


_RANKED = sa.text(
    "SELECT post.id, post.upvotes, post.downvotes, post.published_at, post.last_comment_at"
    " FROM post JOIN post_rank ON post_rank.post_id = post.id"
).columns(published_at=sa.DateTime(timezone=True), last_comment_at=sa.DateTime(timezone=True))
_FILL = sa.text(
    "UPDATE post_rank SET active = :active, controversy = :controversy, score = :score"
    " WHERE post_id = :id"
)


def _fill_ranks() -> None:
    """The keys as the server computes them from now on (`fedcom.rules.ranking`)."""
    conn = op.get_bind()
    keys = [_keys(row) for row in conn.execute(_RANKED)]
    if keys:
        conn.execute(_FILL, keys)


def _keys(row: sa.Row) -> dict[str, float]:
    score = row.upvotes - row.downvotes
    began = row.published_at.timestamp()
    comment = row.last_comment_at.timestamp() if row.last_comment_at else began
    moved = max(began, min(comment, began + 2 * 24 * 60 * 60))
    few, many = sorted([row.upvotes, row.downvotes])
    return {
        "id": row.id,
        "score": score,
        "active": math.copysign(math.log10(max(abs(score), 1)), score) + moved / 45_000,
        "controversy": (few + many) ** (few / many) if few else 0.0,
    }
