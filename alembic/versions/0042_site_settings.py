"""Settings of the site: what is allowed, who sees it, and defaults; allowed servers, blocked links.

Revision 0042, after 0041.
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

EMPTY = sa.text("''")


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    for name in ("short_description", "legal_source", "legal_html", "content_warning"):
        op.add_column("site", sa.Column(name, sa.Text(), server_default=EMPTY, nullable=False))
    op.add_column("site", sa.Column("banner", sa.Text(), nullable=True))
    for name, default in (
        ("downvotes", sa.true()),
        ("nsfw", sa.true()),
        ("only_admins_create_communities", sa.false()),
        ("private", sa.false()),
        ("federated", sa.true()),
        ("mails_applications", sa.false()),
        ("mails_reports", sa.false()),
        ("hides_moderators", sa.false()),
    ):
        op.add_column("site", sa.Column(name, sa.Boolean(), server_default=default, nullable=False))
    op.add_column("site", sa.Column("slur_filter", sa.Text(), server_default=EMPTY, nullable=False))
    op.add_column(
        "site", sa.Column("name_limit", sa.Integer(), server_default=sa.text("20"), nullable=False)
    )
    for name, value in (
        ("default_scope", "subscribed"),
        ("default_sort", "active"),
        ("app_listing_mode", "List"),
        ("app_theme", "browser"),
    ):
        op.add_column("site", sa.Column(name, sa.Text(), server_default=value, nullable=False))
    op.create_table(
        "allowed_instance",
        sa.Column("host", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("host", name="pk_allowed_instance"),
    )
    op.create_table(
        "blocked_url",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("host", "path", name="pk_blocked_url"),
    )
