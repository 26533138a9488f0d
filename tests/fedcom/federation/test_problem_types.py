import json

import pytest

from activitypub.problem import Problem, to_document
from fedcom.federation.problem_types import TYPES


@pytest.mark.parametrize(
    ("code", "status", "fragment"),
    [
        ("unsupported_type", 422, "unsupported-type"),
        ("couldnt_find_object", 404, "object-does-not-exist"),
        ("couldnt_find_community", 404, "object-does-not-exist"),
        ("not_the_owner", 403, "actor-not-authorized"),
        ("rate_limit_error", 429, "rate-limit-exceeded"),
    ],
)
def test_refusals_of_the_domain_have_types(code: str, status: int, fragment: str) -> None:
    document = json.loads(to_document(Problem(status, code, "No."), "abc", TYPES))
    assert document["type"] == f"https://w3id.org/fep/c180#{fragment}"
