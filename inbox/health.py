"""How the work on the journal is going, in numbers; the host decides what they mean."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from inbox.journal import LIVE, journal


@dataclass(frozen=True, slots=True)
class JournalHealth:
    """`due_since` is when the oldest open row became due (epoch seconds), None without one."""

    due_since: float | None


def measure_journal(conn: Connection) -> JournalHealth:
    """Look at the table once, with one statement."""
    return JournalHealth(conn.execute(_DUE_SINCE).scalar())


_DUE_SINCE = select(func.min(journal.c.due_at)).where(LIVE)
