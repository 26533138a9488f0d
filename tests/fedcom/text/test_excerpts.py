import time

import pytest
from hypothesis import given, strategies as st

from fedcom.text.excerpts import EXCERPT, MarkedPiece, excerpt, mark
from fedcom.text.search_terms import parse_terms


def marked(text: str, query: str) -> str:
    pieces = mark(text, parse_terms(query).wanted)
    return "".join(f"[{piece.text}]" if piece.found else piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("text", "query", "shown"),
    [
        ("Cats sleep", "cats", "[Cats] sleep"),
        ("concatenate cats", "cats", "concatenate [cats]"),
        ("The Café of Ångström", "cafe angstrom", "The [Café] of [Ångström]"),
        ("The cafe", "CAFÉ", "The [cafe]"),
        ("sleepy sleep", "sle", "[sleepy] [sleep]"),
        ("sleepy sleep", '"sleep"', "sleepy [sleep]"),
        ("black cat, black dog", '"black cat"', "[black cat], black dog"),
        ("foo_bar", "bar", "foo_[bar]"),
        ("今日は東京です", "東京", "今日は[東京]です"),
        ("a.b*c", "b*", "a.[b]*c"),
        ("Straße İstanbul", "stra", "[Straße] İstanbul"),
        ("nothing", "else", "nothing"),
        ("", "else", ""),
    ],
)
def test_matches_are_marked(text: str, query: str, shown: str) -> None:
    assert marked(text, query) == shown


def test_an_excerpt_stands_around_the_first_match() -> None:
    text = "before " * 100 + "the needle here " + "after " * 100
    pieces = excerpt(text, parse_terms("needle").wanted)

    assert MarkedPiece("needle", found=True) in pieces
    assert pieces[0].text == pieces[-1].text[::-1] == "… "
    assert sum(len(piece.text) for piece in pieces) <= EXCERPT + 34
    assert pieces[1].text.split() == ["before"] * 8 + ["the"]


def test_without_a_match_the_beginning_is_shown() -> None:
    assert excerpt("  short\n\ntext ", parse_terms("else").wanted) == (MarkedPiece("short text"),)
    long = excerpt("word " * 100, parse_terms("else").wanted)
    assert (long[0].text[:4], long[-1].text) == ("word", " …")


@given(st.text(max_size=300), st.text(max_size=20))
def test_nothing_is_added_to_a_text_and_nothing_lost(text: str, query: str) -> None:
    assert "".join(piece.text for piece in mark(text, parse_terms(query).wanted)) == text


def test_long_texts_are_marked_in_short_time() -> None:
    words = parse_terms('a a.a.a.a "a a a a" aaaa').wanted
    began = time.thread_time()
    for text in ("a " * 25_000, "a" * 50_000, "a_" * 25_000):
        excerpt(text, words)
    assert time.thread_time() - began < 2
