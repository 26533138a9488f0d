from activitypub.document import Document
from activitypub.vocab.collections import (
    collection,
    collection_page,
    ordered_collection,
    ordered_collection_page,
)

IRI = "https://fedcom.example/c/cats/followers"


def test_followers_can_be_counted_without_being_shown():
    assert collection(IRI, 3) == {"id": IRI, "type": "Collection", "totalItems": 3}
    assert collection(IRI, 0, items=[])["items"] == []
    assert Document(collection(IRI, 1, first=f"{IRI}?page=1")).first == f"{IRI}?page=1"


def test_moderators_are_listed_and_owned():
    document = ordered_collection(IRI, 1, items=["https://a.example/u"], owner="https://a.example")
    assert document == {
        "id": IRI,
        "type": "OrderedCollection",
        "attributedTo": "https://a.example",
        "totalItems": 1,
        "orderedItems": ["https://a.example/u"],
    }


def test_an_outbox_is_read_page_by_page():
    document = ordered_collection(IRI, 2, first=f"{IRI}?page=1", last=f"{IRI}?page=2")
    assert (document["first"], document["last"]) == (f"{IRI}?page=1", f"{IRI}?page=2")
    page = ordered_collection_page(
        f"{IRI}?page=1", IRI, [{"id": "x"}], total=2, next_page="n", previous_page="p"
    )
    assert page == {
        "id": f"{IRI}?page=1",
        "type": "OrderedCollectionPage",
        "partOf": IRI,
        "totalItems": 2,
        "orderedItems": [{"id": "x"}],
        "next": "n",
        "prev": "p",
    }
    assert Document(page).items == (Document({"id": "x"}),)


def test_the_first_replies_come_with_the_collection():
    first = collection_page(f"{IRI}?page=1", IRI, ["x"], next_page=f"{IRI}?page=2")
    assert first == {
        "id": f"{IRI}?page=1",
        "type": "CollectionPage",
        "partOf": IRI,
        "items": ["x"],
        "next": f"{IRI}?page=2",
    }
    assert Document(collection(IRI, 2, first=first)).first == Document(first)


def test_a_thread_belongs_to_a_community():
    place = "https://a.example/c/cats"
    thread = ordered_collection(IRI, 1, first=f"{IRI}?page=1", owner=place, audience=place)
    assert (thread["attributedTo"], thread["audience"]) == (place, place)
