"""How the inbox refuses: its errors as problem details (RFC 9457)."""

from typing import Final

from starlette.responses import Response

from activitypub import problem as protocol
from activitypub.errors import Malformed, ProtocolError, SignatureInvalid
from activitypub.problem import (
    ACTOR_NOT_AUTHORIZED,
    MEDIA_TYPE,
    PRINCIPAL_ACTOR_MISMATCH,
    RATE_LIMIT_EXCEEDED,
    Problem,
    ProblemTypes,
    to_document,
)
from inbox.errors import Later, Refused

TYPES: Final[ProblemTypes] = {
    **protocol.TYPES,
    "signer_is_not_actor": PRINCIPAL_ACTOR_MISMATCH,
    "id_on_other_host": ACTOR_NOT_AUTHORIZED,
    "relay_budget_spent": RATE_LIMIT_EXCEEDED,
    "sender_queue_full": RATE_LIMIT_EXCEEDED,
    "backlog_full": RATE_LIMIT_EXCEEDED,
}
"""Those of the inbox's own codes; the host adds those of its handlers."""


def of_error(error: ProtocolError | Refused | Later) -> Problem:
    """The problem to respond with after this error."""
    if isinstance(error, Later):
        return _of_later(error)
    if isinstance(error, Refused):
        status = error.status
    elif isinstance(error, Malformed):
        status = 400
    elif isinstance(error, SignatureInvalid):
        status = 401
    else:
        status = 403
    return Problem(status, error.code, error.detail, error.facts, _headers(status))


def _of_later(error: Later) -> Problem:
    seconds = max(1, round(error.after))
    return Problem(503, error.code, error.reason, headers={"Retry-After": str(seconds)})


def _headers(status: int) -> dict[str, str]:
    # RFC 9110 §11.6.1: a 401 says how to authenticate.
    wanted = 'Signature headers="(request-target) host date digest"'
    return {"WWW-Authenticate": wanted} if status == 401 else {}


def to_response(problem: Problem, request_id: str, types: ProblemTypes = TYPES) -> Response:
    """The problem as a response, whose `X-Request-Id` and `instance` name the request."""
    headers = {**problem.headers, "X-Request-Id": request_id}
    return Response(to_document(problem, request_id, types), problem.status, headers, MEDIA_TYPE)
