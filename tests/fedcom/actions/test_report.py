"""Reports: permissions, the stored rows, local and remote recipients, and peers' reports."""

import json
from typing import Any

import pytest
from sqlalchemy import insert

from activitypub.document import Document
from fedcom.actions.delete import Delete
from fedcom.actions.message import SendMessage
from fedcom.actions.moderators import AddModerator
from fedcom.actions.report import BY_ONE, FROM_HOST, Report, WithdrawReport
from fedcom.context import Fetched
from fedcom.errors import Conflict, Denied, Invalid, NotFound, TooMany
from fedcom.models.actor import Person
from fedcom.models.message import Message
from fedcom.models.moderation import modlog, report
from fedcom.models.notification import notification
from fedcom.models.personal import actor_block
from fedcom.models.post import Post
from fedcom.remote.actors import person_at
from fedcom.wire.body import Body
from outbox.deliveries import activities
from tests.fedcom.actions.receiving import read, receive
from tests.support.documents import Json, activity, person, undo
from tests.support.people import ORIGIN, Home

KIM, LEA = "https://lemmy.example/u/kim", "https://mastodon.example/users/lea"
THEM = "https://mastodon.example/actor"
DOGS = "https://lemmy.example/c/dogs"


def notified(home: Home) -> list[tuple[int, int, str]]:
    """The notified members, the reporter, and the reason."""
    rows = [row for row in home.rows(notification) if row["kind"] == "report"]
    return [(row["recipient_id"], row["actor_id"], row["reason"]) for row in rows]


def test_a_reported_post_notifies_the_moderators(home: Home) -> None:
    post, mia, eve = home.post(), home.member("mia"), home.member("eve")
    home.perform(AddModerator(by=home.ann, community=home.cats, person=mia))
    home.follow(home.person(KIM, "lemmy"), home.cats)
    logged = home.rows(modlog)

    made = home.perform(Report(by=eve, target=post, reason="Rude."))

    assert (made.reporter_id, made.community_id, made.post_id) == (eve.id, home.cats.id, post.id)
    assert (made.reason, made.reported_text, made.created_at) == (
        "Rude.",
        "Cats sleep\n\nThey do.",
        home.clock(),
    )
    assert [row["person_id"] for row in home.rows(report)] == [post.author_id]
    assert notified(home) == [(home.ann.id, eve.id, "Rude."), (mia.id, eve.id, "Rude.")]
    assert home.sent() == []
    assert made.iri not in [row["id"] for row in home.rows(activities)]
    assert home.rows(modlog) == logged


def test_the_reported_text_is_kept(home: Home) -> None:
    comment = home.comment(home.post(), text="Some *rude* words")
    eve = home.member("eve")

    made = home.perform(Report(by=eve, target=comment, reason="Rude."))
    home.perform(Delete(by=home.bob, target=comment))

    (row,) = home.rows(report)
    assert (row["id"], row["comment_id"], row["post_id"]) == (made.id, comment.id, None)
    assert row["reported_text"] == "Some rude words"


def test_an_open_report_cannot_be_repeated(home: Home) -> None:
    post, eve = home.post(), home.member("eve")
    first = Report(by=eve, target=post, reason="Rude.")
    made = home.perform(first)

    with pytest.raises(Conflict, match="already_reported"):
        home.perform(first)

    home.perform(WithdrawReport(by=eve, report=made))
    home.perform(first)
    assert [row["resolver_id"] for row in home.rows(report)] == [eve.id, None]


@pytest.mark.parametrize(
    ("reason", "code"), [(" ", "reason_empty"), ("x" * 1001, "reason_too_long")]
)
def test_a_report_needs_a_reason(home: Home, reason: str, code: str) -> None:
    with pytest.raises(Invalid, match=code):
        home.perform(Report(by=home.ann, target=home.post(), reason=reason))


def test_own_and_deleted_content_cannot_be_reported(home: Home) -> None:
    post = home.post()
    with pytest.raises(Invalid, match="own_content"):
        home.perform(Report(by=home.bob, target=post, reason="Rude."))
    gone = home.perform(Delete(by=home.bob, target=post))

    with pytest.raises(Denied, match="deleted"):
        home.perform(Report(by=home.ann, target=gone, reason="Rude."))


def test_a_member_blocked_by_a_moderator_can_still_report(home: Home) -> None:
    eve = home.member("eve")
    row = {"person_id": home.ann.id, "blocked_id": eve.id, "blocked_at": home.clock()}
    home(lambda ctx: ctx.conn.execute(insert(actor_block).values(row)))

    home.perform(Report(by=eve, target=home.post(), reason="Rude."))

    assert notified(home) == [(home.ann.id, eve.id, "Rude.")]


