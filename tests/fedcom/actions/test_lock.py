"""Locks of posts and comments: permissions, effects, recipients, and peers' activities."""

from typing import Any

import pytest

from fedcom.actions.base import Action
from fedcom.actions.lock import Lock
from fedcom.errors import Conflict, Denied, Invalid
from fedcom.models.actor import Person
from fedcom.models.comment import Comment
from fedcom.models.moderation import modlog
from fedcom.models.notification import notification
from fedcom.rules.limits import MAX_REASON
from tests.fedcom.actions.receiving import read
from tests.support.documents import Json, activity, undo
from tests.support.people import Home

KIM = "https://lemmy.example/u/kim"


def test_a_moderator_locks_and_unlocks_a_post(home: Home) -> None:
    home.follow(home.person(KIM, "lemmy"), home.cats)
    post = home.post()
    home.sent()

    locked = home.perform(Lock(by=home.ann, target=post, locked=True, reason="Enough."))
    opened = home.perform(Lock(by=home.ann, target=locked, locked=False))

    assert (locked.locked_at, opened.locked_at) == (home.clock(), None)
    sent = home.sent_bodies()
    assert [one.shape for one, _ in sent] == ["Announce{Lock{id}}", "Announce{Undo{Lock{id}}}"]
    assert {one.by for one, _ in sent} == {"c/cats"}
    assert b'"summary":"Enough."' in sent[0][1]
    lines = [(row["kind"], row["reason"], row["target_iri"]) for row in home.rows(modlog)]
    assert lines == [("lock", "Enough.", post.iri), ("unlock", "", post.iri)]


def test_the_author_is_notified_with_moderator_and_reason(home: Home) -> None:
    post = home.post(by=home.bob)

    home.perform(Lock(by=home.ann, target=post, locked=True, reason="Enough."))

    (notice,) = home.rows(notification)
    assert (notice["recipient_id"], notice["actor_id"]) == (home.bob.id, home.ann.id)
    assert (notice["kind"], notice["detail"], notice["reason"]) == ("moderation", "lock", "Enough.")
    assert (notice["post_id"], notice["community_id"]) == (post.id, home.cats.id)


def test_only_moderators_lock_posts(home: Home) -> None:
    post = home.post(by=home.bob)

    with pytest.raises(Denied, match="not_a_moderator"):
        home.perform(Lock(by=home.bob, target=post, locked=True))


@pytest.mark.parametrize("locked", [True, False])
def test_locking_twice_is_refused(home: Home, locked: bool) -> None:
    post = home.post()
    if locked:
        post = home.perform(Lock(by=home.ann, target=post, locked=True))

    with pytest.raises(Conflict):
        home.perform(Lock(by=home.ann, target=post, locked=locked))


