"""${message}.

Revision ${up_revision}, ${"after " + down_revision if down_revision else "the first"}.
"""

import sqlalchemy as sa
${imports if imports else ""}
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Bring the schema back to the revision before; what only this one has is lost."""
    ${downgrades if downgrades else "pass"}
