"""Problems of the instance, shown to its admins on every page before members notice them."""

from datetime import datetime, timedelta

from sqlalchemy import Connection
from starlette.requests import Request

from fedcom.http.instance import instance_of
from fedcom.site.health import check_health

GOOD_FOR = timedelta(minutes=1)
"""How long a result is reused, so that not every page of an admin queries the database for it."""


def find_alerts(request: Request, conn: Connection, now: datetime) -> tuple[str, ...]:
    """The codes of `Health.alerts`, at most `GOOD_FOR` old."""
    state = request.app.state
    checked_at, found = getattr(state, "alerts", (None, ()))
    if checked_at is None or not timedelta(0) <= now - checked_at < GOOD_FOR:
        found = check_health(conn, instance_of(request).settings.data_dir, now).alerts
        state.alerts = (now, found)
    return tuple(found)
