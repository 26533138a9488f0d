"""Sessions of apps, the secret that signs their tokens, and the second factors of accounts.

Revision 0035, after 0034.
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    op.add_column(
        "session", sa.Column("is_app", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("site", sa.Column("token_secret", sa.Text(), nullable=True))
    op.create_table(
        "two_factor",
        _account_id(),
        sa.Column("encrypted_secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_step", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.actor_id"], name=op.f("fk_two_factor_account_id_account")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_two_factor")),
    )
    op.create_table(
        "recovery_code",
        _account_id(),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.actor_id"], name=op.f("fk_recovery_code_account_id_account")
        ),
        sa.PrimaryKeyConstraint("account_id", "code_hash", name=op.f("pk_recovery_code")),
    )


def _account_id() -> sa.Column[int]:
    return sa.Column(
        "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
    )
