"""Mail about notifications: for those who want it, once an hour, not while they are online."""

import pytest
from sqlalchemy import select, update

from fedcom.accounts.digest import write_digests
from fedcom.actions.delete import Delete, Undelete
from fedcom.effects.notify import NotificationEvent, notify
from fedcom.models.account import account
from fedcom.models.mail import mail
from fedcom.models.notification import notification


@pytest.fixture
def ann(rig):
    return rig.member("ann", email="ann@mail.example")


@pytest.fixture
def bob(rig):
    return rig.member("bob")


def want(rig, member, **values):
    values = {"mail_notifications": True, **values}
    mine = account.c.actor_id == member.person.id
    rig(lambda ctx: ctx.conn.execute(update(account).where(mine).values(**values)))


def notify_member(rig, member, by):
    rig(
        lambda ctx: notify(
            ctx, member.person.id, NotificationEvent(kind="reply", by_id=by.person.id)
        )
    )


def queued_mail(rig):
    return rig(lambda ctx: ctx.conn.execute(select(mail).order_by(mail.c.id)).mappings().all())


def test_one_digest_has_all_notifications_and_the_next_comes_an_hour_later(rig, ann, bob):
    want(rig, ann)
    notify_member(rig, ann, bob)
    notify_member(rig, ann, bob)
    assert rig(write_digests) == 1
    [message] = queued_mail(rig)
    assert message["recipient"] == "ann@mail.example"
    assert message["subject"].startswith("2 new notifications on ")
    assert "/notifications\n" in message["body"]
    assert "/settings/appearance" in message["body"]
    rig.clock.advance(minutes=30)
    notify_member(rig, ann, bob)
    assert rig(write_digests) == 0
    rig.clock.advance(minutes=30)
    assert rig(write_digests) == 1
    assert queued_mail(rig)[-1]["subject"].startswith("1 new notification")
    rig.clock.advance(hours=2)
    assert rig(write_digests) == 0  # nothing new since


def test_no_digest_about_read_notifications_or_to_members_online(rig, ann, bob):
    want(rig, ann, last_seen_at=rig.clock())
    notify_member(rig, ann, bob)
    assert rig(write_digests) == 0
    rig.clock.advance(hours=1)
    rig(lambda ctx: ctx.conn.execute(update(notification).values(read_at=ctx.now)))
    assert rig(write_digests) == 0


@pytest.mark.parametrize("values", [{"mail_notifications": False}, {"email": None}])
def test_members_without_the_setting_or_an_address_get_none(rig, ann, bob, values):
    want(rig, ann, **values)
    notify_member(rig, ann, bob)
    assert rig(write_digests) == 0
    want(rig, ann, mail_notifications=True, email="ann@mail.example")
    assert rig(write_digests) == 1


def test_a_deleted_reply_is_in_no_digest(home):
    wants = update(account).where(account.c.actor_id == home.bob.id)
    values = {"email": "bob@mail.example", "mail_notifications": True}
    home(lambda ctx: ctx.conn.execute(wants.values(**values)))
    answer = home.comment(home.post(by=home.bob), by=home.ann)
    home.perform(Delete(by=home.ann, target=answer))
    assert home(write_digests) == 0
    home.perform(Undelete(by=home.ann, target=home.fresh(answer)))
    assert home(write_digests) == 1
