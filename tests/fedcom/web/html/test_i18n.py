"""The language of the pages: which one is chosen, and that the whole page uses it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.pofile import read_po, write_po

from fedcom import catalogues
from fedcom.catalogues import DEFAULT
from fedcom.errors import Denied, NotFound
from fedcom.rules.permissions import why_banned
from fedcom.web.html import i18n as words
from tests.fedcom.web.conftest import World

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)

sqlite_only = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def _in_english_again() -> Iterator[None]:
    yield
    words.speak(DEFAULT)


@pytest.mark.parametrize(
    ("header", "wanted", "language"),
    [
        ("", "", "en"),
        ("de", "", "de"),
        ("de-AT, en;q=0.5", "", "de"),
        ("fr, ar;q=0.8, en;q=0.5", "", "ar"),
        ("fr", "", "en"),
        ("de", "ar", "ar"),
        ("de", "xx", "de"),
    ],
)
def test_the_preference_takes_precedence_over_the_browser_language(
    header: str, wanted: str, language: str
) -> None:
    assert words.choose(header, wanted) == language


@pytest.mark.anyio
@sqlite_only
async def test_a_page_says_in_which_language_it_is_and_which_way_it_runs(world: World) -> None:
    guest = world.browser()

    assert '<html lang="en" dir="ltr"' in (await guest.get("/communities")).html
    assert '<html lang="de" dir="ltr"' in (await guest.get("/", accept_language="de")).html
    for path in ("/", "/communities", "/login", "/post/77", "/nowhere"):
        page = await guest.get(path, accept_language="ar-EG, en;q=0.5")
        assert '<html lang="ar" dir="rtl"' in page.html, path


@pytest.mark.anyio
@sqlite_only
async def test_a_member_reads_in_the_language_they_chose(world: World) -> None:
    bob = world.browser("bob")
    chosen = {"theme": "auto", "front_scope": "all", "front_sort": "new"}
    await bob.post("/settings/appearance", interface_language="ar", **chosen)

    page = await bob.get("/post/77", accept_language="de")

    assert '<html lang="ar" dir="rtl"' in page.html
    assert "المنشور غير موجود." in page.text


@pytest.mark.anyio
@sqlite_only
async def test_content_keeps_its_own_language_and_direction(world: World) -> None:
    post = await world.post("Katzen schlafen", language="de")
    await world.comment(post, "نعم")

    english = await world.browser().get(f"/post/{post.id}")
    german = await world.browser().get(f"/post/{post.id}", accept_language="de")

    assert '<h1 dir="auto"><span lang="de">Katzen schlafen</span>' in english.html
    assert '<h1 dir="auto"><span>Katzen schlafen</span>' in german.html
    assert '<div class="rich" dir="auto"><p>نعم</p>' in english.html


def test_sentences_of_errors_are_translated_with_their_facts() -> None:
    refused = Denied("x", "Only moderators may post in %(community)s.", community="cats@here")
    words.speak("de")

    assert words.sentence(refused, "") == "In cats@here darf nur die Moderation Beiträge schreiben."
    assert refused.detail == "Only moderators may post in cats@here."
    assert words.sentence(NotFound("x", "Never said: 100 %."), "") == "Never said: 100 %."


def test_a_sentence_within_a_sentence_is_translated_too() -> None:
    why = why_banned("spam", None)
    template = "%(person)s is banned from this server. %(why)s"
    refused = Denied("site_ban", template, person="bob@here", why=why)
    words.speak("de")

    assert words.sentence(refused, "") == "bob@here ist auf diesem Server gesperrt. Grund: spam"
    assert refused.detail == "bob@here is banned from this server. Reason: spam"
    assert Denied("x", template, person="bob@here", why="").detail.endswith("this server.")


def test_ages_dates_and_numbers_are_written_as_the_language_does() -> None:
    texts = {}
    for language in ("en", "de", "ar"):
        words.speak(language)
        texts[language] = (
            words.age(NOW - timedelta(hours=3), NOW),
            words.exact(NOW),
            words.number(12345),
        )

    assert texts["en"] == ("3 hours ago", "May 4, 2026, 12:30\u202fPM UTC", "12,345")
    assert texts["de"] == ("vor 3 Stunden", "04.05.2026, 12:30 UTC", "12.345")
    assert texts["ar"][0] == "قبل 3 ساعات"


def test_times_are_those_of_the_zone_that_a_member_chose() -> None:
    words.speak("de", "Asia/Tokyo")
    assert words.exact(NOW) == "04.05.2026, 21:30"
    assert words.exact(datetime.max.replace(tzinfo=UTC)) == "31.12.9999, 23:59"
    words.speak("de", "America/Anchorage")
    assert words.exact(NOW) == "04.05.2026, 04:30"
    words.speak("de")
    assert words.exact(NOW) == "04.05.2026, 12:30 UTC"


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en", ["0 bytes", "999 bytes", "1.5 kB", "12.3 GB", "2,000 TB"]),
        ("de", ["0 Byte", "999 Byte", "1,5 kB", "12,3\u00a0GB", "2.000 TB"]),
        ("ar", ["0 بايت", "999 بايت", "1.5 كيلوبايت", "12.3 غ.ب", "2,000 تيرابايت"]),
    ],
)
def test_sizes_are_written_as_the_language_does(language: str, texts: list[str]) -> None:
    words.speak(language)

    counts = (0, 999, 1500, 12_340_000_000, 2 * 10**15)
    assert [words.size(count) for count in counts] == texts


@pytest.mark.parametrize(
    ("count", "texts"), [(1, "تعليق واحد"), (2, "تعليقان"), (5, "5 تعليقات"), (11, "11 تعليقًا")]
)
def test_every_language_has_its_own_plural_forms(count: int, texts: str) -> None:
    words.speak("ar")

    text = words.ngettext("%(count)s comment", "%(count)s comments", count)

    assert text % {"count": count} == texts


@pytest.mark.anyio
@sqlite_only
async def test_a_text_without_a_translation_is_shown_in_english(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (catalogues.FOLDER / "de.po").open("rb") as source:
        german = read_po(source, locale="de")
    german["Sign up"].string = ""
    german["%(count)s comment"].string = ("", "")
    with (tmp_path / "de.po").open("wb") as target:
        write_po(target, german)
    monkeypatch.setattr(catalogues, "FOLDER", tmp_path)
    post = await world.post()

    catalogues.catalogue.cache_clear()
    try:
        page = await world.browser().get(f"/post/{post.id}", accept_language="de")
    finally:
        catalogues.catalogue.cache_clear()

    assert "Anmelden" in page.text
    assert "Sign up" in page.text
    assert "0 comments" in page.text
