"""Parses the text of a search box. Every text has a meaning; none is an error.

`two words` are both required, `"beside each other"` is a phrase, `-word` is excluded, `wor*` is a
prefix (so is the last word, which may be unfinished); `author:name@host` and `community:name@host`
are filters. Scripts without spaces are searched for as typed, anywhere in a text: none of our
databases knows the word boundaries there. Names such as `c++`, `f#` and `.net` are words with their
signs.
"""

import re
import unicodedata
from dataclasses import dataclass, field, replace

MAX_QUERY = 300
"""The characters that are read of a query."""

MAX_TERMS = 16
"""The maximum of words, phrases and parts of one query; the rest is ignored."""

MAX_WORD = 64
"""The longest word that is searched for; PostgreSQL refuses those of 2 KiB."""

# Thai, Lao, Tibetan, Burmese, Khmer; Chinese and Japanese with their punctuation.
_NO_SPACES = re.compile(
    "[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u2e80-\u312f\u31a0-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\uff65-\uff9f\U00020000-\U0003ffff]"
)
# Korean has spaces, but attaches its particles to the words.
_HANGUL = re.compile("[\uac00-\ud7a3]")
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»「」『』", '"'))
# Signs that belong to a name: those after it, those between it and a version, and a dot before it.
_SIGNED = re.compile(
    r"(?=\.[a-z]|[^.]*[+#])\.?[a-z0-9]+(?:(?:\+\+|\#|\.)[a-z0-9]+)*[+\#]*", re.IGNORECASE | re.ASCII
)
_AROUND = "!\"$%&'()*,-./:;<=>?@[]^_`{|}~"
_CHUNK = re.compile(
    r"""(?P<narrow>(?a:author|community)):[@!]?(?P<handle>[\w.-]+(?:@[\w.:\[\]-]+)?)(?!\S)
    | (?P<sign>-?)(?:"(?P<quoted>[^"]*)"? | (?P<bare>[^\s"]+))""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Adjacent words; with `prefix` the last may be the beginning of one.

    Between quotes they are meant as they are. `signed` is a name as it was typed, in lower case, if
    it has signs that no index contains; `variants` are other words that count as well.
    """

    words: tuple[str, ...]
    prefix: bool = False
    quoted: bool = False
    signed: str = ""
    variants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TermSet:
    """Phrases for the index, and `parts` that may match anywhere, inside words too."""

    phrases: tuple[Phrase, ...] = ()
    parts: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.phrases or self.parts)


@dataclass(frozen=True, slots=True)
class Terms:
    """A query: all of `wanted` must match and none of `unwanted`.

    `author` and `community` are `name` (on this server) or `name@host`; "" for any. `name` is the
    whole text, as the name of somebody: without the signs of a handle, in lower case.
    """

    wanted: TermSet = TermSet()
    unwanted: TermSet = TermSet()
    author: str = ""
    community: str = ""
    name: str = field(default="", compare=False)

    def __bool__(self) -> bool:
        """Whether anything can match it."""
        return bool(self.wanted or self.author or self.community)


def parse_terms(text: str) -> Terms:
    """The terms in this text; never raises."""
    clean = "".join(map(_visible, text[:MAX_QUERY])).translate(_QUOTES)
    narrowed = {"author": "", "community": ""}
    found: dict[bool, list[Phrase | str]] = {True: [], False: []}
    for match in _CHUNK.finditer(unicodedata.normalize("NFC", clean)):
        if match["narrow"]:
            narrowed[match["narrow"].lower()] = match["handle"]
            continue
        term = _to_term(match["quoted"] or match["bare"] or "", quoted=match["bare"] is None)
        if term and len(found[True]) + len(found[False]) < MAX_TERMS:
            found[not match["sign"]].append(term)
    wanted = found[True]
    if wanted and not clean.rstrip().endswith('"'):
        wanted[-1] = _opened(wanted[-1])
    name = clean.strip().lstrip("@!").lower()
    return Terms(_to_term_set(wanted), _to_term_set(found[False]), **narrowed, name=name)


def split_words(text: str) -> tuple[str, ...]:
    """The words of a text as both indexes divide it: runs of letters, digits and marks."""
    divided = "".join(char if unicodedata.category(char)[0] in "LNM" else " " for char in text)
    return tuple(word for word in divided.split() if any(map(str.isalnum, word)))


def is_divided(word: str) -> bool:
    """Whether the script of a word has spaces between words."""
    return _NO_SPACES.search(word) is None


def _visible(char: str) -> str:
    # The databases refuse controls and lone surrogates.
    return " " if unicodedata.category(char) in {"Cc", "Cs"} else char


def _to_term(text: str, *, quoted: bool) -> Phrase | str | None:
    words = split_words(text)
    if _NO_SPACES.search(text) or (not words and any(map(_is_picture, text))):
        return text.strip()
    if not words:
        return None
    cut = tuple(word[:MAX_WORD] for word in words)
    phrase = Phrase(cut, prefix=cut != words, quoted=quoted, signed=_signed(text))
    if quoted or phrase.prefix:
        return phrase
    return _opened(phrase) if text.endswith("*") or _HANGUL.search(cut[-1]) else phrase


def _signed(text: str) -> str:
    found = _SIGNED.fullmatch(text.rstrip(_AROUND).lstrip(_AROUND.replace(".", "")))
    return found[0].lower() if found and len(found[0]) <= MAX_WORD else ""


def _is_picture(char: str) -> bool:
    return unicodedata.category(char) in {"So", "Sc"}


def _opened(term: Phrase | str) -> Phrase | str:
    """The term with its last word as a prefix, unless that would match too much."""
    if isinstance(term, str) or term.signed:
        return term
    if len(term.words[-1]) < 2 and not _HANGUL.search(term.words[-1]):
        return term
    return replace(term, prefix=True)


def _to_term_set(terms: list[Phrase | str]) -> TermSet:
    phrases = tuple(term for term in terms if isinstance(term, Phrase))
    return TermSet(phrases, tuple(term for term in terms if isinstance(term, str)))
