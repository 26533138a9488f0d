import json

import pytest

from activitypub.problem import (
    TYPES,
    Problem,
    to_document,
    to_request_id,
    urn_of,
)


def test_facts_become_members_and_cannot_replace_ours() -> None:
    facts = {"check": "digest", "status": "200", "computed": "a"}
    problem = Problem(401, "digest_mismatch", "No.", facts)
    assert json.loads(to_document(problem, "abc", TYPES)) == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "No.",
        "code": "digest_mismatch",
        "instance": "#abc",
        "check": "digest",
        "computed": "a",
    }


def test_problem_types_of_fep_c180_are_used() -> None:
    document = json.loads(to_document(Problem(400, "not_an_activity", "No."), "abc", TYPES))
    assert document["type"] == "https://w3id.org/fep/c180#unsupported-type"
    assert document["title"] == "Unsupported type"


def test_a_code_without_a_type_has_the_title_of_its_status() -> None:
    document = json.loads(to_document(Problem(404, "not_an_activity", "No."), "abc", {}))
    assert (document["type"], document["title"]) == ("about:blank", "Not Found")


@pytest.mark.parametrize("given", [None, 7, "", "a b", "x" * 65, "a\r\nSet-Cookie: b", "é"])
def test_an_unfit_request_id_is_replaced(given: object) -> None:
    made = to_request_id(given)
    assert urn_of(made) == f"urn:uuid:{made}"
