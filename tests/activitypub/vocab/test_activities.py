from datetime import UTC, datetime

import pytest

from activitypub.context import ENVELOPE_CONTEXT
from activitypub.document import Document, has_activitystreams_context
from activitypub.errors import Malformed
from activitypub.iri import PUBLIC
from activitypub.parse import parse
from activitypub.vocab.activities import (
    accept,
    add,
    announce,
    announce_of,
    block,
    create,
    delete,
    dislike,
    flag,
    follow,
    like,
    lock,
    reject,
    remove,
    undo,
    update,
)
from activitypub.vocab.objects import Addressing, TextContent, message, page

CATS = "https://fedcom.example/c/cats"
ANN = "https://fedcom.example/u/ann"
BOB = "https://peer.example/users/bob"
POST = "https://fedcom.example/post/1"
ACT = "https://fedcom.example/activities/1"
WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FOLLOWERS = f"{CATS}/followers"


def a_page():
    place = Addressing(id=POST, author=ANN, community=CATS, published=WHEN, mentioned=[BOB])
    return page(place, "A title", TextContent(html="<p>hi</p>"))


def test_a_create_repeats_the_audience_of_its_object():
    document = create(ACT, ANN, a_page())
    assert document == {
        "id": ACT,
        "type": "Create",
        "actor": ANN,
        "object": a_page(),
        "to": [CATS, PUBLIC],
        "cc": [BOB],
        "audience": CATS,
        "published": "2026-01-02T03:04:05Z",
    }


def test_a_create_of_a_message_is_addressed_to_its_recipients_only():
    private = message(POST, ANN, [BOB], TextContent(html="x"), published=WHEN)
    assert Document(create(ACT, ANN, private)).addressed == (BOB,)


def test_an_update_of_an_actor_is_public():
    document = update(ACT, ANN, {"id": CATS, "type": "Group"}, cc=[CATS])
    assert (document["to"], document["cc"]) == ([PUBLIC], [CATS])
    assert "published" not in document


def test_an_update_of_a_post_goes_where_the_post_goes():
    assert update(ACT, ANN, a_page())["to"] == [CATS, PUBLIC]


def test_a_delete_names_the_object_and_a_moderator_the_reason():
    assert delete(ACT, ANN, POST, community=CATS, reason="spam") == {
        "id": ACT,
        "type": "Delete",
        "actor": ANN,
        "object": POST,
        "to": [PUBLIC],
        "cc": [CATS],
        "audience": CATS,
        "summary": "spam",
    }
    assert delete(ACT, ANN, ANN, remove_data=True)["removeData"] is True


def test_an_undo_embeds_what_it_undoes_without_its_context():
    vote = like(ACT, ANN, POST, community=CATS)
    document = undo(f"{ACT}/undo", {"@context": "x"} | vote)
    assert document == {
        "id": f"{ACT}/undo",
        "type": "Undo",
        "actor": ANN,
        "object": vote,
        "audience": CATS,
    }
    ban = block(ACT, ANN, BOB, CATS, cc=[CATS], audience=CATS)
    assert undo(ACT, ban, restore_data=True)["restoreData"] is True
    assert undo(ACT, ban)["to"] == [PUBLIC]


@pytest.mark.parametrize(("build", "kind"), [(like, "Like"), (dislike, "Dislike")])
def test_votes_have_no_audience_but_the_community(build, kind):
    assert build(ACT, ANN, POST, community=CATS) == {
        "id": ACT,
        "type": kind,
        "actor": ANN,
        "object": POST,
        "audience": CATS,
    }


@pytest.mark.parametrize(("build", "kind"), [(accept, "Accept"), (reject, "Reject")])
def test_an_accept_or_reject_embeds_the_whole_follow(build, kind):
    asked = follow("https://peer.example/follow/1", BOB, CATS)
    assert asked["to"] == [CATS]
    assert build(ACT, CATS, {"@context": "x"} | asked) == {
        "id": ACT,
        "type": kind,
        "actor": CATS,
        "object": asked,
        "to": [BOB],
    }


def test_an_announce_is_addressed_to_the_followers():
    assert announce(ACT, CATS, POST, followers=FOLLOWERS, published=WHEN, cc=[ANN]) == {
        "id": ACT,
        "type": "Announce",
        "actor": CATS,
        "to": [PUBLIC],
        "cc": [FOLLOWERS, ANN],
        "published": "2026-01-02T03:04:05Z",
        "object": POST,
    }


@pytest.mark.parametrize(
    "raw",
    [
        b'{"type":"Like","id":"https://peer.example/1"}',
        b'\n{ "id" : "x" ,\t"n":1.0, "e":1E2,"u":"\\u00fc\\/","@context":["y"]}\r\n ',
        '{"content":"\u00fc\U0001f600"}'.encode(),
        b"{}",
    ],
)
def test_an_announced_activity_keeps_every_byte(raw):
    sent = announce_of(raw, ACT, CATS, followers=FOLLOWERS, published=WHEN)
    assert raw in sent
    read = parse(sent)
    assert read["object"] == parse(raw)
    assert has_activitystreams_context(read)
    built = announce(ACT, CATS, parse(raw), followers=FOLLOWERS, published=WHEN)
    # What is announced byte for byte explains itself.
    assert read == built | {"@context": ENVELOPE_CONTEXT}


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{", b'{}},"actor":"x"', b'{"id":1,"id":2}', b'"x"', b"{}{}"]
)
def test_bytes_that_would_escape_the_announce_are_refused(raw):
    with pytest.raises(Malformed):
        announce_of(raw, ACT, CATS, followers=FOLLOWERS, published=WHEN)


@pytest.mark.parametrize(("build", "kind"), [(add, "Add"), (remove, "Remove")])
def test_a_moderator_changes_a_collection_of_the_community(build, kind):
    assert build(ACT, ANN, POST, f"{CATS}/featured", community=CATS) == {
        "id": ACT,
        "type": kind,
        "actor": ANN,
        "object": POST,
        "to": [PUBLIC],
        "cc": [CATS],
        "audience": CATS,
        "target": f"{CATS}/featured",
    }


def test_a_moderator_locks_with_or_without_a_reason():
    assert lock(ACT, ANN, POST, community=CATS, reason="heated")["summary"] == "heated"
    assert "summary" not in lock(ACT, ANN, POST, community=CATS)


def test_a_ban_has_its_target_and_its_end():
    document = block(
        ACT, ANN, BOB, CATS, audience=CATS, cc=[CATS], reason="spam", ends_at=WHEN, remove_data=True
    )
    assert document == {
        "id": ACT,
        "type": "Block",
        "actor": ANN,
        "object": BOB,
        "target": CATS,
        "to": [PUBLIC],
        "cc": [CATS],
        "audience": CATS,
        "summary": "spam",
        "removeData": True,
        "endTime": "2026-01-02T03:04:05Z",
        "expires": "2026-01-02T03:04:05Z",
    }


@pytest.mark.parametrize("objects", [POST, [ANN, POST]])
def test_a_report_goes_to_the_community_only(objects):
    document = flag(ACT, BOB, objects, community=CATS, reason="rude")
    assert document["object"] == objects
    assert (document["summary"], document["content"]) == ("rude", "rude")
    assert Document(document).addressed == (CATS,)
