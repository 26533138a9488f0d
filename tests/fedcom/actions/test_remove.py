"""Removing and restoring, by authors and by moderators: repeated, late and malformed activities."""

import json

import pytest

from fedcom.actions.delete import Delete
from fedcom.actions.moderators import AddModerator
from fedcom.actions.remove import RemoveContent, RestoreContent
from fedcom.actions.report import Report
from fedcom.errors import Conflict, FedcomError
from fedcom.models.comment import Comment
from fedcom.models.moderation import modlog, report
from fedcom.models.notification import notification
from fedcom.models.post import Post
from fedcom.remote.actors import person_at
from fedcom.rules.limits import MAX_REASON
from tests.fedcom.actions.receiving import read, receive
from tests.support.documents import Json, activity, document, note, page, undo
from tests.support.people import Home

KIM, MAX = "https://kim.example/u/kim", "https://max.example/u/max"
POST, NOTE = "https://kim.example/post/1", "https://kim.example/note/1"
DELETED, NOTE_DELETED = activity("Delete", KIM, POST), activity("Delete", KIM, NOTE)

NAMELESS = {"type": "Note"}


def unread(home: Home) -> list[int]:
    """The members with an unread notification of a report."""
    rows = [row for row in home.rows(notification) if row["kind"] == "report" and not row["detail"]]
    return [row["recipient_id"] for row in rows if row["read_at"] is None]


def resolvers(home: Home) -> list[int | None]:
    """The resolver of each report, in the order of the reports."""
    return [row["resolver_id"] for row in home.rows(report)]


def post_of_kim(home: Home) -> Post:
    return home.post(by=home.person(KIM), iri=POST)


def comment_of_kim(home: Home) -> Comment:
    return home.comment(home.post(), by=home.person(KIM), iri=NOTE)


def max_moderates(home: Home) -> None:
    person = home.person(MAX)
    home.perform(AddModerator(by=home.ann, community=home.cats, person=person))


def removals(home: Home) -> list[str]:
    return [row["reason"] for row in home.rows(modlog) if row["kind"] == "remove"]


def test_a_repeated_removal_is_in_the_modlog_once(home: Home) -> None:
    target = home.post()
    home.perform(RemoveContent(by=home.ann, target=target, reason="spam"))

    with pytest.raises(Conflict, match="already_removed"):
        home.perform(RemoveContent(by=home.ann, target=home.fresh(target), reason="more spam"))
    assert removals(home) == ["spam"]


def test_a_removal_resolves_only_its_own_reports(home: Home) -> None:
    post, eve = home.post(), home.member("eve")
    comment, other = home.comment(post, text="Rude"), home.comment(post, text="Ruder")
    for target in (post, comment, other):
        home.perform(Report(by=eve, target=target, reason="Rude."))
    home.perform(Report(by=home.person(KIM), target=comment, reason="Rude.", iri=f"{KIM}/1"))

    home.perform(RemoveContent(by=home.ann, target=comment, reason="rude"))
    assert resolvers(home) == [None, home.ann.id, None, home.ann.id]
    assert unread(home) == [home.ann.id] * 2

    home.perform(RemoveContent(by=home.ann, target=post, reason="rude"))
    assert resolvers(home) == [home.ann.id, home.ann.id, None, home.ann.id]
    assert unread(home) == [home.ann.id]


@pytest.mark.parametrize("reason", ["I was wrong.", ""])
def test_a_moderators_delete_with_a_summary_is_a_removal_even_of_own_content(
    home: Home, reason: str
) -> None:
    post = post_of_kim(home)
    kim = home(lambda ctx: person_at(ctx, KIM))
    home.perform(AddModerator(by=home.ann, community=home.cats, person=kim))
    removed = DELETED | {"summary": reason}

    receive(home, removed)
    assert (home.fresh(post).deleted_at, removals(home)) == (None, [reason])
    receive(home, undo(removed))
    assert home.fresh(post).is_shown


def test_an_authors_delete_with_a_reason_is_a_deletion(home: Home) -> None:
    post = post_of_kim(home)

    receive(home, DELETED | {"summary": "I was wrong."})

    assert home.fresh(post).deleted_at is not None
    assert removals(home) == []


def test_reports_of_deleted_content_are_still_resolved(home: Home) -> None:
    post = post_of_kim(home)
    home.perform(Report(by=home.bob, target=post, reason="Rude."))

    action = read(home, DELETED, confirmed=False)
    assert action is not None
    home.perform(action)

    assert home.fresh(post).removed_at is not None
    assert resolvers(home) == [None]


def test_a_repeated_deletion_keeps_the_first_time(home: Home) -> None:
    target = home.post()
    first = home.perform(Delete(by=home.bob, target=target)).deleted_at
    home.clock.advance(seconds=60)

    with pytest.raises(Conflict, match="already_deleted"):
        home.perform(Delete(by=home.bob, target=home.fresh(target)))
    assert home.fresh(target).deleted_at == first


def test_a_second_moderators_removal_changes_nothing(home: Home) -> None:
    target = home.post()
    max_moderates(home)
    home.perform(RemoveContent(by=home.ann, target=target, reason="spam"))

    assert read(home, activity("Delete", MAX, target.iri, summary="off topic")) is None


def test_a_remote_reason_is_cut_to_the_maximum_length(home: Home) -> None:
    target = home.post()
    max_moderates(home)
    delete_activity = activity("Delete", MAX, target.iri, summary="spam " * MAX_REASON)

    removed = read(home, delete_activity)
    assert isinstance(removed, RemoveContent)
    assert len(removed.reason) == MAX_REASON

    home.perform(removed)
    restored = read(home, undo(delete_activity))
    assert isinstance(restored, RestoreContent)
    assert len(restored.reason) == MAX_REASON


