import time

import pytest
from starlette.requests import HTTPConnection

from fedcom.http.cookies import find_cookie


def asked_with(*cookies: str) -> HTTPConnection:
    headers = [(b"cookie", cookie.encode("latin-1")) for cookie in cookies]
    return HTTPConnection({"type": "http", "headers": headers})


@pytest.mark.parametrize(
    ("cookies", "found"),
    [
        ([], ""),
        (["session=abc"], "abc"),
        (["a=b; session=abc; c=d"], "abc"),
        (["a=b", "session=abc"], "abc"),
        (["a=b;session = abc "], "abc"),
        (["session=one; session=two"], "two"),
        (["session=a=b"], "a=b"),
        (["session"], ""),
        (["xsession=abc; sessionx=abc"], ""),
    ],
)
def test_a_cookie_is_found_by_its_name(cookies: list[str], found: str) -> None:
    assert find_cookie(asked_with(*cookies), "session") == found


@pytest.mark.parametrize("unit", ['\\"', "\\1", "a=b; ", "; ", "="])
def test_no_cookie_header_costs_more_than_its_length(unit: str) -> None:
    def cost(length: int) -> float:
        request = asked_with(f'a="{unit * (length // len(unit))}"; session=abc')
        started = time.process_time()
        assert find_cookie(request, "session") == "abc"
        return time.process_time() - started

    assert min(cost(2**20) for _ in range(3)) < 0.5  # quadratic time would be half an hour
