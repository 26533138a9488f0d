"""Time zones are known by their IANA names."""

from datetime import UTC, datetime, timedelta

import pytest

from fedcom.errors import Invalid
from fedcom.rules.time_zones import check_time_zone, time_zones, to_zone

SUMMER = datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_places_and_utc_can_be_chosen() -> None:
    assert {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"} <= set(time_zones())
    assert {"", "Europe/Berlin"} == {check_time_zone(""), check_time_zone("Europe/Berlin")}


@pytest.mark.parametrize("name", ["Europe/Atlantis", "../../etc/passwd", "Etc/GMT+1", "\0"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(Invalid):
        check_time_zone(name)


def test_a_zone_has_its_offset_and_a_forgotten_one_is_utc() -> None:
    assert SUMMER.astimezone(to_zone("Europe/Berlin")).utcoffset() == timedelta(hours=2)
    assert to_zone("").utcoffset(SUMMER) == to_zone("Gone/Town").utcoffset(SUMMER) == timedelta()
