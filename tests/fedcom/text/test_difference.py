import random
import time

import pytest

from fedcom.text.difference import MAX_WORDS, difference, readable
from fedcom.text.markdown import render


def shown(before, after):
    marks = {"same": "{}", "del": "[-{}]", "ins": "[+{}]"}
    return " ".join(marks[piece.kind].format(piece.text) for piece in difference(before, after))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("one two three", "one 2 three", "one [-two] [+2] three"),
        ("one two", "one two three", "one two [+three]"),
        ("one two three", "two three", "[-one] two three"),
        ("a a a", "a a", "a a [-a]"),
        ("a\nb", "a b", "a [-\n] b"),
        ("a  b", "a b", "a b"),
        ("", "a", "[+a]"),
        ("a", "", "[-a]"),
        ("", "", ""),
        (
            "the cat sat on the mat",
            "the dog sat on a mat",
            "the [-cat] [+dog] sat on [-the] [+a] mat",
        ),
    ],
)
def test_removed_and_added_words_are_distinguished(before, after, expected):
    assert shown(before, after) == expected


def test_kept_and_added_words_are_the_new_text_kept_and_removed_the_old():
    words = [random.Random(7).choice("abcdefgh") for _ in range(400)]
    for seed in range(20):
        chance = random.Random(seed)
        before = [word for word in words if chance.random() > 0.2]
        after = [word for word in words if chance.random() > 0.2]
        pieces = difference(" ".join(before), " ".join(after))
        assert " ".join(p.text for p in pieces if p.kind != "del").split() == after
        assert " ".join(p.text for p in pieces if p.kind != "ins").split() == before


def test_very_long_changes_are_not_compared_word_by_word():
    before = " ".join(f"a{number}" for number in range(MAX_WORDS + 1))
    kinds = [piece.kind for piece in difference(f"x {before} y", f"x {before[::-1]} y")]
    assert kinds == ["same", "del", "ins", "same"]


@pytest.mark.parametrize("popular", [2, 40, 10_000])
def test_hostile_texts_cost_little(popular):
    chance = random.Random(1)
    one, other = (
        " ".join(str(chance.randrange(popular)) for _ in range(MAX_WORDS)) for _ in range(2)
    )
    started = time.process_time()
    difference(one, other)
    every_second = " ".join(str(number // 2 * (number % 2)) for number in range(MAX_WORDS))
    difference(every_second, " ".join(str(number) for number in range(MAX_WORDS)))
    assert time.process_time() - started < 1


def test_a_text_says_where_its_links_lead_and_which_pictures_it_has():
    text = readable(
        render("[here](https://a.example/?a=1&b) https://b.example ![cat](https://c.example/x.png)")
    )
    assert text == "here (https://a.example/?a=1&b) https://b.example (https://c.example/x.png)"


def test_long_texts_are_compared_between_words_that_occur_once():
    words = [f"w{number}" for number in range(3_000)]
    changed = words[:]
    changed[10], changed[1_500], changed[2_990] = "ten", "middle", "end"
    pieces = difference(" ".join(words), " ".join(changed))
    assert [piece.text for piece in pieces if piece.kind == "del"] == ["w10", "w1500", "w2990"]
    assert [piece.text for piece in pieces if piece.kind == "ins"] == ["ten", "middle", "end"]


def test_words_that_moved_are_gone_in_one_place_and_new_in_the_other():
    words = [f"w{number}" for number in range(300)]
    pieces = difference(" ".join(words), " ".join([*words[100:], *words[:100]]))
    assert [piece.kind for piece in pieces] == ["del", "same", "ins"]
