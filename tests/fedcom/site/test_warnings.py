"""Warnings: who may give them, who is told, and that nothing leaves this server."""

import pytest

from fedcom.actions.moderators import AddModerator
from fedcom.errors import FedcomError
from fedcom.models.moderation import modlog
from fedcom.models.notification import notification
from fedcom.site.warnings import warn
from tests.support.people import Home


def test_a_member_is_warned_because_of_a_comment_or_by_an_admin(home: Home) -> None:
    mia = home.member("mia")
    home.perform(AddModerator(by=home.ann, community=home.cats, person=mia))
    comment = home.comment(home.post())
    home.sent()

    home(lambda ctx: warn(ctx, mia, home.bob, home.cats, "Rule 1: Be kind", comment))
    home(lambda ctx: warn(ctx, home.ann, home.bob, None, "Be kind"))

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
    eve, kim = home.member("eve"), home.person("https://peer.example/u/kim")
    foreign = home.post(community=home.community("birds"))
    for by, person, place, reason, about, code in (
        (eve, home.bob, home.cats, "Rude", None, "not_a_moderator"),
        (eve, home.bob, None, "Rude", None, "not_an_admin"),
        (home.ann, home.bob, home.cats, " ", None, "reason_empty"),
        (home.ann, kim, home.cats, "Rude", None, "not_a_member"),
        (home.ann, home.ann, home.cats, "Rude", None, "own_content"),
        (home.ann, home.bob, home.cats, "Rude", foreign, "about_unknown"),
    ):
        with pytest.raises(FedcomError) as caught:
            home(lambda ctx, b=by, p=person, c=place, r=reason, a=about: warn(ctx, b, p, c, r, a))
        assert caught.value.code == code
