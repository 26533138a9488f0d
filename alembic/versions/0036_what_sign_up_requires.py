"""What is asked of those who sign up: a confirmed e-mail address, a captcha.

Revision 0036, after 0035.
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    with op.batch_alter_table("site", schema=None) as batch_op:
        for name in ("requires_confirmed_email", "captcha_enabled"):
            batch_op.add_column(
                sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False)
            )
        batch_op.add_column(
            sa.Column("captcha_difficulty", sa.Text(), server_default="medium", nullable=False)
        )
        batch_op.create_check_constraint(
            op.f("ck_site_captcha_difficulty"), "captcha_difficulty IN ('easy', 'medium', 'hard')"
        )
    op.create_table(
        "used_captcha",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_used_captcha")),
    )
