"""Explanations of documents, compared with what the inbox does with the same (tests/federation)."""

from pathlib import Path
from typing import Any

import pytest

from activitypub.document import Document
from activitypub.errors import Malformed
from activitypub.iri import PUBLIC
from activitypub.types import FEATURES
from fedcom.inbound.catalog import ALL_READERS
from fedcom.inspect.explain import Explained, explain, refused
from tests.support.documents import activity, document, group, note, page, person, undo
from tests.support.samples import FILES, name_of, read

KIM, EVE = "https://kim.example/u/kim", "https://evil.example/u/eve"
DOGS = "https://dogs.example/c/dogs"
CATS = "https://kim.example/c/cats"
POST, COMMENT = "https://kim.example/post/1", "https://kim.example/comment/1"
THEIRS = "https://dogs.example/post/9"
SECRET = "<p>The key is below the mat</p>"
MESSAGE = document(
    "https://kim.example/pm/1", "ChatMessage", attributedTo=KIM, to=[EVE], content=SECRET
)
LACKING = next(iter(FEATURES))
"""An activity that nobody here reads yet."""
DIRECT = note("https://kim.example/pm/2", KIM, to=[EVE], content=SECRET, summary=SECRET)


def explained(raw: dict[str, Any], **how: bool) -> Explained:
    return explain(Document(raw), **how)


def codes(raw: dict[str, Any], **how: bool) -> list[str]:
    return [reason.code for reason in explained(raw, **how).reasons]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_accepted_activities_are_explained(path: Path) -> None:
    sample = read(path)
    found = explained(sample)

    assert found.reasons == ()
    assert found.actor == sample["actor"]


@pytest.mark.parametrize(
    ("raw", "kind", "action"),
    [
        (page(POST, KIM, CATS), "post", "document"),
        (note(COMMENT, KIM, POST), "comment", "document"),
        (note(COMMENT, KIM, to=[PUBLIC, CATS]), "post", "document"),
        (activity("Create", KIM, page(POST, KIM, CATS)), "post", "create"),
        (activity("Update", KIM, note(COMMENT, KIM, POST)), "comment", "edit"),
        (activity("Update", KIM, person(KIM)), "person", "edit"),
        (activity("Create", KIM, POST), "an id", "create"),
        (activity("Update", KIM, POST), "an id", "edit"),
        (activity("Like", KIM, THEIRS), "vote", "upvote"),
        (activity("Dislike", KIM, THEIRS), "vote", "downvote"),
        (activity("EmojiReact", KIM, THEIRS), "vote", "upvote"),
        (undo(activity("Like", KIM, THEIRS)), "vote", "undo upvote"),
        (activity("Follow", KIM, DOGS), "follow", "follow"),
        (undo(activity("Follow", KIM, DOGS)), "follow", "undo follow"),
        (activity("Accept", KIM, "https://home.example/f/1"), "follow", "accept"),
        (activity("Reject", KIM, "https://home.example/f/1"), "follow", "reject"),
        (activity("Create", KIM, MESSAGE), "message", "create"),
        (activity("Create", KIM, DIRECT), "message", "create"),
        (activity("Update", KIM, MESSAGE), "message", "edit"),
        (activity("Delete", KIM, POST), "deletion", "delete"),
        (activity("Delete", KIM, KIM), "account deletion", "delete"),
        (undo(activity("Delete", KIM, POST)), "deletion", "undo delete"),
        (activity("Add", KIM, EVE, target=f"{CATS}/moderators"), "moderator", "add"),
        (activity("Remove", KIM, EVE, target=f"{CATS}/moderators"), "moderator", "remove"),
        (activity("Announce", DOGS, page(THEIRS, KIM, DOGS)), "announce of post", "document"),
        (activity("Announce", DOGS, POST), "announce of an id", "boost"),
        (
            activity("Announce", DOGS, activity("Create", KIM, page(POST, KIM, DOGS))),
            "announce of post",
            "create",
        ),
        (
            activity(
                "Announce",
                DOGS,
                [activity("Like", KIM, THEIRS), undo(activity("Like", EVE, THEIRS))],
                id="https://dogs.example/a/1",
            ),
            "announce of vote",
            "upvote",
        ),
        (person(KIM), "person", "document"),
        (person(KIM, type="Service"), "person", "document"),
        (person(KIM, type="Application"), "instance", "document"),
        (group(DOGS), "community", "document"),
        (document(POST, "Tombstone", formerType="Page"), "deletion", "document"),
        (
            document(f"{DOGS}/moderators", "OrderedCollection", orderedItems=[KIM]),
            "collection",
            "document",
        ),
    ],
)
def test_each_has_its_kind(raw: dict[str, Any], kind: str, action: str) -> None:
    found = explained(raw)

    assert found.reasons == ()
    assert (found.kind, found.action) == (kind, action)
    assert found.is_understood


