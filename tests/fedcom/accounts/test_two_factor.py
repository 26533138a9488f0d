import re
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
from sqlalchemy import select

from fedcom.accounts.members import delete_login, set_password
from fedcom.accounts.two_factor import (
    abandoned_secrets,
    confirm,
    find_enrolment,
    find_state,
    generate,
    has_two_factor,
    list_with_two_factor,
    renew_recovery_codes,
    set_two_factor,
    switch_off,
    use_code,
)
from fedcom.errors import Conflict, Denied, Invalid
from fedcom.models.account import recovery_code, two_factor
from fedcom.remote.keys import KeyCipher
from tests.support.pruning import prune_now

CIPHER = KeyCipher(b"secret")
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.fixture
def ann(rig):
    return rig.member("ann").person.id


@pytest.fixture
def enrolment(rig, ann):
    return enrol(rig, ann)


@pytest.fixture
def codes(rig, ann, enrolment):
    """The recovery codes of ann, who has just turned it on."""
    made = rig(lambda ctx: confirm(ctx, CIPHER, ann, code_of(rig, enrolment)))
    rig.clock.advance(minutes=5)
    return made


def enrol(rig, ann):
    return rig(lambda ctx: generate(ctx, CIPHER, ann, "ann"))


def code_of(rig, enrolment, steps=0):
    return pyotp.TOTP(enrolment.secret).at(rig.clock(), counter_offset=steps)


def use(rig, ann, code):
    rig(lambda ctx: use_code(ctx, CIPHER, ann, code))


def refusal(rig, ann, code):
    with pytest.raises(Denied) as caught:
        use(rig, ann, code)
    return caught.value.code


def is_on(rig, ann):
    return rig(lambda ctx: has_two_factor(ctx.conn, ann))


def test_the_address_for_apps_has_lemmys_parameters(rig, ann, enrolment):
    parts = urlsplit(enrolment.url)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/here.example:ann"
    query = parse_qs(parts.query)
    assert (query["secret"], query["issuer"]) == ([enrolment.secret], ["here.example"])
    # Absent, these are SHA-1, six digits and 30 seconds.
    assert not {"algorithm", "digits", "period"} & set(query)


def test_nothing_is_on_before_the_first_code(rig, ann, enrolment):
    assert not is_on(rig, ann)
    assert rig(lambda ctx: find_enrolment(ctx, CIPHER, ann, "ann")) == enrolment
    assert refusal(rig, ann, code_of(rig, enrolment)) == "incorrect_totp_token"


def test_the_first_code_turns_it_on_and_gives_ten_recovery_codes(rig, ann, enrolment, codes):
    assert is_on(rig, ann)
    assert len(set(codes)) == 10
    assert all(re.fullmatch("([a-z2-7]{4}-){3}[a-z2-7]{4}", code) for code in codes)
    state = rig(lambda ctx: find_state(ctx.conn, ann))
    assert (state.is_on, state.recovery_codes) == (True, 10)
    assert rig(lambda ctx: find_enrolment(ctx, CIPHER, ann, "ann")) is None


def test_a_wrong_first_code_turns_nothing_on(rig, ann, enrolment):
    with pytest.raises(Denied):
        rig(lambda ctx: confirm(ctx, CIPHER, ann, code_of(rig, enrolment, 10)))
    assert not is_on(rig, ann)


def test_a_secret_waits_an_hour_for_its_first_code(rig, ann, enrolment):
    rig.clock.advance(hours=1)
    assert rig(lambda ctx: find_enrolment(ctx, CIPHER, ann, "ann")) is None
    with pytest.raises(Invalid) as caught:
        rig(lambda ctx: confirm(ctx, CIPHER, ann, code_of(rig, enrolment)))
    assert caught.value.code == "missing_totp_secret"
    assert rig(lambda ctx: prune_now(ctx.conn, abandoned_secrets(ctx.now))) == 1


def test_a_second_secret_replaces_one_that_waits_and_none_that_is_in_use(rig, ann, enrolment):
    second = enrol(rig, ann)
    with pytest.raises(Denied):
        rig(lambda ctx: confirm(ctx, CIPHER, ann, code_of(rig, enrolment)))
    rig(lambda ctx: confirm(ctx, CIPHER, ann, code_of(rig, second)))
    for attempt in (
        lambda ctx: generate(ctx, CIPHER, ann, "ann"),
        lambda ctx: confirm(ctx, CIPHER, ann, code_of(rig, second, 1)),
    ):
        with pytest.raises(Conflict) as caught:
            rig(attempt)
        assert caught.value.code == "totp_already_enabled"
    rig.clock.advance(hours=2)
    assert rig(lambda ctx: prune_now(ctx.conn, abandoned_secrets(ctx.now))) == 0
    use(rig, ann, code_of(rig, second))


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_the_clock_may_be_off_by_one_step(rig, ann, enrolment, codes, steps):
    use(rig, ann, code_of(rig, enrolment, steps))


@pytest.mark.parametrize("steps", [-2, 2])
def test_the_clock_may_not_be_off_by_two(rig, ann, enrolment, codes, steps):
    assert refusal(rig, ann, code_of(rig, enrolment, steps)) == "incorrect_totp_token"


