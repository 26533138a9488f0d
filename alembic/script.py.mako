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
    """Bring the schema from the revision before to this one; the way back is a backup."""
    ${upgrades if upgrades else "pass"}
