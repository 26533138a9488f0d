"""Official comments: permissions, effects, recipients, and the reading of peers' marks."""

import json

import pytest

from fedcom.actions.comment import EditComment
from fedcom.actions.distinguish import Distinguish
from fedcom.actions.moderators import AddModerator, RemoveModerator
from fedcom.actions.remove import RemoveContent
from fedcom.errors import Conflict, Denied
from fedcom.models.actor import Person
from fedcom.models.comment import Comment
from fedcom.models.revision import revision
from fedcom.wire.body import Body
from tests.fedcom.actions.receiving import read, receive
from tests.support.documents import Json, activity, note
from tests.support.people import Home

KIM = "https://lemmy.example/u/kim"


def marked(home: Home, by: Person, comment: Comment, *, on: bool = True) -> Comment:
    return home.perform(Distinguish(by=by, comment=comment, distinguished=on))


def test_a_moderator_marks_their_comment_and_takes_the_mark_back(home: Home) -> None:
    home.follow(home.person(KIM, "lemmy"), home.cats)
    comment = home.comment(home.post(), by=home.ann)
    home.sent()
    home.clock.advance(seconds=5)

    official = marked(home, home.ann, comment)
    plain = marked(home, home.ann, official, on=False)

    assert (official.distinguished, plain.distinguished) == (True, False)
    assert official.updated_at is None
    assert home.rows(revision) == []
    sent = home.sent_bodies()
    assert [one.shape for one, _ in sent] == ["Announce{Update{Note}}"] * 2
    notes = [json.loads(body)["object"]["object"] for _, body in sent]
    assert [one["distinguished"] for one in notes] == [True, False]
    assert all(one["updated"] > one["published"] for one in notes)


def test_only_moderators_mark_comments_and_only_their_own(home: Home) -> None:
    post = home.post()
    bobs, anns = home.comment(post), home.comment(post, by=home.ann)

    with pytest.raises(Denied, match="not_a_moderator"):
        marked(home, home.bob, bobs)
    with pytest.raises(Denied, match="not_the_author"):
        marked(home, home.ann, bobs)
    with pytest.raises(Conflict):
        marked(home, home.ann, anns, on=False)
    removed = home.perform(RemoveContent(by=home.ann, target=anns))
    with pytest.raises(Denied, match="deleted"):
        marked(home, home.ann, removed)


def test_a_former_moderator_may_take_their_mark_back(home: Home) -> None:
    home.perform(AddModerator(by=home.ann, community=home.cats, person=home.bob))
    official = marked(home, home.bob, home.comment(home.post()))
    home.perform(RemoveModerator(by=home.ann, community=home.cats, person=home.bob))

    assert not marked(home, home.bob, official, on=False).distinguished


def test_an_edit_here_keeps_the_mark(home: Home) -> None:
    official = marked(home, home.ann, home.comment(home.post(), by=home.ann))
    action = EditComment(by=home.ann, comment=official, body=Body.of_markdown("Better"))

    assert home.perform(action).distinguished


class FromKim:
    """A comment of the remote kim in our community, and new versions of it."""

    def __init__(self, home: Home, *, moderates: bool) -> None:
        self.home, self.post = home, home.post()
        kim = home.person(KIM, "lemmy")
        if moderates:
            home.perform(AddModerator(by=home.ann, community=home.cats, person=kim))
        self.iri = "https://lemmy.example/comment/1"

    def fields(self, **more: object) -> Json:
        return note(self.iri, KIM, self.post.iri) | dict(more)


def test_a_peers_mark_counts_if_the_author_moderates_the_community(home: Home) -> None:
    there = FromKim(home, moderates=True)

    made = receive(home, activity("Create", KIM, there.fields(distinguished=True)))
    again = activity("Update", KIM, there.fields(distinguished=True))

    assert made.distinguished
    assert read(home, again) is None
    taken = receive(home, activity("Update", KIM, there.fields(distinguished=False)))
    assert not taken.distinguished
    assert receive(home, again).distinguished
    better = there.fields(distinguished=True, content="<p>Better</p>")
    assert receive(home, activity("Update", KIM, better)).distinguished


def test_a_peers_mark_does_not_count_without_the_role(home: Home) -> None:
    there = FromKim(home, moderates=False)

    made = receive(home, activity("Create", KIM, there.fields(distinguished=True)))
    assert not made.distinguished
    assert read(home, activity("Update", KIM, there.fields(distinguished=True))) is None
    better = there.fields(distinguished=True, content="<p>Better</p>")
    assert not receive(home, activity("Update", KIM, better)).distinguished
