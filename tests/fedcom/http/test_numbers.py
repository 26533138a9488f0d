import pytest
from starlette.requests import HTTPConnection

from fedcom.http.numbers import LARGEST, number_in, number_of, whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("7", 7),
        ("007", 7),
        ("100", 100),
        ("101", None),
        ("", None),
        ("-1", None),
        ("+1", None),
        (" 1", None),
        ("1.0", None),
        ("1e3", None),
        ("\u0667", None),
        ("²", None),
        ("9" * 5000, None),
    ],
)
def test_whole_numbers_are_digits_and_bounded(text: str, number: int | None) -> None:
    assert whole_number(text, 100) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [("12", 12), (str(LARGEST), LARGEST), (str(LARGEST + 1), 0), ("x", 0), ("", 0)],
)
def test_an_invalid_row_id_is_read_as_0(text: str, number: int) -> None:
    assert number_in(text) == number


@pytest.mark.parametrize(("number", "row_id"), [(12, 12), (LARGEST, LARGEST), (2**63, 0)])
def test_an_address_with_a_number_too_large_names_no_row(number: int, row_id: int) -> None:
    request = HTTPConnection({"type": "http", "path_params": {"number": number}})

    assert number_of(request) == row_id
