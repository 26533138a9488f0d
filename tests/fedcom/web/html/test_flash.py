"""Notices in the reader's language."""

from collections.abc import Iterator

import pytest
from starlette.requests import Request
from starlette.responses import Response

from fedcom.catalogues import DEFAULT, LANGUAGES
from fedcom.web.html.flash import NOTICES, Notice, Undoing, pending, set_notice, text_of
from fedcom.web.html.i18n import gettext, speak
from fedcom.web.html.labels import OWN_LISTS


@pytest.fixture(autouse=True)
def _in_english_again() -> Iterator[None]:
    yield
    speak(DEFAULT)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_notice_calls_the_page_that_it_names_as_the_menu_does(language: str) -> None:
    speak(language)

    assert gettext(OWN_LISTS) in text_of(Notice("hidden"))
    assert not [code for code in NOTICES if "%" in text_of(Notice(code))]
    assert text_of(None) == ""


def sent_back(value: str) -> Notice | None:
    headers = [(b"cookie", f"notice={value}".encode())]
    return pending(Request({"type": "http", "headers": headers}))


def test_a_notice_leads_to_the_button_that_undoes_it_and_a_forged_one_to_no_other() -> None:
    response = Response()
    set_notice(response, "banned", Undoing("c/cats@peer.example:1", 7, restores=True))
    value = response.headers["set-cookie"].partition("=")[2].partition(";")[0]

    assert sent_back(value) == Notice("banned", "/c/cats@peer.example:1/unban", 7, restores=True)
    assert sent_back("removed") == Notice("removed")
    for forged in (
        "removed!settings%2Fdelete!0!0",
        "removed!post%2F1%2F..!0!0",
        "removed!post%2F1!x!0",
        "saved!post%2F1!0!0",
        "removed!post%2F1",
    ):
        assert sent_back(forged) == Notice(forged.partition("!")[0])
    assert sent_back("nothing!post%2F1!0!0") is None