def test_a_code_counts_once_and_none_before_it_counts_any_more(rig, ann, enrolment, codes):
    before, now, after = (code_of(rig, enrolment, step) for step in (-1, 0, 1))
    use(rig, ann, now)
    assert [refusal(rig, ann, code) for code in (now, before)] == ["incorrect_totp_token"] * 2
    use(rig, ann, after)


def test_the_code_that_turned_it_on_does_not_log_in(rig, ann, enrolment):
    code = code_of(rig, enrolment)
    rig(lambda ctx: confirm(ctx, CIPHER, ann, code))
    assert refusal(rig, ann, code) == "incorrect_totp_token"


def test_a_code_may_be_typed_in_groups(rig, ann, enrolment, codes):
    code = code_of(rig, enrolment)
    use(rig, ann, f" {code[:3]} {code[3:]} ")


@pytest.mark.parametrize("typed", [str, str.upper, lambda code: code.replace("-", " ")])
def test_a_recovery_code_counts_once(rig, ann, codes, typed):
    use(rig, ann, typed(codes[0]))
    assert refusal(rig, ann, codes[0]) == "incorrect_totp_token"
    assert rig(lambda ctx: find_state(ctx.conn, ann)).recovery_codes == 9
    use(rig, ann, codes[1])


def test_another_members_codes_do_not_count(rig, ann, codes):
    bob = rig.member("bob").person.id
    theirs = enrol(rig, bob)
    own = rig(lambda ctx: confirm(ctx, CIPHER, bob, code_of(rig, theirs)))
    rig.clock.advance(minutes=5)
    assert refusal(rig, ann, own[0]) == "incorrect_totp_token"
    assert refusal(rig, ann, code_of(rig, theirs)) == "incorrect_totp_token"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("", "missing_totp_token"),
        ("  ", "missing_totp_token"),
        *((code, "incorrect_totp_token") for code in ("-", "12345", "1234567", "\0", "\ud800")),
        *((code, "incorrect_totp_token") for code in ("١٢٣٤٥٦", "x" * 100_000)),
    ],
)
def test_what_is_no_code_is_refused(rig, ann, codes, code, error):
    assert refusal(rig, ann, code) == error


def test_new_recovery_codes_replace_all_old_ones(rig, ann, enrolment, codes):
    with pytest.raises(Denied):
        rig(lambda ctx: renew_recovery_codes(ctx, CIPHER, ann, "000000"))
    renewed = rig(lambda ctx: renew_recovery_codes(ctx, CIPHER, ann, code_of(rig, enrolment)))
    assert not set(renewed) & set(codes)
    assert refusal(rig, ann, codes[0]) == "incorrect_totp_token"
    use(rig, ann, renewed[0])


def test_apps_turn_it_on_and_off_with_codes(rig, ann, enrolment):
    def put(code, *, enabled):
        return rig(lambda ctx: set_two_factor(ctx, CIPHER, ann, code, enabled=enabled))

    assert len(put(code_of(rig, enrolment), enabled=True)) == 10
    with pytest.raises(Denied):
        put("000000", enabled=False)
    assert is_on(rig, ann)
    assert put(code_of(rig, enrolment, 1), enabled=False) == []
    assert not is_on(rig, ann)
    assert [rows(rig, table) for table in (two_factor, recovery_code)] == [[], []]


def rows(rig, table):
    return rig(lambda ctx: list(ctx.conn.execute(select(table))))


def test_neither_the_secret_nor_a_recovery_code_is_stored_in_the_clear(rig, ann, enrolment, codes):
    stored = str(rows(rig, two_factor)) + str(rows(rig, recovery_code))
    bare = [code.replace("-", "") for code in codes]
    assert not any(text in stored for text in (enrolment.secret, *codes, *bare))


def test_a_new_password_leaves_it_on(rig, ann, codes):
    rig(lambda ctx: set_password(ctx.conn, ann, "another hash"))
    assert is_on(rig, ann)


def test_an_admin_turns_it_off_without_a_code(rig, ann, codes):
    assert rig(lambda ctx: switch_off(ctx.conn, ann))
    assert not rig(lambda ctx: switch_off(ctx.conn, ann))
    assert not is_on(rig, ann)


def test_those_with_it_are_listed(rig, ann, codes):
    bob, cleo = (rig.member(name).person.id for name in ("bob", "cleo"))
    enrol(rig, bob)
    assert rig(lambda ctx: list_with_two_factor(ctx.conn, [ann, bob, cleo])) == {ann}
    assert rig(lambda ctx: list_with_two_factor(ctx.conn, [])) == set()


def test_it_is_deleted_with_the_account(rig, ann, codes):
    rig(lambda ctx: delete_login(ctx.conn, ann))
    assert [rows(rig, table) for table in (two_factor, recovery_code)] == [[], []]


def test_the_codes_are_those_of_the_standard(rig, ann):
    # RFC 6238, appendix B: the last six digits for SHA-1.
    assert [pyotp.TOTP(RFC_SECRET).at(moment) for moment in (59, 1_111_111_109)] == [
        "287082",
        "081804",
    ]
