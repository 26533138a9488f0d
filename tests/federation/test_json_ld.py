"""What a JSON-LD processor would read into a document, and we do not: only plain JSON counts.

Linked Data signatures prove nothing here, no context is loaded, and none changes the meaning of a
property. Each activity comes with a valid HTTP signature of eve, who tries to act as kim.
"""

from typing import Any

import pytest

from tests.support.documents import AS2, activity, page, person
from tests.support.node import Node, changes
from tests.support.people import ORIGIN

pytestmark = pytest.mark.anyio

KIM, EVE = "https://kim.example/u/kim", "https://evil.example/u/eve"
POST = "https://kim.example/post/1"
CONTEXT = "https://evil.example/context.jsonld"

BY_KIM = activity("Delete", KIM, POST)
"""The activity that eve wants to attribute to kim."""

SIGNATURE = {
    "type": "RsaSignature2017",
    "creator": f"{KIM}#main-key",
    "created": "2026-01-01T12:00:00Z",
    "signatureValue": "c2lnbmVk" * 40,
}


@pytest.fixture
def dialect() -> str:
    """How a document is read does not depend on the database."""
    return "sqlite"


@pytest.fixture
def stage(node: Node) -> Node:
    """Kim's post is in !cats; eve is unknown yet."""
    node.home.post(by=node.home.person(KIM, "mastodon"), iri=POST, title="Kim's")
    node.network.put(person(KIM), person(EVE), page(POST, KIM, f"{ORIGIN}/c/cats", name="Kim's"))
    return node


def eves(**more: Any) -> dict[str, Any]:
    """A View of eve's, which has no effect here, and properties beside it."""
    return activity("View", EVE, POST) | more


def inner(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name != "@context"}


TRICKS = {
    "an LD signature": BY_KIM | {"signature": SIGNATURE},
    "an LD signature by its sender": BY_KIM
    | {"signature": SIGNATURE | {"creator": f"{EVE}#main-key"}},
    "a signed update with other words": activity(
        "Update", KIM, page(POST, KIM, f"{ORIGIN}/c/cats", name="Forged")
    )
    | {"signature": SIGNATURE},
    "@graph": eves(**{"@graph": [inner(BY_KIM)]}),
    "@graph alone": {"@context": AS2, "@graph": [inner(BY_KIM)]},
    "@included": eves(**{"@included": [inner(BY_KIM)]}),
    "@reverse": eves(**{"@reverse": {"actor": inner(BY_KIM)}}),
    "@reverse of the object": eves(object={"id": POST, "@reverse": {"object": inner(BY_KIM)}}),
    "@nest": eves(**{"@nest": {"type": "Delete", "actor": KIM}}),
    "@list": eves(object={"@list": [inner(BY_KIM)]}),
    "@set": eves(**{"@set": [inner(BY_KIM)]}),
    "actor called otherwise": eves(
        **{"@context": [AS2, {"actor": "as:bcc", "who": "as:actor"}], "who": KIM, "type": "Delete"}
    ),
    "type called otherwise": eves(**{"@context": [AS2, {"kind": "@type"}], "kind": "Delete"}),
    "type as an @id": eves(**{"@context": [AS2, {"type": {"@id": "@type", "@type": "@id"}}]}),
    "@type": {name: value for name, value in eves(**{"@type": "Delete"}).items() if name != "type"},
    "type by its IRI": eves(type=f"{AS2}#Delete", actor=KIM),
    "id called otherwise": eves(
        **{"@context": [AS2, {"id": "as:summary", "name": "@id"}], "name": BY_KIM["id"]}
    ),
    "properties by their IRI": {f"{AS2}#{name}": value for name, value in inner(BY_KIM).items()}
    | {"@context": AS2, "id": BY_KIM["id"]},
    "a context of the sender": BY_KIM | {"@context": [AS2, CONTEXT]},
    "a context instead": BY_KIM | {"@context": CONTEXT},
    "a context inside": eves(object={"@context": CONTEXT, "id": POST, "type": "Tombstone"}),
    "a base": eves(**{"@context": [AS2, {"@base": "https://kim.example/"}], "actor": "u/kim"}),
}


async def test_json_ld_tricks_add_nothing_to_a_document(stage: Node) -> None:
    before = stage.snapshot()

    for name, trick in TRICKS.items():
        await stage.receive(trick, signer=EVE)

        # Eve's actor is fetched with her key; nothing else changes.
        assert changes(before, stage.snapshot()) in ({}, {EVE: "Person"}), name
        assert stage.home.sent() == [], name
        assert CONTEXT not in stage.network.asked, name


async def test_a_deletion_with_an_ld_signature_is_only_a_reason_to_ask_its_origin(
    stage: Node,
) -> None:
    before = stage.snapshot()
    stage.network.gone(POST)

    await stage.receive(BY_KIM | {"signature": SIGNATURE}, signer=EVE)

    assert POST in stage.network.asked
    assert changes(before, stage.snapshot())[POST].split(" | ")[1] == "deleted"
