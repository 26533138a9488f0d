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
from tests.fedcom.actions.hearing import hear, read
from tests.support.documents import Json, activity, person, undo
from tests.support.people import ORIGIN, Home

KIM, LEA = "https://lemmy.example/u/kim", "https://mastodon.example/users/lea"
THEM = "https://mastodon.example/actor"
DOGS = "https://lemmy.example/c/dogs"


def told(home: Home) -> list[tuple[int, int, str]]:
    """The notified members, the reporter, and the reason."""
    rows = [row for row in home.rows(notification) if row["kind"] == "report"]
    return [(row["recipient_id"], row["actor_id"], row["reason"]) for row in rows]


def test_a_member_reports_a_post_and_the_moderators_are_told(home: Home) -> None:
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
    assert told(home) == [(home.ann.id, eve.id, "Rude."), (mia.id, eve.id, "Rude.")]
    assert home.sent() == []
    assert made.iri not in [row["id"] for row in home.rows(activities)]
    assert home.rows(modlog) == logged


def test_what_it_said_is_kept_as_it_was(home: Home) -> None:
    comment = home.comment(home.post(), text="Some *rude* words")
    eve = home.member("eve")

    made = home.perform(Report(by=eve, target=comment, reason="Rude."))
    home.perform(Delete(by=home.bob, target=comment))

    (row,) = home.rows(report)
    assert (row["id"], row["comment_id"], row["post_id"]) == (made.id, comment.id, None)
    assert row["reported_text"] == "Some rude words"


def test_the_same_is_reported_once_until_it_is_resolved(home: Home) -> None:
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


def test_nobody_reports_what_is_theirs_or_gone(home: Home) -> None:
    post = home.post()
    with pytest.raises(Invalid, match="own_content"):
        home.perform(Report(by=home.bob, target=post, reason="Rude."))
    gone = home.perform(Delete(by=home.bob, target=post))

    with pytest.raises(Denied, match="deleted"):
        home.perform(Report(by=home.ann, target=gone, reason="Rude."))


def test_who_is_blocked_by_a_moderator_still_reports(home: Home) -> None:
    eve = home.member("eve")
    row = {"person_id": home.ann.id, "blocked_id": eve.id, "blocked_at": home.clock()}
    home(lambda ctx: ctx.conn.execute(insert(actor_block).values(row)))

    home.perform(Report(by=eve, target=home.post(), reason="Rude."))

    assert told(home) == [(home.ann.id, eve.id, "Rude.")]


def test_one_person_reports_so_many_an_hour(home: Home) -> None:
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


def test_the_communitys_server_is_told_who_reports_what(home: Home) -> None:
    there = Elsewhere(home)

    made = home.perform(Report(by=home.bob, target=there.by_kim, reason="Rude."))

    ((inbox, word),) = there.sent()
    assert inbox == "https://lemmy.example/inbox"
    assert (word["type"], word["id"], word["actor"]) == ("Flag", made.iri, home.bob.iri)
    assert (word["object"], word["to"], word["audience"]) == (there.by_kim.iri, [DOGS], DOGS)
    assert (word["summary"], word["content"]) == ("Rude.", "Rude.")
    assert "proof" not in word


def test_a_microblogs_server_is_told_by_ours(home: Home) -> None:
    there = Elsewhere(home)
    home.follow(home.person("https://other.example/u/fan", "lemmy"), home.cats)

    made = home.perform(Report(by=home.bob, target=there.by_lea, reason="Rude."))

    ((inbox, word),) = there.sent()
    assert inbox == "https://mastodon.example/inbox"
    assert (word["type"], word["actor"]) == ("Flag", f"{ORIGIN}/actor")
    assert word["id"] != made.iri
    assert word["object"] == [LEA, there.by_lea.iri]
    assert (word["content"], word["to"]) == ("Rude.", [home.cats.iri])
    assert home.bob.iri not in json.dumps(word)


def server(home: Home, iri: str) -> Person:
    """The actor in whose name a server reports for its people."""
    document = Document(person(iri, type="Application"))
    return home(lambda ctx: person_at(ctx, iri), fetched=Fetched({iri: document}))


def flag(by: str, objects: Any, **more: Any) -> Json:
    return activity("Flag", by, "", **more) | {"object": objects}


