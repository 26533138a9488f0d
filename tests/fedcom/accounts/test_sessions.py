import pytest
from sqlalchemy import select, update

from fedcom.accounts.members import get_account
from fedcom.accounts.sessions import (
    create_session,
    end_all_sessions,
    end_one_session,
    end_session,
    expired_sessions,
    find_site_and_member,
    list_sessions,
    touch_session,
)
from fedcom.models.account import account, session
from fedcom.models.actor import actor
from tests.support.pruning import prune_now


@pytest.fixture
def ann(rig):
    return rig.member("ann", role="admin")


@pytest.fixture
def token(rig, ann):
    return begin(rig, ann)


def begin(rig, member, agent="Firefox"):
    return rig(lambda ctx: create_session(ctx.conn, member.person.id, agent, ctx.now))


def find(rig, token):
    return rig(lambda ctx: find_site_and_member(ctx.conn, token, ctx.now))[1]


def touch(rig, found):
    rig(lambda ctx: touch_session(ctx.conn, found, ctx.now))


def test_a_token_identifies_its_member(rig, ann, token):
    found = find(rig, token)
    assert (found.person, found.account, found.is_admin) == (ann.person, ann.account, True)
    assert found.session.user_agent == "Firefox"


def test_the_database_never_has_the_token(rig, token):
    row = rig(lambda ctx: ctx.conn.execute(select(session)).one())
    assert token not in str(row)
    assert len(token) >= 43


def test_no_two_tokens_are_alike(rig, ann, token):
    assert begin(rig, ann) != token


@pytest.mark.parametrize("guess", ["", "x", "\0", "\ud800", "x" * 10_000])
def test_a_guessed_token_identifies_nobody(rig, token, guess):
    assert find(rig, guess) is None
    assert find(rig, token + guess) is None or guess == ""


def test_a_session_that_is_not_used_ends(rig, token):
    rig.clock.advance(days=30, seconds=-1)
    assert find(rig, token) is not None
    rig.clock.advance(seconds=1)
    assert find(rig, token) is None


def test_a_session_that_is_used_lives_on_but_not_for_ever(rig, ann, token):
    for _ in range(8):
        rig.clock.advance(days=20)
        touch(rig, find(rig, token))
    rig.clock.advance(days=20, seconds=-1)
    assert find(rig, token) is not None
    rig.clock.advance(seconds=1)
    assert find(rig, token) is None


def test_last_use_is_stored_at_most_once_an_hour(rig, ann, token):
    rig.clock.advance(minutes=59)
    assert not find(rig, token).is_untouched(rig.clock())
    rig.clock.advance(minutes=1)
    found = find(rig, token)
    assert found.is_untouched(rig.clock())
    touch(rig, found)
    assert not find(rig, token).is_untouched(rig.clock())
    assert rig(lambda ctx: get_account(ctx.conn, ann.person.id)).last_seen_at == rig.clock()


@pytest.mark.parametrize(
    ("table", "values"),
    [(actor, "deleted_at"), (account, "state")],
)
def test_a_member_who_may_not_act_has_no_session(rig, token, table, values):
    value = "pending" if values == "state" else rig.clock()
    rig(lambda ctx: ctx.conn.execute(update(table).values({values: value})))
    assert find(rig, token) is None


def test_signing_out_ends_only_that_session(rig, ann, token):
    other = begin(rig, ann)
    rig(lambda ctx: end_session(ctx.conn, token))
    rig(lambda ctx: end_session(ctx.conn, "no token"))
    assert find(rig, token) is None
    assert find(rig, other) is not None


def test_members_end_their_own_sessions_and_nobody_elses(rig, ann, token):
    bob = rig.member("bob")
    number = find(rig, token).session.id
    assert not rig(lambda ctx: end_one_session(ctx.conn, bob.person.id, number))
    assert find(rig, token) is not None
    assert rig(lambda ctx: end_one_session(ctx.conn, ann.person.id, number))
    assert find(rig, token) is None


def test_all_sessions_end_but_the_one_that_is_kept(rig, ann, token):
    others = [begin(rig, ann), begin(rig, ann)]
    kept = find(rig, token).session.id
    assert rig(lambda ctx: end_all_sessions(ctx.conn, ann.person.id, but=kept)) == 2
    assert [find(rig, other) for other in others] == [None, None]
    assert find(rig, token) is not None
    assert rig(lambda ctx: end_all_sessions(ctx.conn, ann.person.id)) == 1


def test_sessions_are_listed_by_their_last_use(rig, ann, token):
    rig.clock.advance(days=1)
    begin(rig, ann, "Chrome" + "x" * 1_000 + "\0")
    listed = rig(lambda ctx: list_sessions(ctx.conn, ann.person.id, ctx.now))
    assert [one.user_agent[:7] for one in listed] == ["Chromex", "Firefox"]
    assert len(listed[0].user_agent) == 300
    rig.clock.advance(days=29)
    assert len(rig(lambda ctx: list_sessions(ctx.conn, ann.person.id, ctx.now))) == 1


def test_sessions_that_have_ended_are_pruned(rig, ann, token):
    rig.clock.advance(days=1)
    begin(rig, ann)
    rig.clock.advance(days=29)
    assert rig(lambda ctx: prune_now(ctx.conn, expired_sessions(ctx.now))) == 1
    assert rig(lambda ctx: prune_now(ctx.conn, expired_sessions(ctx.now))) == 0
