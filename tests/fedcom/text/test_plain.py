import time

import pytest

from fedcom.text.plain import clean_title, cut

ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ("  two \n\t lines ", "two lines"),
        ("e\u0301", "\u00e9"),
        ("a\u202eb\u2066c\u200bd\ufeff", "abcd"),
        ("a\x00\x07b\x7f", "ab"),
        ("half \ud800", "half"),
        ("a \u200b b", "a b"),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
        ("\U000e0041tag", "tag"),
        ("a\ue000\ufdd0b", "ab"),
        ("\U0001faff", "\U0001faff"),  # reserved for an emoji
        ("\u2028a\u2029", "a"),
        ("\u202e", ""),
        ("\u2800\u2800", ""),
        ("\u3164\u115f\u1160\uffa0", ""),
        ("\u0301\u034f\ufe0f", ""),
        ("\U0001d159 \U000e0100", ""),
        ("\ufeffHello", "Hello"),
        ("Donau\u00addampf", "Donaudampf"),
        ("C++\u200e", "C++"),
        ("\u062a\u0639\u0644\u0645 C++\u200e \u0627", "\u062a\u0639\u0644\u0645 C++\u200e \u0627"),
        (ENGLAND + "\U000e0041 wins", ENGLAND + " wins"),
        ("a" + ENGLAND + ENGLAND, "a" + ENGLAND + ENGLAND),
    ],
)
def test_a_title_is_one_line_of_visible_characters(given, title):
    assert clean_title(given) == title


@pytest.mark.parametrize(
    ("given", "limit", "kept"),
    [
        ("short", 5, "short"),
        ("longer", 5, "long…"),
        ("one two three", 12, "one two thr…"),
        ("seven eight nine", 14, "seven eight…"),
    ],
)
def test_a_long_text_ends_in_an_ellipsis(given, limit, kept):
    assert cut(given, limit) == kept
    assert len(cut(given, limit)) <= limit


def test_a_megabyte_of_combining_marks_costs_nothing():
    started = time.process_time()
    assert len(clean_title("a" + "\u0327\u0301" * 500_000)) <= 200
    assert time.process_time() - started < 1
