import pyotp
import pytest
from sqlalchemy import update

from fedcom.accounts.applications import deny
from fedcom.accounts.members import set_password
from fedcom.accounts.register import NewAccount, register
from fedcom.accounts.sessions import find_site_and_member
from fedcom.accounts.sign_in import (
    Client,
    CodeNeeded,
    EmailNeeded,
    SecondStep,
    Start,
    begin_code,
    begin_sign_in,
    finish_code,
    finish_sign_in,
)
from fedcom.accounts.two_factor import confirm, generate
from fedcom.errors import Denied, TooMany
from fedcom.models.account import account
from fedcom.models.actor import actor
from fedcom.remote.keys import KeyCipher
from fedcom.site.settings import edit_sign_up, edit_site
from tests.fedcom.accounts.rig import KEY

BROWSER = Start("Firefox")
APP = Start("Voyager/2.0", is_app=True)
CIPHER = KeyCipher(b"secret")


def begin(rig, name, address="192.0.2.1", device=""):
    client = Client(address, lambda _account: device)
    return rig(lambda ctx: begin_sign_in(ctx.conn, name, client, ctx.now))


def finish(rig, login, *, right, stronger=None):
    return rig(
        lambda ctx: finish_sign_in(ctx, login, BROWSER, password_ok=right, stronger=stronger)
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


def test_a_denied_applicant_reads_the_reason_only_with_the_right_password(rig):
    rig(lambda ctx: edit_site(ctx, registration="approval"))
    newcomer = NewAccount(name="bob", password_hash="h", application="please")
    bob = rig(lambda ctx: register(ctx, newcomer, KEY)).person
    rig(lambda ctx: deny(ctx, bob.id, reason="Say more."))

    assert fail(rig, "bob", 1)[0] == "incorrect_login"
    with pytest.raises(Denied) as caught:
        attempt(rig, "bob", right=True)
    assert caught.value.code == "registration_denied"
    assert "Say more." in str(caught.value)


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


def test_an_app_gets_a_json_web_token(rig, ann):
    login = begin(rig, "ann")
    welcome = rig(lambda ctx: finish_sign_in(ctx, login, APP, password_ok=True))
    assert welcome.token.count(".") == 2
    _, signed_in = rig(lambda ctx: find_site_and_member(ctx.conn, welcome.token, ctx.now))
    assert (signed_in.person, signed_in.session.is_app) == (ann.person, True)


def test_the_app_of_a_banned_member_is_refused(rig, ann):
    login = begin(rig, "ann")
    rig(lambda ctx: ctx.conn.execute(update(actor).values(banned_at=ctx.now, ban_reason="Spam.")))
    with pytest.raises(Denied) as caught:
        rig(lambda ctx: finish_sign_in(ctx, login, APP, password_ok=True))
    assert caught.value.code == "site_ban"


@pytest.fixture
def secret(rig, ann):
    """Of two-factor authentication, which ann has turned on."""
    number = ann.person.id
    made = rig(lambda ctx: generate(ctx, CIPHER, number, "ann")).secret
    rig(lambda ctx: confirm(ctx, CIPHER, number, pyotp.TOTP(made).at(rig.clock())))
    rig.clock.advance(minutes=5)
    return made


def try_code(rig, ann, code, start=BROWSER, address="192.0.2.1", device=""):
    client = Client(address, lambda _account: device)
    attempts = rig(lambda ctx: begin_code(ctx.conn, ann.account, client, ctx.now))
    return rig(lambda ctx: finish_code(ctx, CIPHER, SecondStep(ann, code, attempts), start))


def guess(rig, ann, times, address="192.0.2.1", device=""):
    for _ in range(times):
        with pytest.raises(Denied) as caught:
            try_code(rig, ann, "no code", address=address, device=device)
        assert caught.value.code == "incorrect_totp_token"


def test_with_two_factors_the_password_alone_begins_no_session(rig, ann, secret):
    assert attempt(rig, "ann", right=True) == CodeNeeded(ann)
    assert fail(rig, "ann", 1)[0] == "incorrect_login"


@pytest.mark.parametrize("start", [BROWSER, APP])
def test_the_code_begins_the_session(rig, ann, secret, start):
    welcome = try_code(rig, ann, pyotp.TOTP(secret).at(rig.clock()), start)
    _, signed_in = rig(lambda ctx: find_site_and_member(ctx.conn, welcome.token, ctx.now))
    assert (signed_in.person, signed_in.session.is_app) == (ann.person, start.is_app)


def test_few_codes_are_tried_from_one_address_and_from_all_together(rig, ann, secret):
    guess(rig, ann, 10, "192.0.2.1")
    with pytest.raises(TooMany) as caught:
        try_code(rig, ann, "123456", address="192.0.2.1")
    assert caught.value.detail == "Too many wrong codes. Try again in 1 hour."
    guess(rig, ann, 10, "192.0.2.2")
    with pytest.raises(TooMany):
        try_code(rig, ann, "123456", address="192.0.2.3")


def test_strangers_do_not_keep_the_owners_device_from_entering_a_code(rig, ann, secret):
    guess(rig, ann, 10, "192.0.2.1")
    guess(rig, ann, 10, "192.0.2.2")
    guess(rig, ann, 9, device="laptop")
    assert try_code(rig, ann, pyotp.TOTP(secret).at(rig.clock()), device="laptop").member == ann
    guess(rig, ann, 1, device="laptop")
    with pytest.raises(TooMany):
        try_code(rig, ann, "123456", device="laptop")


def test_right_codes_are_not_counted(rig, ann, secret):
    for _ in range(15):
        rig.clock.advance(seconds=30)
        try_code(rig, ann, pyotp.TOTP(secret).at(rig.clock()))


@pytest.mark.parametrize(
    "change",
    [
        lambda ctx, ann: set_password(ctx.conn, ann, "new hash"),
        lambda ctx, _ann: ctx.conn.execute(update(account).values(state="pending")),
        lambda ctx, _ann: ctx.conn.execute(update(actor).values(deleted_at=ctx.now)),
    ],
)
def test_an_account_that_changed_since_the_password_is_refused(rig, ann, secret, change):
    rig(lambda ctx: change(ctx, ann.person.id))
    with pytest.raises(Denied) as caught:
        try_code(rig, ann, pyotp.TOTP(secret).at(rig.clock()))
    assert caught.value.code == "incorrect_login"


MAILING = Start("Firefox", sends_mail=True)


@pytest.fixture
def strict(rig):
    """The site requires confirmed addresses."""
    rig(lambda ctx: edit_sign_up(ctx.conn, requires_confirmed_email=True))
    return rig


def enter(rig, name, start=MAILING):
    login = begin(rig, name)
    return rig(lambda ctx: finish_sign_in(ctx, login, start, password_ok=True))


def test_without_the_required_address_the_password_begins_no_session(strict):
    bob = strict.member("bob")
    assert enter(strict, "bob") == EmailNeeded(bob)
    assert fail(strict, "bob", 1)[0] == "incorrect_login"


def test_no_address_is_required_of_admins_or_of_those_with_one_or_where_no_mail_is_sent(strict):
    strict.member("ann", email="ann@mail.example")
    strict.member("cleo", role="admin")
    strict.member("bob")
    for name, start in (("ann", MAILING), ("cleo", MAILING), ("bob", BROWSER)):
        assert enter(strict, name, start).token


def test_an_address_is_required_after_the_code(strict):
    bob = strict.member("bob")
    number = bob.person.id
    made = strict(lambda ctx: generate(ctx, CIPHER, number, "bob")).secret
    strict(lambda ctx: confirm(ctx, CIPHER, number, pyotp.TOTP(made).at(strict.clock())))
    strict.clock.advance(minutes=5)
    assert enter(strict, "bob") == CodeNeeded(bob)
    code = pyotp.TOTP(made).at(strict.clock())
    assert try_code(strict, bob, code, MAILING) == EmailNeeded(bob)


def test_a_site_that_requires_nothing_asks_for_nothing(rig):
    rig.member("bob")
    assert enter(rig, "bob").token
