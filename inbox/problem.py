"""How we say no: RFC 9457 problem details, with what a peer needs to find its mistake.

Nothing secret is in them: facts come from the request itself, from public keys and from our public
names.
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

import orjson
from starlette.responses import Response

from activitypub.errors import Malformed, ProtocolError, SignatureInvalid
from inbox.errors import Later, Refused

MEDIA_TYPE: Final = "application/problem+json"

Types = Mapping[str, tuple[str, str]]

_FEP: Final = "https://w3id.org/fep/c180#"
_UNSUPPORTED: Final = (f"{_FEP}unsupported-type", "Unsupported type")
_NOT_THERE: Final = (f"{_FEP}object-does-not-exist", "Object does not exist")
_NOT_AUTHORIZED: Final = (f"{_FEP}actor-not-authorized", "Actor not authorized")
RATE_LIMIT: Final = (f"{_FEP}rate-limit-exceeded", "Rate limit exceeded")

# FEP-c180 (draft of 2025-03) has no type for signatures, sizes or content types of an inbox.
TYPES: Final[Types] = {
    "not_an_activity": _UNSUPPORTED,
    "unsupported_type": _UNSUPPORTED,
    "couldnt_find_object": _NOT_THERE,
    "couldnt_find_person": _NOT_THERE,
    "couldnt_find_community": _NOT_THERE,
    "signer_is_not_actor": (f"{_FEP}principal-actor-mismatch", "Principal-actor mismatch"),
    "id_on_other_host": _NOT_AUTHORIZED,
    "not_moderator": _NOT_AUTHORIZED,
    "not_owner": _NOT_AUTHORIZED,
    "not_the_owner": _NOT_AUTHORIZED,
    "undo_of_anothers": _NOT_AUTHORIZED,
    "rate_limit_error": RATE_LIMIT,
    "relay_budget_spent": RATE_LIMIT,
}
_OWN_MEMBERS: Final = frozenset({"type", "title", "status", "detail", "code", "instance"})
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal. `facts` become members of the document, `headers` go with the answer."""

    status: int
    code: str
    detail: str
    facts: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def of_error(error: ProtocolError | Refused | Later) -> Problem:
    """The refusal that an error means at the door."""
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
    # RFC 9110 §11.6.1: a 401 names what would do.
    wanted = 'Signature headers="(request-target) host date digest"'
    return {"WWW-Authenticate": wanted} if status == 401 else {}


def to_response(problem: Problem, request_id: str, types: Types = TYPES) -> Response:
    """The answer with its document; `instance` and `X-Request-Id` name the request.

    `types` are the URI and title of problems that have one, by their code; the rest is about:blank,
    whose title is the phrase of the status (RFC 9457 §4.2.1).
    """
    kind, title = types.get(problem.code) or ("about:blank", HTTPStatus(problem.status).phrase)
    document: dict[str, object] = {
        "type": kind,
        "title": title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "instance": urn_of(request_id),
    }
    document |= {key: text for key, text in problem.facts.items() if key not in _OWN_MEMBERS}
    return Response(
        orjson.dumps(document),
        problem.status,
        {**problem.headers, "X-Request-Id": request_id},
        MEDIA_TYPE,
    )


def urn_of(request_id: str) -> str:
    """A URI for a request id: `urn:uuid:…` for a UUID, else a fragment with the id."""
    try:
        return uuid.UUID(request_id).urn
    except ValueError:
        return f"#{request_id}"


def to_request_id(value: object) -> str:
    """`value` when it is fit for a header and a database, else a new id."""
    if isinstance(value, str) and _REQUEST_ID.fullmatch(value):
        return value
    return str(uuid.uuid4())
