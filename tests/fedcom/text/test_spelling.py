import pytest

from fedcom.text.spelling import distance


@pytest.mark.parametrize(
    ("one", "other", "most", "apart"),
    [
        ("cats", "cats", 1, 0),
        ("cats", "cast", 1, 1),
        ("cats", "bats", 1, 1),
        ("cats", "cat", 1, 1),
        ("cats", "coats", 1, 1),
        ("cats", "dogs", 1, None),
        ("cats", "acst", 2, 2),
        ("cats", "c", 2, None),
        ("", "a", 1, 1),
        ("abcdef", "badcfe", 2, None),
        ("abcdef", "badcfe", 3, 3),
    ],
)
def test_words_are_apart_by_the_letters_to_change(
    one: str, other: str, most: int, apart: int | None
) -> None:
    assert distance(one, other, most) == distance(other, one, most) == apart
