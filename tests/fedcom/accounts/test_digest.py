"""Mail about notifications: the words, when it comes, and that each notification is told once."""

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from fedcom.accounts.digest import LISTED, write_digests
from fedcom.accounts.members import get_account
from fedcom.actions.delete import Delete, Undelete
from fedcom.actions.lock import Lock
from fedcom.actions.message import SendMessage
from fedcom.actions.remove import RemoveContent
from fedcom.models.account import account
from fedcom.models.actor import Person
from fedcom.models.mail import mail
from fedcom.models.notification import notification
from fedcom.personal.notification_settings import MailWish, set_mail, set_quoting, stop_mail
from fedcom.personal.preferences import Preferences, set_preferences
from fedcom.wire.body import Body
from tests.support.people import Home, give_email


def want(home: Home, member: Person, pace: str = "soon", **wish: Any) -> None:
    """Mail to an address of the member's, who is not here now."""
    chosen = MailWish(**{"is_wanted": True, "pace": pace, "hour": 8, **wish})
    if home(lambda ctx: get_account(ctx.conn, member.id)).email is None:
        home(lambda ctx: give_email(ctx, member.id, f"{member.name}@mail.example"))
    home(lambda ctx: set_mail(ctx.conn, get_account(ctx.conn, member.id), chosen, ctx.now))


def seen(home: Home, member: Person) -> None:
    mine = account.c.actor_id == member.id
    home(lambda ctx: ctx.conn.execute(update(account).where(mine).values(last_seen_at=ctx.now)))


def zone(home: Home, member: Person, name: str) -> None:
    mine = home(lambda ctx: get_account(ctx.conn, member.id))
    kept = {field.name: getattr(mine, field.name) for field in fields(Preferences)}
    chosen = Preferences(**{**kept, "time_zone": name})
    home(lambda ctx: set_preferences(ctx.conn, member.id, chosen))


def mail_hours(home: Home, days: int) -> list[int]:
    """The hours of UTC at which mail is written in the next days."""
    found = []
    for _ in range(days * 24):
        found += [home.clock().hour for _ in mailed(home)]
        home.clock.advance(hours=1)
    return found


def mailed(home: Home) -> list[dict[str, Any]]:
    """The mail that is written now."""
    before = len(home.rows(mail))
    home(lambda ctx: write_digests(ctx, lambda person: f"https://home.example/stop/{person}"))
    return home.rows(mail)[before:]


def test_mail_has_the_words_and_comes_once(home: Home) -> None:
    want(home, home.bob)
    home.clock.advance(hours=1)
    post = home.post(by=home.bob, title="Cats & dogs")
    answer = home.comment(post, by=home.ann, text="Because *they* can < sleep.")
    home.perform(Lock(by=home.ann, target=post, locked=True, reason="Off topic"))

    [written] = mailed(home)
    assert written["recipient"] == "bob@mail.example"
    assert written["subject"] == "2 new notifications on Home"
    link = f"https://home.example/comment/{answer.id}"
    assert (
        f"ann replied to you in Cats & dogs\n> Because they can < sleep.\n{link}\n"
        in (written["body"])
    )
    assert "A moderator locked your post\n> They do.\n> Reason: Off topic\n" in written["body"]
    assert written["unsubscribe_url"] == f"https://home.example/stop/{home.bob.id}"
    assert written["unsubscribe_url"] in written["body"]
    assert f'<a href="{link}">ann replied to you in Cats &amp; dogs</a>' in written["html"]
    assert "Because they can &lt; sleep." in written["html"]
    assert mailed(home) == []

    home.comment(home.post(by=home.bob), by=home.ann)
    assert mailed(home) == []  # so soon after the first
    home.clock.advance(minutes=10)
    [second] = mailed(home)
    assert second["subject"] == "ann replied to you in Cats sleep on Home"
    assert "Cats & dogs" not in second["body"]


def test_a_unit_that_fails_after_it_leaves_everything_for_the_next(home: Home) -> None:
    want(home, home.bob)
    home.clock.advance(hours=1)
    home.comment(home.post(by=home.bob), by=home.ann)

    def crash(ctx: Any) -> None:
        assert write_digests(ctx, str) == 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        home(crash)
    assert home.rows(mail) == []
    assert len(mailed(home)) == 1


def test_nothing_is_mailed_that_was_read_or_is_gone_meanwhile(home: Home) -> None:
    want(home, home.bob, "daily")
    post = home.post(by=home.bob)
    read, deleted, removed = (home.comment(post, by=home.ann, text=str(n)) for n in range(3))
    of_read = notification.c.comment_id == read.id
    home(lambda ctx: ctx.conn.execute(update(notification).where(of_read).values(read_at=ctx.now)))
    home.perform(Delete(by=home.ann, target=deleted))
    home.perform(RemoveContent(by=home.ann, target=removed))
    home.clock.advance(days=1)
    assert mailed(home) == []

    home.perform(Undelete(by=home.ann, target=home.fresh(deleted)))
    home.clock.advance(days=1)
    assert mailed(home) == []  # it was decided on
    home.comment(post, by=home.ann)
    home.clock.advance(days=1)
    assert len(mailed(home)) == 1


