"""The tables of the outbox and the states of a delivery; no rule lives here.

One activity is stored once, with its bytes; it has one delivery for each distinct inbox. A delivery
goes through these states:

    waiting    to be sent once it is due, its peer does not rest, and no delivery of an earlier
               activity about the same subject is still open at the same host
    claimed    a worker (`claimed_by`) is sending it; if the worker has not reported by
               `claimed_until`, it is waiting again
    delivered  the peer accepted it (2xx)
    failed     the peer refused it for good, or it may not or cannot be sent
    given_up   the peer was out of reach for too long
    echoed     the peer refused an Announce of its own activity; it has that, so nothing is lost

    waiting → claimed → delivered | failed | given_up | echoed
       ↑_________|                           waiting → given_up (with the backlog of a dead peer)

The first two are open, and then `closed_at` is null. Times are epoch seconds.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    literal_column,
    text,
)

from database.partial_indexes import flagged, partial_index

WAITING: Final = "waiting"
CLAIMED: Final = "claimed"
DELIVERED: Final = "delivered"
FAILED: Final = "failed"
GIVEN_UP: Final = "given_up"
ECHOED: Final = "echoed"

# In statements these are literals and not parameters: SQLite uses a partial index only when it can
# see the condition (https://www.sqlite.org/partialindex.html §3), and so do PostgreSQL's generic
# plans.
SQL_WAITING = literal_column("'waiting'", String)
SQL_CLAIMED = literal_column("'claimed'", String)

metadata = MetaData()

_row_id = BigInteger().with_variant(Integer(), "sqlite")

activities = Table(
    "outbox_activity",
    metadata,
    Column("id", _row_id, primary_key=True, autoincrement=True),
    Column("activity_id", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", Double, nullable=False),
    # Kept for a shorter time.
    Column("transient", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("activity_id", name="uq_outbox_activity_activity_id"),
    Index("ix_outbox_activity_created_at", "created_at"),
    Index("ix_outbox_activity_subject", "subject"),
    # What to prune earlier.
    partial_index("ix_outbox_activity_transient", "created_at", where=flagged("transient")),
    sqlite_autoincrement=True,
)

deliveries = Table(
    "outbox_delivery",
    metadata,
    Column("id", _row_id, primary_key=True, autoincrement=True),
    Column(
        "activity",
        _row_id,
        ForeignKey("outbox_activity.id", name="fk_outbox_delivery_activity"),
        nullable=False,
    ),
    Column("inbox", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("state", Text, nullable=False, server_default=WAITING),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("refusals", Integer, nullable=False, server_default="0"),  # 401s among the tries
    Column("due_at", Double, nullable=False),
    Column("claimed_until", Double),
    Column("claimed_by", Text),
    Column("last_status", Integer),
    Column("last_answer", Text),
    Column("created_at", Double, nullable=False),
    Column("closed_at", Double),
    UniqueConstraint("activity", "inbox", name="uq_outbox_delivery_activity_inbox"),
    # The next deliveries for a host.
    partial_index(
        "ix_outbox_delivery_host_due_at", "host", "due_at", "id", where="state = 'waiting'"
    ),
    # Hosts with deliveries that became due recently.
    partial_index("ix_outbox_delivery_due_at", "due_at", "host", where="state = 'waiting'"),
    # Whether an earlier activity about the same subject is still open at a host.
    partial_index(
        "ix_outbox_delivery_order", "host", "subject", "activity", where="closed_at IS NULL"
    ),
    # How many deliveries a host has in flight; which leases are over.
    partial_index("ix_outbox_delivery_claimed", "host", "claimed_until", where="state = 'claimed'"),
    # What to prune, and what failed recently.
    partial_index("ix_outbox_delivery_closed", "state", "closed_at", where="closed_at IS NOT NULL"),
    sqlite_autoincrement=True,
)

peers = Table(
    "outbox_peer",
    metadata,
    Column("host", Text, primary_key=True),
    Column("failures", Integer, nullable=False, server_default="0"),  # in a row
    Column("failing_since", Double),
    Column("resting_until", Double),
    Column("last_success", Double),
    Column("last_failure", Double),
    Column("last_status", Integer),
    Column("last_answer", Text),
    Column("gone", Boolean, nullable=False, server_default=text("false")),
    partial_index("ix_outbox_peer_gone", "host", where=flagged("gone")),
)
