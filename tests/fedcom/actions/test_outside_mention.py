"""Remote public posts that mention members: notifications, the stored excerpt, and its deletion."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert

from activitypub.document import Document
from activitypub.errors import NotThere
from activitypub.iri import PUBLIC
from fedcom.actions.ban import Ban
from fedcom.actions.perform import perform
from fedcom.context import Context, Fetched
from fedcom.errors import Denied, FedcomError, NeedsFetch
from fedcom.federation.listeners import activity_routes, reader_of
from fedcom.models.comment import comment
from fedcom.models.notification import notification
from fedcom.models.outside_mention import outside_mention
from fedcom.models.personal import actor_block
from fedcom.models.post import post
from fedcom.personal.notifications import unused_outside_mentions
from fedcom.views.notification import list_notifications
from inbox.ports import ReceivedActivity
from tests.fedcom.actions.receiving import receive
from tests.support.documents import Json, activity, note, page
from tests.support.people import Home
from tests.support.pruning import prune_now

KIM, LEA = "https://kim.example/u/kim", "https://lea.example/u/lea"
NOTE, THREAD = "https://kim.example/note/1", "https://lea.example/note/1"
BOB, ANN = "https://home.example/u/bob", "https://home.example/u/ann"
LATER = "2031-01-01T00:00:00Z"


def toot(*members: str, iri: str = NOTE, **more: Any) -> Json:
    """A public status of a microblog that mentions members and no community."""
    tags = [{"type": "Mention", "href": one, "name": one} for one in members]
    fields = {"to": [PUBLIC], "cc": [f"{KIM}/followers", *members], "tag": tags}
    fields["content"] = "<p>Hello <b>you</b></p>"
    return note(iri, KIM, **fields | more)


def notified(home: Home) -> list[tuple[str, str]]:
    """The notified members and the kinds of their notifications."""
    names = {one.id: one.name for one in (home.ann, home.bob)}
    return [(names[row["recipient_id"]], row["kind"]) for row in home.rows(notification)]


def kept(home: Home) -> list[str]:
    return [row["excerpt"] for row in home.rows(outside_mention)]


def code(home: Home, document: Json) -> str:
    try:
        receive(home, document)
    except FedcomError as error:
        return error.code
    return "allowed"


@pytest.mark.parametrize("kind", ["Note", "Article", "Question"])
def test_a_member_mentioned_in_a_public_post_is_notified(home: Home, kind: str) -> None:
    kim = home.person(KIM)
    receive(
        home, activity("Create", KIM, toot(BOB, ANN, type=kind, url="https://kim.example/@kim/1"))
    )

    assert sorted(notified(home)) == [("ann", "mention"), ("bob", "mention")]
    assert home.rows(post) == home.rows(comment) == []
    line = home(lambda ctx: list_notifications(ctx.conn, home.bob.id)).items[0]
    assert line.by is not None
    assert (line.by.name, line.excerpt) == (kim.name, "Hello you")
    assert line.address == "https://kim.example/@kim/1"


def test_a_link_to_another_host_is_not_shown(home: Home) -> None:
    home.person(KIM)
    receive(home, activity("Create", KIM, toot(BOB, url="https://evil.example/1")))

    assert home(lambda ctx: list_notifications(ctx.conn, home.bob.id)).items[0].address == NOTE


def test_a_reply_in_a_thread_that_nobody_here_keeps_is_a_mention(home: Home) -> None:
    home.person(KIM)
    reply = activity("Create", KIM, toot(BOB, inReplyTo=THREAD))
    receive(home, reply, note(THREAD, LEA))

    assert notified(home) == [("bob", "mention")]
    assert home.rows(comment) == []


def test_a_thread_whose_server_is_gone_does_not_lose_the_mention(home: Home) -> None:
    home.person(KIM)
    received = ReceivedActivity(
        Document(activity("Create", KIM, toot(BOB, inReplyTo=THREAD))), KIM, evidence="signature"
    )
    gone = Fetched(failures={THREAD: NotThere("not_there", "404", url=THREAD, status=404)})
    home(lambda ctx: perform(ctx, _read(ctx, received), received), fetched=gone)

    assert notified(home) == [("bob", "mention")]


def test_a_thread_of_an_unknown_community_is_fetched_without_waiting(home: Home) -> None:
    home.person(KIM)
    with pytest.raises(NeedsFetch) as asked:
        receive(home, activity("Create", KIM, toot(BOB, inReplyTo=THREAD)))

    assert (asked.value.iri, asked.value.required) == (THREAD, False)


def test_a_thread_of_a_community_here_is_waited_for(home: Home) -> None:
    home.person(KIM)
    about = toot(BOB, inReplyTo=THREAD, cc=[home.cats.iri])
    with pytest.raises(NeedsFetch) as asked:
        receive(home, activity("Create", KIM, about))

    assert (asked.value.iri, asked.value.required) == (THREAD, True)
    assert notified(home) == []


def test_a_mention_in_a_known_community_is_notified_once(home: Home) -> None:
    home.person(KIM)
    about = home.post(by=home.bob)
    receive(home, activity("Create", KIM, toot(BOB, inReplyTo=about.iri)))

    assert notified(home) == [("bob", "reply")]
    assert kept(home) == []


def test_a_comment_here_whose_edit_is_refused_is_no_mention_besides(home: Home) -> None:
    home.person(KIM)
    reply = toot(BOB, inReplyTo=home.post(by=home.bob).iri)
    receive(home, activity("Create", KIM, reply))
    home.perform(Ban(by=home.ann, person=home.person(KIM), community=home.cats))
    edited = reply | {"updated": LATER, "content": "<p>Other words</p>"}

    refusal = code(home, activity("Update", KIM, edited))
    assert refusal == "person_is_banned_from_community"

    assert (notified(home), kept(home)) == ([("bob", "reply")], [])


def test_a_mention_announced_later_is_notified_once(home: Home) -> None:
    home.person(KIM)
    dogs = home.group("https://dogs.example/c/dogs")
    home.follow(home.bob, dogs)
    created = activity(
        "Create", KIM, page(NOTE, KIM, dogs.iri, tag=[{"type": "Mention", "href": BOB}])
    )
    receive(home, created)
    assert (notified(home), len(kept(home))) == ([("bob", "mention")], 1)

    receive(home, created, via=dogs.iri)

    assert (notified(home), kept(home)) == ([("bob", "mention")], [])
    line = home(lambda ctx: list_notifications(ctx.conn, home.bob.id)).items[0]
    assert (line.post_title, line.address) == ("A title", None)


def test_an_edit_changes_the_text_without_a_new_notification(home: Home) -> None:
    home.person(KIM)
    receive(home, activity("Create", KIM, toot(BOB)))
    edited = toot(BOB, ANN, content="<p>Other words</p>", updated=LATER)
    receive(home, activity("Update", KIM, edited))

    assert kept(home) == ["Other words"]
    assert sorted(notified(home)) == [("ann", "mention"), ("bob", "mention")]


def test_an_edit_notifies_newly_mentioned_members(home: Home) -> None:
    home.person(KIM)
    receive(home, activity("Create", KIM, toot(BOB)))
    receive(home, activity("Update", KIM, toot(BOB, ANN, updated=LATER)))

    assert sorted(notified(home)) == [("ann", "mention"), ("bob", "mention")]


def test_only_its_author_can_delete_it(home: Home) -> None:
    home.person(KIM)
    ken = home.person("https://kim.example/u/ken")
    receive(home, activity("Create", KIM, toot(BOB)))
    receive(home, activity("Delete", ken.iri, NOTE))
    assert kept(home) == ["Hello you"]

    receive(home, activity("Delete", KIM, NOTE))

    assert (kept(home), notified(home)) == ([], [])
    assert code(home, activity("Create", KIM, toot(BOB))) == "already_deleted"


def test_it_is_deleted_with_its_authors_account_or_content(home: Home) -> None:
    kim, lea = home.person(KIM), home.person(LEA)
    receive(home, activity("Create", KIM, toot(BOB)))
    receive(home, activity("Create", LEA, toot(BOB, iri=THREAD, attributedTo=LEA)))
    receive(home, activity("Delete", KIM, KIM))
    assert len(kept(home)) == 1

    home.perform(Ban(by=home.ann, person=lea, community=None, removes_content=True))

    assert (kept(home), kim.iri) == ([], KIM)


def test_mentions_by_banned_or_blocked_people_notify_nobody(home: Home) -> None:
    kim = home.person(KIM)
    values = {"person_id": home.bob.id, "blocked_id": kim.id, "blocked_at": home.clock()}
    home(lambda ctx: ctx.conn.execute(insert(actor_block).values(values)))
    assert code(home, activity("Create", KIM, toot(BOB))) == "person_block"

    home.perform(Ban(by=home.ann, person=kim, community=None))

    assert code(home, activity("Create", KIM, toot(ANN))) == "site_ban"
    assert kept(home) == []


@pytest.mark.parametrize(
    "more",
    [
        {"tag": [], "cc": []},
        {"attributedTo": LEA},
        {"to": [f"{KIM}/followers"], "cc": []},
        {"tag": [{"type": "Mention", "href": "https://home.example/actor"}], "cc": []},
    ],
)
def test_private_forged_or_irrelevant_posts_are_no_mention(home: Home, more: Json) -> None:
    home.person(KIM)
    home.person(LEA)
    with pytest.raises(FedcomError):
        receive(home, activity("Create", KIM, toot(BOB, **more)))

    assert (kept(home), notified(home)) == ([], [])


def test_only_its_author_can_send_it(home: Home) -> None:
    home.person(KIM)
    document = Document(activity("Create", KIM, toot(BOB)))
    for received in (
        ReceivedActivity(document, KIM, evidence="origin"),
        ReceivedActivity(document, KIM, via=LEA),
    ):
        with pytest.raises((Denied, FedcomError, NeedsFetch)):
            home(partial(_do, received=received))

    assert kept(home) == []


def _do(ctx: Context, received: ReceivedActivity) -> None:
    perform(ctx, _read(ctx, received), received)


def _read(ctx: Context, received: ReceivedActivity) -> Any:
    return reader_of(activity_routes(), received.activity)(ctx, received)


def test_it_is_deleted_with_its_last_notification(home: Home) -> None:
    home.person(KIM)
    receive(home, activity("Create", KIM, toot(BOB)))
    home(lambda ctx: prune_now(ctx.conn, unused_outside_mentions()))
    assert len(kept(home)) == 1

    home(lambda ctx: ctx.conn.execute(notification.delete()))
    home(lambda ctx: prune_now(ctx.conn, unused_outside_mentions()))

    assert kept(home) == []


@pytest.mark.parametrize("below", ["post", "comment"])
def test_a_reply_without_a_mention_of_the_parents_author_is_notified(
    home: Home, below: str
) -> None:
    home.person(KIM)
    dogs = home.group("https://dogs.example/c/dogs")
    home.follow(home.bob, dogs)
    about = home.post(community=dogs)
    answered = about.iri if below == "post" else home.comment(about).iri
    answer = note(NOTE, KIM, answered)

    receive(home, activity("Create", KIM, answer))
    assert notified(home) == [("bob", "mention")]

    # The community has received it after all.
    receive(home, activity("Create", KIM, answer), via=dogs.iri)
    assert notified(home) == [("bob", "mention")]
    assert (len(home.rows(outside_mention)), home.rows(notification)[0]["post_id"]) == (0, about.id)


def test_a_reply_refused_by_a_local_community_notifies_nobody(home: Home) -> None:
    kim, about = home.person(KIM), home.post()
    home.perform(Ban(by=home.ann, person=kim, community=home.cats))

    with pytest.raises(Denied):
        receive(home, activity("Create", KIM, note(NOTE, KIM, about.iri)))

    assert notified(home) == []
