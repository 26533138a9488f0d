"""Keys for integrity proofs: an Ed25519 key beside each actor's RSA key.

Revision 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    with op.batch_alter_table("actor", schema=None) as batch_op:
        batch_op.add_column(sa.Column("proof_key_id", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("proof_key", sa.Text(), nullable=True))
        batch_op.create_index("ix_actor_proof_key_id", ["proof_key_id"], unique=False)
