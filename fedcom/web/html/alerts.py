"""What is wrong with the instance, for its admins on every page, before the members notice."""

from datetime import datetime, timedelta

from sqlalchemy import Connection
from starlette.requests import Request

from fedcom.http.instance import instance_of
from fedcom.site.health import check_health

GOOD_FOR = timedelta(minutes=1)
"""How long a look holds: so often the pages of admins ask the database one thing more."""


def find_troubles(request: Request, conn: Connection, now: datetime) -> tuple[str, ...]:
    """The words of `Health.alerts`, at most `GOOD_FOR` old."""
    state = request.app.state
    looked, found = getattr(state, "troubles", (None, ()))
    if looked is None or not timedelta(0) <= now - looked < GOOD_FOR:
        found = check_health(conn, instance_of(request).settings.data_dir, now).alerts
        state.troubles = (now, found)
    return tuple(found)
