from concurrent.futures import ThreadPoolExecutor

import pytest
import snowballstemmer

from fedcom.text.stems import ALGORITHMS, family, stem, words_of


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "house houses housing"),
        ("de", "fahrrad fahrräder fahrrads fahrraeder"),
        ("nl", "boek boeken"),
        ("sv", "bil bilar bilarna"),
        ("no", "bil biler"),
        ("fr", "cheval chevaux"),
        ("ru", "книга книги книгу"),
        ("is", "hús"),
    ],
)
def test_the_forms_of_a_word_have_one_stem(language: str, words: str) -> None:
    assert len({stem(word, language) for word in words.split()}) == 1


def test_a_stem_has_no_accents() -> None:
    assert stem("élan", "fr") == stem("élan", "") == "elan"


def test_language_tags_belong_to_a_language() -> None:
    tags = ("de-AT", "EN", "nb", "nn", "no", "is", "ja", "", None)
    assert [family(tag) for tag in tags] == ["de", "en", "no", "no", "no", "is", "", "", ""]


def test_every_language_is_known_to_the_library() -> None:
    assert {*ALGORITHMS.values()} <= {*snowballstemmer.algorithms()}


def test_words_are_kept_without_numbers_short_ones_and_scripts_without_spaces() -> None:
    text = "The CAFÉ, x2 in 東京 хлеб हिन्दी don't " + "a" * 41
    assert words_of(text) == {"the", "café", "хлеб", "हिन्दी", "don"}


def test_threads_do_not_disturb_each_other() -> None:
    words = [f"{chr(97 + number % 26)}ation{'al' * (number % 5)}ities" for number in range(300)]
    expected = [snowballstemmer.stemmer("english").stemWord(word) for word in words]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda word: stem(word, "en"), words)) == expected
