"""The languages that a post can have: ISO 639-1 codes, each with its own name."""

from collections.abc import Iterable

from fedcom.errors import Invalid

LANGUAGES: dict[str, str] = {
    "ar": "العربية",
    "bg": "Български",
    "bn": "বাংলা",
    "ca": "Català",
    "cs": "Čeština",
    "cy": "Cymraeg",
    "da": "Dansk",
    "de": "Deutsch",
    "el": "Ελληνικά",
    "en": "English",
    "eo": "Esperanto",
    "es": "Español",
    "et": "Eesti",
    "eu": "Euskara",
    "fa": "فارسی",
    "fi": "Suomi",
    "fr": "Français",
    "ga": "Gaeilge",
    "gl": "Galego",
    "he": "עברית",
    "hi": "हिन्दी",
    "hr": "Hrvatski",
    "hu": "Magyar",
    "id": "Bahasa Indonesia",
    "is": "Íslenska",
    "it": "Italiano",
    "ja": "日本語",
    "ko": "한국어",
    "lt": "Lietuvių",
    "lv": "Latviešu",
    "ms": "Bahasa Melayu",
    "nb": "Norsk bokmål",
    "nl": "Nederlands",
    "nn": "Norsk nynorsk",
    "pl": "Polski",
    "pt": "Português",
    "ro": "Română",
    "ru": "Русский",
    "sk": "Slovenčina",
    "sl": "Slovenščina",
    "sr": "Српски",
    "sv": "Svenska",
    "sw": "Kiswahili",
    "ta": "தமிழ்",
    "th": "ไทย",
    "tr": "Türkçe",
    "uk": "Українська",
    "ur": "اردو",
    "vi": "Tiếng Việt",
    "zh": "中文",
}


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
