import pytest
from sqlalchemy import update

from fedcom.accounts.members import set_password
from fedcom.accounts.register import NewAccount, register
from fedcom.accounts.sessions import find_site_and_member
from fedcom.accounts.sign_in import Client, begin_sign_in, finish_sign_in
from fedcom.errors import Denied, TooMany
from fedcom.models.actor import actor
from fedcom.site.settings import edit_site
from tests.fedcom.accounts.rig import KEY


def begin(rig, name, address="192.0.2.1", device=""):
    client = Client(address, lambda _account: device)
    return rig(lambda ctx: begin_sign_in(ctx.conn, name, client, ctx.now))


def finish(rig, login, *, right, stronger=None):
    return rig(
        lambda ctx: finish_sign_in(
            ctx.conn,
            login,
            password_ok=right,
            stronger=stronger,
            user_agent="Firefox",
            now=ctx.now,
        )
    )


def attempt(rig, name, *, right, address="192.0.2.1", device=""):
    return finish(rig, begin(rig, name, address, device), right=right)


def fail(rig, name, times, address="192.0.2.{}", device=""):
    codes = []
    for number in range(times):
        with pytest.raises(Denied) as caught:
            attempt(rig, name, right=False, address=address.format(number), device=device)
        codes.append((caught.value.code, caught.value.detail))
    assert len(set(codes)) <= 1
    return codes[0]


@pytest.fixture
def ann(rig):
    return rig.member("ann", email="ann@mail.example")


@pytest.mark.parametrize("name", ["ann", " Ann ", "ANN@mail.example"])
def test_the_right_password_begins_a_session(rig, ann, name):
    login = begin(rig, name)
    assert login.password_hash == "hash of ann"
    welcome = finish(rig, login, right=True)
    assert welcome.member == ann
    _, signed_in = rig(lambda ctx: find_site_and_member(ctx.conn, welcome.token, ctx.now))
    assert signed_in.person == ann.person


def test_a_stronger_hash_of_the_right_password_is_kept(rig, ann):
    welcome = finish(rig, begin(rig, "ann"), right=True, stronger="stronger hash of ann")
    assert welcome.member.account.password_hash == "stronger hash of ann"
    assert begin(rig, "ann").password_hash == "stronger hash of ann"


def test_a_stronger_hash_of_a_wrong_password_is_not_kept(rig, ann):
    with pytest.raises(Denied):
        finish(rig, begin(rig, "ann"), right=False, stronger="hash of a guess")
    assert begin(rig, "ann").password_hash == "hash of ann"


def test_a_stronger_hash_does_not_replace_a_password_chosen_meanwhile(rig, ann):
    login = begin(rig, "ann")
    rig(lambda ctx: set_password(ctx.conn, ann.person.id, "of another password"))
    with pytest.raises(Denied):
        finish(rig, login, right=True, stronger="stronger hash of ann")
    assert begin(rig, "ann").password_hash == "of another password"


def test_a_wrong_password_and_an_unknown_name_get_the_same_error(rig, ann):
    assert begin(rig, "nobody").password_hash is None
    known, unknown = fail(rig, "ann", 1), fail(rig, "nobody", 1)
    assert known == unknown
    assert known[0] == "incorrect_login"


def test_an_unknown_name_is_refused_whatever_the_password_check_returned(rig):
    with pytest.raises(Denied):
        attempt(rig, "nobody", right=True)


@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_one_address_has_few_attempts_for_one_name(rig, ann, name):
    fail(rig, name, 20, "192.0.2.1")
    with pytest.raises(TooMany) as caught:
        begin(rig, name, "192.0.2.1")
    assert caught.value.retry_after == 3_600
    assert caught.value.detail == (
        "Too many wrong passwords. Try again in 1 hour, or reset your password."
    )
    begin(rig, name, "192.0.2.2")
    rig.clock.advance(hours=1)
    begin(rig, name, "192.0.2.1")


@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_strangers_at_one_address_do_not_lock_the_owner_out(rig, ann, name):
    fail(rig, name, 20, "192.0.2.1")
    if name == "ann":
        assert attempt(rig, "ann", right=True, address="198.51.100.1").member == ann
    fail(rig, name, 20, "2001:db8::{}")
    with pytest.raises(TooMany):
        begin(rig, name, "2001:db8::ffff")
    begin(rig, name, "2001:db8:0:1::1")