@pytest.mark.parametrize(
    ("by", "word"),
    [
        (KIM, {"object": "{post}", "summary": "Rude."}),
        (KIM, {"object": {"id": "{post}"}, "summary": "Rude."}),
        (KIM, {"object": ["{post}", "{bob}"], "summary": "Rude.", "content": "Rude."}),
        (THEM, {"object": ["{bob}", "{post}"], "content": "Rude."}),
        (LEA, {"object": ["{bob}", {"type": "Note", "id": "{post}"}], "content": "Rude."}),
    ],
    ids=["lemmy", "embedded", "mbin", "mastodon", "pleroma"],
)
def test_every_kind_of_flag_is_read(home: Home, by: str, word: Json) -> None:
    kim, post = home.person(by), home.post()
    text = json.dumps(word).replace("{post}", post.iri).replace("{bob}", home.bob.iri)
    word = json.loads(text)

    made = hear(home, flag(by, word.pop("object"), **word))

    assert (made.reporter_id, made.post_id, made.reason) == (kim.id, post.id, "Rude.")
    assert told(home) == [(home.ann.id, kim.id, "Rude.")]
    assert home.sent() == []


def test_a_flag_without_a_reason_is_a_report(home: Home) -> None:
    home.person(KIM)

    made = hear(home, flag(KIM, home.post().iri, summary=None, content=None))

    assert made.reason == ""


def test_a_flag_of_several_things_reports_each_of_them(home: Home) -> None:
    home.person(THEM)
    post = home.post()
    comment = home.comment(post)
    word = flag(THEM, [home.bob.iri, post.iri, comment.iri, "https://x.example/1"], content="x")

    hear(home, word)

    rows = [(row["iri"], row["post_id"], row["comment_id"]) for row in home.rows(report)]
    assert rows == [(word["id"], post.id, None), (f"{word['id']}#2", None, comment.id)]
    assert read(home, word) is None


def test_a_flag_of_an_account_alone_is_for_the_admins(home: Home) -> None:
    home.person(THEM)
    mia = home.member("mia")
    home.perform(AddModerator(by=home.ann, community=home.cats, person=mia))

    made = hear(home, flag(THEM, [home.bob.iri], content="Rude."))

    assert (made.community_id, made.post_id, made.comment_id) == (None, None, None)
    assert made.reported_text == home.bob.iri
    assert [recipient for recipient, _, _ in told(home)] == [home.ann.id]
    assert read(home, flag(THEM, [home.bob.iri], id="https://mastodon.example/2")) is None


def test_a_report_of_what_is_not_here_concerns_nobody_here(home: Home) -> None:
    home.person(KIM)

    with pytest.raises(Denied, match="report_elsewhere"):
        read(home, flag(KIM, "https://lemmy.example/post/0"))


def test_a_report_of_what_is_nobodys_here_is_not_kept(home: Home) -> None:
    there = Elsewhere(home)

    for objects in (there.by_kim.iri, [KIM]):
        with pytest.raises(Denied, match="report_elsewhere"):
            read(home, flag(LEA, objects))


def test_what_a_member_wrote_elsewhere_is_judged_by_the_admins(home: Home) -> None:
    there = Elsewhere(home)
    post = home.post(community=there.dogs)

    made = hear(home, flag(KIM, post.iri, summary="Rude."))

    assert made.community_id == there.dogs.id
    assert told(home) == [(home.ann.id, there.kim.id, "Rude.")]


def test_a_community_passes_reports_of_its_own_on_to_its_moderators(home: Home) -> None:
    there = Elsewhere(home)
    mine = home.post()
    home(lambda ctx: AddModerator(by=there.kim, community=there.dogs, person=home.bob).apply(ctx))

    hear(home, flag(LEA, there.by_kim.iri, content="Rude."), via=DOGS)

    assert told(home) == [(home.bob.id, there.lea.id, "Rude.")]
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
    words = [(one.inbox, json.loads(body)) for one, body in home.sent_bodies()]
    assert all(word["type"] == "Announce" and "proof" not in word for _, word in words)
    return [(inbox, word["object"]) for inbox, word in words]


def test_moderators_elsewhere_are_told_of_reports_here_and_nobody_else_is(home: Home) -> None:
    kim, post = with_a_moderator_elsewhere(home)

    made = home.perform(Report(by=home.ann, target=post, reason="Rude."))

    ((inbox, word),) = announced(home)
    assert inbox == (kim.shared_inbox or kim.inbox)
    assert (word["type"], word["id"], word["actor"]) == ("Flag", made.iri, home.ann.iri)
    assert (word["object"], word["to"]) == (post.iri, [home.cats.iri])

    home.perform(WithdrawReport(by=home.ann, report=made))

    ((inbox, word),) = announced(home)
    assert (word["type"], word["object"]["id"]) == ("Undo", made.iri)


