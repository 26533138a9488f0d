"""Notices in the reader's language."""

from collections.abc import Iterator

import pytest

from fedcom.catalogues import DEFAULT, LANGUAGES
from fedcom.web.html.flash import NOTICES, text_of
from fedcom.web.html.i18n import gettext, speak
from fedcom.web.html.labels import OWN_LISTS


@pytest.fixture(autouse=True)
def _in_english_again() -> Iterator[None]:
    yield
    speak(DEFAULT)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_notice_calls_the_page_that_it_names_as_the_menu_does(language: str) -> None:
    speak(language)

    assert gettext(OWN_LISTS) in text_of("hidden")
    assert not [code for code in NOTICES if "%" in text_of(code)]
    assert text_of("") == ""
