"""Private messages: who may write to whom, the stored rows, and the recipients."""

import re
from typing import Any

import pytest
from sqlalchemy import insert

from activitypub.authority import Evidence
from activitypub.document import Document
from activitypub.iri import PUBLIC
from activitypub.nodeinfo import Software
from activitypub.parse import parse
from fedcom.actions.ban import Ban
from fedcom.actions.base import Action
from fedcom.actions.message import (
    TO_STRANGERS,
    DeleteMessage,
    EditMessage,
    SendMessage,
    UndeleteMessage,
)
from fedcom.actions.perform import perform
from fedcom.actions.post import Provenance
from fedcom.context import Context
from fedcom.errors import FedcomError, Invalid, TooMany
from fedcom.federation.listeners import activity_routes, reader_of
from fedcom.models.actor import Person
from fedcom.models.comment import comment
from fedcom.models.message import Message, message
from fedcom.models.notification import notification
from fedcom.models.personal import actor_block, host_block
from fedcom.queries.actors import find_actor
from fedcom.remote.peers import put_peer
from fedcom.site.instances import block_instance
from fedcom.wire.body import Body
from inbox.ports import ReceivedActivity
from outbox.deliveries import activities
from tests.support.documents import activity, document
from tests.support.people import Home, Sent, received

KIM, KEN = "https://kim.example/u/kim", "https://kim.example/u/ken"
HELLO = Body.of_markdown("Hello *you*")
ROUTES = activity_routes()


def send(home: Home, by: Person, to: Person, text: str = "Hello *you*") -> Message:
    """A message of a member, or of a remote person as if it had been received."""
    action = SendMessage(by=by, to=to, body=Body.of_markdown(text))
    if by.local:
        return home.perform(action)
    number = len(home.rows(message))
    source = Provenance(f"{by.iri}/pm/{number}", "ChatMessage", None, None)
    return home.perform(SendMessage(by=by, to=to, body=HELLO, source=source), received(by.iri))


def code(home: Home, action: Action[Any]) -> str:
    """The code of the refusal, or "allowed"."""
    try:
        home.perform(action, None if action.by.local else received(action.by.iri))
    except FedcomError as error:
        return error.code
    return "allowed"


def receive(home: Home, document: dict[str, Any], via: str | None = None) -> Action[Any] | None:
    """Receive a peer's activity; the action, None if there was nothing to do."""
    received_document = Document(document)
    evidence: Evidence = "signature" if via is None else "community"
    known = ReceivedActivity(
        received_document, document["actor"], b"{}", via=via, evidence=evidence
    )

    def work(ctx: Context) -> Action[Any] | None:
        action = reader_of(ROUTES, received_document)(ctx, known)
        if action is not None:
            perform(ctx, action, known)
        return action

    return home(work)


def direct(iri: str, *to: str, by: str = KIM, tags: tuple[str, ...] = (), **more: Any) -> Any:
    """A direct status of a microblog."""
    named = [{"type": "Mention", "href": one, "name": one} for one in (*to, *tags)]
    fields = {"attributedTo": by, "to": [*to], "cc": [], "content": "<p>Psst</p>", "tag": named}
    return document(iri, "Note", **fields | more)


def chat(iri: str, *to: str, by: str = KIM, **more: Any) -> Any:
    """A ChatMessage."""
    fields = {"attributedTo": by, "to": [*to], "content": "<p>Psst</p>"}
    return document(iri, "ChatMessage", **fields | more)


def shown(home: Home) -> list[tuple[str, str]]:
    """The recipient and the text of each message."""
    rows = home.rows(message)
    people = {one.id: one.name for one in (home.ann, home.bob)}
    return [
        (people.get(row["recipient_id"], "elsewhere"), row["body_html"])
        for row in rows
        if row["deleted_at"] is None
    ]


def learn(home: Home, host: str, software: str, version: str) -> None:
    home(lambda ctx: put_peer(ctx.conn, host, Software(software, version), ctx.now))


