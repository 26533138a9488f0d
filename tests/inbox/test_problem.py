import json

import pytest

from activitypub.errors import Malformed, ProtocolError, SignatureInvalid, Unauthentic
from activitypub.problem import Problem
from inbox import problem
from inbox.errors import Later, Refused


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Malformed("c", "d"), 400),
        (SignatureInvalid("c", "d"), 401),
        (Unauthentic("c", "d"), 403),
        (Refused(422, "c", "d"), 422),
        (Later(60, "d", code="c"), 503),
    ],
)
def test_every_error_has_its_status(error: ProtocolError | Refused | Later, status: int) -> None:
    found = problem.of_error(error)
    assert (found.status, found.code, found.detail) == (status, "c", "d")


@pytest.mark.parametrize(("after", "header"), [(0.0, "1"), (0.4, "1"), (59.6, "60")])
def test_temporary_errors_have_retry_after_in_whole_seconds(after: float, header: str) -> None:
    assert problem.of_error(Later(after, "d")).headers == {"Retry-After": header}


def test_the_response_is_a_problem_document() -> None:
    error = SignatureInvalid("digest_mismatch", "No.", check="digest", status="200", computed="a")
    response = problem.to_response(problem.of_error(error), "abc")
    document = json.loads(bytes(response.body))
    assert (document["check"], document["status"], document["instance"]) == ("digest", 401, "#abc")
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"] == "abc"


@pytest.mark.parametrize(
    ("code", "status", "fragment"),
    [
        ("not_an_activity", 400, "unsupported-type"),
        ("not_moderator", 403, "actor-not-authorized"),
        ("signer_is_not_actor", 403, "principal-actor-mismatch"),
        ("relay_budget_spent", 503, "rate-limit-exceeded"),
    ],
)
def test_each_kind_of_refusal_has_its_type(code: str, status: int, fragment: str) -> None:
    response = problem.to_response(Problem(status, code, "No."), "abc")
    assert json.loads(bytes(response.body))["type"] == f"https://w3id.org/fep/c180#{fragment}"


def test_problem_types_are_those_of_the_host() -> None:
    response = problem.to_response(Problem(404, "not_moderator", "No."), "abc", {})
    assert json.loads(bytes(response.body))["type"] == "about:blank"


def test_errors_read_well_in_a_log() -> None:
    assert str(Refused(404, "unknown_community", "No such community.")) == (
        "unknown_community: No such community."
    )
    assert str(Later(60, "parent unreachable")) == "retry in 60 s: parent unreachable"
