import pytest

from fedcom.queries import search_words
from fedcom.queries.search_words import find_similar, find_variants, widen
from fedcom.text.search_terms import Phrase, parse_terms
from tests.support.rows import Rows

TEXTS = {
    "de": "Damenfahrrad Fahrräder Fahrradweg Fahrt Rad Kamerad Häuser Haustür Gasthaus übersetzung",
    "nl": "boeken handboek boekenkast",
    "sv": "cykel cykelväg damcykel",
    "en": "houses housing warehouse football ball receive believe necessary",
    "": "maison maisons",
}


def write(rows: Rows) -> None:
    cats, bob = rows.community("cats"), rows.person("bob")
    for language, text in TEXTS.items():
        rows.post(cats, bob, title="t", body_html=text, language=language or "xx")
    rows.read_words()


def test_variants_are_other_forms_and_compounds(rows: Rows) -> None:
    write(rows)

    for word, variants in {
        "fahrrad": {"fahrräder", "damenfahrrad", "fahrradweg"},
        "fahrräder": {"damenfahrrad", "fahrradweg"},
        "haus": {"häuser", "haustür", "gasthaus"},
        # Too short to be looked for inside of words.
        "rad": set(),
        "boek": {"boeken", "handboek", "boekenkast"},
        "cykel": {"cykelväg", "damcykel"},
        # English does not write compounds as one word.
        "house": {"houses", "housing"},
        "ball": set(),
        "maison": set(),
        "zebra": set(),
    }.items():
        assert {*find_variants(rows.conn, word)} == variants, word


def test_of_many_variants_the_forms_and_the_shortest_count(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_words, "MOST_VARIANTS", 2)
    write(rows)

    assert find_variants(rows.conn, "fahrrad") == ("fahrräder", "fahrradweg")


def test_only_single_words_that_are_not_quoted_have_variants(rows: Rows) -> None:
    write(rows)

    terms = widen(rows.conn, parse_terms('house "house" c++ foo_bar -house houses'))
    variants = [phrase.variants for phrase in terms.wanted.phrases]
    assert variants == [("houses", "housing"), (), (), (), ("housing",)]
    assert terms.unwanted.phrases == (Phrase(("house",)),)


def test_similar_words_are_those_with_a_letter_changed(rows: Rows) -> None:
    write(rows)

    for typed, similar in {
        "recieve": "receive",
        "beleive": "believe",
        "Necesary": "necessary",
        "neccesary": "necessary",
        "fotball": "football",
        "gasthuas": "gasthaus",
        "übersetzng": "übersetzung",
        "xouses": "houses",
    }.items():
        assert find_similar(rows.conn, typed) == (similar,), typed
    for typed in ("football", "bal", "zebra", "a" * 200):
        assert find_similar(rows.conn, typed) == (), typed