def test_a_moderator_on_lemmy_0_19_is_sent_the_reporters_own_flag(home: Home) -> None:
    kim, post = with_a_moderator_elsewhere(home, "lemmy")

    made = home.perform(Report(by=home.ann, target=post, reason="Rude."))

    ((sent, body),) = home.sent_bodies()
    assert (sent.inbox, sent.words, sent.by) == (kim.shared_inbox, "Flag{id}", "u/ann")
    assert json.loads(body)["id"] == made.iri
    # It reads no Flag in an Announce, and none by another server's person.
    hear(home, flag(LEA, home.comment(post).iri, content="Rude."), person(LEA))
    assert [sent.words for sent in home.sent() if "Flag" in sent.words] == []


def test_moderators_elsewhere_are_told_of_reports_from_elsewhere(home: Home) -> None:
    kim, post = with_a_moderator_elsewhere(home)
    home.person(LEA)
    comment = home.comment(post)
    home.sent()
    said = flag(LEA, [home.bob.iri, post.iri, comment.iri], content="Rude.")

    hear(home, said)

    ((inbox, word),) = announced(home)
    assert inbox == (kim.shared_inbox or kim.inbox)
    assert (word["id"], word["actor"]) == (said["id"], LEA)
    assert word["object"] == [post.iri, comment.iri]

    hear(home, undo(said))

    ((inbox, word),) = announced(home)
    assert (word["type"], word["actor"]) == ("Undo", LEA)


def test_a_moderator_on_the_authors_server_is_told_of_reports_from_elsewhere(home: Home) -> None:
    """Whether the reporter's server told the author's is not known here."""
    kim, _ = with_a_moderator_elsewhere(home)
    post = home.post(by=kim, iri="https://kim.example/post/7")
    home.person(LEA)
    home.sent()

    hear(home, flag(LEA, post.iri, content="Rude."))

    assert [inbox for inbox, _ in announced(home)] == [kim.shared_inbox or kim.inbox]


def test_a_moderators_own_server_hears_nothing_of_what_it_reported(home: Home) -> None:
    _, post = with_a_moderator_elsewhere(home)
    home.person("https://lemmy.example/u/ken")

    hear(home, flag("https://lemmy.example/u/ken", post.iri, summary="Rude."))

    assert home.sent() == []


def test_a_server_reports_so_many_an_hour_whoever_says_it(home: Home) -> None:
    posts = [home.post(title=f"Post {n}") for n in range(FROM_HOST + 1)]
    them = server(home, THEM)
    for number, post in enumerate(posts[:-1]):
        iri = f"https://mastodon.example/flag/{number}"
        home.perform(Report(by=them, target=post, reason="", iri=iri))

    with pytest.raises(TooMany):
        hear(home, flag(LEA, posts[-1].iri, content="x"), person(LEA))


def message(home: Home) -> Message:
    kim = home.person(KIM, "lemmy")
    return home.perform(SendMessage(by=home.bob, to=kim, body=Body.of_markdown("Psst")))


def test_a_message_is_reported_by_who_got_it_to_the_admins_alone(home: Home) -> None:
    eve = home.member("eve")
    sent = home.perform(SendMessage(by=home.bob, to=eve, body=Body.of_markdown("Psst")))

    made = home.perform(Report(by=eve, target=sent, reason="Rude."))

    assert (made.message_id, made.community_id, made.reported_text) == (sent.id, None, "Psst")
    assert [recipient for recipient, _, _ in told(home)] == [home.ann.id]
    assert [row["message_id"] for row in home.rows(notification)][-1] is None
    assert home.sent() == []
    with pytest.raises(NotFound, match="couldnt_find_private_message"):
        home.perform(Report(by=home.ann, target=sent, reason="Rude."))


def test_a_message_is_reported_from_elsewhere_by_who_got_it_or_their_server(home: Home) -> None:
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


def test_only_who_reported_takes_it_back(home: Home) -> None:
    home.person(KIM)
    home.person(LEA)
    word = flag(KIM, home.post().iri, summary="Rude.")
    made = hear(home, word)

    with pytest.raises(Denied, match="not_the_reporter"):
        home.perform(WithdrawReport(by=home.bob, report=made))
    hear(home, undo(word))

    assert home.rows(report)[0]["resolved_at"] == home.clock()
    assert read(home, undo(word)) is None
