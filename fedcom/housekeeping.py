"""What grows is cut back: journal, deliveries, sessions, counted attempts, markers."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete

from fedcom.db import Database
from fedcom.models.account import attempt, session
from fedcom.models.moderation import marker
from inbox import journal
from outbox import upkeep

# Peers retry for a week at the longest (Lemmy); a marker outlives whatever it waits for.
MARKERS_KEPT = timedelta(days=30)
ATTEMPTS_KEPT = timedelta(days=1)


async def clean_up(database: Database, now: datetime) -> None:
    """Prune everything that is past its use, in short transactions so that nobody waits long."""
    while True:
        pruned = await database.write(lambda conn: journal.prune(conn, now.timestamp()))
        if max(pruned.bodies, pruned.rows) < journal.PRUNE_BATCH:
            break
    while await database.write(lambda conn: upkeep.prune(conn, now.timestamp())):
        pass
    await database.write(lambda conn: _prune_accounts(conn, now))


def _prune_accounts(conn: Connection, now: datetime) -> None:
    conn.execute(delete(session).where(session.c.expires_at < now))
    conn.execute(delete(attempt).where(attempt.c.created_at < now - ATTEMPTS_KEPT))
    conn.execute(delete(marker).where(marker.c.created_at < now - MARKERS_KEPT))
