from datetime import timedelta

import pytest
from sqlalchemy import select

from fedcom.accounts.applications import (
    DENIED_KEPT,
    NewDecision,
    approve,
    count_waiting,
    decide,
    deny,
    get_application,
    list_applications,
    list_denied,
    list_waiting,
    old_denials,
    refuse_applicant,
)
from fedcom.accounts.members import find_account, find_member
from fedcom.accounts.password_reset import create_reset
from fedcom.accounts.register import NewAccount, register
from fedcom.errors import Conflict, Denied, Invalid, NotFound
from fedcom.models.account import password_reset
from fedcom.models.actor import actor
from fedcom.models.mail import mail
from fedcom.site.settings import edit_site, get_site
from tests.fedcom.accounts.rig import KEY


def applicant(rig, name="ann"):
    rig(lambda ctx: edit_site(ctx, registration="approval"))
    newcomer = NewAccount(
        name=name, password_hash="hash", email=f"{name}@mail.example", application="I like cats"
    )
    return rig(lambda ctx: register(ctx, newcomer, KEY))


def waiting(rig):
    return [one.applicant for one in rig(lambda ctx: list_waiting(ctx.conn)).items]


def why_refused(rig, person_id):
    with pytest.raises(Denied) as caught:
        rig(lambda ctx: refuse_applicant(ctx.conn, person_id))
    return caught.value


def test_an_application_waits_for_an_admin(rig):
    ann, bob = applicant(rig), applicant(rig, "bob")
    assert (ann.account.state, ann.account.application) == ("pending", "I like cats")
    assert waiting(rig) == [ann, bob]
    assert rig(lambda ctx: count_waiting(ctx.conn)) == 2
    assert why_refused(rig, ann.person.id).code == "registration_application_is_pending"

    assert rig(lambda ctx: approve(ctx, ann.person.id)).account.state == "active"

    assert waiting(rig) == [bob]
    assert rig(lambda ctx: count_waiting(ctx.conn)) == 1
    for decision in (approve, deny):
        with pytest.raises(NotFound):
            rig(lambda ctx, decision=decision: decision(ctx, ann.person.id))


def test_a_denied_applicant_learns_the_reason(rig):
    ann, boss = applicant(rig), rig.member("boss", role="admin").person
    rig(lambda ctx: deny(ctx, ann.person.id, boss, "Say more."))

    assert waiting(rig) == []
    (denied,) = rig(lambda ctx: list_denied(ctx.conn)).items
    assert (denied.decision.deny_reason, denied.decision.admin_id) == ("Say more.", boss.id)
    assert (denied.decision.decided_at, denied.decision.approved) == (rig.clock(), False)
    refusal = why_refused(rig, ann.person.id)
    assert refusal.code == "registration_denied"
    assert "Say more." in str(refusal)


def test_a_denied_applicant_can_be_approved_after_all(rig):
    ann = applicant(rig)
    rig(lambda ctx: deny(ctx, ann.person.id, reason="Say more."))

    rig(lambda ctx: approve(ctx, ann.person.id))

    found = rig(lambda ctx: get_application(ctx.conn, ann.person.id))
    assert found.applicant.account.state == "active"
    assert (found.decision.approved, found.decision.deny_reason) == (True, "")
    assert rig(lambda ctx: list_denied(ctx.conn)).items == ()


def test_a_reason_may_be_missing_but_not_too_long(rig):
    ann = applicant(rig)
    with pytest.raises(Invalid):
        rig(lambda ctx: deny(ctx, ann.person.id, reason="x" * 10_000))
    rig(lambda ctx: deny(ctx, ann.person.id))
    assert why_refused(rig, ann.person.id).code == "registration_denied"


def test_all_applications_are_listed_newest_first(rig):
    ann, bob = applicant(rig), applicant(rig, "bob")
    rig.member("eve")
    rig(lambda ctx: approve(ctx, ann.person.id))

    found = rig(lambda ctx: list_applications(ctx.conn)).items

    assert [one.id for one in found] == [bob.person.id, ann.person.id]


@pytest.mark.parametrize("approved", [True, False])
def test_the_decision_is_mailed_if_this_server_sends_mail(rig, approved):
    ann, boss = applicant(rig), rig.member("boss", role="admin").person
    verdict = NewDecision(approved=approved, reason="Say more.", sends_mail=True)

    def work(ctx):
        site = get_site(ctx.conn)
        return decide(ctx, site, boss, get_application(ctx.conn, ann.person.id), verdict)

    assert rig(work).decision.approved is approved
    (sent,) = rig(lambda ctx: ctx.conn.execute(select(mail.c.recipient, mail.c.body)).all())
    assert sent.recipient == "ann@mail.example"
    assert ("Say more." in sent.body) is not approved


def test_the_login_of_a_denied_applicant_is_deleted_after_a_month(rig):
    ann, bob = applicant(rig), applicant(rig, "bob")
    for one in (ann, bob):
        rig(lambda ctx, one=one: deny(ctx, one.person.id))

    def clean(ctx):
        outdated = old_denials(ctx.now)
        return outdated.drop(ctx.conn, outdated.find(ctx.conn, 10))

    rig.clock.advance(seconds=DENIED_KEPT.total_seconds())
    assert rig(clean) == 0
    rig.clock.advance(seconds=1)
    rig(lambda ctx: approve(ctx, bob.person.id))
    assert rig(clean) == 1

    assert rig(lambda ctx: find_account(ctx.conn, ann.person.id)) is None
    assert rig(lambda ctx: find_member(ctx.conn, "ann")) is None
    assert rig(lambda ctx: find_member(ctx.conn, "bob")) is not None
    gone = rig(lambda ctx: ctx.conn.execute(select(actor).where(actor.c.name == "ann")).one())
    assert gone.deleted_at == rig.clock()


def test_the_name_of_a_denied_applicant_stays_reserved(rig):
    ann = applicant(rig)
    rig(lambda ctx: deny(ctx, ann.person.id))

    with pytest.raises(Conflict) as caught:
        applicant(rig)

    assert caught.value.code == "name_taken"
    assert not rig.is_name_free("ann")


def test_denying_ends_the_links_to_reset_the_password(rig):
    ann = applicant(rig)
    rig(lambda ctx: create_reset(ctx.conn, ann.person.id, ctx.now))

    rig(lambda ctx: deny(ctx, ann.person.id))

    assert rig(lambda ctx: ctx.conn.execute(select(password_reset)).all()) == []
    assert timedelta(days=30) == DENIED_KEPT
