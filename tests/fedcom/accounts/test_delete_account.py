"""The recipients of a member's deletion, and the data that remains here."""

from typing import Any

import pyotp
import pytest
from sqlalchemy import Column, Table, func, insert, select, update

from fedcom.accounts.delete_account import delete_account
from fedcom.accounts.email import propose_email
from fedcom.accounts.mail import enqueue_mail
from fedcom.accounts.password_reset import create_reset
from fedcom.accounts.sessions import create_session
from fedcom.accounts.two_factor import confirm, generate
from fedcom.actions.delete_actor import DeleteActor
from fedcom.actions.message import SendMessage
from fedcom.actions.moderators import AddModerator
from fedcom.actions.remove import RemoveContent
from fedcom.context import Context
from fedcom.effects import wipe
from fedcom.errors import Conflict, NotFound
from fedcom.models.account import (
    account,
    application_decision,
    invited_member,
    passkey,
    passkey_challenge,
    session,
)
from fedcom.models.actor import Community, Person, actor
from fedcom.models.base import metadata
from fedcom.models.boost import boost
from fedcom.models.follow import follow
from fedcom.models.mail import mail
from fedcom.models.moderation import moderator_note, modlog
from fedcom.models.outside_mention import outside_mention
from fedcom.personal.blocks import block, block_host
from fedcom.personal.drafts import save_draft
from fedcom.personal.followed_posts import follow_post, mute_post
from fedcom.personal.imports import begin_import, settings_in
from fedcom.personal.notification_settings import Ways, set_level, set_ways
from fedcom.personal.push import subscribe
from fedcom.personal.saved import hide, save
from fedcom.personal.sent_forms import once
from fedcom.personal.visits import note_visit
from fedcom.remote.keys import KeyCipher
from fedcom.site.appeals import write as appeal
from fedcom.wire.body import Body
from tests.support.people import Home, Sent, give_email, received
from tests.support.push_browser import PushBrowser

CIPHER = KeyCipher(b"secret")
KIM, OWLS = "https://kim.example/u/kim", "https://owls.example/c/owls"


def test_followers_and_all_known_forums_get_one_delete(home: Home) -> None:
    kim = home.person(KIM, "mastodon")
    owls = home.group(OWLS)
    home.follow(kim, home.bob)
    home.follow(home.bob, owls)
    home.sent()

    home(lambda ctx: delete_account(ctx, home.bob.id, removes_content=True))

    shape = "Delete{id}"
    assert home.sent() == [
        Sent(kim.shared_inbox or kim.inbox, shape, "u/bob"),
        Sent(owls.shared_inbox or owls.inbox, shape, "u/bob"),
    ]
    left = home.rows(follow)
    assert home.bob.id not in {one[end] for one in left for end in ("follower_id", "target_id")}


def test_queued_mail_to_a_deleted_member_is_dropped(home: Home) -> None:
    address = "bob@mail.example"
    home(lambda ctx: give_email(ctx, home.bob.id, address))
    home(lambda ctx: enqueue_mail(ctx, address, "1 new notification", "Here"))
    home(lambda ctx: enqueue_mail(ctx, "ann@mail.example", "1 new notification", "Here"))
    home(lambda ctx: delete_account(ctx, home.bob.id, removes_content=False))
    assert [row["recipient"] for row in home.rows(mail)] == ["ann@mail.example"]


def test_follower_counts_are_updated(home: Home) -> None:
    before = home.fresh(home.cats).subscribers
    home.follow(home.bob, home.cats)
    assert home.fresh(home.cats).subscribers == before + 1
    home(lambda ctx: delete_account(ctx, home.bob.id, removes_content=False))
    assert home.fresh(home.cats).subscribers == before


def test_an_account_is_deleted_once_and_never_the_last_admins(home: Home) -> None:
    with pytest.raises(Conflict):
        home(lambda ctx: delete_account(ctx, home.ann.id, removes_content=False))
    home(lambda ctx: delete_account(ctx, home.bob.id, removes_content=False))
    with pytest.raises(NotFound):
        home(lambda ctx: delete_account(ctx, home.bob.id, removes_content=False))


SECRET = "zanzibar"
"""A text in all content by bob."""


def choose_notifications(ctx: Context, member: Person, community: Community) -> None:
    """Let the member's newest session have push messages, and the community be muted."""
    browser = PushBrowser(f"https://push.example/{SECRET}")
    newest = ctx.conn.execute(select(func.max(session.c.id))).scalar_one()
    subscribe(ctx, member, newest, **browser.subscription)
    set_ways(ctx.conn, member.id, {"reply": Ways(by_push=False)})
    set_level(ctx, member, community, "muted")


