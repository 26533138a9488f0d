"""Members' notifications: replies and mentions, once each, and never twice for the same text."""

from datetime import timedelta

from sqlalchemy import insert

from activitypub.document import Document
from fedcom.actions.base import Action
from fedcom.actions.comment import EditComment
from fedcom.actions.lock import Lock
from fedcom.actions.perform import perform
from fedcom.actions.post import EditPost
from fedcom.context import Context
from fedcom.federation.listeners import activity_routes, reader_of
from fedcom.inbound.post import create_post_from
from fedcom.models.actor import Person
from fedcom.models.notification import notification
from fedcom.models.personal import actor_block, followed_post, host_block, muted_post
from fedcom.personal.followed_posts import follow_post, mute_post, unfollow_post, unmute_post
from fedcom.wire.body import Body
from inbox.ports import ReceivedActivity
from tests.support.documents import activity, note, page
from tests.support.people import Home

KIM = "https://kim.example/u/kim"
ROUTES = activity_routes()


def notified(home: Home, recipient: Person | None = None) -> list[str]:
    """The kinds of everybody's or one member's notifications, oldest first."""
    rows = home.rows(notification)
    return [row["kind"] for row in rows if recipient is None or row["recipient_id"] == recipient.id]


def receive(home: Home, activity_document: dict[str, object]) -> None:
    """Receive an activity from a peer."""
    document = Document(activity_document)
    received = ReceivedActivity(document, str(activity_document["actor"]), b"{}")

    def work(ctx: Context) -> None:
        action: Action[object] | None = reader_of(ROUTES, document)(ctx, received)
        assert action is not None
        perform(ctx, action, received)

    home(work)


def naming(*people: Person) -> list[dict[str, str]]:
    return [{"type": "Mention", "href": one.iri, "name": f"@{one.handle}"} for one in people]


def test_the_author_of_the_parent_is_notified(home: Home) -> None:
    post = home.post(by=home.bob)
    comment = home.comment(post, by=home.ann)
    home.comment(post, by=home.person(KIM), parent=comment)

    assert notified(home, home.bob) == ["reply"]
    assert notified(home, home.ann) == ["reply"]
    first, second = home.rows(notification)
    assert (first["post_id"], first["comment_id"]) == (post.id, comment.id)
    assert first["community_id"] == home.cats.id
    assert second["actor_id"] == home.person(KIM).id


def test_nobody_is_notified_of_their_own_reply(home: Home) -> None:
    home.comment(home.post(by=home.bob), by=home.bob, text="I, @bob, say so.")

    assert notified(home) == []


def test_mentioned_members_are_notified_wherever_it_was_written(home: Home) -> None:
    home.post(by=home.bob, body=Body.of_markdown("Ask @ann@home.example, and @nobody."))
    kim = home.person(KIM)
    receive(
        home,
        activity("Create", KIM, page(f"{KIM}/post", KIM, home.cats.iri, tag=naming(home.ann, kim))),
    )

    assert notified(home, home.ann) == ["mention", "mention"]
    assert notified(home) == ["mention", "mention"]


def test_a_member_replied_to_and_mentioned_is_notified_once(home: Home) -> None:
    post = home.post(by=home.bob)
    home.comment(post, by=home.ann, text="@bob and @bob@home.example: no.")
    home.person(KIM)
    receive(home, activity("Create", KIM, note(f"{KIM}/1", KIM, post.iri, tag=naming(home.bob))))

    assert notified(home, home.bob) == ["reply", "reply"]


def test_an_edit_notifies_only_newly_mentioned_members(home: Home) -> None:
    post = home.post(by=home.bob, body=Body.of_markdown("Nobody."))
    comment = home.comment(home.post(by=home.ann), by=home.bob, text="Well")
    before = len(notified(home))

    for text in ("@ann", "@ann again"):
        body = Body.of_markdown(text)
        home.perform(EditPost(by=home.bob, post=post, title="Cats", body=body))
        home.perform(EditComment(by=home.bob, comment=comment, body=body))

    assert notified(home)[before:] == ["mention"]
    assert home.rows(notification)[-1]["post_id"] == post.id