def block(home: Home, by: Person, other: Person | str) -> None:
    values: dict[str, Any] = {"person_id": by.id, "blocked_at": home.clock()}
    if isinstance(other, str):
        statement = insert(host_block).values(host=other, **values)
    else:
        statement = insert(actor_block).values(blocked_id=other.id, **values)
    home(lambda ctx: ctx.conn.execute(statement))


# Between members.


def test_a_message_between_members_is_sent_to_no_other_server(home: Home) -> None:
    sent = send(home, home.bob, home.ann)

    assert sent.iri == f"https://home.example/message/{sent.id}"
    assert (sent.author_id, sent.recipient_id) == (home.bob.id, home.ann.id)
    assert sent.body_html == "<p>Hello <em>you</em></p>"
    assert home.sent() == []
    assert not [row for row in home.rows(activities) if b"Hello" in row["body"]]
    assert [(row["recipient_id"], row["kind"]) for row in home.rows(notification)] == [
        (home.ann.id, "message")
    ]


def test_only_the_author_edits_deletes_and_restores(home: Home) -> None:
    sent = send(home, home.bob, home.ann)
    deleted = home.perform(DeleteMessage(by=home.bob, message=send(home, home.bob, home.ann)))

    for by, expected in ((home.ann, "not_the_author"), (home.bob, "allowed")):
        assert code(home, EditMessage(by=by, message=sent, body=HELLO)) == expected
        assert code(home, UndeleteMessage(by=by, message=deleted)) == expected
        assert code(home, DeleteMessage(by=by, message=sent)) == expected


def test_a_deleted_message_keeps_its_text_for_its_author(home: Home) -> None:
    sent = send(home, home.bob, home.ann)

    deleted = home.perform(DeleteMessage(by=home.bob, message=sent))
    assert deleted.deleted_at is not None
    assert code(home, EditMessage(by=home.bob, message=deleted, body=HELLO)) == "deleted"
    assert code(home, DeleteMessage(by=home.bob, message=deleted)) == "already_deleted"

    restored = home.perform(UndeleteMessage(by=home.bob, message=deleted))
    assert restored.body_html == sent.body_html
    assert code(home, UndeleteMessage(by=home.bob, message=restored)) == "not_deleted"


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 10_001])
def test_a_message_must_have_a_text_within_the_limit(home: Home, text: str) -> None:
    with pytest.raises(Invalid, match=r"message_empty|body_too_long"):
        send(home, home.bob, home.ann, text)


def test_messages_to_people_who_block_or_are_gone_are_refused(home: Home) -> None:
    kim, ken = home.person(KIM), home.person("https://ken.example/u/ken")
    earlier = send(home, home.bob, home.ann)
    block(home, home.ann, home.bob)
    home(lambda ctx: block_instance(ctx, "ken.example", ""))
    server = home(lambda ctx: find_actor(ctx.conn, "https://home.example/actor"))
    assert isinstance(server, Person)

    def try_to(to: Person) -> str:
        return code(home, SendMessage(by=home.bob, to=to, body=HELLO))

    assert try_to(home.ann) == "person_block"
    assert code(home, EditMessage(by=home.bob, message=earlier, body=HELLO)) == "person_block"
    assert code(home, DeleteMessage(by=home.bob, message=earlier)) == "allowed"
    assert try_to(ken) == "instance_blocked"
    assert try_to(home.bob) == "message_to_self"
    assert try_to(server) == "not_a_person"
    assert try_to(kim) == "allowed"


def test_banned_members_cannot_write_but_can_delete(home: Home) -> None:
    sent = send(home, home.bob, home.ann)
    home.perform(Ban(by=home.ann, person=home.bob, community=None))
    banned = home(lambda ctx: find_actor(ctx.conn, home.bob.iri))
    assert isinstance(banned, Person)

    assert code(home, SendMessage(by=banned, to=home.ann, body=HELLO)) == "site_ban"
    assert code(home, EditMessage(by=banned, message=sent, body=HELLO)) == "site_ban"
    assert code(home, DeleteMessage(by=banned, message=sent)) == "allowed"


