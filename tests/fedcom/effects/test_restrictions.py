"""Nobody here can do what a remote author does not allow."""

from typing import Any

import pytest

from activitypub.document import Document
from activitypub.iri import PUBLIC
from fedcom.actions.comment import CreateComment, note_of
from fedcom.actions.lock import Lock
from fedcom.actions.perform import perform
from fedcom.actions.post import status_of
from fedcom.errors import Denied
from fedcom.inbound.content_at import content_from
from fedcom.inbound.note import read_content
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.wire.body import Body
from inbox.ports import ReceivedActivity
from tests.support.documents import note
from tests.support.people import ORIGIN, Home

KIM = "https://kim.example/u/kim"
CLOSED = {"canReply": {"automaticApproval": [KIM]}, "canAnnounce": {"automaticApproval": [KIM]}}
TO_CATS = {"tag": [{"type": "Mention", "href": f"{ORIGIN}/c/cats"}]}


@pytest.fixture
def dialect() -> str:
    """Rows are written and read the same on every database."""
    return "sqlite"


def receive(home: Home, **more: Any) -> Any:
    """A Note by kim, new or edited."""
    document = Document(note("https://kim.example/1", KIM, **TO_CATS, **more))
    received = ReceivedActivity(Document({"type": "Create", "object": document.raw}), KIM)
    return home(lambda ctx: perform(ctx, content_from(ctx, document, None), received))


def answer(home: Home, post: Post, parent: Comment | None = None) -> Comment:
    body = Body.of_markdown("Sure")
    return home.perform(CreateComment(by=home.bob, post=post, parent=parent, body=body))


def test_a_member_cannot_reply_while_the_author_disallows_replies(home: Home) -> None:
    home.person(KIM, "gotosocial")
    post = receive(home, interactionPolicy=CLOSED)

    with pytest.raises(Denied, match="allow replies"):
        answer(home, post)

    edit = note("https://kim.example/1", KIM, **TO_CATS, content="<p>New</p>")
    edited = ReceivedActivity(Document({"type": "Update", "object": edit}), KIM)

    def read(ctx: Any) -> None:
        action = read_content(ctx, edited)
        assert action is not None
        perform(ctx, action, edited)

    home(read)
    assert answer(home, post).post_id == post.id


def test_a_comment_may_be_closed_in_an_open_thread(home: Home) -> None:
    home.person(KIM, "gotosocial")
    post = home.post()
    closed = receive(home, answers=post.iri, interactionPolicy=CLOSED)

    with pytest.raises(Denied, match="allow replies"):
        answer(home, post, closed)
    answer(home, post)


@pytest.mark.parametrize("policy", [CLOSED, None])
def test_a_community_boosts_only_what_it_may(home: Home, policy: Any) -> None:
    home.person(KIM, "gotosocial")
    home.follow(home.person("https://micro.example/u/fan", "mastodon"), home.cats)

    receive(home, interactionPolicy=policy)

    boosts = [sent for sent in home.sent() if sent.shape == "Announce{id}"]
    assert bool(boosts) is (policy is None)


def test_local_content_allows_replies_while_open_and_no_quotes(home: Home) -> None:
    post = home.post()
    comment = home.comment(post)

    def policies() -> list[Any]:
        shown = home.fresh(post)
        notes = home(lambda ctx: (status_of(ctx, shown), note_of(ctx, comment)))
        return [one["interactionPolicy"] for one in notes]

    for policy in policies():
        assert policy["canReply"] == policy["canAnnounce"] == {"automaticApproval": [PUBLIC]}
        assert policy["canQuote"] == {"automaticApproval": [home.bob.iri]}
    home.perform(Lock(by=home.ann, target=post, locked=True))
    for policy in policies():
        assert policy["canReply"] == {"automaticApproval": [home.bob.iri]}
