import pytest
from sqlalchemy import select, update

from fedcom.accounts.members import find_member
from fedcom.accounts.register import (
    NewAccount,
    check_email,
    create_account,
    register,
)
from fedcom.effects.local_actor import create_local_actor
from fedcom.errors import Conflict, Denied, Invalid
from fedcom.models.actor import actor, actor_key
from fedcom.site.settings import edit_site
from tests.fedcom.accounts.rig import KEY, ORIGIN

ANN = NewAccount(
    name="Ann", password_hash="hash", email="Ann@Mail.example", application="I like cats"
)


def refused(rig, newcomer, error):
    with pytest.raises(error) as caught:
        rig(lambda ctx: register(ctx, newcomer, KEY))
    return caught.value.code


def opened(rig, mode):
    rig(lambda ctx: edit_site(ctx, registration=mode))


def test_a_closed_instance_refuses_registrations(rig):
    assert refused(rig, ANN, Denied) == "registration_closed"


def test_an_open_instance_accepts_members_at_once(rig):
    opened(rig, "open")
    ann = rig(lambda ctx: register(ctx, ANN, KEY))
    assert (ann.account.state, ann.account.role) == ("active", "member")
    assert (ann.account.email, ann.account.contact) == (None, "ann@mail.example")
    assert ann.account.created_at == rig.clock()
    assert rig(lambda ctx: find_member(ctx.conn, "ANN")) == ann
    # The mailbox is not confirmed yet.
    assert rig(lambda ctx: find_member(ctx.conn, "ann@mail.example")) is None


def test_the_new_person_has_every_address_and_a_key(rig):
    opened(rig, "open")
    ann = rig(lambda ctx: register(ctx, ANN, KEY)).person
    iri = f"{ORIGIN}/u/ann"
    assert (ann.iri, ann.url, ann.kind, ann.local) == (iri, iri, "Person", True)
    assert ann.handle == "ann@here.example"
    assert (ann.inbox, ann.outbox) == (f"{iri}/inbox", f"{iri}/outbox")
    assert (ann.shared_inbox, ann.followers) == (f"{ORIGIN}/inbox", f"{iri}/followers")
    assert (ann.public_key_id, ann.public_key_pem) == (f"{iri}#main-key", KEY.public_pem)
    row = rig(
        lambda ctx: ctx.conn.execute(select(actor_key).where(actor_key.c.actor_id == ann.id)).one()
    )
    assert (row.key_id, row.algorithm) == (f"{iri}#main-key", "rsa-sha256")
    assert (bytes(row.private_key), row.public_key) == (KEY.encrypted_private, KEY.public_pem)


def test_an_application_needs_a_text(rig):
    opened(rig, "approval")
    silent = NewAccount(name="bob", password_hash="hash", application=" \n")
    assert refused(rig, silent, Invalid) == "application_required"
    assert rig.is_name_free("bob")


def test_people_and_communities_share_one_name_space(rig):
    opened(rig, "open")
    cats = rig(
        lambda ctx: create_local_actor(ctx, kind="Group", name="cats", title="Cats", key=KEY)
    )
    assert cats.iri == f"{ORIGIN}/c/cats"
    assert cats.title == "Cats"
    assert refused(rig, NewAccount(name="CATS", password_hash="h"), Conflict) == "name_taken"


@pytest.mark.parametrize(
    ("newcomer", "error", "code"),
    [
        (NewAccount(name="admin", password_hash="h"), Invalid, "name_reserved"),
        (NewAccount(name="a-b", password_hash="h"), Invalid, "name_characters"),
        (NewAccount(name="bob", password_hash="h", email="bob"), Invalid, "email_invalid"),
        (
            NewAccount(name="bob", password_hash="h", application="x" * 9_999),
            Invalid,
            "body_too_long",
        ),
    ],
)
def test_a_failed_sign_up_leaves_nothing_behind(rig, newcomer, error, code):
    opened(rig, "open")
    rig(lambda ctx: register(ctx, ANN, KEY))
    assert refused(rig, newcomer, error) == code
    assert rig(lambda ctx: find_member(ctx.conn, "bob")) is None
    assert rig.is_name_free("bob")


def test_an_admin_makes_accounts_on_a_closed_instance(rig):
    root = rig(lambda ctx: create_account(ctx, ANN, KEY, "admin"))
    assert (root.account.role, root.account.state, root.is_admin) == ("admin", "active", True)


def test_two_members_without_an_address_are_no_conflict(rig):
    rig.member("ann")
    rig.member("bob")


def test_an_empty_address_finds_no_account(rig):
    rig.member("ann")
    for wanted in ("", "@", "\0", "ann@here.example"):
        assert rig(lambda ctx, wanted=wanted: find_member(ctx.conn, wanted)) is None


def test_a_person_of_another_server_is_no_member(rig):
    ann = rig.member("ann")
    rig(
        lambda ctx: ctx.conn.execute(
            update(actor).where(actor.c.id == ann.person.id).values(local=False)
        )
    )
    assert rig(lambda ctx: find_member(ctx.conn, "ann")) is None


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (None, None),
        ("", None),
        (" A.b+c@Mail.example ", "a.b+c@mail.example"),
        ("o'hara@sub.mail.example", "o'hara@sub.mail.example"),
    ],
)
def test_an_address_is_stored_in_lower_case(given, stored):
    assert check_email(given) == stored


@pytest.mark.parametrize(
    "given",
    [
        "ann",
        "@mail.example",
        "ann@",
        "ann@localhost",
        "a,b@mail.example",
        "a%b@mail.example",
        '"a b"@mail.example',
        "a@b@mail.example",
        "a@mail.example\nbcc: x@y.example",
        "a..b@mail.example",
        ".a@mail.example",
        "a@-mail.example",
        "a@mail..example",
        "a@127.0.0.1",
        "ä@mail.example",
        "a" * 250 + "@mail.example",
    ],
)
def test_an_invalid_address_is_refused(given):
    with pytest.raises(Invalid) as caught:
        check_email(given)
    assert caught.value.code == "email_invalid"
