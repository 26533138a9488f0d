"""How the work on the journal is going, in numbers; the host decides what they mean."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from inbox.journal import LIVE, OPEN_STATES, journal


@dataclass(frozen=True, slots=True)
class JournalHealth:
    """`due_since` is when the oldest open row became due (epoch seconds), None without one."""

    due_since: float | None


def measure_journal(conn: Connection) -> JournalHealth:
    """Look at the table once, with one statement."""
    return JournalHealth(conn.execute(_DUE_SINCE).scalar())


def count_open(conn: Connection) -> dict[str, int]:
    """How many rows are not closed, for each state of these: open, claimed, parked."""
    found = dict.fromkeys(OPEN_STATES, 0)
    return found | {row.state: row.number for row in conn.execute(_OPEN)}


_OPEN = select(journal.c.state, func.count().label("number")).where(LIVE).group_by(journal.c.state)
_DUE_SINCE = select(func.min(journal.c.due_at)).where(LIVE)
