"""An admin hides content of remote communities on this server, and restores it."""

import pytest

from fedcom.actions.delete import Delete, Undelete
from fedcom.actions.perform import perform
from fedcom.actions.remove import RemoveContent, RestoreContent
from fedcom.actions.report import Report
from fedcom.actions.take_down import reinstate, take_down
from fedcom.errors import FedcomError
from fedcom.models.actor import Community, Person
from fedcom.models.moderation import modlog, report
from fedcom.models.notification import notification
from fedcom.models.post import Post
from tests.support.people import Home, received

DOGS, KIM = "https://dogs.example/c/dogs", "https://dogs.example/u/kim"


@pytest.fixture
def dogs(home: Home) -> Community:
    """A remote community, which bob follows."""
    community = home.group(DOGS)
    home.follow(home.bob, community)
    return community


def hide(home: Home, target: Post, admin: Person | None = None) -> Post:
    by = admin or home.ann
    home(lambda ctx: perform(ctx, take_down(ctx, by, target, "Illegal")))
    return home.fresh(target)


def show(home: Home, target: Post) -> Post:
    home(lambda ctx: perform(ctx, reinstate(ctx, home.ann, target)))
    return home.fresh(target)


def test_remote_content_is_hidden_here_and_nothing_is_sent(home: Home, dogs: Community) -> None:
    post = home.post(by=home.person(KIM), community=dogs)
    home.perform(Report(by=home.bob, target=post, reason="Look at it"))
    home.sent()

    hidden = hide(home, post)

    assert not hidden.is_shown
    assert home.sent() == []
    (line,) = home.rows(modlog)
    assert (line["kind"], line["target_iri"], line["reason"]) == ("remove", post.iri, "Illegal")
    assert home.rows(report)[0]["resolved_at"] is not None
    assert show(home, hidden).is_shown
    assert home.sent() == []


def test_content_of_a_member_is_deleted_elsewhere_in_their_name(
    home: Home, dogs: Community
) -> None:
    post = home.post(community=dogs)
    home.sent()

    hidden = hide(home, post)
    (taken,) = home.sent()
    show(home, hidden)
    (given,) = home.sent()

    assert (taken.shape, taken.by) == ("Delete{id}", "u/bob")
    assert (given.shape, given.by) == ("Undo{Delete{id}}", "u/bob")
    notice = [row for row in home.rows(notification) if row["recipient_id"] == home.bob.id]
    assert [(row["detail"], row["reason"]) for row in notice] == [
        ("remove", "Illegal"),
        ("restore", ""),
    ]


def test_its_author_cannot_restore_it(home: Home, dogs: Community) -> None:
    post = hide(home, home.post(community=dogs))
    home.perform(Delete(by=home.bob, target=post))
    home.sent()

    with pytest.raises(FedcomError) as caught:
        home.perform(Undelete(by=home.bob, target=home.fresh(post)))

    assert caught.value.code == "removed"
    assert home.sent() == []


def test_its_community_cannot_restore_it_here(home: Home, dogs: Community) -> None:
    kim = home.person(KIM)
    post = hide(home, home.post(by=kim, community=dogs))

    with pytest.raises(FedcomError) as caught:
        home.perform(RestoreContent(by=kim, target=post), received(KIM, via=DOGS))

    assert caught.value.code == "taken_down"


def test_an_admin_does_not_restore_what_its_community_removed(home: Home, dogs: Community) -> None:
    kim = home.person(KIM)
    post = home.post(by=kim, community=dogs)
    home.perform(RemoveContent(by=kim, target=post), received(KIM, via=DOGS))

    with pytest.raises(FedcomError) as caught:
        show(home, home.fresh(post))

    assert caught.value.code == "removed_elsewhere"


def test_only_admins_hide_content_and_only_once(home: Home, dogs: Community) -> None:
    post = home.post(by=home.person(KIM), community=dogs)

    with pytest.raises(FedcomError) as not_theirs:
        hide(home, post, home.bob)
    hidden = hide(home, post)
    with pytest.raises(FedcomError) as again:
        hide(home, hidden)
    with pytest.raises(FedcomError) as ours:
        hide(home, home.post())

    codes = [one.value.code for one in (not_theirs, again, ours)]
    assert codes == ["not_an_admin", "already_removed", "local_community"]


@pytest.mark.parametrize(("software", "again"), [("nodebb", ["Create{Page}"]), ("lemmy", [])])
def test_restored_content_is_sent_again_to_servers_that_purged_it(
    home: Home, software: str, again: list[str]
) -> None:
    post = home.post(community=home.group(DOGS, software))
    hidden = hide(home, post)
    home.sent()

    show(home, hidden)

    assert [sent.shape for sent in home.sent()] == [*again, "Undo{Delete{id}}"]