def test_a_remote_edit_notifies_the_members_in_its_tags(home: Home) -> None:
    post = home.post(by=home.ann)
    home.person(KIM)
    first = note(f"{KIM}/1", KIM, post.iri)
    receive(home, activity("Create", KIM, first))
    more = {"content": "<p>@bob</p>", "tag": naming(home.bob), "updated": "2031-01-01T00:00:00Z"}
    receive(home, activity("Update", KIM, first | more))

    assert notified(home, home.bob) == ["mention"]


def test_blocked_people_and_servers_cause_no_notification(home: Home) -> None:
    post = home.post(by=home.bob)
    kim, ken = home.person(KIM), home.person("https://ken.example/u/ken")
    moment = home.clock()

    def block(ctx: Context) -> None:
        values = {"person_id": home.bob.id, "blocked_at": moment}
        ctx.conn.execute(insert(actor_block).values(blocked_id=kim.id, **values))
        ctx.conn.execute(insert(host_block).values(host="ken.example", **values))

    home(block)
    home.comment(post, by=kim)
    home.comment(post, by=ken)
    home.comment(post, by=home.ann)

    assert notified(home, home.bob) == ["reply"]


def test_who_follows_a_thread_is_notified_once_of_each_new_comment(home: Home) -> None:
    post = home.post(by=home.bob)
    for person in (home.ann, home.bob, home.person(KIM)):
        home(lambda ctx, person=person: follow_post(ctx, person, post))
    first = home.comment(post, by=home.person(KIM))
    second = home.comment(post, by=home.bob, parent=first, text="As @ann said")
    home.comment(post, by=home.ann, parent=first)
    home.comment(post, by=home.person(KIM), parent=first)

    assert notified(home, home.ann) == ["thread", "mention", "thread"]
    assert notified(home, home.bob) == ["reply", "thread", "thread"]
    # An edit is no new comment, and who no longer follows is not notified.
    body = Body.of_markdown("Better")
    home.perform(EditComment(by=home.bob, comment=second, body=body))
    home(lambda ctx: unfollow_post(ctx.conn, home.bob, post))
    home.comment(post, by=home.ann, parent=first)
    assert len(notified(home)) == 6


def test_a_muted_thread_notifies_of_moderation_alone(home: Home) -> None:
    post = home.post(by=home.bob)
    home(lambda ctx: follow_post(ctx, home.bob, post))
    home(lambda ctx: mute_post(ctx, home.bob, post))
    assert home.rows(followed_post) == []
    home.comment(post, by=home.ann, text="I answer @bob")
    assert notified(home, home.bob) == []
    home.comment(home.post(by=home.bob), by=home.ann)
    locked = home.perform(Lock(by=home.ann, target=post, locked=True))
    assert notified(home, home.bob) == ["reply", "moderation"]

    home(lambda ctx: unmute_post(ctx.conn, home.bob, post))
    home.perform(Lock(by=home.ann, target=locked, locked=False))
    home.comment(post, by=home.ann)
    assert notified(home, home.bob)[2:] == ["moderation", "reply"]
    home(lambda ctx: mute_post(ctx, home.bob, post))
    home(lambda ctx: follow_post(ctx, home.bob, post))
    assert home.rows(muted_post) == []


def test_a_fetched_reply_is_notified_too(home: Home) -> None:
    home.person(KIM)
    document = Document(page(f"{KIM}/post", KIM, home.cats.iri, tag=naming(home.bob)))
    home(
        lambda ctx: perform(
            ctx, create_post_from(ctx, document, None), ReceivedActivity(document, KIM)
        )
    )

    assert notified(home, home.bob) == ["mention"]


def test_an_old_reply_notifies_nobody_until_it_is_edited(home: Home) -> None:
    home.person(KIM)
    own = home.post(by=home.bob)
    days = {age: (home.clock() - timedelta(days=age)).isoformat() for age in (6, 8)}
    old = note(f"{KIM}/2", KIM, own.iri, tag=naming(home.ann), published=days[8])

    receive(
        home,
        activity(
            "Create",
            KIM,
            page(f"{KIM}/1", KIM, home.cats.iri, tag=naming(home.bob), published=days[8]),
        ),
    )
    receive(home, activity("Create", KIM, old))
    assert notified(home) == []

    receive(home, activity("Create", KIM, note(f"{KIM}/3", KIM, own.iri, published=days[6])))
    assert notified(home) == ["reply"]

    receive(home, activity("Update", KIM, old | {"content": "<p>What?</p>", "updated": days[6]}))
    assert notified(home) == ["reply", "mention"]
