"""Bans: permissions, effects, notifications, expiry, and the reading of peers' activities."""

import json
from collections import Counter
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from activitypub.document import Document
from activitypub.errors import Gone
from activitypub.nodeinfo import Software
from activitypub.parse import parse
from fedcom.accounts.sessions import create_session, find_site_and_member
from fedcom.actions.ban import Ban
from fedcom.actions.delete import Delete
from fedcom.actions.follow import Follow
from fedcom.actions.moderators import AddModerator
from fedcom.actions.pin import Pin
from fedcom.actions.remove import RemoveContent
from fedcom.actions.report import Report
from fedcom.actions.unban import Unban
from fedcom.context import Context, Fetched
from fedcom.errors import Conflict, Denied, FedcomError, NeedsFetch, NotFound
from fedcom.inbound.block import READERS
from fedcom.models.account import session
from fedcom.models.actor import Community, Person, actor, community as community_table
from fedcom.models.comment import comment
from fedcom.models.follow import follow
from fedcom.models.moderation import community_ban, moderator, modlog, report
from fedcom.models.notification import notification
from fedcom.models.post import post, post_rank
from fedcom.queries.actors import get_person
from fedcom.remote.peers import put_peer
from fedcom.views.ban import list_bans
from inbox.ports import ReceivedActivity
from tests.fedcom.actions.receiving import read, receive
from tests.support import documents
from tests.support.documents import activity, undo
from tests.support.people import ORIGIN, Home, received
from tests.support.recount import miscounted_authors

KIM, KEN = "https://lemmy.example/u/kim", "https://lemmy.example/u/ken"
DOGS, SITE = "https://lemmy.example/c/dogs", "https://lemmy.example/"


def code(home: Home, action: Any) -> str:
    """The code of the refusal, or "allowed"."""
    try:
        home.perform(action, None if action.by.local else received(action.by.iri))
    except FedcomError as error:
        return error.code
    return "allowed"


def again(home: Home, person: Person) -> Person:
    return home(lambda ctx: get_person(ctx.conn, person.id))


def counters(home: Home) -> dict[str, Any]:
    """The counters, as stored and as recounted."""

    def work(ctx: Context) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for about in home.rows(community_table):
            inside = post.c.community_id == about["actor_id"]
            shown = (post.c.deleted_at.is_(None), post.c.removed_at.is_(None))
            comments = (comment.c.deleted_at.is_(None), comment.c.removed_at.is_(None))
            found[f"posts in {about['actor_id']}"] = (
                about["posts"],
                ctx.conn.execute(select(func.count()).where(inside, *shown)).scalar_one(),
            )
            below = comment.c.post_id.in_(select(post.c.id).where(inside))
            found[f"comments in {about['actor_id']}"] = (
                about["comments"],
                ctx.conn.execute(select(func.count()).where(below, *comments)).scalar_one(),
            )
        found["authors"] = (miscounted_authors(ctx.conn), {})
        for about in home.rows(post):
            below = comment.c.post_id == about["id"]
            found[f"comments below {about['id']}"] = (
                about["comments"],
                ctx.conn.execute(select(func.count()).where(below, *comments)).scalar_one(),
            )
            ranked = select(func.count()).where(post_rank.c.post_id == about["id"])
            is_shown = about["deleted_at"] is None and about["removed_at"] is None
            found[f"rank of {about['id']}"] = (
                ctx.conn.execute(ranked).scalar_one(),
                int(is_shown),
            )
        for about in home.rows(comment):
            below = comment.c.path.startswith(f"{about['path']}.")
            found[f"replies to {about['id']}"] = (
                about["replies"],
                ctx.conn.execute(select(func.count()).where(below, *comments)).scalar_one(),
            )
        return found

    return home(work)


def assert_counted(home: Home) -> None:
    wrong = {name: pair for name, pair in counters(home).items() if pair[0] != pair[1]}
    assert wrong == {}


def from_cats(home: Home, person: Person, **more: Any) -> Ban:
    return Ban(by=home.ann, person=person, community=home.cats, **more)


def from_here(home: Home, person: Person, **more: Any) -> Ban:
    return Ban(by=home.ann, person=person, community=None, **more)


# From a community.


