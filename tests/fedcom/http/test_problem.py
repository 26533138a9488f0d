import json

import pytest
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from activitypub.errors import (
    FetchFailed,
    FetchRefused,
    Gone,
    Malformed,
    NotThere,
    PrivateAddress,
    ProtocolError,
    SignatureInvalid,
    TooBig,
    Unreachable,
)
from activitypub.problem import Problem
from fedcom.errors import Busy, Conflict, Denied, Invalid, NotFound, TooMany
from fedcom.http.problem import to_json, to_problem, wants_page

URL = "https://peer.example/secret"
UUID = "5ff3e5b0-3ba2-4ff5-b11a-0d4e6a1a2b3c"
FEP = "https://w3id.org/fep/c180#"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Denied("site_ban", "You are banned."), 403, "site_ban"),
        (NotFound("couldnt_find_post"), 404, "couldnt_find_post"),
        (Conflict("name_taken"), 409, "name_taken"),
        (Invalid("title_too_short"), 422, "title_too_short"),
        (HTTPException(405), 405, "method_not_allowed"),
        (HTTPException(410, "Closed."), 410, "gone"),
        (Gone("gone", "x", url=URL), 404, "gone"),
        (NotThere("not_there", "x", url=URL), 404, "not_there"),
        (PrivateAddress("private", "x", url=URL), 422, "private"),
        (Unreachable("timeout", "x", url=URL), 503, "timeout"),
        (FetchRefused("refused", "x", url=URL), 502, "refused"),
        (TooBig("too_big", "x", url=URL), 502, "too_big"),
        (FetchFailed("failed", "x", url=URL), 502, "failed"),
        (Malformed("iri_scheme", "x"), 422, "iri_scheme"),
        (SignatureInvalid("signature", "x"), 502, "signature"),
        (ProtocolError("odd", "x"), 502, "odd"),
        (OperationalError("SELECT secret", {}, Exception("locked")), 503, "busy"),
        (RuntimeError("secret"), 500, "internal_error"),
    ],
)
def test_each_error_has_its_response(error: Exception, status: int, code: str) -> None:
    problem = to_problem(error)

    assert (problem.status, problem.code) == (status, code)
    assert problem.detail
    assert "secret" not in problem.detail


def test_a_rate_limited_client_gets_the_time_to_wait() -> None:
    assert to_problem(TooMany("rate_limit_error", retry_after=61.4)).headers == {
        "Retry-After": "62"
    }
    assert to_problem(TooMany("rate_limit_error", retry_after=0.1)).headers == {"Retry-After": "1"}
    busy = to_problem(Busy("pictures_busy", retry_after=10))
    assert (busy.status, busy.headers) == (503, {"Retry-After": "10"})


def request_with(accept: str | None, **state: object) -> Request:
    headers = [] if accept is None else [(b"accept", accept.encode())]
    return Request({"type": "http", "headers": headers, "state": {"request_id": UUID} | state})


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", True),
        ("*/*", True),
        ("text/*", True),
        (None, True),
        ("TEXT/HTML", True),
        ("application/json", False),
        ("application/activity+json, */*", False),
        ("application/activity+json, text/html;q=0.1", False),
        ("application/json;q=0.1, text/html", True),
        ('application/ld+json; profile="https://www.w3.org/ns/activitystreams"', False),
        ("image/png", False),
    ],
)
def test_people_get_pages_and_programs_json(accept: str | None, page: bool) -> None:
    assert wants_page(request_with(accept)) is page


@pytest.mark.parametrize(
    ("accept", "page"), [(None, False), ("*/*", False), ("text/html", True), ("image/png", False)]
)
def test_on_paths_for_programs_a_page_must_be_requested_explicitly(
    accept: str | None, page: bool
) -> None:
    assert wants_page(request_with(accept, for_programs=True)) is page


def test_programs_get_problem_details() -> None:
    answer = to_json(
        Problem(429, "slow", "Wait.", headers={"Retry-After": "9"}), request_with(None)
    )

    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "9"
    assert answer.headers["vary"] == "Accept"
    assert json.loads(bytes(answer.body)) == {
        "type": "about:blank",
        "title": "Too Many Requests",
        "status": 429,
        "detail": "Wait.",
        "code": "slow",
        "instance": f"urn:uuid:{UUID}",
    }


def test_rate_limits_have_their_own_problem_type_and_not_found_has_the_statuss() -> None:
    often = to_json(to_problem(TooMany("rate_limit_error", retry_after=1)), request_with(None))
    lost = to_json(to_problem(NotFound("couldnt_find_object")), request_with(None))

    assert json.loads(bytes(often.body))["type"] == FEP + "rate-limit-exceeded"
    assert json.loads(bytes(lost.body))["type"] == "about:blank"
