"""How much the lists of servers to block leave to decide on, shown to admins on every page."""

from datetime import datetime, timedelta

from sqlalchemy import Connection
from starlette.requests import Request

from fedcom.site.block_lists import count_changes

GOOD_FOR = timedelta(minutes=1)
"""How long a count is reused: lists have thousands of entries, and change once a day."""


def find_list_changes(request: Request, conn: Connection, now: datetime) -> int:
    """What `count_changes` counts, at most `GOOD_FOR` ago."""
    state = request.app.state
    counted_at, found = getattr(state, "list_changes", (None, 0))
    if counted_at is None or not timedelta(0) <= now - counted_at < GOOD_FOR:
        found = count_changes(conn)
        state.list_changes = (now, found)
    return int(found)


def forget_list_changes(request: Request) -> None:
    """Let the next page count anew, after a change."""
    request.app.state.list_changes = (None, 0)
