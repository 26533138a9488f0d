from datetime import timedelta

import pytest
from sqlalchemy import func, select

from fedcom.accounts.throttle import (
    Limit,
    address_key,
    count_attempt,
    forget_attempts,
    name_key,
    old_attempts,
)
from fedcom.errors import TooMany
from fedcom.models.account import attempt
from tests.support.pruning import prune_now

THREE = Limit("test", 3, timedelta(minutes=5))


def count(rig, who="ann", limit=THREE):
    return rig(lambda ctx: count_attempt(ctx.conn, limit, who, ctx.now))


def test_an_attempt_above_the_limit_has_the_time_to_wait(rig):
    for _ in range(3):
        count(rig)
        rig.clock.advance(seconds=10)
    with pytest.raises(TooMany) as caught:
        count(rig)
    assert caught.value.retry_after == 270
    rig.clock.advance(seconds=269)
    with pytest.raises(TooMany):
        count(rig)
    rig.clock.advance(seconds=1)
    count(rig)
    with pytest.raises(TooMany):
        count(rig)


def test_others_and_other_limits_are_counted_apart(rig):
    for _ in range(3):
        count(rig)
    count(rig, "bob")
    count(rig, limit=Limit("other", 1, timedelta(minutes=5)))


def test_an_attempt_that_was_refused_does_not_prolong_the_wait(rig):
    for _ in range(3):
        count(rig)
    rig.clock.advance(minutes=4)
    with pytest.raises(TooMany):
        count(rig)
    rig.clock.advance(minutes=1)
    count(rig)


def test_forgotten_attempts_do_not_count(rig):
    numbers = tuple(count(rig) for _ in range(3))
    rig(lambda ctx: forget_attempts(ctx.conn, numbers[:1]))
    count(rig)


def test_each_attempt_is_pruned_when_its_own_limit_counts_it_no_longer(rig):
    long = Limit("test_long", 3, timedelta(days=30))
    for _ in range(2):
        count(rig)
        count(rig, limit=long)
        rig.clock.advance(minutes=3)
    assert rig(lambda ctx: prune_now(ctx.conn, old_attempts((THREE, long), ctx.now))) == 1
    left = rig(lambda ctx: ctx.conn.execute(select(func.count()).select_from(attempt)).scalar())
    assert left == 3


def test_the_wait_is_rounded_up(rig):
    for _ in range(3):
        count(rig)
    for seconds, expected in (
        (0, "5 minutes"),
        (61, "4 minutes"),
        (120, "2 minutes"),
        (69, "50 sec"),
    ):
        rig.clock.advance(seconds=seconds)
        with pytest.raises(TooMany) as caught:
            count(rig)
        assert f"Try again in {expected}" in caught.value.detail


def test_typed_names_are_stored_as_hashes(rig):
    assert name_key(" Ann ") == name_key("ann")
    assert name_key("a secret that went into the wrong field") not in {"a secret", ""}
    assert len(name_key("x" * 100_000)) == len(name_key("\ud800")) == 32


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("unix", "unix"),
        ("x" * 500, "x" * 100),
    ],
)
def test_addresses_of_one_ipv6_network_are_one_client(address, key):
    assert address_key(address) == key
