"""Exceptions → what is answered: the status, a stable code and a sentence a person can use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from sqlalchemy.exc import OperationalError, TimeoutError as NoConnection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from activitypub.errors import (
    FetchFailed,
    Gone,
    Malformed,
    NotThere,
    PrivateAddress,
    ProtocolError,
    Unauthentic,
    Unreachable,
)
from fedcom.errors import FedcomError, TooMany

EXPECTED: tuple[type[Exception], ...] = (
    FedcomError,
    ProtocolError,
    HTTPException,
    OperationalError,
    NoConnection,
)
"""What surfaces turn into answers; anything else is a mistake of ours and ends as a 500."""

_REMOTE: tuple[tuple[type[ProtocolError], int, str], ...] = (
    (Gone, 404, "It was deleted on the server it came from."),
    (NotThere, 404, "The server it belongs to does not have it."),
    (PrivateAddress, 422, "That address is not on the public internet."),
    (Unreachable, 503, "The other server does not answer right now. Try again in a while."),
    (FetchFailed, 502, "The other server did not give anything we can show."),
    (Unauthentic, 502, "The other server's answer does not prove what it claims."),
    (Malformed, 422, "The address or what it gave makes no sense to us."),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, for people (`detail`) and for programs (`code`)."""

    status: int
    code: str
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)


def to_problem(error: Exception) -> Problem:
    """One of `EXPECTED` → what to answer; anything else says no more than that we failed."""
    if isinstance(error, TooMany):
        wait = str(max(1, round(error.retry_after)))
        return Problem(error.status, error.code, error.detail, {"Retry-After": wait})
    if isinstance(error, FedcomError):
        return Problem(error.status, error.code, error.detail)
    if isinstance(error, HTTPException):
        return _of_status(error)
    if isinstance(error, ProtocolError):
        return _of_protocol(error)
    if isinstance(error, OperationalError | NoConnection):
        detail = "The database is busy. Nothing was changed; try again in a moment."
        return Problem(503, "busy", detail, {"Retry-After": "5"})
    return Problem(500, "internal_error", "Something went wrong here.")


def _of_status(error: HTTPException) -> Problem:
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "_").replace("-", "_")
    return Problem(error.status_code, code, error.detail or phrase, dict(error.headers or {}))


def _of_protocol(error: ProtocolError) -> Problem:
    for kind, status, detail in _REMOTE:
        if isinstance(error, kind):
            return Problem(status, error.code, detail)
    return Problem(502, error.code, "The other server's answer makes no sense to us.")


def wants_page(request: Request) -> bool:
    """Whether who asks reads pages: browsers name text/html, programs name JSON or nothing."""
    accept = request.headers.get("accept", "*/*").lower()
    return "html" in accept or ("json" not in accept and "*/*" in accept)


def to_json(problem: Problem, request: Request) -> Response:
    """The problem for programs (RFC 9457), with the id of the request for the admin's log."""
    document = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": request.scope.get("state", {}).get("request_id", ""),
    }
    return JSONResponse(
        document, problem.status, dict(problem.headers), media_type="application/problem+json"
    )