def test_every_supported_shape_has_a_kind() -> None:
    for shape in {shape for readers in ALL_READERS for shape in readers}:
        raw: Any = "https://home.example/x"
        for kind in reversed(shape):
            raw = activity(kind, KIM, raw) if kind[0] != "P" else page(POST, KIM, CATS)
        assert "unsupported_type" not in codes(raw), shape


def test_a_post_is_explained_in_full() -> None:
    link = {"type": "Link", "href": "https://cats.example/sleep"}
    raw = page(
        POST,
        KIM,
        DOGS,
        attachment=[link],
        sensitive=True,
        language={"identifier": "en", "name": "English"},
    )

    assert explained(activity("Create", KIM, raw)) == Explained(
        kind="post",
        action="create",
        id=POST,
        actor=KIM,
        author=KIM,
        title="A title",
        community=(DOGS,),
        audience=(PUBLIC, DOGS),
        language="en",
        sensitive=True,
        link="https://cats.example/sleep",
        attachments=("https://cats.example/sleep",),
        conditions=(f"if {DOGS} is a local community; otherwise once it has announced it",),
    )


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (activity("Like", KIM, POST) | {"@context": "https://x.example/"}, "context_missing"),
        (page(POST, KIM, CATS) | {"@context": []}, "context_missing"),
        (activity("Like", "http://kim.example/u/kim", POST), "iri_scheme"),
        (page("http://kim.example/post/1", KIM, CATS), "iri_scheme"),
        (activity("Like", KIM, POST, id="https://evil.example/1"), "id_on_other_host"),
        (activity("Like", KIM, POST, attributedTo=EVE), "actor_missing"),
        (activity(LACKING, KIM, [POST, EVE]), "unsupported_type"),
        (activity("Dance", KIM, POST), "unsupported_type"),
        (activity("Create", KIM, MESSAGE | {"cc": [PUBLIC]}), "not_private"),
        (activity("Announce", DOGS, activity("Create", KIM, MESSAGE)), "not_public"),
        (activity("Announce", DOGS, activity("Create", KIM, DIRECT)), "not_public"),
        (activity("Announce", DOGS, DIRECT), "not_public"),
        (MESSAGE, "not_public"),
        (DIRECT, "not_public"),
        (DIRECT | {"to": [f"{KIM}/followers"]}, "not_public"),
        (document(POST, "Place", attributedTo=KIM), "not_content"),
        (document(POST, "", attributedTo=KIM), "not_content"),
        (page(POST, KIM, CATS, to=[CATS]), "not_public"),
        (activity("Create", KIM, page(POST, KIM, CATS, to=[CATS])), "not_public"),
        (activity("Create", KIM, {"type": "Page"}), "object_id_missing"),
        (page(POST, EVE, CATS), "owner_elsewhere"),
        (note(COMMENT, KIM), "no_community"),
        (activity("Announce", DOGS, page(POST, KIM, CATS)), "wrong_community"),
        (activity("Announce", DOGS, activity("Travel", KIM, KIM)), "not_theirs_to_say"),
        (activity("Announce", DOGS, []), "object_missing"),
        (activity("Undo", KIM, activity("Like", EVE, POST)), "undo_of_anothers"),
        (activity("Update", KIM, person(EVE)), "not_the_owner"),
        (person(KIM, inbox="https://evil.example/inbox"), "foreign_inbox"),
        (person(KIM, preferredUsername="kim at home"), "actor_name"),
        (person(KIM, type="Feed"), "not_an_actor"),
        ({"id": KIM}, "context_missing"),
    ],
)
def test_each_refusal_has_its_code(raw: dict[str, Any], code: str) -> None:
    found = explained(raw)

    assert code in [reason.code for reason in found.reasons], found
    assert all(reason.detail for reason in found.reasons)
    assert not found.is_understood


