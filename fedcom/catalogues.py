"""The catalogues of translations: `fedcom/translations/*.po`, one for each language but English.

Pages are in the language of their reader (`fedcom.web.html.i18n`); texts that are sent without a
request, such as e-mail, use the catalogue of the recipient's language from here.
"""

from collections.abc import Mapping
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent / "translations"

LANGUAGES: Mapping[str, str] = {"en": "English", "de": "Deutsch", "ar": "العربية"}
"""The available languages, each by its own name."""

DEFAULT = "en"
"""The language of the texts in the code."""


def mark(text: str) -> str:
    """The text unchanged, for tables of texts: it is translated where it is shown."""
    return text


@cache
def catalogue(language: str) -> NullTranslations:
    """The translations into one of `LANGUAGES`; English for any other."""
    if language == DEFAULT or language not in LANGUAGES:
        return NullTranslations()
    with (FOLDER / f"{language}.po").open("rb") as source:
        compiled = BytesIO()
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)
