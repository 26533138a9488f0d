"""Purges: who may, what is hidden at once, who is told, what the log says, and what is refused."""

import pytest

from fedcom.accounts.members import find_account
from fedcom.actions.delete import Delete
from fedcom.errors import Conflict, Denied, Invalid, NotFound
from fedcom.models.actor import Community, Person
from fedcom.models.moderation import modlog
from fedcom.models.purge import purge, purged
from fedcom.queries.actors import find_actor, find_person
from fedcom.queries.content import Content
from fedcom.rules.limits import MAX_REASON
from fedcom.site.communities import list_closed
from fedcom.site.purge import purge_community, purge_content, purge_person
from tests.fedcom.actions.receiving import receive
from tests.support.documents import activity, group, person
from tests.support.people import Home

KIM, DOGS = "https://lemmy.example/u/kim", "https://lemmy.example/c/dogs"


def erase(home: Home, target: Content | Person | Community, reason: str = "", **by: Person) -> None:
    admin = by.get("by", home.ann)
    if isinstance(target, Person):
        home(lambda ctx: purge_person(ctx, admin, target, reason))
    elif isinstance(target, Community):
        home(lambda ctx: purge_community(ctx, admin, target, reason))
    else:
        home(lambda ctx: purge_content(ctx, admin, target, reason))


def test_only_admins_purge(home: Home) -> None:
    mia = home.member("mia")
    cats = home.community("lions", by=mia)
    post = home.post(community=cats)

    for target in (post, home.comment(post), home.bob, cats):
        with pytest.raises(Denied, match="not_an_admin"):
            erase(home, target, by=mia)
        with pytest.raises(Invalid):
            erase(home, target, "a" * (MAX_REASON + 1))
    assert home.rows(purge) == []


def test_a_purged_post_is_hidden_and_its_followers_are_told(home: Home) -> None:
    home.follow(home.person(KIM, "lemmy"), home.cats)
    post = home.post()
    home.sent()

    erase(home, post, "spam")

    assert not home.fresh(post).is_shown
    ((sent, body),) = home.sent_bodies()
    assert sent.shape == "Announce{Delete{id}}"
    assert b'"summary":"spam"' in body
    last = home.rows(modlog)[-1]
    assert (last["kind"], last["target_iri"], last["reason"]) == ("purge_post", "", "spam")
    assert last["community_id"] == home.cats.id
    with pytest.raises(Conflict, match="already_purged"):
        erase(home, home.fresh(post))


def test_a_members_comment_elsewhere_is_deleted_in_its_authors_name(home: Home) -> None:
    dogs = home.group(DOGS)
    home.follow(home.bob, dogs)
    post = home.post(by=home.person(KIM, "lemmy"), community=dogs)
    comment = home.comment(post)
    home.sent()

    erase(home, comment)

    ((sent, body),) = home.sent_bodies()
    assert (sent.shape, sent.by) == ("Delete{id}", "u/bob")
    assert b"summary" not in body
    last = home.rows(modlog)[-1]
    assert (last["kind"], last["target_iri"]) == ("purge_comment", post.iri)


def test_what_is_from_elsewhere_is_purged_here_only(home: Home) -> None:
    kim, dogs = home.person(KIM, "lemmy"), home.group(DOGS)
    home.follow(home.bob, dogs)
    post = home.post(by=kim, community=dogs)
    comment = home.comment(post, by=kim)
    home.sent()
    for target in (comment, post):
        erase(home, target)

    assert home.sent() == []
    assert not home.fresh(post).is_shown
    assert not home.fresh(comment).is_shown
    digests = [row["digest"] for row in home.rows(purged)]
    assert len(digests) == 2
    assert all(digest.startswith("sha256:") for digest in digests)


def test_a_purged_member_is_deleted_everywhere_and_cannot_log_in(home: Home) -> None:
    home.follow(home.person(KIM, "lemmy"), home.cats)
    home.post()
    home.sent()

    erase(home, home.bob, "spam")

    assert [(one.shape, one.by) for one in home.sent()] == [("Delete{id}", "u/bob")]
    gone = home(lambda ctx: find_actor(ctx.conn, home.bob.iri))
    assert gone is not None
    assert gone.deleted_at is not None
    assert home(lambda ctx: find_account(ctx.conn, home.bob.id)) is None
    last = home.rows(modlog)[-1]
    assert (last["kind"], last["target_iri"], last["reason"]) == ("purge_person", "", "spam")


def test_a_purged_remote_person_is_banned_from_the_communities_here(home: Home) -> None:
    kim = home.person(KIM, "lemmy")
    post = home.post(by=kim)
    home.sent()

    erase(home, kim)

    bodies = [body for sent, body in home.sent_bodies() if "Block" in sent.shape]
    assert bodies
    assert all(b'"removeData":true' in body for body in bodies)
    assert home.fresh(post).is_shown  # erased in the background
    banned = home(lambda ctx: find_person(ctx.conn, "kim", "lemmy.example"))
    assert banned is not None
    assert banned.banned_at is not None
    with pytest.raises(Denied, match="purged"):
        receive(home, activity("Update", KIM, person(KIM)), person(KIM))


def test_admins_and_the_servers_own_actor_are_not_purged(home: Home) -> None:
    zoe = home.member("zoe", role="admin")
    itself = home(lambda ctx: find_actor(ctx.conn, f"{home.origin}/actor"))
    assert isinstance(itself, Person)

    with pytest.raises(Denied, match="cannot_purge_admin"):
        erase(home, zoe)
    with pytest.raises(NotFound):
        erase(home, itself)


def test_a_purged_community_is_closed_and_deleted_everywhere(home: Home) -> None:
    home.follow(home.person(KIM, "lemmy"), home.cats)
    home.post()
    home.sent()

    erase(home, home.cats, "empty")

    assert [(one.shape, one.by) for one in home.sent()] == [
        ("Announce{Delete{id}}", "c/cats"),
        ("Delete{id}", "c/cats"),
    ]
    assert not home.fresh(home.cats).is_open
    assert home(lambda ctx: list_closed(ctx.conn)) == []
    last = home.rows(modlog)[-1]
    assert (last["kind"], last["target_iri"], last["reason"]) == ("purge_community", "", "empty")


def test_a_purged_remote_community_is_closed_here_only(home: Home) -> None:
    dogs = home.group(DOGS)
    home.follow(home.bob, dogs)
    home.sent()

    erase(home, dogs)

    assert home.sent() == []
    assert not home.fresh(dogs).is_open
    with pytest.raises(Denied, match="purged"):
        receive(home, activity("Update", DOGS, group(DOGS)), group(DOGS))


def test_deleted_content_is_purged_too(home: Home) -> None:
    post = home.perform(Delete(by=home.bob, target=home.post()))
    home.sent()

    erase(home, post)

    assert [row["kind"] for row in home.rows(purge)] == ["post"]