def test_messages_to_new_recipients_are_limited_per_hour(home: Home) -> None:
    kim = home.person(KIM)
    send(home, home.ann, home.bob)
    for _ in range(TO_STRANGERS):
        send(home, home.bob, home.ann)  # ann wrote first, so she is not a new recipient
        send(home, home.bob, kim)

    with pytest.raises(TooMany, match="rate_limit"):
        send(home, home.bob, kim)
    send(home, home.bob, home.ann)
    home.clock.advance(hours=1)
    send(home, home.bob, kim)


# To remote people.


@pytest.mark.parametrize(
    ("software", "version", "kind"),
    [
        ("lemmy", "0.19.20", "ChatMessage"),
        ("lemmy", "1.0.0-beta.1", "Note"),
        ("piefed", "1.5", "ChatMessage"),
        ("mbin", "1.8", "ChatMessage"),
        ("mastodon", "4.6.5", "Note"),
        ("pleroma", "2.9", "Note"),
        ("something", "1", "Note"),
    ],
)
def test_each_peer_is_sent_the_form_it_understands(
    home: Home, software: str, version: str, kind: str
) -> None:
    kim = home.person(KIM)
    learn(home, "kim.example", software, version)
    sent = send(home, home.bob, kim)

    [(delivery, body)] = home.sent_bodies()
    assert delivery == Sent(f"{KIM}/inbox", f"Create{{{kind}}}", "u/bob")
    sent_document = parse(body)
    obj = sent_document["object"]
    assert sent_document["to"] == obj["to"] == [KIM]
    assert "proof" not in sent_document
    assert PUBLIC not in body.decode()
    assert (obj["id"], obj["attributedTo"]) == (sent.iri, home.bob.iri)
    assert obj["source"] == {"content": "Hello *you*", "mediaType": "text/markdown"}
    named = [tag["href"] for tag in obj.get("tag", [])]
    assert named == ([] if kind == "ChatMessage" else [KIM])


def test_edits_and_deletions_are_sent_to_the_recipient(home: Home) -> None:
    kim = home.person(KIM, "lemmy")
    sent = send(home, home.bob, kim)
    edited = home.perform(EditMessage(by=home.bob, message=sent, body=Body.of_markdown("No")))
    deleted = home.perform(DeleteMessage(by=home.bob, message=edited))
    home.perform(UndeleteMessage(by=home.bob, message=deleted))

    sent_document = home.sent_bodies()
    assert [one.shape for one, _ in sent_document] == [
        "Create{ChatMessage}",
        "Update{ChatMessage}",
        "Delete{id}",
        "Undo{Delete{id}}",
    ]
    assert {one.inbox for one, _ in sent_document} == {f"{KIM}/inbox"}
    assert {tuple(parse(body)["to"]) for _, body in sent_document} == {(KIM,)}
    assert not [body for _, body in sent_document if PUBLIC.encode() in body]


# From remote people.


def test_a_chat_message_and_a_direct_status_are_messages(home: Home) -> None:
    home.person(KIM)
    receive(home, activity("Create", KIM, chat(f"{KIM}/1", home.bob.iri)))
    receive(home, activity("Create", KIM, direct(f"{KIM}/2", home.bob.iri)))

    assert shown(home) == [("bob", "<p>Psst</p>")] * 2
    assert [row["kind"] for row in home.rows(notification)] == ["message"] * 2
    assert home.sent() == []


def test_a_direct_reply_to_a_post_is_a_message_and_no_comment(home: Home) -> None:
    home.person(KIM)
    post = home.post(by=home.bob)
    about = direct(f"{KIM}/1", home.bob.iri, home.cats.iri, inReplyTo=post.iri)
    receive(home, activity("Create", KIM, about))

    assert shown(home) == [("bob", "<p>Psst</p>")]
    assert home.rows(comment) == []


