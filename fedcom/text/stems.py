"""Stems: what the forms of a word have in common, by Snowball's rules for each language.

One implementation for both databases, so that both find the same. The languages that Snowball does
not know have no forms here; of those without a language, see `fedcom.background.search_words`.
"""

import threading
from functools import lru_cache
from typing import Any

from fedcom.text.excerpts import fold
from fedcom.text.search_terms import is_divided, split_words

ALGORITHMS = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "eo": "esperanto",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
"""The languages whose forms are known: ISO 639-1 codes, and Snowball's names for them."""

COMPOUNDING = frozenset(
    {"af", "da", "de", "et", "fi", "fo", "fy", "hu", "is", "lb", "nl", "no", "sv"}
)
"""The languages that write compounds as one word."""

KNOWN = frozenset({*ALGORITHMS, *COMPOUNDING})

SHORTEST, LONGEST = 3, 40
"""The length of the words that are kept, in characters."""

_SAME = {"nb": "no", "nn": "no"}
_READ = 20_000
"""The part of a text whose words are kept, in characters."""

_stemmers = threading.local()


def family(code: str | None) -> str:
    """The key for a language tag such as `de-AT`; "" for a language that has no rules here."""
    base = (code or "").partition("-")[0].lower()
    base = _SAME.get(base, base)
    return base if base in KNOWN else ""


@lru_cache(maxsize=4_096)
def stem(word: str, language: str) -> str:
    """The stem of a word in lower case, without accents. `language` is a result of `family`."""
    name = ALGORITHMS.get(language)
    return fold(word if name is None else _stemmer(name).stemWord(word))


def _stemmer(name: str) -> Any:
    """One for each thread: it holds the word that it works on."""
    # All of its languages at once, which the command line does without.
    import snowballstemmer  # noqa: PLC0415

    known = _stemmers.__dict__
    if name not in known:
        known[name] = snowballstemmer.stemmer(name)
    return known[name]


def words_of(text: str) -> set[str]:
    """The words of a plain text that are kept: in lower case, without those that have digits or are
    very short or long, and without those of scripts that do not separate words.
    """
    found = {word.lower() for word in split_words(text[:_READ])}
    return {
        word
        for word in found
        if SHORTEST <= len(word) <= LONGEST
        and not any(map(str.isnumeric, word))
        and is_divided(word)
    }
