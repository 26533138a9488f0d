"""Exceptions → what is answered: the status, a stable code and a sentence a person can use."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
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
from fedcom.catalogues import mark
from fedcom.errors import FedcomError, TooMany
from fedcom.http.accepting import ANYTHING, PAGE_TYPES, heaviest, weights
from fedcom.http.cors import EVERYBODY
from inbox import problem as inbox_problem

EXPECTED: tuple[type[Exception], ...] = (
    FedcomError,
    ProtocolError,
    HTTPException,
    OperationalError,
    NoConnection,
)
"""What surfaces turn into answers; anything else is a mistake of ours and ends as a 500."""

FOR_PROGRAMS = "for_programs"
"""Set in the state of a request to an address that has documents and no pages."""

# FEP-c180 has none for what a GET does not find: that is the status's to say.
_TYPES: inbox_problem.Types = {"rate_limit_error": inbox_problem.RATE_LIMIT}

_REMOTE: tuple[tuple[type[ProtocolError], int, str], ...] = (
    (Gone, 404, mark("This was deleted on its own server.")),
    (NotThere, 404, mark("Its own server cannot find it.")),
    (PrivateAddress, 422, mark("This address is not on the public internet.")),
    (Unreachable, 503, mark("The other server is not responding right now. Try again later.")),
    (FetchFailed, 502, mark("The other server returned nothing that can be shown here.")),
    (Unauthentic, 502, mark("The other server's response could not be verified.")),
    (Malformed, 422, mark("The address, or the response from it, is not valid.")),
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
        # Rounded up: who comes back then is not refused again.
        wait = str(max(1, math.ceil(error.retry_after)))
        return Problem(error.status, error.code, error.detail, {"Retry-After": wait})
    if isinstance(error, FedcomError):
        return Problem(error.status, error.code, error.detail)
    if isinstance(error, HTTPException):
        return _of_status(error)
    if isinstance(error, ProtocolError):
        return _of_protocol(error)
    if isinstance(error, OperationalError | NoConnection):
        detail = mark("The database is busy. Nothing was changed. Try again in a moment.")
        return Problem(503, "busy", detail, {"Retry-After": "5"})
    return Problem(500, "internal_error", mark("Something went wrong on this server."))


_PHRASES = (mark("Not Found"), mark("Method Not Allowed"))
"""What Starlette says, in the words of HTTP, of addresses and methods that there are none of."""


def _of_status(error: HTTPException) -> Problem:
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "_").replace("-", "_")
    return Problem(error.status_code, code, error.detail or phrase, dict(error.headers or {}))


def _of_protocol(error: ProtocolError) -> Problem:
    for kind, status, detail in _REMOTE:
        if isinstance(error, kind):
            return Problem(status, error.code, detail)
    return Problem(502, error.code, mark("The other server's response is not valid."))


def wants_page(request: Request) -> bool:
    """Whether who asks reads pages: browsers name text/html, programs name JSON or nothing.

    Who accepts anything gets a page, but at addresses where only programs have business.
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
    """The problem for programs (RFC 9457), in the form that the inbox uses too.

    `instance` is the id of the request, for the admin's log.
    """
    headers = {**problem.headers, **EVERYBODY, "Vary": "Accept"}
    said = inbox_problem.Problem(problem.status, problem.code, problem.detail, headers=headers)
    request_id = inbox_problem.to_request_id(request.scope.get("state", {}).get("request_id"))
    return inbox_problem.to_response(said, request_id, _TYPES)
