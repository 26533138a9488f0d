"""The words that texts contain, as the search needs them: other forms of a word, compounds with it,
and words that are spelled almost like it.

They are words of all texts, whoever may read those. So a form of a word is only searched for, and
a word is shown to nobody before a search of theirs has found it (`fedcom.views.search_all`).
"""

from collections.abc import Collection, Iterable
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, func, select

from database.id_lists import one_of_texts
from fedcom.models.search import search_word
from fedcom.text.excerpts import fold
from fedcom.text.search_terms import Phrase, Terms
from fedcom.text.spelling import distance
from fedcom.text.stems import COMPOUNDING, KNOWN, LONGEST, SHORTEST, stem

PART = 4
"""The shortest stem that is looked for inside of compounds: shorter ones are in too many words."""

MOST_VARIANTS = 40
"""Words that are searched for instead of one; the shortest are preferred."""

MOST_SIMILAR = 3
"""Words that are spelled like one."""

_READ = 200
"""Compounds that are read for each stem and direction."""

_COMPARED = 2_000
"""Words whose spelling is compared with that of one, for its beginning and each ending."""

_END = "\U0010ffff"
_WORDS = select(search_word.c.word, search_word.c.language, search_word.c.backwards)


def _beginning(key: ColumnElement[str]) -> Select[tuple[str, str, str]]:
    """The words whose `key` begins with the parameter `low`, which `high` ends."""
    return _WORDS.where(key >= bindparam("low"), key < bindparam("high")).order_by(key)


_WITH_STEMS = _WORDS.where(one_of_texts(search_word.c.backwards, "stems"))
_ENDING = _beginning(search_word.c.backwards)
_STARTING = _beginning(search_word.c.word)
_length = func.length(search_word.c.word)
_near = _length.between(bindparam("shortest"), bindparam("longest"))


def widen(conn: Connection, terms: Terms) -> Terms:
    """The terms, with other forms of each wanted word, and with compounds that begin or end with it
    in the languages that write these as one word. What is between quotes stays as it is.
    """
    return replace(
        terms,
        wanted=replace(
            terms.wanted,
            phrases=tuple(_widen(conn, phrase) for phrase in terms.wanted.phrases),
        ),
    )


def _widen(conn: Connection, phrase: Phrase) -> Phrase:
    word = phrase.words[0].lower()
    if len(phrase.words) > 1 or phrase.quoted or phrase.signed:
        return phrase
    if not SHORTEST <= len(word) <= LONGEST:
        return phrase
    return replace(phrase, variants=find_variants(conn, word))


def find_variants(conn: Connection, word: str) -> tuple[str, ...]:
    """The words of texts with the same stem in their language as this one, and compounds with that.

    Nobody says in which language they search: the word is taken for one of each.
    """
    stems = {language: stem(word, language) for language in sorted(KNOWN)}
    backwards = {each[::-1] for each in stems.values()}
    forms = {
        row.word
        for row in conn.execute(_WITH_STEMS, {"stems": sorted(backwards)})
        if row.backwards[::-1] == stems.get(row.language)
    }
    compounds = _shortest(_compounds(conn, stems)) if len(word) >= PART else []
    found = dict.fromkeys([*_shortest(forms), *compounds])
    return tuple(each for each in found if fold(each) != fold(word))[:MOST_VARIANTS]


def _compounds(conn: Connection, stems: dict[str, str]) -> Iterable[str]:
    for each in sorted({stems[language] for language in COMPOUNDING}):
        if len(each) < PART:
            continue
        languages = {one for one in COMPOUNDING if stems[one] == each}
        for statement, part in ((_ENDING, each[::-1]), (_STARTING, each)):
            for row in _range(conn, statement, part, languages):
                yield row.word


def _range(
    conn: Connection,
    statement: Select[tuple[str, str, str]],
    part: str,
    languages: Collection[str],
) -> Iterable[Row[tuple[str, str, str]]]:
    of_them = statement.where(one_of_texts(search_word.c.language, "languages")).limit(_READ)
    values = {"low": part, "high": part + _END, "languages": sorted(languages)}
    return conn.execute(of_them, values)


def _shortest(words: Iterable[str]) -> list[str]:
    return sorted(set(words), key=lambda word: (len(word), word))


def find_similar(conn: Connection, word: str) -> tuple[str, ...]:
    """The words of texts that differ from this one by a letter, or by two if it is long; the most
    similar come first.

    A single mistake is in one half of a word, and two seldom in its first and its last third: what
    begins or ends like it is compared.
    """
    typed = word.lower()
    if not SHORTEST < len(typed) <= LONGEST:
        return ()
    plain, most = fold(typed), 1 if len(typed) < 8 else 2
    parts = most + 1
    ends = {each[-(len(each) // parts) :][::-1] for each in (plain, *_stems(plain))}
    lengths = {"shortest": len(typed) - most, "longest": len(typed) + most}
    found: dict[str, tuple[int, bool, str]] = {}
    for statement, some in ((_STARTING, {typed[: len(typed) // parts]}), (_ENDING, ends)):
        for part in sorted(some):
            values = {"low": part, "high": part + _END, **lengths}
            for row in conn.execute(statement.where(_near).limit(_COMPARED), values):
                apart = distance(plain, fold(row.word), most)
                if apart:
                    found[row.word] = (apart, row.word[0] != typed[0], row.word)
    return tuple(sorted(found, key=found.__getitem__)[:MOST_SIMILAR])


def _stems(word: str) -> set[str]:
    return {stem(word, language) for language in KNOWN}