def test_a_repeated_delete_activity_is_done_once(home: Home) -> None:
    post_of_kim(home)
    receive(home, DELETED)

    assert read(home, DELETED) is None


def test_a_deletion_that_its_origin_does_not_confirm_takes_out_and_erases_nothing(
    home: Home,
) -> None:
    target = post_of_kim(home)
    action = read(home, DELETED, confirmed=False)
    assert isinstance(action, RemoveContent)

    home.perform(action)

    assert not home.fresh(target).is_shown
    assert home.fresh(target).title == target.title


def test_content_that_was_not_deleted_is_not_fetched_again(home: Home) -> None:
    # With nothing to be fetched this would raise NeedsFetch.
    post_of_kim(home)

    assert read(home, undo(DELETED)) is None


def test_a_restored_comment_has_the_text_of_its_origin(home: Home) -> None:
    target = comment_of_kim(home)
    receive(home, NOTE_DELETED)
    assert home.fresh(target).body_html == ""

    receive(home, undo(NOTE_DELETED), note(NOTE, KIM, content="<p>Well said</p>"))

    assert home.fresh(target).is_shown
    assert home.fresh(target).body_html == "<p>Well said</p>"


@pytest.mark.parametrize(
    ("served", "code"),
    [
        (document(POST, "Tombstone"), "not_confirmed"),
        (page(POST, MAX, "https://home.example/c/cats"), "not_confirmed"),
        (page(POST, KIM, "https://home.example/c/cats", to=[MAX]), "not_public"),
    ],
)
def test_a_post_is_restored_only_if_its_origin_serves_it_publicly(
    home: Home, served: Json, code: str
) -> None:
    target = post_of_kim(home)
    receive(home, DELETED)

    with pytest.raises(FedcomError) as caught:
        read(home, undo(DELETED), served)
    assert caught.value.code == code
    assert not home.fresh(target).is_shown


@pytest.mark.parametrize(
    "activity_document",
    [activity("Delete", KIM, NAMELESS), undo(activity("Delete", KIM, NAMELESS))],
)
def test_a_delete_without_an_object_is_refused(home: Home, activity_document: Json) -> None:
    home.person(KIM)

    with pytest.raises(FedcomError) as caught:
        read(home, activity_document)
    assert caught.value.code == "object_missing"


def test_an_actor_is_deleted_once(home: Home) -> None:
    home.person(KIM)
    gone = activity("Delete", KIM, KIM)
    receive(home, gone)

    assert read(home, gone) is None


@pytest.mark.parametrize(("more", "stays"), [({"removeData": False}, True), ({}, False)])
def test_a_deleted_account_may_leave_its_content(home: Home, more: Json, stays: bool) -> None:
    comment = comment_of_kim(home)

    receive(home, activity("Delete", KIM, KIM, **more))

    after = home.fresh(comment)
    assert after.is_shown is stays
    assert bool(after.body_html) is stays
    assert home(lambda ctx: person_at(ctx, KIM)).deleted_at is not None


def test_an_author_on_a_microblog_gets_a_note_with_the_reason(home: Home) -> None:
    tom = home.person("https://toots.example/users/tom", "mastodon")
    about = home.comment(home.post(by=home.bob), by=tom)
    home.sent()

    home.perform(RemoveContent(by=home.ann, target=about, reason="off <topic>"))

    ((sent, body),) = home.sent_bodies()
    note = json.loads(body)["object"]
    assert (sent.inbox, sent.shape, sent.by) == (tom.inbox, "Create{Note}", "c/cats")
    assert note["content"] == (
        "<p>A moderator removed your comment from cats. Reason: off &lt;topic&gt;</p>"
    )
    assert (note["inReplyTo"], note["to"]) == (about.iri, [tom.iri])
    assert note["tag"] == [{"type": "Mention", "href": tom.iri, "name": "@tom@toots.example"}]


def test_the_note_is_sent_for_remote_moderators_too_in_the_posts_language(
    home: Home,
) -> None:
    max_moderates(home)
    tom = home.person("https://toots.example/users/tom", "mastodon")
    about = home.post(by=tom, language="de")
    home.sent()

    receive(home, activity("Delete", MAX, about.iri, summary="Werbung"))

    notes = [json.loads(body) for sent, body in home.sent_bodies() if sent.shape == "Create{Note}"]
    assert [note["object"]["content"] for note in notes] == [
        "<p>Dein Beitrag wurde von der Moderation aus cats entfernt. Grund: Werbung</p>"
    ]


def test_a_moderator_gets_no_note_about_their_own_removal(
    home: Home,
) -> None:
    tom = home.person("https://toots.example/users/tom", "mastodon")
    home.perform(AddModerator(by=home.ann, community=home.cats, person=tom))
    about = home.comment(home.post(by=home.bob), by=tom)
    home.sent()

    receive(home, activity("Delete", tom.iri, about.iri, summary="Off topic"))

    assert home.fresh(about).removed_at is not None
    assert [sent for sent in home.sent() if sent.shape == "Create{Note}"] == []


@pytest.mark.parametrize("software", ["lemmy", "piefed"])
def test_an_author_on_a_forum_gets_no_note(home: Home, software: str) -> None:
    kim = home.person(KIM, software)
    about = home.comment(home.post(by=home.bob), by=kim)
    home.sent()

    home.perform(RemoveContent(by=home.ann, target=about, reason="off topic"))

    assert [sent.shape for sent in home.sent()] == []