def test_a_ban_from_a_community_ends_following_and_moderating_and_is_announced(home: Home) -> None:
    home.follow(home.person(KEN, "lemmy"), home.cats)
    home.follow(home.bob, home.cats)
    home.clock.advance(seconds=1)
    home.perform(AddModerator(by=home.ann, community=home.cats, person=home.bob))
    before = home.fresh(home.cats).subscribers
    home.sent()

    home.perform(from_cats(home, home.bob, reason="spam"))

    (ban,) = home.rows(community_ban)
    assert (ban["community_id"], ban["person_id"], ban["reason"], ban["expires_at"]) == (
        home.cats.id,
        home.bob.id,
        "spam",
        None,
    )
    assert home.bob.id not in {row["person_id"] for row in home.rows(moderator)}
    assert home.fresh(home.cats).subscribers == before - 1
    ((sent, body),) = home.sent_bodies()
    assert (sent.shape, sent.by) == ("Announce{Block{id}}", "c/cats")
    assert f'"target":"{home.cats.iri}"'.encode() in body
    line = home.rows(modlog)[-1]
    assert (line["kind"], line["target_iri"], line["reason"]) == ("ban", home.bob.iri, "spam")
    notice = home.rows(notification)[-1]
    assert (notice["recipient_id"], notice["detail"], notice["reason"]) == (
        home.bob.id,
        "ban",
        "spam",
    )
    assert notice["community_id"] == home.cats.id


def test_the_server_of_a_banned_person_is_sent_the_ban_after_the_follow_ended(home: Home) -> None:
    kim = home.person(KIM, "lemmy")

    home.perform(from_cats(home, kim))

    assert [sent.shape for sent in home.sent()] == ["Announce{Block{id}}"]


def test_a_ban_from_a_community_leaves_other_communities_alone(home: Home) -> None:
    birds = home.community("birds")
    theirs = home.post(by=home.bob)
    elsewhere = home.post(by=home.bob, community=birds)

    home.perform(from_cats(home, home.bob, removes_content=True))

    assert home.fresh(theirs).removed_at == home.clock()
    assert home.fresh(elsewhere).removed_at is None
    assert home.post(by=home.bob, community=birds).is_shown
    with pytest.raises(Denied) as caught:
        home.post(by=home.bob)
    assert caught.value.code == "person_is_banned_from_community"
    assert_counted(home)


@pytest.mark.parametrize("who", ["bob", "kim"])
def test_only_moderators_and_admins_ban(home: Home, who: str) -> None:
    by = home.bob if who == "bob" else home.person(KIM)
    victim = home.member("eve")

    assert code(home, Ban(by=by, person=victim, community=home.cats)) == "not_a_moderator"
    target = home.person(KEN) if who == "bob" else home.person("https://third.example/u/max")
    expected = "not_an_admin" if who == "bob" else "not_their_site"
    assert code(home, Ban(by=by, person=target, community=None)) == expected


def test_a_moderator_cannot_ban_or_unban_an_older_moderator(home: Home) -> None:
    first, second = home.member("first"), home.member("second")
    for person in (first, second):
        home.clock.advance(seconds=1)
        home.perform(AddModerator(by=home.ann, community=home.cats, person=person))

    assert code(home, Ban(by=second, person=first, community=home.cats)) == "not_higher_mod"
    assert code(home, Ban(by=second, person=home.ann, community=home.cats)) == "not_higher_mod"
    assert code(home, Ban(by=first, person=home.ann, community=None)) == "not_an_admin"
    assert code(home, Ban(by=first, person=second, community=home.cats)) == "allowed"


def test_an_admin_is_not_banned(home: Home) -> None:
    admin = home.member("zoe", role="admin")

    assert code(home, from_here(home, admin)) == "cannot_ban_admin"
    assert code(home, from_cats(home, admin)) == "cannot_ban_admin"


def test_a_second_ban_changes_the_first(home: Home) -> None:
    home.perform(from_cats(home, home.bob, reason="spam"))
    since = home.clock()
    home.clock.advance(hours=1)

    with pytest.raises(Conflict):
        home.perform(from_cats(home, home.bob, reason="spam"))
    home.perform(from_cats(home, home.bob, reason="more spam"))

    (ban,) = home.rows(community_ban)
    assert (ban["reason"], ban["created_at"]) == ("more spam", since)


def test_a_ban_expires(home: Home) -> None:
    until = home.clock() + timedelta(days=1)
    home.perform(from_cats(home, home.bob, expires_at=until))
    with pytest.raises(Denied, match="The ban ends at"):
        home.post(by=home.bob)

    home.clock.advance(days=1)

    assert home.post(by=home.bob).is_shown
    assert home(lambda ctx: list_bans(ctx.conn, home.cats.id, ctx.now)).items == ()
    assert code(home, Unban(by=home.ann, person=home.bob, community=home.cats)) == "not_banned"


def test_a_ban_ends_after_it_begins(home: Home) -> None:
    assert code(home, from_cats(home, home.bob, expires_at=home.clock())) == (
        "ban_expires_in_the_past"
    )


# The person's content.


