"""A remote person blocks a member: the error that the member gets, and that nothing is sent."""

import pytest

from fedcom.actions.comment import CreateComment
from fedcom.actions.message import SendMessage
from fedcom.errors import Denied
from fedcom.models.actor import Person
from fedcom.models.notification import notification
from fedcom.models.personal import actor_block
from fedcom.wire.body import Body
from tests.fedcom.actions.receiving import read, receive
from tests.support.documents import activity, undo
from tests.support.people import Home

KIM = "https://kim.example/u/kim"
HELLO = Body.of_markdown("Hello")


def blocked(home: Home) -> Person:
    """kim, who has blocked bob."""
    kim = home.person(KIM, "mastodon")
    receive(home, activity("Block", KIM, home.bob.iri))
    home.sent()
    return kim


def test_messages_and_replies_are_refused_with_the_reason(home: Home) -> None:
    kim = blocked(home)
    about = home.post(by=kim)
    anns = home.post(by=home.ann)

    with pytest.raises(Denied, match="doesn't accept messages from you"):
        home.perform(SendMessage(by=home.bob, to=kim, body=HELLO))
    for post, parent in ((about, None), (anns, home.comment(anns, by=kim))):
        with pytest.raises(Denied, match="has blocked you"):
            home.perform(CreateComment(by=home.bob, post=post, parent=parent, body=HELLO))

    assert home.comment(about, by=home.ann).is_shown
    assert home.comment(anns, by=home.bob).is_shown


def test_a_block_is_sent_to_nobody(home: Home) -> None:
    blocked(home)

    assert home.sent() == []
    assert home.rows(notification) == []


def test_a_block_ends_with_its_undo_and_may_be_repeated(home: Home) -> None:
    kim = blocked(home)
    receive(home, activity("Block", KIM, home.bob.iri))
    assert len(home.rows(actor_block)) == 1

    receive(home, undo(activity("Block", KIM, home.bob.iri)))

    assert home.rows(actor_block) == []
    assert home.perform(SendMessage(by=home.bob, to=kim, body=HELLO)).id


def test_blocks_between_remote_people_are_ignored(home: Home) -> None:
    home.person(KIM)
    lea = home.person("https://lea.example/u/lea")

    for blocked_iri in (lea.iri, home.cats.iri, "https://home.example/u/nobody"):
        assert read(home, activity("Block", KIM, blocked_iri)) is None


def test_only_the_blocking_person_can_send_a_block(home: Home) -> None:
    home.person(KIM)
    dogs = home.group("https://dogs.example/c/dogs")
    document = activity("Block", KIM, home.bob.iri)

    assert read(home, document, via=dogs.iri) is None
    assert read(home, undo(document), via=dogs.iri) is None
