from activitypub.reading import Document
from activitypub.vocab.collections import collection, ordered_collection, ordered_collection_page

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
