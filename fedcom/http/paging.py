"""Where in a list a request wants to go on: a cursor, a row id or a page number."""

from collections.abc import Callable
from typing import TypeVar

from starlette.requests import HTTPConnection

from fedcom.errors import NotFound
from fedcom.http.numbers import number_in, whole_number

C = TypeVar("C")

MAX_PAGES = 10**9 - 1


def cursor_in_query(
    request: HTTPConnection, read: Callable[[str], C], name: str = "after"
) -> C | None:
    """The cursor in the query, as `read` understands it; None for the beginning of the list.

    Raises what `read` raises for a cursor that no page of ours gave.
    """
    text = request.query_params.get(name, "")
    return read(text) if text else None


def row_in_query(request: HTTPConnection, name: str = "after") -> int:
    """The id of the row at which a list sorted by id goes on; 0 for its beginning."""
    return number_in(request.query_params.get(name, ""))


def page_in_query(request: HTTPConnection) -> int | None:
    """The number in `?page=`, from 1; None if there is none. Raises NotFound for anything else."""
    text = request.query_params.get("page")
    if text is None:
        return None
    page = whole_number(text, MAX_PAGES)
    if not page:
        raise NotFound("couldnt_find_page", "Pages are numbered from 1.")
    return page


def limit_in_query(request: HTTPConnection, *, usual: int, most: int) -> int:
    """How many entries `?limit=` asks for, from 1 to `most`; `usual` if it does not say."""
    asked = number_in(request.query_params.get("limit", ""))
    return min(asked, most) if asked else usual
