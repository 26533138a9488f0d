"""Warnings: who may give them, who is told, and peers' activities."""

import pytest

from activitypub.nodeinfo import Software
from fedcom.actions.moderators import AddModerator
from fedcom.actions.warn import Warn
from fedcom.errors import Denied, FedcomError, Invalid
from fedcom.models.actor import Community, Person
from fedcom.models.moderation import modlog
from fedcom.models.notification import notification
from fedcom.queries.content import Content
from fedcom.remote.peers import put_peer
from tests.fedcom.actions.receiving import read, receive
from tests.support.documents import activity
from tests.support.people import Home

KIM = "https://lemmy.example/u/kim"


def warned(
    by: Person, person: Person, where: Community | None, reason: str, about: Content | None = None
) -> Warn:
    return Warn(by=by, person=person, community=where, reason=reason, about=about)


def runs(home: Home, person: Person, software: str, version: str) -> None:
    known = Software(software, version)
    home(lambda ctx: put_peer(ctx.conn, person.host, known, ctx.now))


def test_a_member_is_warned_because_of_a_comment_or_by_an_admin(home: Home) -> None:
    mia = home.member("mia")
    home.perform(AddModerator(by=home.ann, community=home.cats, person=mia))
    comment = home.comment(home.post())
    home.sent()

    home.perform(warned(mia, home.bob, home.cats, "Rule 1: Be kind", comment))
    home.perform(warned(home.ann, home.bob, None, "Be kind"))

    log = [
        (row["moderator_id"], row["community_id"], row["target_iri"], row["reason"])
        for row in home.rows(modlog)
        if row["kind"] == "warn"
    ]
    assert log == [
        (mia.id, home.cats.id, comment.iri, "Rule 1: Be kind"),
        (home.ann.id, None, home.bob.iri, "Be kind"),
    ]
    told = [row for row in home.rows(notification) if row["detail"] == "warn"]
    assert [(row["recipient_id"], row["comment_id"]) for row in told] == [
        (home.bob.id, comment.id),
        (home.bob.id, None),
    ]
    assert home.sent() == []


def test_warnings_need_a_reason_and_somebody_who_may_give_and_read_them(home: Home) -> None:
    eve, kim = home.member("eve"), home.person(KIM, "piefed")
    foreign = home.post(community=home.community("birds"))
    theirs = home.comment(home.post(), by=kim)
    for warning, code in (
        (warned(eve, home.bob, home.cats, "Rude"), "not_a_moderator"),
        (warned(eve, home.bob, None, "Rude"), "not_an_admin"),
        (warned(home.ann, home.bob, home.cats, " "), "reason_empty"),
        (warned(home.ann, kim, home.cats, "Rude", theirs), "not_a_member"),
        (warned(home.ann, home.ann, home.cats, "Rude"), "own_content"),
        (warned(home.ann, home.bob, home.cats, "Rude", foreign), "about_unknown"),
        (warned(home.ann, home.bob, None, "Rude", home.post()), "about_unknown"),
    ):
        with pytest.raises(FedcomError) as caught:
            home.perform(warning)
        assert caught.value.code == code


def test_the_author_on_a_server_that_knows_warnings_is_sent_it_and_nobody_else(home: Home) -> None:
    kim, lea = home.person(KIM, "lemmy"), home.person("https://other.example/u/lea", "lemmy")
    home.follow(lea, home.cats)
    comment = home.comment(home.post(), by=kim)
    home.sent()

    runs(home, kim, "lemmy", "0.19.20")
    with pytest.raises(Denied, match="not_a_member"):
        home.perform(warned(home.ann, kim, home.cats, "Be kind", comment))
    runs(home, kim, "lemmy", "1.0.0-beta.2")
    with pytest.raises(Denied, match="not_a_member"):
        home.perform(warned(home.ann, kim, home.cats, "Be kind"))
    home.perform(warned(home.ann, kim, home.cats, "Be kind", comment))

    ((sent, body),) = home.sent_bodies()
    assert (sent.shape, sent.by, sent.inbox) == ("Warn{id}", "u/ann", kim.inbox)
    assert f'"to":["{KIM}"]'.encode() in body
    assert f'"audience":"{home.cats.iri}"'.encode() in body
    assert b'"summary":"Be kind"' in body
    assert b"#Public" not in body
    assert b'"proof"' not in body
    assert [row["kind"] for row in home.rows(modlog)] == ["warn"]


def test_on_a_microblog_the_community_or_the_server_writes_to_the_person(home: Home) -> None:
    kim = home.person(KIM, "mastodon")
    comment = home.comment(home.post(), by=kim)
    home.sent()

    home.perform(warned(home.ann, kim, home.cats, "Be <b>kind</b>", comment))
    home.perform(warned(home.ann, kim, None, "Be kind"))

    (first, body), (second, _) = home.sent_bodies()
    assert (first.shape, first.by, first.inbox) == ("Create{Note}", "c/cats", kim.inbox)
    assert (second.shape, second.inbox) == ("Create{Note}", kim.inbox)
    assert second.by not in {"c/cats", "u/ann"}
    assert b"The moderators of cats warn you: Be &lt;b&gt;kind&lt;/b&gt;" in body
    assert f'"inReplyTo":"{comment.iri}"'.encode() in body
    assert b"#Public" not in body


def test_a_moderator_elsewhere_warns_a_member_directly(home: Home) -> None:
    dogs, kim = home.group("https://lemmy.example/c/dogs"), home.person(KIM, "lemmy")
    home.follow(home.bob, dogs)
    post = home.post(by=home.bob, community=dogs)
    document = activity("Warn", KIM, post.iri, summary="Be kind", to=[home.bob.iri])

    receive(home, document)

    (notice,) = home.rows(notification)
    assert (notice["recipient_id"], notice["actor_id"]) == (home.bob.id, kim.id)
    assert (notice["kind"], notice["detail"], notice["reason"]) == ("moderation", "warn", "Be kind")
    assert (notice["post_id"], notice["community_id"]) == (post.id, dogs.id)


def test_a_warning_by_somebody_who_moderates_nothing_or_about_nothing_is_refused(
    home: Home,
) -> None:
    post = home.post(by=home.bob)
    eve = home.person("https://peer.example/u/eve")

    with pytest.raises(Denied, match="not_a_moderator"):
        receive(home, activity("Warn", eve.iri, post.iri, summary="Be kind"))
    with pytest.raises(Invalid, match="couldnt_find_post"):
        read(home, activity("Warn", eve.iri, "https://peer.example/note/1", summary="Be kind"))
    with pytest.raises(Denied, match="wrong_community"):
        read(home, activity("Warn", eve.iri, post.iri, summary="?"), via="https://peer.example/c/x")
    assert home.rows(notification) == []