def write_much(home: Home, by: Person) -> None:
    """Posts and comments by `by` and by ann, below each other; some are gone already."""
    mine, anns = home.post(by=by), home.post(by=home.ann, title="By ann")
    for about in (mine, anns):
        top = home.comment(about, by=by)
        answer = home.comment(about, by=home.ann, parent=top)
        home.comment(about, by=by, parent=answer)
        home.comment(about, by=by, parent=answer)
    kept_off = home.post(by=by, title="Removed long ago")
    home.perform(RemoveContent(by=home.ann, target=kept_off))
    taken_back = home.post(by=by, title="Deleted")
    home.perform(Delete(by=by, target=taken_back), None if by.local else received(by.iri))
    home.perform(Pin(by=home.ann, post=mine, pinned=True))
    home.clock.advance(hours=1)


@pytest.mark.parametrize("community", ["cats", "site"])
def test_a_ban_removes_all_content_and_its_end_restores_it(home: Home, community: str) -> None:
    write_much(home, home.bob)
    before = counters(home)
    where = home.cats if community == "cats" else None
    lines = len(home.rows(modlog))

    home.perform(Ban(by=home.ann, person=home.bob, community=where, removes_content=True))

    for table in (post, comment):
        for row in home.rows(table):
            is_gone = row["deleted_at"] is not None or row["removed_at"] is not None
            assert is_gone is (row["author_id"] == home.bob.id)
    assert_counted(home)
    assert len(home.rows(modlog)) == lines + 1

    home.clock.advance(hours=1)
    home.perform(Unban(by=home.ann, person=home.bob, community=where, restores_content=True))

    assert counters(home) == before
    assert_counted(home)
    titles = {row["title"] for row in home.rows(post) if row["removed_at"] is not None}
    assert titles == {"Removed long ago"}


def test_lemmy_is_sent_each_restoration(home: Home) -> None:
    kim, ken = home.person(KIM), home.person("https://new.example/u/ken")
    for host, version in (("lemmy.example", "0.19.20"), ("new.example", "1.0.0")):
        home(partial(describe, host=host, version=version))
    for person in (kim, ken):
        home.follow(person, home.cats)
    mine = home.post()
    answer = home.comment(home.post(by=home.ann))
    home.perform(Ban(by=home.ann, person=home.bob, community=home.cats, removes_content=True))
    home.sent()

    home.clock.advance(hours=1)
    home.perform(Unban(by=home.ann, person=home.bob, community=home.cats, restores_content=True))

    sent = home.sent_bodies()
    assert {one.inbox for one, _ in sent} == {
        "https://lemmy.example/inbox",
        "https://new.example/inbox",
    }
    parts = [body for one, body in sent if one.shape == "Announce{Undo{Delete{id}}}"]
    notice = [Document(parse(body)).objects[0] for body in parts]
    assert {one.subject_id for one in notice if isinstance(one, Document)} == {mine.iri, answer.iri}
    assert all(b'"summary":""' in body for body in parts), "by a moderator, for Lemmy"
    assert len(sent) == 4, "who reads restoreData hears of it once"


def test_a_remote_community_is_sent_each_restoration_by_its_local_moderator(home: Home) -> None:
    dogs, kim = home.group(DOGS), home.person(KIM)
    home.follow(home.bob, dogs)
    row = {"community_id": dogs.id, "person_id": home.bob.id, "appointed_at": home.clock()}
    home(lambda ctx: ctx.conn.execute(insert(moderator).values(row)))
    home.post(by=kim, community=dogs)
    home.perform(Ban(by=home.bob, person=kim, community=dogs, removes_content=True))
    home.sent()

    home.clock.advance(hours=1)
    home.perform(Unban(by=home.bob, person=kim, community=dogs, restores_content=True))

    sent_shapes = {(sent.shape, sent.by) for sent in home.sent()}
    assert sent_shapes == {("Undo{Block{id}}", "u/bob"), ("Undo{Delete{id}}", "u/bob")}


def describe(ctx: Context, host: str, version: str) -> None:
    put_peer(ctx.conn, host, Software("lemmy", version), ctx.now)


def test_content_stays_removed_without_restoring(home: Home) -> None:
    about = home.post(by=home.bob)
    home.perform(from_cats(home, home.bob, removes_content=True))

    home.perform(Unban(by=home.ann, person=home.bob, community=home.cats))

    assert home.fresh(about).removed_at is not None
    assert home.post(by=home.bob).is_shown


@pytest.mark.parametrize("community", ["cats", "site"])
def test_a_ban_resolves_reports_of_the_removed_content(home: Home, community: str) -> None:
    mine, anns, eve = home.post(by=home.bob), home.post(by=home.ann), home.member("eve")
    dogs = home.post(by=home.bob, community=home.community("dogs"))
    where = home.cats if community == "cats" else None
    for target in (mine, home.comment(anns, by=home.bob), dogs, anns):
        home.perform(Report(by=eve, target=target, reason="Rude."))

    home.perform(Ban(by=home.ann, person=home.bob, community=where, removes_content=True))

    resolvers = [row["resolver_id"] for row in home.rows(report)]
    in_dogs = None if community == "cats" else home.ann.id
    assert resolvers == [home.ann.id, home.ann.id, in_dogs, None]


