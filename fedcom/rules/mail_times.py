"""When the daily and the weekly mail about notifications is due."""

from datetime import UTC, datetime, timedelta, tzinfo


def next_mail_time(after: datetime, hour: int, zone: tzinfo, *, weekly: bool) -> datetime:
    """The first time after this one when the clocks of `zone` show `hour`, on a Monday if `weekly`;
    in UTC.

    Where the hour is skipped when summer begins, it is an hour later.
    """
    local = after.astimezone(zone)
    at = local.replace(hour=hour, minute=0, second=0, microsecond=0, fold=0)
    if weekly:
        at -= timedelta(days=at.weekday())
    while at.astimezone(UTC) <= after:
        at += timedelta(days=7 if weekly else 1)
    return at.astimezone(UTC)