class Elsewhere:
    """The remote !dogs, followed here, with a post of kim's."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.dogs = home.group("https://lemmy.example/c/dogs")
        self.kim = home.person(KIM, "lemmy")
        home.follow(home.bob, self.dogs)
        self.post = home.post(by=self.kim, community=self.dogs)

    def read(self, document: Json, *, announced: bool = True) -> Action[Any] | None:
        return read(self.home, document, via=self.dogs.iri if announced else None)


def test_a_remote_lock_is_read_with_its_reason(home: Home) -> None:
    there = Elsewhere(home)
    document = activity("Lock", KIM, there.post.iri, summary="Enough.")

    action = there.read(document)

    assert action is not None
    assert action == Lock(by=there.kim, target=there.post, locked=True, reason="Enough.")
    assert there.read(undo(document)) is None
    locked = home.perform(action)
    assert there.read(document) is None
    assert there.read(undo(document)) == Lock(
        by=there.kim, target=locked, locked=False, reason="Enough."
    )


def test_a_remote_reason_is_cut_to_the_maximum_length(home: Home) -> None:
    there = Elsewhere(home)
    document = activity("Lock", KIM, there.post.iri, summary="Enough. " * MAX_REASON)

    action = there.read(document)

    assert isinstance(action, Lock)
    assert len(action.reason) == MAX_REASON


def test_a_lock_waits_for_its_communitys_announce(home: Home) -> None:
    there = Elsewhere(home)

    with pytest.raises(Denied, match="waits_for_announce"):
        there.read(activity("Lock", KIM, there.post.iri), announced=False)


def test_a_remote_lock_of_a_comment_is_read_with_its_reason(home: Home) -> None:
    there = Elsewhere(home)
    comment = home.comment(there.post)
    document = activity("Lock", KIM, comment.iri, summary="Enough.")

    action = there.read(document)

    assert action == Lock(by=there.kim, target=comment, locked=True, reason="Enough.")
    locked = home.perform(action)
    assert there.read(document) is None
    assert there.read(undo(document)) == Lock(
        by=there.kim, target=locked, locked=False, reason="Enough."
    )


class Branch:
    """A comment in our community with one below it, and one beside it."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.post = home.post()
        self.top = home.comment(self.post)
        self.below = home.comment(self.post, parent=self.top)
        self.beside = home.comment(self.post)

    def locks(self) -> list[bool]:
        rows = (self.top, self.below, self.beside)
        return [self.home.fresh(one).locked_at is not None for one in rows]

    def reply(self, by: Person, parent: Comment) -> Comment:
        return self.home.comment(self.post, by=by, parent=self.home.fresh(parent))


def test_a_locked_comment_locks_all_replies_below_it_until_unlocked(home: Home) -> None:
    home.follow(home.person(KIM, "lemmy"), home.cats)
    branch = Branch(home)
    home.sent()

    locked = home.perform(Lock(by=home.ann, target=branch.top, locked=True, reason="Enough."))
    assert branch.locks() == [True, True, False]
    opened = home.perform(Lock(by=home.ann, target=locked, locked=False))
    assert branch.locks() == [False, False, False]

    assert (locked.locked_at, opened.locked_at) == (home.clock(), None)
    sent = [one.shape for one, _ in home.sent_bodies()]
    assert sent == ["Announce{Lock{id}}", "Announce{Undo{Lock{id}}}"]
    lines = [(row["kind"], row["target_iri"]) for row in home.rows(modlog)]
    assert lines == [("lock", branch.top.iri), ("unlock", branch.top.iri)]
    notice = home.rows(notification)[-1]
    assert (notice["detail"], notice["comment_id"]) == ("unlock", branch.top.id)


def test_only_moderators_reply_below_a_locked_comment(home: Home) -> None:
    branch = Branch(home)
    home.perform(Lock(by=home.ann, target=branch.top, locked=True))

    for parent in (branch.top, branch.below):
        with pytest.raises(Denied, match="locked"):
            branch.reply(home.bob, parent)
    assert branch.reply(home.bob, branch.beside).locked_at is None
    by_moderator = branch.reply(home.ann, branch.below)
    assert by_moderator.locked_at == home.clock()
    with pytest.raises(Denied, match="locked"):
        branch.reply(home.bob, by_moderator)

    home.perform(Lock(by=home.ann, target=home.fresh(branch.top), locked=False))
    assert branch.reply(home.bob, by_moderator).locked_at is None


def test_remote_replies_below_a_locked_comment_are_refused(home: Home) -> None:
    branch = Branch(home)
    home.perform(Lock(by=home.ann, target=branch.top, locked=True))

    with pytest.raises(Denied, match="locked"):
        branch.reply(home.person(KIM, "lemmy"), branch.below)


def test_only_moderators_lock_comments(home: Home) -> None:
    branch = Branch(home)

    with pytest.raises(Denied, match="not_a_moderator"):
        home.perform(Lock(by=home.bob, target=branch.top, locked=True))


def test_a_lock_of_an_unknown_object_is_refused(home: Home) -> None:
    with pytest.raises(Invalid, match="couldnt_find_post"):
        Elsewhere(home).read(activity("Lock", KIM, "https://lemmy.example/post/0"))
