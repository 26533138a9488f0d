from functools import partial

import pytest
from starlette.requests import HTTPConnection

from fedcom.errors import Invalid, NotFound
from fedcom.http.paging import cursor_in_query, limit_in_query, page_in_query, row_in_query
from fedcom.views.paging import Cursor


def request_with(query: str) -> HTTPConnection:
    return HTTPConnection({"type": "http", "query_string": query.encode()})


def test_without_a_cursor_the_list_begins() -> None:
    for query in ("", "after=", "before=5_7"):
        assert cursor_in_query(request_with(query), partial(Cursor.read, whole=True)) is None


def test_a_cursor_is_read_as_its_list_wrote_it() -> None:
    read = partial(Cursor.read, whole=True)

    assert cursor_in_query(request_with("after=5_7"), read) == Cursor(5, 7)
    assert cursor_in_query(request_with("answers=5_7"), read, "answers") == Cursor(5, 7)


def test_a_cursor_that_no_page_gave_is_refused() -> None:
    with pytest.raises(Invalid, match="cursor"):
        cursor_in_query(request_with("after=x"), partial(Cursor.read, whole=True))


@pytest.mark.parametrize(
    ("query", "row_id"), [("", 0), ("after=12", 12), ("after=x", 0), ("after=-1", 0)]
)
def test_a_list_by_id_goes_on_at_a_row_or_begins(query: str, row_id: int) -> None:
    assert row_in_query(request_with(query)) == row_id


def test_a_list_may_name_its_row_otherwise() -> None:
    assert row_in_query(request_with("before=12&after=3"), "before") == 12


@pytest.mark.parametrize(
    ("query", "page"), [("", None), ("page=1", 1), ("page=999999999", 999_999_999)]
)
def test_pages_are_numbered_from_1(query: str, page: int | None) -> None:
    assert page_in_query(request_with(query)) == page


@pytest.mark.parametrize("text", ["", "0", "-1", "x", "1.5", "%D9%A1", "1000000000", "9" * 40])
def test_an_invalid_page_number_is_not_found(text: str) -> None:
    with pytest.raises(NotFound, match="couldnt_find_page"):
        page_in_query(request_with(f"page={text}"))


@pytest.mark.parametrize(
    ("query", "limit"),
    [
        ("", 10),
        ("limit=1", 1),
        ("limit=50", 50),
        ("limit=51", 50),
        ("limit=0", 10),
        ("limit=x", 10),
        ("limit=-1", 10),
    ],
)
def test_a_limit_stays_within_its_bounds(query: str, limit: int) -> None:
    assert limit_in_query(request_with(query), usual=10, most=50) == limit
