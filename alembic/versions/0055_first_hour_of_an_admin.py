"""Pages of the admins, the announcement, first steps, invitations by members, a quota of uploads.

Revision 0055, after 0054.
"""

import sqlalchemy as sa
from alembic import op

from fedcom.db import BigId, UtcDateTime

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

EMPTY = sa.text("''")
ZERO = sa.text("0")


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    for name in ("pages", "announcement_source", "announcement_html"):
        op.add_column("site", sa.Column(name, sa.Text(), server_default=EMPTY, nullable=False))
    for name in ("announcement_number", "member_invitations", "upload_quota"):
        op.add_column("site", sa.Column(name, sa.Integer(), server_default=ZERO, nullable=False))
    for name in ("announcement_until", "mail_tested_at", "backed_up_at"):
        op.add_column("site", sa.Column(name, UtcDateTime(), nullable=True))
    op.add_column(
        "site",
        sa.Column("hides_first_steps", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_table(
        "site_page",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.CheckConstraint("name IN ('about', 'privacy', 'contact')", name="ck_site_page_name"),
        sa.PrimaryKeyConstraint("name", name="pk_site_page"),
    )
    op.add_column(
        "account",
        sa.Column("dismissed_announcement", sa.Integer(), server_default=ZERO, nullable=False),
    )
    op.create_table(
        "invited_member",
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("by_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.actor_id"], name="fk_invited_member_account_id_account"
        ),
        sa.ForeignKeyConstraint(["by_id"], ["actor.id"], name="fk_invited_member_by_id_actor"),
        sa.PrimaryKeyConstraint("account_id", name="pk_invited_member"),
    )
    op.create_index("ix_invited_member_by_id", "invited_member", ["by_id"])
    op.create_index("ix_invitation_by_id", "invitation", ["by_id"])