def test_microblogs_are_sent_each_removal(home: Home) -> None:
    home.follow(home.person("https://mastodon.example/u/lea", "mastodon"), home.cats)
    for number in range(2):
        home.post(by=home.bob, title=f"Spam {number}")
    home.sent()

    home.perform(from_cats(home, home.bob, removes_content=True))
    assert [sent.shape for sent in home.sent()] == ["Undo{Announce{id}}"] * 2

    home.perform(Unban(by=home.ann, person=home.bob, community=home.cats, restores_content=True))
    assert [sent.shape for sent in home.sent()] == ["Announce{id}"] * 2


# From the server.


def test_a_banned_member_is_signed_out_and_all_forums_are_informed(home: Home) -> None:
    token = home(lambda ctx: create_session(ctx.conn, home.bob.id, "", ctx.now))
    home.person(KIM, "lemmy")
    home.person("https://mastodon.example/u/lea", "mastodon")
    until = home.clock() + timedelta(days=7)

    banned = home.perform(from_here(home, home.bob, reason="spam", expires_at=until))

    assert (banned.banned_at, banned.ban_reason, banned.ban_expires_at) == (
        home.clock(),
        "spam",
        until,
    )
    assert home.rows(session) == []
    ((sent, body),) = home.sent_bodies()
    assert (sent.inbox, sent.shape) == ("https://lemmy.example/inbox", "Block{id}")
    assert f'"target":"{ORIGIN}/"'.encode() in body
    assert b'"endTime":' in body
    assert b'"expires":' in body
    freed = home.perform(Unban(by=home.ann, person=banned, community=None))
    assert freed.person == home.bob
    assert [sent.shape for sent in home.sent()] == ["Undo{Block{id}}"]
    assert home(lambda ctx: find_site_and_member(ctx.conn, token, ctx.now))[1] is None


def test_a_site_ban_of_a_remote_person_covers_each_local_community(home: Home) -> None:
    kim = home.person(KIM, "lemmy")
    birds, bees = home.community("birds"), home.community("bees")
    home.follow(kim, birds)
    home.post(by=kim)
    home.comment(home.post(community=bees), by=kim)
    home.community("fish")
    home.sent()

    home.perform(from_here(home, kim, reason="spam", removes_content=True))

    kept_out = {row["community_id"] for row in home.rows(community_ban)}
    assert kept_out == {home.cats.id, birds.id, bees.id}
    assert [sent.shape for sent in home.sent()] == ["Announce{Block{id}}"] * 3
    assert_counted(home)

    home.perform(Unban(by=home.ann, person=again(home, kim), community=None, restores_content=True))

    assert home.rows(community_ban) == []
    sent_shapes = Counter(sent.shape for sent in home.sent())
    assert sent_shapes == {"Announce{Undo{Block{id}}}": 3, "Announce{Undo{Delete{id}}}": 2}
    assert {row["removed_at"] for row in home.rows(post)} == {None}
    assert_counted(home)


# Peers' activities.


