import time

import pytest
from argon2 import PasswordHasher

from fedcom.accounts import passwords
from fedcom.accounts.passwords import (
    MAX_PASSWORD,
    check_new_password,
    check_password,
    hash_password,
    stronger_hash,
)
from fedcom.errors import Invalid


@pytest.mark.parametrize(
    "password", ["correct horse", "x7-Kq2!mPz", "ä" * 7 + "bcde", "q" + "wW3$" * 63]
)
def test_an_uncommon_password_is_accepted(password):
    assert check_new_password(password, "ann") == password


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", "password_too_short"),
        ("short-one", "password_too_short"),
        ("abcd" * 64 + "e", "password_too_long"),
        ("1234567890", "password_common"),
        ("aaaaaaaaaaaa", "password_common"),
        ("ababababababab", "password_common"),
        ("Password123", "password_common"),
        ("qwertyuiop", "password_common"),
        ("1q2w3e4r5t6y", "password_common"),
        ("annabella2026", "password_common"),
        ("AnnabellaAnnabella", "password_common"),
    ],
)
def test_other_passwords_are_refused(password, code):
    with pytest.raises(Invalid) as caught:
        check_new_password(password, "annabella")
    assert caught.value.code == code


def test_a_hash_matches_its_password_and_no_other():
    stored = hash_password("correct horse")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert stored != hash_password("correct horse")
    assert check_password(stored, "correct horse")
    assert not check_password(stored, "correct Horse")
    assert not check_password(stored, "")


def test_equivalent_unicode_characters_are_equal():
    assert check_password(hash_password("m\u00fcde Katze"), "mu\u0308de Katze")


@pytest.mark.parametrize("password", ["anything", ""])
def test_without_an_account_no_password_matches(password):
    assert not check_password(None, password)


def test_checking_an_unknown_account_costs_as_much_as_a_known_one(monkeypatch):
    checked = []
    verify = PasswordHasher.verify

    def count(self, stored, password):
        checked.append(stored.rsplit("$", 2)[0])
        return verify(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", count)
    check_password(hash_password("correct horse"), "wrong")
    check_password(None, "wrong")
    assert checked == ["$argon2id$v=19$m=19456,t=2,p=1"] * 2


def test_an_invalid_hash_matches_nothing():
    assert not check_password("!", "anything")
    assert not check_password("$argon2id$broken", "anything")


def test_a_password_above_the_limit_is_wrong_and_cheap_to_check():
    longest = "x7-K" * (MAX_PASSWORD // 4)
    stored = hash_password(longest)
    assert check_password(stored, longest)
    started = time.process_time()
    assert not check_password(stored, longest + "y" * 10_000_000)
    assert time.process_time() - started < 1


def test_a_lone_surrogate_is_handled():
    assert not check_password(None, "\ud800")


def test_a_weaker_hash_is_replaced():
    weaker = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash("x")
    stronger = stronger_hash(weaker, "x")
    assert stronger is not None
    assert check_password(stronger, "x")
    assert stronger_hash(stronger, "x") is None
    assert stronger_hash(hash_password("x"), "x") is None
    assert stronger_hash(passwords._NOBODY, "x") is None, "an unknown name costs the same work"
