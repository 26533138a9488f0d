from typing import Any

from fedcom.inspect.fixtures import A_DATE, fill, with_context

KIM = "https://kim.example/u/kim"


def test_each_placeholder_gets_an_address_of_its_own_on_its_actors_host() -> None:
    snapshot = {
        "id": "SCRUBBED_ID",
        "actor": "https://dogs.example/c/dogs",
        "published": "SCRUBBED_DATE",
        "object": {
            "id": "SCRUBBED_ID",
            "attributedTo": KIM,
            "url": ["SCRUBBED_ID", "https://kim.example/x"],
            "tag": [{"name": "SCRUBBED_ID, or so"}],
        },
    }

    assert fill(snapshot) == {
        "id": "https://dogs.example/scrubbed/1",
        "actor": "https://dogs.example/c/dogs",
        "published": A_DATE,
        "object": {
            "id": "https://kim.example/scrubbed/2",
            "attributedTo": KIM,
            "url": ["https://kim.example/scrubbed/3", "https://kim.example/x"],
            "tag": [{"name": "SCRUBBED_ID, or so"}],
        },
    }


def test_an_actor_gets_the_address_that_its_inbox_lies_under() -> None:
    person = {"id": "SCRUBBED_ID", "type": "Person", "inbox": f"{KIM}/inbox"}
    odd = {"id": "SCRUBBED_ID", "type": "Group"}

    filled = fill({"actor": KIM, "object": [person, odd]})

    assert [one["id"] for one in filled["object"]] == [KIM, "https://kim.example/scrubbed/2"]


def test_a_document_without_an_actor_is_filled_too() -> None:
    assert fill({"id": "SCRUBBED_ID"}) == {"id": "https://scrubbed.example/scrubbed/1"}


def test_a_missing_context_is_added_and_another_is_left() -> None:
    bare: dict[str, Any] = {"id": KIM}
    other: dict[str, Any] = {"@context": None, "id": KIM}

    assert with_context(bare)["@context"] == "https://www.w3.org/ns/activitystreams"
    assert with_context(other) == other
