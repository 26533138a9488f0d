"""Time zones by their IANA names, such as Europe/Berlin."""

from datetime import UTC, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from fedcom.errors import Invalid

_REGIONS = (
    *("Africa/", "America/", "Antarctica/", "Arctic/", "Asia/", "Atlantic/", "Australia/"),
    *("Europe/", "Indian/", "Pacific/"),
)


@cache
def time_zones() -> tuple[str, ...]:
    """Those that people can choose, by name: UTC, and the zones of places."""
    places = (name for name in available_timezones() if name.startswith(_REGIONS))
    return ("UTC", *sorted(places))


def check_time_zone(name: str) -> str:
    """The name as it is stored; "" for no choice. Raises Invalid("time_zone_unknown")."""
    if name and name not in time_zones():
        raise Invalid("time_zone_unknown", "Unknown time zone.")
    return name


@cache
def to_zone(name: str) -> tzinfo:
    """The zone of this name; UTC for "", and for one that this system does not know any more."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
