"""Problem details (RFC 9457): one refusal as a JSON document, with the problem types of FEP-c180.

Nothing in a document may be secret: facts come from the request itself, from public keys and from
public ids.
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, NamedTuple

import orjson

MEDIA_TYPE: Final = "application/problem+json"


class ProblemType(NamedTuple):
    """What a client recognizes a kind of problem by, and its title."""

    uri: str
    title: str


_FEP: Final = "https://w3id.org/fep/c180#"
UNSUPPORTED_TYPE: Final = ProblemType(f"{_FEP}unsupported-type", "Unsupported type")
OBJECT_DOES_NOT_EXIST: Final = ProblemType(f"{_FEP}object-does-not-exist", "Object does not exist")
ACTOR_NOT_AUTHORIZED: Final = ProblemType(f"{_FEP}actor-not-authorized", "Actor not authorized")
PRINCIPAL_ACTOR_MISMATCH: Final = ProblemType(
    f"{_FEP}principal-actor-mismatch", "Principal-actor mismatch"
)
RATE_LIMIT_EXCEEDED: Final = ProblemType(f"{_FEP}rate-limit-exceeded", "Rate limit exceeded")

ProblemTypes = Mapping[str, ProblemType]
"""The types of the problems that have one, by their code."""

# FEP-c180 (draft of 2025-03) has no type for signatures, sizes or content types of an inbox.
TYPES: Final[ProblemTypes] = {
    "not_an_activity": UNSUPPORTED_TYPE,
    "not_moderator": ACTOR_NOT_AUTHORIZED,
    "not_owner": ACTOR_NOT_AUTHORIZED,
    "undo_of_anothers": ACTOR_NOT_AUTHORIZED,
}
"""Those of the codes that `activitypub` raises itself."""

_OWN_MEMBERS: Final = frozenset({"type", "title", "status", "detail", "code", "instance"})
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal. `facts` become members of the document, `headers` go with the response."""

    status: int
    code: str
    detail: str
    facts: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def to_document(problem: Problem, request_id: str, types: ProblemTypes) -> bytes:
    """The problem as JSON. Its `instance` names the request.

    A problem whose code is not in `types` is about:blank, titled with the phrase of its status
    (RFC 9457 §4.2.1). Facts never replace the document's own members.
    """
    blank = ProblemType("about:blank", HTTPStatus(problem.status).phrase)
    uri, title = types.get(problem.code, blank)
    document: dict[str, object] = {
        "type": uri,
        "title": title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "instance": urn_of(request_id),
    }
    document |= {key: text for key, text in problem.facts.items() if key not in _OWN_MEMBERS}
    return orjson.dumps(document)


def urn_of(request_id: str) -> str:
    """A URI for a request id: `urn:uuid:…` for a UUID, else a fragment with the id."""
    try:
        return uuid.UUID(request_id).urn
    except ValueError:
        return f"#{request_id}"


def to_request_id(value: object) -> str:
    """`value` if it can stand in a header and a database, else a new id."""
    if isinstance(value, str) and _REQUEST_ID.fullmatch(value):
        return value
    return str(uuid.uuid4())
