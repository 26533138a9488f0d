"""On PostgreSQL, an index of the words of titles alone: a word that most texts have is in few
titles, and each text that has it had to be read (`fedcom.views.search`).

Revision 0065, after 0064.
"""

from alembic import op

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None

BLOCK = 1_024


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE INDEX ix_post_search_title_words ON post_search"
            f" USING gin (ts_filter(words, '{{a}}'), (ARRAY[rowid / {BLOCK}]))"
        )
