import pytest
from hypothesis import given, strategies as st

from fedcom.text.search_terms import (
    MAX_TERMS,
    MAX_WORD,
    Phrase,
    Terms,
    TermSet,
    parse_terms,
    split_words,
)


def wanted(*phrases: Phrase, parts: tuple[str, ...] = ()) -> Terms:
    return Terms(TermSet(phrases, parts))


def term(text: str, *, prefix: bool = False, signed: str = "") -> Phrase:
    return Phrase((text,), prefix, signed=signed)


def quoted(*words: str, prefix: bool = False) -> Phrase:
    return Phrase(words, prefix, quoted=True)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", Terms()),
        ("cats", wanted(term("cats", prefix=True))),
        ("Cats  sleep", wanted(term("Cats"), term("sleep", prefix=True))),
        ('"cats sleep"', wanted(quoted("cats", "sleep"))),
        ("“cats sleep” so", wanted(quoted("cats", "sleep"), term("so", prefix=True))),
        ('"never closed', wanted(quoted("never", "closed", prefix=True))),
        ("foo.bar/baz", wanted(Phrase(("foo", "bar", "baz"), prefix=True))),
        ("sle* a", wanted(term("sle", prefix=True), term("a"))),
        ("don't", wanted(Phrase(("don", "t")))),
        ("cats -dogs", Terms(TermSet((term("cats", prefix=True),)), TermSet((term("dogs"),)))),
        ('x -"big dogs"', Terms(TermSet((term("x"),)), TermSet((quoted("big", "dogs"),)))),
        ("-dogs", Terms(unwanted=TermSet((term("dogs"),)))),
        ("c++", wanted(term("c", signed="c++"))),
        ("Learn (C#),", wanted(term("Learn"), term("C", signed="c#"))),
        (".NET 8", wanted(term("NET", signed=".net"), term("8"))),
        (
            "-f# c++17",
            Terms(
                TermSet((Phrase(("c", "17"), signed="c++17"),)), TermSet((term("f", signed="f#"),))
            ),
        ),
        ("node.js", wanted(Phrase(("node", "js"), prefix=True))),
        (
            "#cats a+b .5 end.",
            wanted(term("cats"), Phrase(("a", "b")), term("5"), term("end", prefix=True)),
        ),
        ("author:bob", Terms(author="bob")),
        ("Author:@bob@a.example:3000", Terms(author="bob@a.example:3000")),
        ("community:!cats@a.example", Terms(community="cats@a.example")),
        # Turkish letters that match "i" without regard to case, and are in none of these words.
        ("commun\u0131ty:cats", wanted(Phrase(("commun\u0131ty", "cats"), prefix=True))),
        ("COMMUN\u0130TY:cats", wanted(Phrase(("COMMUN\u0130TY", "cats"), prefix=True))),
        ("author: bob", wanted(term("author"), term("bob", prefix=True))),
        ("author:b/b", wanted(Phrase(("author", "b", "b")))),
        ("東京", wanted(parts=("東京",))),
        ('"東京 タワー" red', wanted(term("red", prefix=True), parts=("東京 タワー",))),
        ("-東京", Terms(unwanted=TermSet((), ("東京",)))),
        ("ขอบคุณ", wanted(parts=("ขอบคุณ",))),
        ("학교 가", wanted(term("학교", prefix=True), term("가", prefix=True))),
        ("🎉", wanted(parts=("🎉",))),
        ('--- *** () "" - "', Terms()),
        ("हिन्दी", wanted(term("हिन्दी", prefix=True))),
        ("a\0b\ud800c", wanted(term("a"), term("b"), term("c"))),
    ],
)
def test_the_meaning_of_search_terms(text: str, terms: Terms) -> None:
    assert parse_terms(text) == terms


def test_without_a_wanted_word_nothing_is_found() -> None:
    assert not parse_terms("-dogs ---")
    assert parse_terms("author:bob -dogs")


def test_long_queries_and_long_words_are_cut() -> None:
    assert len(parse_terms("ab " * 90).wanted.phrases) == MAX_TERMS
    assert parse_terms("x" * 200).wanted.phrases == (term("x" * MAX_WORD, prefix=True),)


@given(st.text(alphabet=st.characters(), max_size=400))
def test_any_text_can_be_parsed(text: str) -> None:
    terms = parse_terms(text)
    for words in (terms.wanted, terms.unwanted):
        assert all(words.parts)
        for phrase in words.phrases:
            assert split_words(" ".join(phrase.words)) == phrase.words
            assert "".join(phrase.words).encode()