@pytest.mark.parametrize(
    ("note", "refused"),
    [
        ({"to": [f"{KIM}/followers"]}, "not_public"),
        ({"to": ["https://home.example/u/nobody"]}, "not_public"),
        ({"to": ["https://home.example/c/cats"]}, "not_public"),
        ({"to": ["https://home.example/u/bob"], "audience": PUBLIC}, "not_public"),
        ({"to": [f"{KIM}/followers"], "cc": ["https://home.example/c/cats"]}, "not_public"),
    ],
)
def test_a_public_note_or_one_for_no_member_is_no_message(
    home: Home, note: dict[str, Any], refused: str
) -> None:
    home.person(KIM)
    with pytest.raises(FedcomError, match=refused):
        receive(home, activity("Create", KIM, direct(f"{KIM}/1", **note)))

    assert home.rows(message) == []


@pytest.mark.parametrize(
    "note",
    [
        {"to": [f"{KIM}/followers"], "cc": ["https://home.example/u/bob"]},
        {"to": ["https://home.example/u/bob"], "bto": [f"{KEN}/followers"]},
        {"to": ["https://home.example/u/bob", KEN], "tag": []},
    ],
)
def test_a_followers_only_note_that_addresses_a_member_is_a_message(
    home: Home, note: dict[str, Any]
) -> None:
    home.person(KIM)
    post = home.post(by=home.bob)
    receive(home, activity("Create", KIM, direct(f"{KIM}/1", inReplyTo=post.iri, **note)))

    assert shown(home) == [("bob", "<p>Psst</p>")]
    assert home.rows(comment) == []


def test_a_private_post_of_another_type_is_a_message_with_its_title(home: Home) -> None:
    home.person(KIM)
    question = direct(f"{KIM}/1", home.bob.iri, type="Question", name="Tea?")
    receive(home, activity("Create", KIM, question))

    assert shown(home) == [("bob", "<p>Tea?</p><p>Psst</p>")]


def test_a_status_for_several_members_is_a_message_to_each(home: Home) -> None:
    home.person(KIM)
    both = (home.bob.iri, home.ann.iri, KEN)
    receive(home, activity("Create", KIM, direct(f"{KIM}/1", *both)))
    assert shown(home) == [("bob", "<p>Psst</p>"), ("ann", "<p>Psst</p>")]

    later = {"content": "<p>Hush</p>", "updated": "2031-01-01T00:00:00Z"}
    receive(home, activity("Update", KIM, direct(f"{KIM}/1", *both, **later)))
    assert shown(home) == [("bob", "<p>Hush</p>"), ("ann", "<p>Hush</p>")]

    receive(home, activity("Delete", KIM, f"{KIM}/1"))
    assert shown(home) == []
    receive(home, activity("Undo", KIM, activity("Delete", KIM, f"{KIM}/1")))
    assert len(shown(home)) == 2


def test_a_recipient_who_blocks_the_author_gets_nothing_and_the_others_do(home: Home) -> None:
    kim = home.person(KIM)
    block(home, home.bob, kim)
    both = (home.bob.iri, home.ann.iri)

    receive(home, activity("Create", KIM, direct(f"{KIM}/1", *both)))
    assert shown(home) == [("ann", "<p>Psst</p>")]
    with pytest.raises(FedcomError, match="person_block"):
        receive(home, activity("Create", KIM, chat(f"{KIM}/2", home.bob.iri)))
    block(home, home.ann, "kim.example")
    later = {"content": "<p>Hush</p>", "updated": "2031-01-01T00:00:00Z"}
    with pytest.raises(FedcomError, match="person_block"):
        receive(home, activity("Update", KIM, direct(f"{KIM}/1", *both, **later)))


def test_only_its_author_edits_deletes_and_restores_a_remote_message(home: Home) -> None:
    home.person(KIM)
    home.person(KEN)
    receive(home, activity("Create", KIM, chat(f"{KIM}/1", home.bob.iri)))
    later = {"content": "<p>Mine</p>", "updated": "2031-01-01T00:00:00Z"}
    for activity_document in (
        activity("Update", KEN, chat(f"{KIM}/1", home.bob.iri, by=KEN, **later)),
        activity("Create", KEN, chat(f"{KIM}/1", home.bob.iri, by=KEN)),
        activity("Create", KEN, direct(f"{KIM}/1", home.bob.iri, by=KEN)),
        activity("Delete", KEN, f"{KIM}/1"),
        activity("Undo", KEN, activity("Delete", KEN, f"{KIM}/1")),
    ):
        with pytest.raises(FedcomError, match="not_the_author"):
            receive(home, activity_document)

    assert shown(home) == [("bob", "<p>Psst</p>")]