@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_many_addresses_together_have_a_limit_for_one_name(rig, ann, name):
    fail(rig, name, 100)
    with pytest.raises(TooMany) as caught:
        begin(rig, name, "198.51.100.1")
    assert caught.value.retry_after == 3_600


def test_a_device_that_has_logged_in_before_keeps_its_way_in(rig, ann):
    fail(rig, "ann", 100)
    fail(rig, "ann", 1, "198.51.100.1", device="laptop")
    welcome = attempt(rig, "ann", right=True, address="198.51.100.1", device="laptop")
    assert welcome.member == ann
    with pytest.raises(TooMany):
        begin(rig, "ann", "198.51.100.1")


def test_a_known_device_gets_through_at_an_address_where_others_fail(rig, ann):
    for number in range(25):
        fail(rig, f"pupil{number}", 1, "192.0.2.1")
    assert attempt(rig, "ann", right=True, address="192.0.2.1", device="phone").member == ann


def test_a_known_device_has_a_limit_too(rig, ann):
    fail(rig, "ann", 25, device="laptop")
    with pytest.raises(TooMany):
        begin(rig, "ann", "198.51.100.1", "laptop")
    begin(rig, "ann", "198.51.100.1", "phone")
    begin(rig, "ann", "198.51.100.1")


def test_the_limit_does_not_reveal_whose_e_mail_address_it_is(rig, ann):
    fail(rig, "ann", 20, "192.0.2.1")
    begin(rig, "ann@mail.example", "192.0.2.1")
    begin(rig, "eve@mail.example", "192.0.2.1")


def test_one_address_has_few_attempts_for_many_names(rig, ann):
    for number in range(25):
        fail(rig, f"name{number}", 1, "192.0.2.1")
    with pytest.raises(TooMany) as caught:
        begin(rig, "ann", "192.0.2.1")
    assert caught.value.retry_after == 300
    assert attempt(rig, "ann", right=True, address="192.0.2.2").member == ann


def test_a_member_may_sign_in_as_often_as_they_like(rig, ann):
    for _ in range(40):
        attempt(rig, "ann", right=True)


def test_attempts_at_the_same_time_are_counted_before_they_are_decided(rig, ann):
    logins = [begin(rig, "ann") for _ in range(20)]
    with pytest.raises(TooMany):
        begin(rig, "ann")
    assert finish(rig, logins[0], right=True).member == ann
    begin(rig, "ann")


def test_a_pending_account_is_reported_only_with_the_right_password(rig):
    rig(lambda ctx: edit_site(ctx, registration="approval"))
    rig(
        lambda ctx: register(
            ctx, NewAccount(name="bob", password_hash="h", application="please"), KEY
        )
    )
    assert fail(rig, "bob", 1)[0] == "incorrect_login"
    with pytest.raises(Denied) as caught:
        attempt(rig, "bob", right=True)
    assert caught.value.code == "registration_application_is_pending"


def test_a_banned_member_may_log_in(rig, ann):
    rig(lambda ctx: ctx.conn.execute(update(actor).values(banned_at=ctx.now, ban_reason="Spam.")))
    assert fail(rig, "ann", 1)[0] == "incorrect_login"
    assert attempt(rig, "ann", right=True).member.person.ban_reason == "Spam."


def test_a_deleted_member_is_unknown(rig, ann):
    login = begin(rig, "ann")
    rig(lambda ctx: ctx.conn.execute(update(actor).values(deleted_at=ctx.now)))
    assert begin(rig, "ann").password_hash is None
    with pytest.raises(Denied) as caught:
        finish(rig, login, right=True)
    assert caught.value.code == "incorrect_login"


def test_a_password_changed_during_the_check_is_refused(rig, ann):
    login = begin(rig, "ann")
    rig(lambda ctx: set_password(ctx.conn, ann.person.id, "new hash"))
    with pytest.raises(Denied):
        finish(rig, login, right=True)


@pytest.mark.parametrize("name", ["an\0n", "\ud800", "@\ud800", "x" * 100_000, ""])
def test_a_name_that_no_database_can_store_is_just_wrong(rig, name):
    assert fail(rig, name, 1)[0] == "incorrect_login"