def live(home: Home) -> None:
    """Let bob leave a row in every table that holds personal data."""
    bob, kim = home.bob, home.person(KIM)
    secret_body = Body.of_markdown(SECRET)
    post = home.post(title=SECRET, body=secret_body)
    other = home.post(by=home.ann)
    mine = home.comment(post, text=SECRET)
    home.comment(post, by=home.ann, parent=mine)  # notifies bob
    home.follow(bob, home.cats)
    home.follow(kim, bob)
    home.perform(AddModerator(by=home.ann, community=home.cats, person=bob))
    home.perform(SendMessage(by=bob, to=home.ann, body=secret_body))
    home.perform(RemoveContent(by=home.ann, target=home.comment(post, text=SECRET)))
    decision = int(home.rows(modlog)[-1]["id"])
    address = f"{SECRET}@mail.example"

    def keep(ctx: Context) -> None:
        save(ctx, bob, post)
        save(ctx, bob, mine)
        hide(ctx, bob, [post.id])
        follow_post(ctx, bob, post)
        mute_post(ctx, bob, other)
        block(ctx, bob, kim)
        block_host(ctx, bob, "peer.example")
        note_visit(ctx.conn, bob.id, post, None, ctx.now)
        begin_import(ctx, bob, settings_in({"blocked_instances": [f"{SECRET}.example"]}), None)
        save_draft(ctx, bob, "submit", {"title": SECRET})
        once(ctx, bob, "form", lambda: post.id)
        appeal(ctx, bob, decision, SECRET)
        create_session(ctx.conn, bob.id, SECRET, ctx.now)
        choose_notifications(ctx, bob, home.cats)
        give_email(ctx, bob.id, address)
        propose_email(ctx.conn, bob.id, f"new-{address}", sends_mail=True)
        for one in (address, f"new-{address}"):
            enqueue_mail(ctx, one, "Something waits for you", "Here")
        create_reset(ctx.conn, bob.id, ctx.now)
        secret = generate(ctx, CIPHER, bob.id, "bob").secret
        confirm(ctx, CIPHER, bob.id, pyotp.TOTP(secret).at(ctx.now))
        of_bob = {"title": SECRET, "summary_source": SECRET, "summary_html": SECRET}
        ctx.conn.execute(update(actor).where(actor.c.id == bob.id).values(**of_bob))
        ctx.conn.execute(
            update(account).where(account.c.actor_id == bob.id).values(application=SECRET)
        )
        for table, values in (
            (
                passkey,
                {
                    "account_id": bob.id,
                    "credential_id": "x",
                    "public_key": b"x",
                    "sign_count": 0,
                    "name": SECRET,
                    "created_at": ctx.now,
                },
            ),
            (passkey_challenge, {"digest": "x", "account_id": bob.id, "expires_at": ctx.now}),
            (invited_member, {"account_id": bob.id, "by_id": home.ann.id}),
            (
                application_decision,
                {"account_id": bob.id, "approved": True, "decided_at": ctx.now},
            ),
            (boost, {"subject_iri": post.iri, "actor_iri": bob.iri, "iri": None}),
            (outside_mention, {"iri": f"{KIM}/9", "author_id": bob.id, "excerpt": SECRET}),
            (moderator_note, {"person_id": bob.id, "text": SECRET, "created_at": ctx.now}),
        ):
            ctx.conn.execute(insert(table).values(values))

    home(keep)


def rows_of(home: Home, column: Column[Any], who: Person | None = None) -> list[dict[str, Any]]:
    assert isinstance(column.table, Table)
    mine = {(who or home.bob).id, (who or home.bob).iri}
    return [row for row in home.rows(column.table) if row[column.name] in mine]


def test_after_an_account_is_deleted_nothing_personal_is_left(home: Home) -> None:
    live(home)
    wiped = (*wipe.PERSONAL, *wipe.LOGIN, *wipe.BY_ACTION)
    assert [str(column) for column in wiped if not rows_of(home, column)] == []
    assert [str(column) for column in wipe.CONTENT if not rows_of(home, column)] == []

    home(lambda ctx: delete_account(ctx, home.bob.id, removes_content=True))

    assert [str(column) for column in wiped if rows_of(home, column)] == []
    assert home.rows(mail) == []
    left = {table.name for table in metadata.sorted_tables if SECRET in repr(home.rows(table))}
    assert left == set()


def test_members_who_leave_their_content_leave_nothing_else(home: Home) -> None:
    live(home)
    home(lambda ctx: delete_account(ctx, home.bob.id, removes_content=False))

    wiped = (*wipe.PERSONAL, *wipe.LOGIN, *wipe.BY_ACTION)
    assert [str(column) for column in wiped if rows_of(home, column)] == []
    left = {table.name for table in metadata.sorted_tables if SECRET in repr(home.rows(table))}
    assert left == {"post", "comment", "message", "outside_mention"}


def test_a_deleted_remote_person_leaves_nothing_behind_either(home: Home) -> None:
    kim, post = home.person(KIM), home.post()
    home.comment(post, by=kim, text=SECRET)
    home.follow(kim, home.cats)
    home.follow(home.bob, kim)
    home.perform(AddModerator(by=home.ann, community=home.cats, person=kim))
    boosted = {"subject_iri": post.iri, "actor_iri": KIM, "iri": None}
    mention = {"iri": f"{KIM}/9", "author_id": kim.id, "excerpt": SECRET}
    home(lambda ctx: ctx.conn.execute(insert(boost).values(boosted)))
    home(lambda ctx: ctx.conn.execute(insert(outside_mention).values(mention)))
    assert [str(column) for column in wipe.BY_ACTION if not rows_of(home, column, kim)] == []

    home.perform(DeleteActor(by=kim), received(KIM))

    assert [str(column) for column in wipe.BY_ACTION if rows_of(home, column, kim)] == []
    left = {table.name for table in metadata.sorted_tables if SECRET in repr(home.rows(table))}
    assert left == set()