def test_an_announced_note_is_no_message(home: Home) -> None:
    home.person(KIM)
    dogs = home.group("https://dogs.example/c/dogs")
    receive(home, activity("Create", KIM, chat(f"{KIM}/1", home.bob.iri)))
    for activity_document in (
        activity("Create", KIM, chat(f"{KIM}/2", home.bob.iri)),
        activity("Create", KIM, direct(f"{KIM}/3", home.bob.iri)),
        activity("Delete", KIM, f"{KIM}/1"),
    ):
        with pytest.raises(FedcomError, match="not_public"):
            receive(home, activity_document, via=dogs.iri)

    assert len(shown(home)) == 1


def test_a_deletion_may_come_first(home: Home) -> None:
    home.person(KIM)
    receive(home, activity("Delete", KIM, f"{KIM}/1"))

    with pytest.raises(FedcomError, match="already_deleted"):
        receive(home, activity("Create", KIM, chat(f"{KIM}/1", home.bob.iri)))


def test_repeated_and_outdated_activities_change_nothing(home: Home) -> None:
    home.person(KIM)
    first = chat(f"{KIM}/1", home.bob.iri, published="2026-01-01T11:00:00Z")
    second = first | {"content": "<p>Hush</p>", "updated": "2026-01-01T11:30:00Z"}
    receive(home, activity("Create", KIM, first))
    receive(home, activity("Update", KIM, second))

    assert receive(home, activity("Create", KIM, first)) is None
    assert receive(home, activity("Update", KIM, second)) is None
    assert shown(home) == [("bob", "<p>Hush</p>")]


def test_a_message_without_an_author_or_an_id_is_none(home: Home) -> None:
    home.person(KIM)
    for broken in ({"id": None}, {"attributedTo": None}):
        with pytest.raises(Invalid, match="object_incomplete"):
            receive(
                home,
                activity("Create", KIM, chat(f"{KIM}/1", home.bob.iri))
                | {"object": {**chat(f"{KIM}/1", home.bob.iri), **broken}},
            )


def test_html_of_peers_is_sanitized(home: Home) -> None:
    home.person(KIM)
    evil = '<p onclick="x">Hi<script>alert(1)</script></p>'
    receive(home, activity("Create", KIM, chat(f"{KIM}/1", home.bob.iri, content=evil)))

    [(_, html)] = shown(home)
    assert not re.search("script|onclick", html)


def test_a_deleted_account_takes_its_messages_along(home: Home) -> None:
    kim = home.person(KIM)
    receive(home, activity("Create", KIM, chat(f"{KIM}/1", home.bob.iri)))
    send(home, home.bob, kim)
    receive(home, activity("Delete", KIM, KIM))

    assert shown(home) == [("elsewhere", HELLO.html)]
    assert "Psst" not in str(home.rows(message))


def test_a_message_replies_to_the_previous_one(home: Home) -> None:
    kim = home.person(KIM, "mastodon")
    home.sent()
    first = send(home, home.bob, kim)
    receive(home, activity("Create", KIM, direct(f"{KIM}/1", home.bob.iri)))
    send(home, home.ann, kim)
    second = send(home, home.bob, kim)
    receive(home, activity("Delete", KIM, f"{KIM}/1"))
    home.perform(EditMessage(by=home.bob, message=second, body=HELLO))

    received = [Document(parse(body)).object_document for _, body in home.sent_bodies()]
    assert [one.in_reply_to for one in received if one is not None] == [
        None,
        None,
        f"{KIM}/1",
        first.iri,
    ]


def test_chat_messages_to_forums_have_no_reply_target(home: Home) -> None:
    kim = home.person(KIM, "lemmy")
    send(home, home.bob, kim)
    home.sent()
    send(home, home.bob, kim)

    ((_, body),) = home.sent_bodies()
    assert b"inReplyTo" not in body
