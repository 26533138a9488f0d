import pytest

from activitypub.context import (
    ACTOR_CONTEXT,
    DATA_INTEGRITY,
    ENVELOPE_CONTEXT,
    FULL_CONTEXT,
    OBJECT_CONTEXT,
    PROOF_TERMS,
    context_of,
    proof_context,
)
from activitypub.types import AS2


@pytest.mark.parametrize("context", [ACTOR_CONTEXT, FULL_CONTEXT, OBJECT_CONTEXT])
def test_activitystreams_comes_first_and_terms_are_inline(context):
    assert context[0] == AS2
    assert all(isinstance(entry, str) for entry in context[:-1])
    terms = context[-1]
    for value in terms.values():
        iri = value["@id"] if isinstance(value, dict) else value
        prefix = iri.partition(":")[0]
        assert prefix in {"as", "http", "https"} | set(terms)


@pytest.mark.parametrize(
    ("document", "context"),
    [
        ({"type": "Person"}, ACTOR_CONTEXT),
        ({"type": "Group"}, ACTOR_CONTEXT),
        ({"type": "Page"}, OBJECT_CONTEXT),
        ({"type": "Like", "object": "https://a.example/post/1"}, OBJECT_CONTEXT),
        ({"type": "Update", "object": {"type": "Group"}}, FULL_CONTEXT),
        ({"type": "Announce", "object": {"object": {"type": "Person"}}}, FULL_CONTEXT),
        ({"type": "Announce", "object": {"object": {"type": "Page"}}}, OBJECT_CONTEXT),
        ({"type": "Announce", "object": "https://a.example/post/1"}, ENVELOPE_CONTEXT),
        ({"type": "Announce", "object": {"@context": AS2, "type": "Like"}}, ENVELOPE_CONTEXT),
    ],
)
def test_the_context_explains_what_is_inside(document, context):
    assert context_of(document) is context


@pytest.mark.parametrize(
    ("document", "context"),
    [
        ({"type": "Page"}, [AS2, DATA_INTEGRITY, *OBJECT_CONTEXT[1:]]),
        ({"type": "Group"}, [AS2, DATA_INTEGRITY, *ACTOR_CONTEXT[1:]]),
        ({"type": "Group", "@context": AS2}, [AS2, DATA_INTEGRITY]),
        ({"@context": [AS2, "https://a.example/x"]}, [AS2, DATA_INTEGRITY, "https://a.example/x"]),
        ({"@context": [AS2, DATA_INTEGRITY]}, [AS2, DATA_INTEGRITY]),
        ({"type": "Announce", "object": "https://a.example/post/1"}, [AS2, PROOF_TERMS]),
    ],
)
def test_a_proof_is_explained_once_and_behind_activitystreams(document, context):
    assert proof_context(document) == context
    assert DATA_INTEGRITY not in OBJECT_CONTEXT + ACTOR_CONTEXT + FULL_CONTEXT
