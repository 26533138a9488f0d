import pytest

from fedcom.errors import Invalid
from fedcom.rules.names import check_name


@pytest.mark.parametrize(
    ("given", "name"),
    [("ann", "ann"), (" Ann_1 ", "ann_1"), ("a" * 20, "a" * 20), ("___", "___"), ("123", "123")],
)
def test_a_name_is_stored_in_lower_case(given, name):
    assert check_name(given) == name


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("", "name_too_short"),
        ("ab", "name_too_short"),
        ("a" * 21, "name_too_long"),
        ("a b c", "name_characters"),
        ("ann-b", "name_characters"),
        ("ann.b", "name_characters"),
        ("añn", "name_characters"),
        ("аnn", "name_characters"),  # noqa: RUF001 - a Cyrillic letter, which is the point
        ("\u212aate", "name_characters"),
        ("ann\x00", "name_characters"),
        ("ann\nbob", "name_characters"),
        ("../etc", "name_characters"),
        ("Admin", "name_reserved"),
        ("actor", "name_reserved"),
        ("inbox", "name_reserved"),
        ("www", "name_reserved"),
    ],
)
def test_other_names_are_refused(given, code):
    with pytest.raises(Invalid) as caught:
        check_name(given)
    assert caught.value.code == code
