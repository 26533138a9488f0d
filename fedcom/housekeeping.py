"""What grows is cut back: journal, deliveries, sessions, counted attempts, markers."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete

from fedcom.accounts.sessions import prune_sessions
from fedcom.accounts.throttle import prune_attempts
from fedcom.db import Database
from fedcom.models.moderation import marker
from inbox import journal
from outbox import upkeep

# Peers retry for a week at the longest (Lemmy); a marker outlives whatever it waits for.
MARKERS_KEPT = timedelta(days=30)


async def clean_up(database: Database, now: datetime) -> None:
    """Prune everything that is past its use, in short transactions so that nobody waits long."""
    while True:
        pruned = await database.write(lambda conn: journal.prune(conn, now.timestamp()))
        if max(pruned.bodies, pruned.rows) < journal.PRUNE_BATCH:
            break
    while await database.write(lambda conn: upkeep.prune(conn, now.timestamp())):
        pass
    await database.write(lambda conn: _prune_domain(conn, now))


def _prune_domain(conn: Connection, now: datetime) -> None:
    prune_sessions(conn, now)
    prune_attempts(conn, now)
    conn.execute(delete(marker).where(marker.c.created_at < now - MARKERS_KEPT))