class Elsewhere:
    """The remote !dogs, where bob is a follower and author; ken is an admin there and kim a
    member.
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        self.dogs: Community = home.group(DOGS)
        self.kim, self.ken = home.person(KIM, "lemmy"), home.person(KEN)
        home.follow(home.bob, self.dogs)
        self.post = home.post(by=home.bob, community=self.dogs)
        self.kims = home.post(by=self.kim, community=self.dogs)
        home.sent()


def test_all_fields_of_a_remote_communitys_ban_are_read(home: Home) -> None:
    there = Elsewhere(home)
    incoming = activity(
        "Block",
        KEN,
        KIM,
        target=DOGS,
        summary="spam",
        endTime="2030-01-01T00:00:00Z",
        removeData=True,
    )

    action = read(home, incoming, via=DOGS)

    assert isinstance(action, Ban)
    assert (action.by, action.person, action.community) == (
        there.ken,
        there.kim,
        home.fresh(there.dogs),
    )
    assert (action.reason, action.removes_content) == ("spam", True)
    assert action.expires_at == datetime.fromisoformat("2030-01-01T00:00:00+00:00")


def test_a_member_banned_by_a_remote_community_is_refused_here_and_notified(home: Home) -> None:
    there = Elsewhere(home)
    incoming = activity("Block", KEN, home.bob.iri, target=DOGS, summary="spam", removeData=True)

    receive(home, incoming, via=DOGS)

    assert home.sent() == []
    assert home.fresh(there.post).removed_at is not None
    notice = home.rows(notification)[-1]
    assert (notice["recipient_id"], notice["community_id"]) == (home.bob.id, there.dogs.id)
    with pytest.raises(Denied, match="Reason: spam"):
        home.post(by=home.bob, community=there.dogs)

    receive(home, undo(incoming) | {"restoreData": True}, via=DOGS)

    assert home.fresh(there.post).removed_at is None
    assert home.post(by=home.bob, community=there.dogs).is_shown


def test_older_fields_for_the_end_of_a_ban_are_read(home: Home) -> None:
    Elsewhere(home)
    incoming = activity("Block", KEN, KIM, target=DOGS, expires="2030-01-01T00:00:00+00:00")

    action = read(home, incoming, via=DOGS)

    assert isinstance(action, Ban)
    assert action.expires_at is not None


def test_a_ban_that_changes_nothing_is_ignored(home: Home) -> None:
    Elsewhere(home)
    incoming = activity("Block", KEN, KIM, target=DOGS)
    over = activity("Block", KEN, KIM, target=DOGS, endTime="2020-01-01T00:00:00Z")

    assert read(home, undo(incoming), via=DOGS) is None
    assert read(home, over, via=DOGS) is None


def test_the_person_is_fetched_for_a_community_ban_but_not_for_a_site_ban(home: Home) -> None:
    Elsewhere(home)
    nobody = "https://lemmy.example/u/nobody"
    incoming = activity("Block", KEN, nobody, target=DOGS, summary="Spam")

    with pytest.raises(NeedsFetch) as caught:
        read(home, incoming, via=DOGS)
    assert (caught.value.iri, caught.value.required) == (nobody, False)
    banned = receive(home, incoming, documents.person(nobody), via=DOGS)
    assert banned.iri == nobody
    assert [row["reason"] for row in home.rows(community_ban)] == ["Spam"]

    gone = "https://lemmy.example/u/gone"
    fetched = Fetched()
    fetched.failures[gone] = Gone("gone", "410", url=gone, status=410)
    received_activity = ReceivedActivity(Document(incoming | {"object": gone}), KEN, via=DOGS)
    assert home(lambda ctx: READERS["Block",](ctx, received_activity), fetched=fetched) is None

    admin = "https://lemmy.example/u/kai"
    stranger = documents.person("https://lemmy.example/u/stranger")
    incoming = activity("Block", admin, stranger["id"], target="https://lemmy.example/")
    assert read(home, incoming, stranger) is None


def test_a_ban_from_a_remote_community_waits_for_its_announce(home: Home) -> None:
    Elsewhere(home)

    with pytest.raises(Denied) as caught:
        read(home, activity("Block", KEN, KIM, target=DOGS))
    assert caught.value.code == "waits_for_announce"


def test_a_site_bans_its_own_people_everywhere(home: Home) -> None:
    there = Elsewhere(home)
    here = home.post(by=there.kim, iri="https://lemmy.example/post/ours")

    receive(home, activity("Block", KEN, KIM, target=SITE, removeData=True))

    assert again(home, there.kim).is_banned(home.clock())
    assert home.fresh(here).removed_at is not None
    assert home.fresh(there.kims).removed_at is not None
    assert home.sent() == []
    assert home.rows(community_ban) == []


def test_a_remote_site_cannot_change_or_end_our_ban(home: Home) -> None:
    there = Elsewhere(home)
    here = home.post(by=there.kim, iri="https://lemmy.example/post/ours")
    home.perform(from_here(home, there.kim, reason="spam"))
    home.clock.advance(hours=1)
    soon = home.clock() + timedelta(minutes=1)
    incoming = activity("Block", KEN, KIM, target=SITE, endTime=soon.isoformat())

    for received_there in (incoming, undo(activity("Block", KEN, KIM, target=SITE))):
        with pytest.raises(Conflict):
            receive(home, received_there)
    receive(home, incoming | {"removeData": True})

    kim = again(home, there.kim)
    assert (kim.ban_reason, kim.ban_expires_at) == ("spam", None)
    assert kim.is_banned(home.clock() + timedelta(days=1))
    assert home.fresh(here).removed_at is not None
    with pytest.raises(Conflict):
        receive(home, undo(activity("Block", KEN, KIM, target=SITE)))
    home.perform(Unban(by=home.ann, person=kim, community=None))
    assert not again(home, there.kim).is_banned(home.clock())


def test_the_end_of_a_ban_that_joined_another_ends_it_in_our_communities_too(home: Home) -> None:
    there = Elsewhere(home)
    home.post(by=there.kim, iri="https://lemmy.example/post/ours")
    receive(home, activity("Block", KEN, KIM, target=SITE))
    home.clock.advance(hours=1)
    home.perform(from_here(home, again(home, there.kim), reason="spam"))
    assert [row["community_id"] for row in home.rows(community_ban)] == [home.cats.id]

    home.perform(Unban(by=home.ann, person=again(home, there.kim), community=None))

    assert home.rows(community_ban) == []


def test_a_remote_community_cannot_restore_content_removed_by_our_ban(home: Home) -> None:
    there = Elsewhere(home)
    block = activity("Block", KEN, KIM, target=DOGS)
    receive(home, block, via=DOGS)
    home.perform(from_here(home, again(home, there.kim), removes_content=True))
    incoming = undo(activity("Delete", KEN, there.kims.iri, summary="spam"))

    with pytest.raises(Denied, match="site_ban"):
        receive(home, incoming, via=DOGS)
    receive(home, undo(block) | {"restoreData": True}, via=DOGS)
    assert home.fresh(there.kims).removed_at is not None

    home.perform(Unban(by=home.ann, person=again(home, there.kim), community=None))
    receive(home, incoming, via=DOGS)
    assert home.fresh(there.kims).is_shown


def test_a_site_ends_its_own_ban_until_ours_joins_it(home: Home) -> None:
    there = Elsewhere(home)
    incoming = activity("Block", KEN, KIM, target=SITE)
    receive(home, incoming)
    receive(home, undo(incoming))
    assert not again(home, there.kim).is_banned(home.clock())

    receive(home, incoming)
    home.perform(from_here(home, again(home, there.kim), reason="spam"))

    with pytest.raises(Conflict):
        receive(home, undo(incoming))
    assert again(home, there.kim).is_banned(home.clock())


def test_a_remote_site_cannot_ban_people_of_other_servers(home: Home) -> None:
    Elsewhere(home)
    home.person("https://third.example/u/max")

    with pytest.raises(Denied) as caught:
        receive(home, activity("Block", KEN, "https://third.example/u/max", target=SITE))
    assert caught.value.code == "not_their_site"


def test_a_remote_site_ban_of_a_member_covers_its_communities(home: Home) -> None:
    there = Elsewhere(home)
    cows = home.group("https://lemmy.example/c/cows")
    other = home.group("https://third.example/c/cows")
    incoming = activity("Block", KEN, home.bob.iri, target=SITE, summary="spam", removeData=True)

    receive(home, incoming)

    kept_out = {row["community_id"]: row["reason"] for row in home.rows(community_ban)}
    assert kept_out == {there.dogs.id: "spam", cows.id: "spam"}
    assert not again(home, home.bob).is_banned(home.clock())
    assert home.fresh(there.post).removed_at is not None
    assert home.post(by=home.bob).is_shown
    assert other.id not in kept_out
    notice = home.rows(notification)[-1]
    assert (notice["recipient_id"], notice["detail"]) == (home.bob.id, "ban_elsewhere")
    assert notice["reason"] == "lemmy.example: spam"
    # Once is enough.
    assert read(home, incoming) is not None
    with pytest.raises(Conflict):
        receive(home, incoming | {"removeData": False})

    receive(home, undo(incoming, restoreData=True))

    assert home.rows(community_ban) == []
    assert home.fresh(there.post).removed_at is None
    assert home.rows(notification)[-1]["detail"] == "unban_elsewhere"
    assert home.sent() == []
    with pytest.raises(Conflict):
        receive(home, undo(incoming))


def test_a_remote_site_ban_covers_communities_that_are_seen_later(home: Home) -> None:
    Elsewhere(home)
    incoming = activity("Block", KEN, home.bob.iri, target=SITE, summary="spam")
    receive(home, incoming)

    cows = home.group("https://lemmy.example/c/cows")

    assert code(home, Follow(by=home.bob, target=cows)) == "person_is_banned_from_community"
    assert code(home, Follow(by=home.ann, target=cows)) == "allowed"
    other = home.group("https://third.example/c/cows")
    assert code(home, Follow(by=home.bob, target=other)) == "allowed"
    receive(home, undo(incoming))
    assert home.rows(community_ban) == []


def test_an_expired_remote_site_ban_covers_no_new_community(home: Home) -> None:
    Elsewhere(home)
    ends = (home.clock() + timedelta(days=1)).isoformat()
    receive(home, activity("Block", KEN, home.bob.iri, target=SITE, endTime=ends))
    home.clock.advance(days=2)

    cows = home.group("https://lemmy.example/c/cows")

    assert code(home, Follow(by=home.bob, target=cows)) == "allowed"


@pytest.mark.parametrize("site_first", [True, False])
def test_the_end_of_a_remote_site_ban_keeps_bans_by_a_community(
    home: Home, site_first: bool
) -> None:
    there = Elsewhere(home)
    cows = home.group("https://lemmy.example/c/cows")
    site = (activity("Block", KEN, home.bob.iri, target=SITE), None)
    own = (activity("Block", KIM, home.bob.iri, target=DOGS, summary="rude"), DOGS)
    for incoming, via in [site, own] if site_first else [own, site]:
        receive(home, incoming, via=via)
        home.clock.advance(minutes=1)
    assert {row["community_id"] for row in home.rows(community_ban)} == {there.dogs.id, cows.id}
    pigs = home.group("https://lemmy.example/c/pigs")
    assert code(home, Follow(by=home.bob, target=pigs)) == "person_is_banned_from_community"

    receive(home, undo(site[0]))

    left = [(row["community_id"], row["reason"]) for row in home.rows(community_ban)]
    assert left == [(there.dogs.id, "rude")]


def test_a_remote_site_ban_outlasts_a_shorter_one_of_its_community(home: Home) -> None:
    there = Elsewhere(home)
    ends = (home.clock() + timedelta(days=1)).isoformat()
    receive(home, activity("Block", KIM, home.bob.iri, target=DOGS, endTime=ends), via=DOGS)
    home.clock.advance(minutes=1)
    incoming = activity("Block", KEN, home.bob.iri, target=SITE)

    receive(home, incoming)

    home.clock.advance(days=2)
    assert code(home, Follow(by=home.bob, target=there.dogs)) == "person_is_banned_from_community"
    receive(home, undo(incoming))
    assert home.rows(community_ban) == []


def test_a_remote_site_may_ban_our_admins_from_its_communities(home: Home) -> None:
    there = Elsewhere(home)

    receive(home, activity("Block", KEN, home.ann.iri, target=SITE))

    assert [row["community_id"] for row in home.rows(community_ban)] == [there.dogs.id]


def test_other_targets_are_unknown(home: Home) -> None:
    Elsewhere(home)

    with pytest.raises(NotFound):
        read(home, activity("Block", KEN, KIM, target=f"{DOGS}/followers"), via=DOGS)


def test_the_site_may_be_named_by_its_actor(home: Home) -> None:
    there = Elsewhere(home)
    iri = "https://lemmy.example/i/actor"

    def make(ctx: Context) -> None:
        row = home.rows(actor)[-1] | {"id": None, "iri": iri, "kind": "Application", "name": "site"}
        ctx.conn.execute(actor.insert().values({k: v for k, v in row.items() if k != "id"}))

    home(make)

    assert read(home, activity("Block", KEN, KIM, target=iri)) == Ban(
        by=there.ken, person=there.kim, community=None
    )


# What is sent to people on microblog servers.

TOOT = "https://toots.example/users/tom"


def follows(home: Home, *people: Person) -> list[dict[str, Any]]:
    numbers = {one.id for one in people}
    return [row for row in home.rows(follow) if row["follower_id"] in numbers]


def test_a_microblog_is_sent_a_reject_and_a_note_and_no_block(home: Home) -> None:
    tom = home.person(TOOT, "mastodon")
    home.follow(tom, home.cats)

    home.perform(from_cats(home, tom, reason="spam"))

    rows = home.sent_bodies()
    assert [(sent.inbox, sent.shape, sent.by) for sent, _ in rows] == [
        (tom.inbox, "Reject{Follow{id}}", "c/cats"),
        (tom.inbox, "Create{Note}", "c/cats"),
    ]
    reject, note = (json.loads(body) for _, body in rows)
    assert reject["object"]["actor"] == TOOT
    assert note["object"]["content"] == "<p>You are banned from cats. Reason: spam</p>"
    assert (note["object"]["to"], "proof" in note) == ([TOOT], False)
    assert follows(home, tom) == []


@pytest.mark.parametrize("days", [None, 1])
def test_a_ban_from_the_site_ends_the_following_of_members_for_good_or_not_at_all(
    home: Home, days: int | None
) -> None:
    tom = home.person(TOOT, "mastodon")
    home.follow(tom, home.bob)
    until = None if days is None else home.clock() + timedelta(days=days)

    home.perform(Ban(by=home.ann, person=tom, community=None, expires_at=until))

    rejects = [(one.inbox, one.by) for one in home.sent() if one.shape == "Reject{Follow{id}}"]
    assert rejects == ([(tom.inbox, "u/bob")] if days is None else [])
    assert len(follows(home, tom)) == (0 if days is None else 1)


def test_a_ban_from_the_site_shows_no_admin_to_a_microblog(home: Home) -> None:
    tom = home.person(TOOT, "mastodon")
    home.follow(tom, home.cats)
    home.follow(tom, home.community("birds"))

    home.perform(from_here(home, tom, reason="spam"))

    sent_by = {(sent.shape, sent.by) for sent in home.sent()}
    assert sent_by == {
        ("Reject{Follow{id}}", "c/cats"),
        ("Reject{Follow{id}}", "c/birds"),
        ("Create{Note}", "actor"),
    }


def test_a_temporary_ban_only_interrupts_a_follow(home: Home) -> None:
    tom = home.person(TOOT, "mastodon")
    home.follow(tom, home.cats)

    home.perform(from_cats(home, tom, expires_at=home.clock() + timedelta(days=1)))
    assert [sent.shape for sent in home.sent()] == ["Create{Note}"]
    home.post(by=home.bob)
    assert home.sent() == []

    home.clock.advance(days=1)
    home.post(by=home.bob)

    assert [(sent.inbox, sent.shape) for sent in home.sent()] == [
        (tom.shared_inbox, "Announce{id}")
    ]


def test_the_follow_resumes_when_a_moderator_ends_the_ban(home: Home) -> None:
    tom = home.person(TOOT, "mastodon")
    home.follow(tom, home.cats)
    home.perform(from_cats(home, tom, expires_at=home.clock() + timedelta(days=9)))
    home.perform(Unban(by=home.ann, person=tom, community=home.cats))
    home.sent()

    home.post(by=home.bob)

    assert [sent.shape for sent in home.sent()] == ["Announce{id}"]


def test_a_ban_that_is_made_permanent_ends_the_follow(home: Home) -> None:
    tom = home.person(TOOT, "mastodon")
    home.follow(tom, home.cats)
    home.perform(from_cats(home, tom, expires_at=home.clock() + timedelta(days=1)))
    home.sent()

    home.perform(from_cats(home, tom))

    assert "Reject{Follow{id}}" in [sent.shape for sent in home.sent()]
    assert follows(home, tom) == []


def test_lemmy_ends_the_follow_itself_and_others_keep_it(home: Home) -> None:
    until = home.clock() + timedelta(days=1)
    kim, pia = home.person(KIM, "lemmy"), home.person("https://pie.example/u/pia", "piefed")
    for person in (kim, pia):
        home.follow(person, home.cats)
        home.perform(from_cats(home, person, expires_at=until))

    assert [row["follower_id"] for row in follows(home, kim, pia)] == [pia.id]
    assert {sent.shape for sent in home.sent()} == {"Announce{Block{id}}"}


@pytest.mark.parametrize("community", ["cats", "site"])
def test_a_follow_during_a_ban_is_rejected_until_the_ban_is_over(
    home: Home, community: str
) -> None:
    tom = home.person(TOOT, "mastodon")
    home.follow(tom, home.cats)
    where = home.cats if community == "cats" else None
    until = home.clock() + timedelta(days=1)
    home.perform(Ban(by=home.ann, person=tom, community=where, expires_at=until))
    home.sent()
    asked = activity("Follow", TOOT, home.cats.iri)

    receive(home, asked)

    ((sent, body),) = home.sent_bodies()
    assert (sent.inbox, sent.shape, sent.by) == (tom.inbox, "Reject{Follow{id}}", "c/cats")
    rejected = json.loads(body)["object"]
    assert [rejected[key] for key in ("id", "type", "actor", "object")] == [
        asked["id"],
        "Follow",
        TOOT,
        home.cats.iri,
    ]
    # There the Reject ends the follow, so here it ends too.
    assert follows(home, tom) == []
    assert home.fresh(home.cats).subscribers == 1

    home.clock.advance(days=1)
    receive(home, asked)
    assert [sent.shape for sent in home.sent()] == ["Accept{Follow{id}}"]
    assert len(follows(home, tom)) == 1


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("software", "version", "expected"),
    [
        ("lemmy", "0.19.20", "person_is_banned_from_community"),
        ("lemmy", "1.0.0", "Reject{Follow{id}}"),
        ("piefed", "1.7.0", "Reject{Follow{id}}"),
    ],
)
def test_the_follow_itself_is_refused_only_for_software_without_reject(
    home: Home, software: str, version: str, expected: str
) -> None:
    kim = home.person(KIM)
    known = Software(software, version)
    home(lambda ctx: put_peer(ctx.conn, kim.host, known, ctx.now))
    home.perform(from_cats(home, kim))
    home.sent()

    try:
        receive(home, activity("Follow", KIM, home.cats.iri))
    except Denied as error:
        answer = error.code
    else:
        (sent,) = home.sent()
        answer = sent.shape

    assert answer == expected
    assert follows(home, kim) == []


def test_our_follow_is_requested_again_after_a_remote_ban(home: Home) -> None:
    dogs = home.group("https://dogs.example/c/dogs")
    home.follow(home.bob, dogs)
    until = home.clock() + timedelta(days=1)
    ban = Ban(by=home.ann, person=home.bob, community=dogs, expires_at=until)
    home(ban.apply)
    (row,) = follows(home, home.bob)
    assert (row["state"], row["created_at"]) == ("pending", until)
    home.sent()

    home(Unban(by=home.ann, person=home.bob, community=dogs).apply)

    assert [(sent.inbox, sent.shape) for sent in home.sent()] == [(dogs.inbox, "Follow{id}")]
