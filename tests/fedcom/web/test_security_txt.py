"""/.well-known/security.txt, read by the rules of RFC 9116."""

import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fedcom.settings import Settings
from fedcom.web.security_txt import to_text
from tests.fedcom.web.conftest import World

CONTACTS = ("mailto:security@forum.example", "https://forum.example/u/ann")
NOW = datetime(2026, 12, 31, 23, 59, 58, tzinfo=UTC)

# RFC 9116, 4: one field a line, a name, a colon, a space, a value of visible characters.
FIELD = re.compile(r"([A-Za-z-]+): ([\x21-\x7e]+(?: [\x21-\x7e]+)*)")
ONCE = {"Expires", "Preferred-Languages"}


def settings(folder: Path, **others: Any) -> Settings:
    return Settings(
        origin="https://forum.example", data_dir=folder, security_contact=CONTACTS, **others
    )


def read(text: str) -> dict[str, list[str]]:
    """The fields with their values in order. Raises AssertionError for invalid grammar."""
    fields = defaultdict(list)
    assert text.endswith("\n")
    for line in text.splitlines():
        field = FIELD.fullmatch(line)
        assert field is not None, line
        fields[field[1]].append(field[2])
    for name in ONCE & fields.keys():
        assert len(fields[name]) == 1
    return dict(fields)


def test_the_file_has_the_values_of_the_settings(tmp_path: Path) -> None:
    known = settings(
        tmp_path,
        security_policy="https://forum.example/post/1",
        security_languages=("en", "pt-BR"),
    )

    assert read(to_text(known, NOW)) == {
        "Contact": list(CONTACTS),
        "Expires": ["2027-06-29T00:00:00Z"],
        "Canonical": ["https://forum.example/.well-known/security.txt"],
        "Policy": ["https://forum.example/post/1"],
        "Preferred-Languages": ["en, pt-BR"],
    }


def test_unset_fields_are_left_out(tmp_path: Path) -> None:
    assert list(read(to_text(settings(tmp_path), NOW))) == ["Contact", "Expires", "Canonical"]


@pytest.mark.parametrize(
    "now", [NOW, datetime(2028, 2, 29, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)]
)
def test_it_is_valid_for_months_and_less_than_a_year(tmp_path: Path, now: datetime) -> None:
    (text,) = read(to_text(settings(tmp_path), now))["Expires"]

    expires = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert timedelta(days=150) < expires - now < timedelta(days=365)
    assert (expires.hour, expires.minute, expires.second) == (0, 0, 0)


@pytest.mark.anyio
async def test_it_is_served_to_everybody_once_there_is_a_contact(
    world: World, tmp_path: Path
) -> None:
    guest = world.browser()
    assert (await guest.get("/.well-known/security.txt")).status == 404

    world.instance.settings = settings(tmp_path)
    page = await guest.get("/.well-known/security.txt")

    assert page.status == 200
    assert page.headers["content-type"] == "text/plain; charset=utf-8"
    assert read(page.html)["Contact"] == list(CONTACTS)