def test_reports_of_one_person_are_limited_per_hour(home: Home) -> None:
    eve, posts = home.member("eve"), [home.post(title=f"Post {n}") for n in range(BY_ONE + 1)]
    for post in posts[:-1]:
        home.perform(Report(by=eve, target=post, reason="Rude."))
    last = Report(by=eve, target=posts[-1], reason="Rude.")

    with pytest.raises(TooMany):
        home.perform(last)

    home.clock.advance(hours=1)
    home.perform(last)


class Elsewhere:
    """!dogs of lemmy.example, where kim and mastodon.example's lea have posts that bob can see."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.dogs = home.group(DOGS)
        self.kim, self.lea = home.person(KIM, "lemmy"), home.person(LEA, "mastodon")
        home.follow(home.bob, self.dogs)
        self.by_kim = home.post(
            by=self.kim, community=self.dogs, iri="https://lemmy.example/post/1"
        )
        self.by_lea = home.post(by=self.lea, iri="https://mastodon.example/1")
        home.sent()

    def sent(self) -> list[tuple[str, Json]]:
        return [(one.inbox, json.loads(body)) for one, body in self.home.sent_bodies()]


def test_a_report_is_sent_to_the_communitys_server(home: Home) -> None:
    there = Elsewhere(home)

    made = home.perform(Report(by=home.bob, target=there.by_kim, reason="Rude."))

    ((inbox, flag_document),) = there.sent()
    assert inbox == "https://lemmy.example/inbox"
    assert (flag_document["type"], flag_document["id"], flag_document["actor"]) == (
        "Flag",
        made.iri,
        home.bob.iri,
    )
    assert (flag_document["object"], flag_document["to"], flag_document["audience"]) == (
        there.by_kim.iri,
        [DOGS],
        DOGS,
    )
    assert (flag_document["summary"], flag_document["content"]) == ("Rude.", "Rude.")
    assert "proof" not in flag_document


def test_a_report_is_sent_to_microblogs_by_the_instance_actor(home: Home) -> None:
    there = Elsewhere(home)
    home.follow(home.person("https://other.example/u/fan", "lemmy"), home.cats)

    made = home.perform(Report(by=home.bob, target=there.by_lea, reason="Rude."))

    ((inbox, flag_document),) = there.sent()
    assert inbox == "https://mastodon.example/inbox"
    assert (flag_document["type"], flag_document["actor"]) == ("Flag", f"{ORIGIN}/actor")
    assert flag_document["id"] != made.iri
    assert flag_document["object"] == [LEA, there.by_lea.iri]
    assert (flag_document["content"], flag_document["to"]) == ("Rude.", [home.cats.iri])
    assert home.bob.iri not in json.dumps(flag_document)


def server(home: Home, iri: str) -> Person:
    """The actor in whose name a server reports for its people."""
    document = Document(person(iri, type="Application"))
    return home(lambda ctx: person_at(ctx, iri), fetched=Fetched({iri: document}))


def flag(by: str, objects: Any, **more: Any) -> Json:
    return activity("Flag", by, "", **more) | {"object": objects}


@pytest.mark.parametrize(
    ("by", "flag_document"),
    [
        (KIM, {"object": "{post}", "summary": "Rude."}),
        (KIM, {"object": {"id": "{post}"}, "summary": "Rude."}),
        (KIM, {"object": ["{post}", "{bob}"], "summary": "Rude.", "content": "Rude."}),
        (THEM, {"object": ["{bob}", "{post}"], "content": "Rude."}),
        (LEA, {"object": ["{bob}", {"type": "Note", "id": "{post}"}], "content": "Rude."}),
    ],
    ids=["lemmy", "embedded", "mbin", "mastodon", "pleroma"],
)
def test_every_kind_of_flag_is_read(home: Home, by: str, flag_document: Json) -> None:
    kim, post = home.person(by), home.post()
    text = json.dumps(flag_document).replace("{post}", post.iri).replace("{bob}", home.bob.iri)
    flag_document = json.loads(text)

    made = receive(home, flag(by, flag_document.pop("object"), **flag_document))

    assert (made.reporter_id, made.post_id, made.reason) == (kim.id, post.id, "Rude.")
    assert notified(home) == [(home.ann.id, kim.id, "Rude.")]
    assert home.sent() == []


def test_a_flag_without_a_reason_is_a_report(home: Home) -> None:
    home.person(KIM)

    made = receive(home, flag(KIM, home.post().iri, summary=None, content=None))

    assert made.reason == ""


def test_a_flag_of_several_objects_reports_each_of_them(home: Home) -> None:
    home.person(THEM)
    post = home.post()
    comment = home.comment(post)
    flag_document = flag(
        THEM, [home.bob.iri, post.iri, comment.iri, "https://x.example/1"], content="x"
    )

    receive(home, flag_document)

    rows = [(row["iri"], row["post_id"], row["comment_id"]) for row in home.rows(report)]
    assert rows == [
        (flag_document["id"], post.id, None),
        (f"{flag_document['id']}#2", None, comment.id),
    ]
    assert read(home, flag_document) is None


def test_a_flag_of_an_account_alone_is_for_the_admins(home: Home) -> None:
    home.person(THEM)
    mia = home.member("mia")
    home.perform(AddModerator(by=home.ann, community=home.cats, person=mia))

    made = receive(home, flag(THEM, [home.bob.iri], content="Rude."))

    assert (made.community_id, made.post_id, made.comment_id) == (None, None, None)
    assert made.reported_text == home.bob.iri
    assert [recipient for recipient, _, _ in notified(home)] == [home.ann.id]
    assert read(home, flag(THEM, [home.bob.iri], id="https://mastodon.example/2")) is None


def test_a_report_of_unknown_content_is_ignored(home: Home) -> None:
    home.person(KIM)

    with pytest.raises(Denied, match="report_elsewhere"):
        read(home, flag(KIM, "https://lemmy.example/post/0"))


def test_a_report_that_concerns_no_local_actor_is_not_kept(home: Home) -> None:
    there = Elsewhere(home)

    for objects in (there.by_kim.iri, [KIM]):
        with pytest.raises(Denied, match="report_elsewhere"):
            read(home, flag(LEA, objects))


def test_reports_of_members_in_remote_communities_are_for_the_admins(home: Home) -> None:
    there = Elsewhere(home)
    post = home.post(community=there.dogs)

    made = receive(home, flag(KIM, post.iri, summary="Rude."))

    assert made.community_id == there.dogs.id
    assert notified(home) == [(home.ann.id, there.kim.id, "Rude.")]


def test_a_community_forwards_its_reports_to_its_moderators(home: Home) -> None:
    there = Elsewhere(home)
    mine = home.post()
    home(lambda ctx: AddModerator(by=there.kim, community=there.dogs, person=home.bob).apply(ctx))

    receive(home, flag(LEA, there.by_kim.iri, content="Rude."), via=DOGS)

    assert notified(home) == [(home.bob.id, there.lea.id, "Rude.")]
    with pytest.raises(Denied, match="wrong_community"):
        read(home, flag(LEA, mine.iri, content="Rude."), via=DOGS)


def with_a_moderator_elsewhere(home: Home, software: str = "piefed") -> tuple[Person, Post]:
    """kim moderates !cats, where bob posts and which a remote person follows."""
    kim = home.person(KIM, software)
    home.follow(home.person("https://other.example/u/fan", "lemmy"), home.cats)
    home.perform(AddModerator(by=home.ann, community=home.cats, person=kim))
    post = home.post()
    home.sent()
    return kim, post


def announced(home: Home) -> list[tuple[str, Json]]:
    """(inbox, announced object) of new deliveries; Announces of !cats, unproven."""
    documents = [(one.inbox, json.loads(body)) for one, body in home.sent_bodies()]
    assert all(
        flag_document["type"] == "Announce" and "proof" not in flag_document
        for _, flag_document in documents
    )
    return [(inbox, flag_document["object"]) for inbox, flag_document in documents]


def test_local_reports_are_sent_to_remote_moderators_only(home: Home) -> None:
    kim, post = with_a_moderator_elsewhere(home)

    made = home.perform(Report(by=home.ann, target=post, reason="Rude."))

    ((inbox, flag_document),) = announced(home)
    assert inbox == (kim.shared_inbox or kim.inbox)
    assert (flag_document["type"], flag_document["id"], flag_document["actor"]) == (
        "Flag",
        made.iri,
        home.ann.iri,
    )
    assert (flag_document["object"], flag_document["to"]) == (post.iri, [home.cats.iri])

    home.perform(WithdrawReport(by=home.ann, report=made))

    ((inbox, flag_document),) = announced(home)
    assert (flag_document["type"], flag_document["object"]["id"]) == ("Undo", made.iri)


def test_a_moderator_on_lemmy_0_19_is_sent_the_reporters_own_flag(home: Home) -> None:
    kim, post = with_a_moderator_elsewhere(home, "lemmy")

    made = home.perform(Report(by=home.ann, target=post, reason="Rude."))

    ((sent, body),) = home.sent_bodies()
    assert (sent.inbox, sent.shape, sent.by) == (kim.shared_inbox, "Flag{id}", "u/ann")
    assert json.loads(body)["id"] == made.iri
    # It reads no Flag in an Announce, and none by another server's person.
    receive(home, flag(LEA, home.comment(post).iri, content="Rude."), person(LEA))
    assert [sent.shape for sent in home.sent() if "Flag" in sent.shape] == []


def test_remote_reports_are_sent_to_remote_moderators(home: Home) -> None:
    kim, post = with_a_moderator_elsewhere(home)
    home.person(LEA)
    comment = home.comment(post)
    home.sent()
    flag_sent = flag(LEA, [home.bob.iri, post.iri, comment.iri], content="Rude.")

    receive(home, flag_sent)

    ((inbox, flag_document),) = announced(home)
    assert inbox == (kim.shared_inbox or kim.inbox)
    assert (flag_document["id"], flag_document["actor"]) == (flag_sent["id"], LEA)
    assert flag_document["object"] == [post.iri, comment.iri]

    receive(home, undo(flag_sent))

    ((inbox, flag_document),) = announced(home)
    assert (flag_document["type"], flag_document["actor"]) == ("Undo", LEA)


def test_remote_reports_are_sent_to_a_moderator_on_the_authors_server(home: Home) -> None:
    """It is unknown here whether the reporter's server informed the author's."""
    kim, _ = with_a_moderator_elsewhere(home)
    post = home.post(by=kim, iri="https://kim.example/post/7")
    home.person(LEA)
    home.sent()

    receive(home, flag(LEA, post.iri, content="Rude."))

    assert [inbox for inbox, _ in announced(home)] == [kim.shared_inbox or kim.inbox]


def test_a_report_is_not_sent_back_to_the_server_that_made_it(home: Home) -> None:
    _, post = with_a_moderator_elsewhere(home)
    home.person("https://lemmy.example/u/ken")

    receive(home, flag("https://lemmy.example/u/ken", post.iri, summary="Rude."))

    assert home.sent() == []


def test_reports_of_one_server_are_limited_per_hour(home: Home) -> None:
    posts = [home.post(title=f"Post {n}") for n in range(FROM_HOST + 1)]
    them = server(home, THEM)
    for number, post in enumerate(posts[:-1]):
        iri = f"https://mastodon.example/flag/{number}"
        home.perform(Report(by=them, target=post, reason="", iri=iri))

    with pytest.raises(TooMany):
        receive(home, flag(LEA, posts[-1].iri, content="x"), person(LEA))


def message(home: Home) -> Message:
    kim = home.person(KIM, "lemmy")
    return home.perform(SendMessage(by=home.bob, to=kim, body=Body.of_markdown("Psst")))


def test_a_recipient_reports_a_message_to_the_admins(home: Home) -> None:
    eve = home.member("eve")
    sent = home.perform(SendMessage(by=home.bob, to=eve, body=Body.of_markdown("Psst")))

    made = home.perform(Report(by=eve, target=sent, reason="Rude."))

    assert (made.message_id, made.community_id, made.reported_text) == (sent.id, None, "Psst")
    assert [recipient for recipient, _, _ in notified(home)] == [home.ann.id]
    assert [row["message_id"] for row in home.rows(notification)][-1] is None
    assert home.sent() == []
    with pytest.raises(NotFound, match="couldnt_find_private_message"):
        home.perform(Report(by=home.ann, target=sent, reason="Rude."))


def test_a_remote_recipient_or_their_server_reports_a_message(home: Home) -> None:
    sent = message(home)
    home.person(LEA)
    home.person("https://lemmy.example/u/ken")
    server(home, "https://lemmy.example/site")
    server(home, THEM)

    for receiver in (KIM, "https://lemmy.example/site"):
        assert read(home, flag(receiver, sent.iri)) is not None
    for stranger in (LEA, THEM, "https://lemmy.example/u/ken"):
        with pytest.raises(Denied, match="report_elsewhere"):
            read(home, flag(stranger, sent.iri))


def test_only_the_reporter_can_withdraw_a_report(home: Home) -> None:
    home.person(KIM)
    home.person(LEA)
    flag_document = flag(KIM, home.post().iri, summary="Rude.")
    made = receive(home, flag_document)

    with pytest.raises(Denied, match="not_the_reporter"):
        home.perform(WithdrawReport(by=home.bob, report=made))
    receive(home, undo(flag_document))

    assert home.rows(report)[0]["resolved_at"] == home.clock()
    assert read(home, undo(flag_document)) is None
