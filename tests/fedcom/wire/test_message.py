"""Which documents are private messages, and for whom."""

import pytest

from activitypub.document import Document
from activitypub.iri import PUBLIC
from fedcom.wire.message import MOST_RECIPIENTS, copies_of, recipients_of
from tests.support.documents import Json, activity, note
from tests.support.people import ORIGIN

KIM, KEN = "https://kim.example/u/kim", "https://ken.example/u/ken"
BOB, ANN = f"{ORIGIN}/u/bob", f"{ORIGIN}/u/ann"


def recipients(document: Json, **around: object) -> tuple[str, ...]:
    wrapped = Document(activity("Create", KIM, document, **around))
    assert wrapped.object_document is not None
    return recipients_of(wrapped.object_document, wrapped, lambda iri: iri.startswith(ORIGIN))


def direct(to: object, cc: object = (), *named: str, **more: object) -> Json:
    tags = [{"type": "Mention", "href": iri} for iri in named]
    return note(f"{KIM}/1", KIM, to=to, cc=cc, tag=tags, **more)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (direct([BOB]), (BOB,)),
        (direct(BOB), (BOB,)),
        (direct([BOB, ANN]), (BOB, ANN)),
        (direct([BOB], [KEN], KEN), (BOB,)),
        (direct([], [], bto=[BOB]), (BOB,)),
        (direct([KEN], [], KEN), ()),
        (direct([BOB], [KEN]), (BOB,)),
        (direct([f"{KIM}/followers"], [BOB], BOB), (BOB,)),
        (direct([f"{KIM}/followers"], [], BOB), ()),
        (direct([BOB], [PUBLIC]), ()),
        (direct([BOB], ["as:Public"]), ()),
        (direct([BOB], audience="Public"), ()),
    ],
)
def test_our_people_who_are_addressed_are_recipients_unless_everybody_is(
    document: Json, expected: tuple[str, ...]
) -> None:
    assert recipients(document, to=[PUBLIC], cc=[]) == expected


def test_an_object_without_addresses_has_those_of_its_activity() -> None:
    document = direct([])

    assert recipients(document, to=[BOB], cc=[]) == (BOB,)
    assert recipients(document, to=[PUBLIC], cc=[BOB]) == ()
    assert recipients(document, to=[], cc=[]) == ()


def test_each_of_many_has_a_row_of_their_own_up_to_ten() -> None:
    many = [f"{ORIGIN}/u/{number}" for number in range(20)]

    rows = copies_of(f"{KIM}/1")

    assert rows[:3] == [f"{KIM}/1", f"{KIM}/1#2", f"{KIM}/1#3"]
    assert len(set(rows)) == MOST_RECIPIENTS == len(recipients(direct(many)))
