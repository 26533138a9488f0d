"""Compact votes: digests of the ids of remote ones, and on SQLite no row ids.

The ids of undone activities become digests too. The tables of votes are written anew, which gives
the room of the longer ids back; a server of the version before does not know the digests, so stop
it before the upgrade.

Revision 0030, after 0029.
"""

import hashlib
from base64 import urlsafe_b64encode

import sqlalchemy as sa
from alembic import op

from fedcom.db import UtcDateTime

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

COLUMNS = "{content}_id, voter_id, score, {iri}, voted_at"

# As `digest_of`, in PostgreSQL's words.
DIGEST = (
    "'sha256:' || rtrim(translate(encode(substring(sha256(convert_to(iri, 'UTF8')) FOR 16),"
    " 'base64'), '+/', '-_'), '=')"
)


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    conn = op.get_bind()
    if conn.dialect.name == "sqlite":
        conn.connection.driver_connection.create_function(
            "digest_of", 1, digest_of, deterministic=True
        )
        for content in ("post", "comment"):
            _recreate(content)
        op.execute("UPDATE tombstone SET iri = digest_of(iri) WHERE kind = 'undone'")
        return
    origin = conn.execute(sa.text("SELECT origin FROM site")).scalar() or ""
    ours = sa.literal(f"{origin}/activities/").compile(
        dialect=conn.dialect, compile_kwargs={"literal_binds": True}
    )
    for content in ("post", "comment"):
        # One statement writes the table anew, without the room of the longer ids.
        op.execute(
            f"ALTER TABLE {content}_vote ALTER COLUMN iri TYPE text USING"
            f" CASE WHEN starts_with(iri, {ours}) THEN iri ELSE {DIGEST} END"
        )
    op.execute(f"UPDATE tombstone SET iri = {DIGEST} WHERE kind = 'undone'")


def _recreate(content: str) -> None:
    table, key = f"{content}_vote", f"{content}_id"
    op.create_table(
        f"new_{table}",
        sa.Column(key, sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("voter_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=False),
        sa.Column("iri", sa.Text(), nullable=False),
        sa.Column("voted_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("score IN (-1, 1)", name=op.f(f"ck_{table}_score")),
        sa.ForeignKeyConstraint([key], [f"{content}.id"], name=op.f(f"fk_{table}_{key}_{content}")),
        sa.ForeignKeyConstraint(
            ["voter_id"], ["actor.id"], name=op.f(f"fk_{table}_voter_id_actor")
        ),
        sa.PrimaryKeyConstraint(key, "voter_id", name=op.f(f"pk_{table}")),
        sqlite_with_rowid=False,
    )
    stored = "CASE WHEN actor.local THEN vote.iri ELSE digest_of(vote.iri) END"
    op.execute(
        f"INSERT INTO new_{table} ({COLUMNS.format(content=content, iri='iri')})"
        f" SELECT {COLUMNS.format(content=content, iri=stored)} FROM {table} AS vote"
        f" JOIN actor ON actor.id = vote.voter_id ORDER BY {key}, voter_id"
    )
    op.drop_table(table)
    op.rename_table(f"new_{table}", table)
    op.create_index(f"ix_{table}_voter_id", table, ["voter_id"])


def digest_of(iri: str) -> str:
    """`sha256:` and 22 characters, for half of the hash."""
    digest = hashlib.sha256(iri.encode()).digest()[:16]
    return "sha256:" + urlsafe_b64encode(digest).rstrip(b"=").decode()
