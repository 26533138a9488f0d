import pytest

from activitypub.document import Document
from activitypub.errors import Malformed, Unauthentic
from inbox.validate import MAX_TYPE, check_form, check_id
from tests.inbox.peers import ANN, like


def test_the_actor_of_a_valid_activity_is_returned() -> None:
    assert check_form(Document(like()), development=False) == ANN
    assert check_form(Document(like(id=None)), development=False) == ANN


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"@context": "https://x.example/"}, "context_missing"),
        ({"type": None}, "type_missing"),
        ({"type": "L" * (MAX_TYPE + 1)}, "type_missing"),
        ({"type": "Note", "actor": None}, "not_an_activity"),
        ({"actor": None}, "actor_missing"),
        ({"actor": [ANN, "https://peer.example/u/bob"]}, "actor_missing"),
        ({"id": "http://peer.example/1"}, "iri_scheme"),
        ({"id": 7}, "iri_not_text"),
        ({"actor": "http://peer.example/u/ann"}, "iri_scheme"),
    ],
)
def test_an_invalid_activity_is_refused(more: dict[str, object], code: str) -> None:
    with pytest.raises(Malformed) as caught:
        check_form(Document(like() | more), development=False)

    assert caught.value.code == code


def test_ids_are_on_the_host_of_the_actor() -> None:
    check_id(Document(like()), ANN)
    check_id(Document(like(id=None)), ANN)
    with pytest.raises(Unauthentic) as caught:
        check_id(Document(like(id="https://other.example/1")), ANN)

    assert caught.value.facts == {"actor": ANN, "resource": "https://other.example/1"}