@pytest.mark.parametrize("raw", [MESSAGE, DIRECT])
def test_a_message_is_explained_without_its_content(raw: dict[str, Any]) -> None:
    for shown in (raw, activity("Create", KIM, raw)):
        found = explained(shown)
        assert found.author == KIM
        assert EVE not in repr(found)
        assert "mat" not in repr(found)


def test_every_reason_is_listed_once() -> None:
    raw = activity("Create", KIM, MESSAGE | {"id": "http://kim.example/pm/1"})
    raw |= {"@context": [], "id": "https://evil.example/1"}

    assert codes(raw) == ["context_missing", "id_elsewhere"]


def test_unsupported_features_are_named() -> None:
    (reason,) = explained(activity(LACKING, KIM, POST)).reasons

    assert reason.detail == f"{LACKING} is not supported here: no {FEATURES[LACKING]} yet."


@pytest.mark.parametrize(
    ("raw", "condition"),
    [
        (page(POST, KIM, CATS), f"if {CATS} is a community that someone here follows"),
        (
            note(COMMENT, KIM, to=[PUBLIC, CATS, DOGS]),
            f"if one of {CATS}, {DOGS} is a community here",
        ),
        (
            note(COMMENT, KIM, THEIRS),
            f"if {THEIRS}, to which it replies, is in a community known here",
        ),
        (activity("Like", KIM, THEIRS), f"if {THEIRS} is in a community here"),
        (activity("Follow", KIM, DOGS), f"if {DOGS} is known here"),
        (activity("Delete", KIM, POST), f"if {POST} is stored here"),
        (
            activity("Delete", KIM, THEIRS),
            f"if {KIM} moderates the community it is in, or that community announces this",
        ),
        (
            activity("Add", KIM, EVE, target=f"{DOGS}/moderators"),
            f"if {DOGS}/moderators lists the moderators of a community known here",
        ),
        (
            activity("Add", KIM, EVE, target=f"{DOGS}/moderators"),
            f"if {KIM} moderates it, or its community announces this",
        ),
        (
            activity("Accept", KIM, "https://home.example/f/1"),
            "if we sent the Follow that it accepts or rejects",
        ),
        (activity("Create", KIM, page(POST, EVE, CATS)), f"if its origin confirms it at {POST}"),
        (activity("Announce", DOGS, POST), f"if {DOGS} is a community that someone here follows"),
        (activity("Announce", DOGS, POST), f"if its origin confirms it at {POST}"),
        (activity("Announce", DOGS, activity("Like", KIM, POST)), f"if {POST} is in {DOGS}"),
        (
            activity("Announce", DOGS, activity("Add", EVE, KIM, target=f"{DOGS}/mods")),
            f"if {EVE} moderates it, or its community announces this",
        ),
        (
            activity("Announce", DOGS, activity("Add", f"{DOGS}/ann", KIM, target=f"{DOGS}/mods")),
            f"if {DOGS}/mods is a collection of {DOGS}",
        ),
        (
            person(KIM, publicKey="none"),
            "if it publishes a key of its own: until then nothing it sends can be verified",
        ),
        (
            document(f"{DOGS}/mods", "Collection", items=[KIM]),
            f"if the actor that owns the collection links to {DOGS}/mods",
        ),
    ],
)
def test_checks_that_need_a_database_are_conditions(raw: dict[str, Any], condition: str) -> None:
    found = explained(raw)

    assert condition in found.conditions, found.conditions
    assert found.reasons == ()


def test_the_items_of_a_collection_are_counted_and_explained() -> None:
    items = [page(POST, KIM, CATS), page(THEIRS, KIM, CATS), KIM, activity("Like", KIM, POST)]
    found = explained(
        document(f"{CATS}/outbox", "OrderedCollection", orderedItems=items, attributedTo=CATS)
    )

    assert found.title == "2 posts, 1 vote, 1 id"
    assert found.community == (CATS,)
    assert found.conditions == (f"if its origin confirms it at {THEIRS}",)
    assert explained(document(f"{CATS}/outbox", "Collection")).title == "nothing in it"


def test_development_permits_http_and_ports() -> None:
    raw = activity("Like", "http://127.0.0.1:8001/u/kim", POST)
    raw["id"] = "http://127.0.0.1:8001/1"

    assert codes(raw) == ["iri_scheme"]
    assert codes(raw, development=True) == []


def test_an_invalid_document_is_refused_with_its_code() -> None:
    found = refused(Malformed("json_invalid", "It is not JSON."))

    assert (found.kind, found.reasons[0].code) == ("nothing", "json_invalid")
