from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from sqlalchemy import event

from fedcom.accounts.delete_account import delete_account
from fedcom.accounts.email import confirm_email, propose_email
from fedcom.accounts.members import (
    find_account,
    get_account,
    list_members,
    replace_hash,
    set_password,
    set_role,
)
from fedcom.accounts.password_reset import create_reset, use_reset
from fedcom.accounts.sessions import create_session, find_site_and_member
from fedcom.context import Context
from fedcom.errors import Conflict, NotFound
from fedcom.queries.actors import list_admins
from tests.fedcom.accounts.rig import ORIGIN


def token_of(rig, member):
    return rig(lambda ctx: create_session(ctx.conn, member.person.id, "browser", ctx.now))


def session_of(rig, token):
    return rig(lambda ctx: find_site_and_member(ctx.conn, token, ctx.now))[1]


def test_a_promotion_ends_sessions(rig):
    ann = rig.member("ann")
    token = token_of(rig, ann)
    assert not rig(lambda ctx: list_admins(ctx.conn))
    assert rig(lambda ctx: set_role(ctx.conn, ann.person.id, "admin")).is_admin
    assert rig(lambda ctx: list_admins(ctx.conn))
    assert session_of(rig, token) is None


def test_a_change_to_the_same_role_changes_nothing(rig):
    ann = rig.member("ann", role="admin")
    token = token_of(rig, ann)
    rig(lambda ctx: set_role(ctx.conn, ann.person.id, "admin"))
    assert session_of(rig, token) is not None


def test_the_last_admin_cannot_be_demoted(rig):
    ann, bob = rig.member("ann", role="admin"), rig.member("bob", role="admin")
    rig(lambda ctx: set_role(ctx.conn, ann.person.id, "member"))
    with pytest.raises(Conflict) as caught:
        rig(lambda ctx: set_role(ctx.conn, bob.person.id, "member"))
    assert caught.value.code == "last_admin"


@pytest.mark.parametrize(
    "go",
    [
        lambda ctx, person: set_role(ctx.conn, person.id, "member"),
        lambda ctx, person: delete_account(ctx, person.id, removes_content=False),
    ],
)
def test_two_admins_cannot_be_demoted_at_once(rig, go):
    ann, bob = (rig.member(name, role="admin").person for name in ("ann", "bob"))
    with ThreadPoolExecutor(1) as threads:
        with rig.database.begin() as conn:
            go(Context(conn, rig.clock(), ORIGIN), ann)
            other = threads.submit(rig, lambda ctx: go(ctx, bob))
            wait([other], 0.3)
        assert isinstance(other.exception(10), Conflict)
    assert rig(lambda ctx: list_admins(ctx.conn))


def test_members_are_read_in_one_statement(rig):
    for name in ("ann", "bob", "eve"):
        rig.member(name)
    statements = []
    with rig.database.connect() as conn:
        event.listen(conn, "before_cursor_execute", lambda *given: statements.append(given[2]))
        assert len(list_members(conn)) == 3
    assert len([one for one in statements if one.startswith("SELECT")]) == 1


def test_a_new_password_ends_every_session_but_the_one_that_is_kept(rig):
    ann, bob = rig.member("ann"), rig.member("bob")
    here, elsewhere, other = token_of(rig, ann), token_of(rig, ann), token_of(rig, bob)
    kept = session_of(rig, here).session.id
    rig(lambda ctx: set_password(ctx.conn, ann.person.id, "new hash", keep_session=kept))
    assert session_of(rig, here).account.password_hash == "new hash"
    assert session_of(rig, elsewhere) is None
    assert session_of(rig, other).account.password_hash == "hash of bob"
    rig(lambda ctx: set_password(ctx.conn, ann.person.id, "newer hash"))
    assert session_of(rig, here) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda conn, number: set_password(conn, number, "another hash"),
        lambda conn, number: propose_email(conn, number, None, sends_mail=True),
        lambda conn, number: (
            propose_email(conn, number, "other@mail.example", sends_mail=True),
            confirm_email(conn, number, "other@mail.example"),
        ),
    ],
)
def test_a_new_password_or_address_invalidates_sent_links(rig, change):
    ann = rig.member(email="ann@mail.example")
    token = rig(lambda ctx: create_reset(ctx.conn, ann.person.id, ctx.now))
    rig(lambda ctx: change(ctx.conn, ann.person.id))
    with pytest.raises(NotFound):
        rig(lambda ctx: use_reset(ctx.conn, token, "a thief's hash", ctx.now))


def test_a_stronger_hash_of_the_same_password_ends_nothing(rig):
    ann = rig.member("ann")
    token = token_of(rig, ann)
    verified = ann.account.password_hash
    assert rig(lambda ctx: replace_hash(ctx.conn, ann.person.id, verified, "stronger"))
    assert session_of(rig, token).account.password_hash == "stronger"


def test_a_stronger_hash_of_a_password_that_was_changed_is_not_kept(rig):
    ann = rig.member("ann")
    rig(lambda ctx: set_password(ctx.conn, ann.person.id, "of another password"))
    verified = ann.account.password_hash
    assert not rig(lambda ctx: replace_hash(ctx.conn, ann.person.id, verified, "stronger"))
    kept = rig(lambda ctx: get_account(ctx.conn, ann.person.id))
    assert kept.password_hash == "of another password"


def test_a_person_without_an_account_is_not_found(rig):
    assert rig(lambda ctx: find_account(ctx.conn, 999)) is None
    for change in (
        lambda ctx: get_account(ctx.conn, 999),
        lambda ctx: set_role(ctx.conn, 999, "admin"),
        lambda ctx: set_password(ctx.conn, 999, "x"),
    ):
        with pytest.raises(NotFound):
            rig(change)


def test_members_are_listed_in_pages(rig):
    members = [rig.member(name) for name in ("ann", "bob", "cleo")]
    first = rig(lambda ctx: list_members(ctx.conn, limit=2))
    assert first == members[:2]
    last = first[-1].person.id
    assert rig(lambda ctx: list_members(ctx.conn, after=last)) == members[2:]
