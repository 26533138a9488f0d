"""Exceptions → problem details: a status, a stable code and a sentence for people (RFC 9457)."""

import math
from http import HTTPStatus

from sqlalchemy.exc import OperationalError, TimeoutError as NoConnection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

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
from activitypub.problem import (
    MEDIA_TYPE,
    RATE_LIMIT_EXCEEDED,
    Problem,
    ProblemTypes,
    to_document,
    to_request_id,
)
from fedcom.catalogues import mark
from fedcom.errors import FedcomError, TooMany
from fedcom.http.accepting import ANYTHING, PAGE_TYPES, heaviest, weights
from fedcom.http.cors import ANY_ORIGIN

EXPECTED: tuple[type[Exception], ...] = (
    FedcomError,
    ProtocolError,
    HTTPException,
    OperationalError,
    NoConnection,
)
"""The exceptions that interfaces turn into responses; anything else is a bug and becomes a 500."""

FOR_PROGRAMS = "for_programs"
"""Set in the state of a request to an address that has documents but no pages."""

# No type for what a GET does not find: the status says enough.
_TYPES: ProblemTypes = {"rate_limit_error": RATE_LIMIT_EXCEEDED}

_REMOTE: tuple[tuple[type[ProtocolError], int, str], ...] = (
    (Gone, 404, mark("This was deleted on its own server.")),
    (NotThere, 404, mark("Its own server cannot find it.")),
    (PrivateAddress, 422, mark("This address is not on the public internet.")),
    (Unreachable, 503, mark("The other server is not responding right now. Try again later.")),
    (FetchFailed, 502, mark("The other server returned nothing that can be shown here.")),
    (Unauthentic, 502, mark("The other server's response could not be verified.")),
    (Malformed, 422, mark("The address, or the response from it, is not valid.")),
)


def to_problem(error: Exception) -> Problem:
    """The problem for one of `EXPECTED`; for any other exception, a 500 without details."""
    if isinstance(error, TooMany):
        # Rounded up, so that a client that comes back then is not refused again.
        wait = str(max(1, math.ceil(error.retry_after)))
        return Problem(error.status, error.code, error.detail, headers={"Retry-After": wait})
    if isinstance(error, FedcomError):
        return Problem(error.status, error.code, error.detail)
    if isinstance(error, HTTPException):
        return _of_status(error)
    if isinstance(error, ProtocolError):
        return _of_protocol(error)
    if isinstance(error, OperationalError | NoConnection):
        detail = mark("The database is busy. Nothing was changed. Try again in a moment.")
        return Problem(503, "busy", detail, headers={"Retry-After": "5"})
    return Problem(500, "internal_error", mark("Something went wrong on this server."))


_PHRASES = (mark("Not Found"), mark("Method Not Allowed"))
"""What Starlette says about unknown addresses and methods, marked for translation."""


def _of_status(error: HTTPException) -> Problem:
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "_").replace("-", "_")
    return Problem(
        error.status_code, code, error.detail or phrase, headers=dict(error.headers or {})
    )


def _of_protocol(error: ProtocolError) -> Problem:
    for kind, status, detail in _REMOTE:
        if isinstance(error, kind):
            return Problem(status, error.code, detail)
    return Problem(502, error.code, mark("The other server's response is not valid."))


def wants_page(request: Request) -> bool:
    """Whether to respond with a page: browsers accept text/html, programs accept JSON.

    A client that accepts anything gets a page, except at addresses that are `FOR_PROGRAMS`.
    """
    accepted = weights(request.headers)
    page = heaviest(accepted, PAGE_TYPES)
    json = heaviest(accepted, tuple(kind for kind in accepted if kind.endswith("json")))
    if page or json:
        return page > json
    if FOR_PROGRAMS in request.scope.get("state", {}):
        return False
    return not accepted or heaviest(accepted, ANYTHING) > 0


def to_json(problem: Problem, request: Request) -> Response:
    """The problem as JSON (RFC 9457), in the form that the inbox uses too.

    `instance` is the id of the request, for the admin's log.
    """
    request_id = to_request_id(request.scope.get("state", {}).get("request_id"))
    headers = {**problem.headers, **ANY_ORIGIN, "Vary": "Accept", "X-Request-Id": request_id}
    document = to_document(problem, request_id, _TYPES)
    return Response(document, problem.status, headers, MEDIA_TYPE)