def test_members_who_may_be_reading_are_mailed_five_minutes_later(home: Home) -> None:
    want(home, home.bob)
    home.clock.advance(hours=1)
    seen(home, home.bob)
    home.comment(home.post(by=home.bob), by=home.ann)
    assert mailed(home) == []
    home.clock.advance(minutes=5)
    assert len(mailed(home)) == 1


def test_the_daily_and_the_weekly_mail_come_at_their_hour(home: Home) -> None:
    home.clock.set(datetime(2031, 1, 1, 7, 59, tzinfo=UTC))  # a Wednesday
    eve = home.member("eve")
    want(home, home.bob, "daily")
    want(home, eve, "weekly", hour=18)
    post = home.post(by=home.bob)
    second = home.comment(post, by=eve)
    home.comment(post, by=home.ann, parent=second)
    assert mailed(home) == []

    came = []
    for hour in range(6 * 24):
        home.clock.set(datetime(2031, 1, 1 + hour // 24, hour % 24, 1, tzinfo=UTC))
        if hour == 20:
            home.comment(post, by=home.ann)
        came += [(one["recipient"], home.clock().isoformat()[8:13]) for one in mailed(home)]
    assert came == [
        ("bob@mail.example", "01T08"),
        ("bob@mail.example", "02T08"),
        ("eve@mail.example", "06T18"),
    ]


def test_the_hour_is_that_of_the_members_time_zone(home: Home) -> None:
    home.clock.set(datetime(2031, 1, 1, 7, 59, tzinfo=UTC))
    zone(home, home.bob, "America/New_York")
    want(home, home.bob, "daily")
    post = home.post(by=home.bob)
    home.comment(post, by=home.ann)
    assert mail_hours(home, days=1) == [13]

    zone(home, home.bob, "Asia/Tokyo")
    home.comment(post, by=home.ann)
    assert mail_hours(home, days=1) == [23]


def test_a_digest_waits_for_its_hour_also_if_nothing_was_waiting_at_the_last_one(
    home: Home,
) -> None:
    home.clock.set(datetime(2031, 1, 1, 7, 59, tzinfo=UTC))
    want(home, home.bob, "daily")
    home.clock.set(datetime(2031, 1, 3, 10, tzinfo=UTC))
    home.comment(home.post(by=home.bob), by=home.ann)
    assert mail_hours(home, days=1) == [8]


def test_private_messages_are_quoted_only_on_request(home: Home) -> None:
    want(home, home.bob)
    home.clock.advance(hours=1)
    secret = Body.of_markdown("The key is under the mat.")
    home.perform(SendMessage(by=home.ann, to=home.bob, body=secret))
    [written] = mailed(home)
    assert "ann sent you a message" in written["subject"]
    assert "under the mat" not in written["body"] + written["html"]

    home(lambda ctx: set_quoting(ctx.conn, home.bob.id, quotes_messages=True))
    home.perform(SendMessage(by=home.ann, to=home.bob, body=secret))
    home.clock.advance(minutes=10)
    [written] = mailed(home)
    assert "> The key is under the mat." in written["body"]


@pytest.mark.parametrize("why", ["off", "address"])
def test_those_who_want_no_mail_get_none_later_either(home: Home, why: str) -> None:
    want(home, home.bob)
    home.clock.advance(hours=1)
    home.comment(home.post(by=home.bob), by=home.ann)
    if why == "off":
        home(lambda ctx: stop_mail(ctx.conn, home.bob.id))
    else:
        mine = account.c.actor_id == home.bob.id
        home(lambda ctx: ctx.conn.execute(update(account).where(mine).values(email=None)))
    assert mailed(home) == []
    want(home, home.bob)
    home.clock.advance(hours=1)
    assert mailed(home) == []


def test_a_mail_lists_the_newest(home: Home) -> None:
    want(home, home.bob)
    home.clock.advance(hours=1)
    post = home.post(by=home.bob)
    for number in range(LISTED + 1):
        home.comment(post, by=home.ann, text=f"Number {number}.")
    [written] = mailed(home)
    assert written["subject"] == f"More than {LISTED} new notifications on Home"
    assert "Number 0." not in written["body"]
    assert f"Number {LISTED}." in written["body"]
    assert "There are more on your list.\nhttps://home.example/notifications" in written["body"]
