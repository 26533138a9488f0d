"""The languages as Lemmy numbers them, which is how its clients name them.

Lemmy 0.19 numbers ISO 639-1 codes by their order in the alphabet, from 1, without `bh` and `sh`;
0 is "undetermined", for content without a language.
"""

from babel import Locale, UnknownLocaleError

from fedcom.errors import Invalid
from fedcom.rules.languages import LANGUAGES

UNDETERMINED = 0

CODES = [
    "und",
    "aa",
    "ab",
    "ae",
    "af",
    "ak",
    "am",
    "an",
    "ar",
    "as",
    "av",
    "ay",
    "az",
    "ba",
    "be",
    "bg",
    "bi",
    "bm",
    "bn",
    "bo",
    "br",
    "bs",
    "ca",
    "ce",
    "ch",
    "co",
    "cr",
    "cs",
    "cu",
    "cv",
    "cy",
    "da",
    "de",
    "dv",
    "dz",
    "ee",
    "el",
    "en",
    "eo",
    "es",
    "et",
    "eu",
    "fa",
    "ff",
    "fi",
    "fj",
    "fo",
    "fr",
    "fy",
    "ga",
    "gd",
    "gl",
    "gn",
    "gu",
    "gv",
    "ha",
    "he",
    "hi",
    "ho",
    "hr",
    "ht",
    "hu",
    "hy",
    "hz",
    "ia",
    "id",
    "ie",
    "ig",
    "ii",
    "ik",
    "io",
    "is",
    "it",
    "iu",
    "ja",
    "jv",
    "ka",
    "kg",
    "ki",
    "kj",
    "kk",
    "kl",
    "km",
    "kn",
    "ko",
    "kr",
    "ks",
    "ku",
    "kv",
    "kw",
    "ky",
    "la",
    "lb",
    "lg",
    "li",
    "ln",
    "lo",
    "lt",
    "lu",
    "lv",
    "mg",
    "mh",
    "mi",
    "mk",
    "ml",
    "mn",
    "mr",
    "ms",
    "mt",
    "my",
    "na",
    "nb",
    "nd",
    "ne",
    "ng",
    "nl",
    "nn",
    "no",
    "nr",
    "nv",
    "ny",
    "oc",
    "oj",
    "om",
    "or",
    "os",
    "pa",
    "pi",
    "pl",
    "ps",
    "pt",
    "qu",
    "rm",
    "rn",
    "ro",
    "ru",
    "rw",
    "sa",
    "sc",
    "sd",
    "se",
    "sg",
    "si",
    "sk",
    "sl",
    "sm",
    "sn",
    "so",
    "sq",
    "sr",
    "ss",
    "st",
    "su",
    "sv",
    "sw",
    "ta",
    "te",
    "tg",
    "th",
    "ti",
    "tk",
    "tl",
    "tn",
    "to",
    "tr",
    "ts",
    "tt",
    "tw",
    "ty",
    "ug",
    "uk",
    "ur",
    "uz",
    "ve",
    "vi",
    "vo",
    "wa",
    "wo",
    "xh",
    "yi",
    "yo",
    "za",
    "zh",
    "zu",
]
"""The codes at their numbers."""

_NUMBERS = {code: number for number, code in enumerate(CODES)}


def number_of_language(code: str | None) -> int:
    """Lemmy's number of a language code; that of its first part, or 0, for one it does not have."""
    if code is None:
        return UNDETERMINED
    lower = code.lower()
    return _NUMBERS.get(lower) or _NUMBERS.get(lower.partition("-")[0], UNDETERMINED)


def language_of_number(number: int | None) -> str | None:
    """The language code of Lemmy's number; None for none or 0. Raises Invalid for no number of a
    language.
    """
    if number is None or number == UNDETERMINED:
        return None
    if not 0 < number < len(CODES):
        raise Invalid("language_unknown", "There is no language %(number)s.", number=number)
    return CODES[number]


def name_of_language(code: str) -> str:
    """The language's name for itself, in English if that is not known."""
    if code == "und":
        return "Undetermined"
    return LANGUAGES.get(code) or _own_name(code)


def _own_name(code: str) -> str:
    try:
        name = Locale(code).get_language_name(code)
    except UnknownLocaleError:
        name = None
    return name or Locale("en").languages.get(code, code)
