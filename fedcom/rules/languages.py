"""The languages that a post can have: ISO 639-1 codes, each with its own name."""

from collections.abc import Iterable

from fedcom.errors import Invalid
from fedcom.rules.lemmy_languages import NAMES

_CODES = (
    "ar bg bn ca cs cy da de el en eo es et eu fa fi fr ga gl he hi hr hu id is it ja ko lt lv "
    "ms nb nl nn pl pt ro ru sk sl sr sv sw ta th tr uk ur vi zh"
)

LANGUAGES: dict[str, str] = {code: NAMES[code] for code in _CODES.split()}


def check_language(code: str, former: str | None = None) -> str | None:
    """The code as it is stored, None for ""; `former` may stay, whatever code a peer gave it.

    Raises Invalid("language_unknown").
    """
    if not code:
        return None
    if code not in LANGUAGES and code != former:
        raise Invalid("language_unknown", "This language is not in the list.")
    return code


def check_languages(codes: Iterable[str]) -> str:
    """Several languages as they are stored: their codes, in order, separated by spaces.

    Raises Invalid("language_unknown").
    """
    return " ".join(sorted({code for code in map(check_language, codes) if code is not None}))


def check_permitted(language: str | None, permitted: str) -> None:
    """Whether a community whose languages are `permitted` ("" for all) takes a post in this one;
    one without a language always fits. Raises Invalid("language_not_allowed").
    """
    if language is not None and permitted and language not in permitted.split():
        raise Invalid(
            "language_not_allowed",
            "This community takes posts and comments in these languages only: %(languages)s.",
            languages=", ".join(LANGUAGES.get(code, code) for code in permitted.split()),
        )
