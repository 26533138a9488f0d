import hashlib

import jwt
import pytest
from sqlalchemy import select, update

from fedcom.accounts.members import get_account, set_password, set_role
from fedcom.accounts.sessions import (
    create_session,
    end_all_sessions,
    end_one_session,
    end_session,
    expired_sessions,
    find_site_and_member,
    issue_token,
    list_sessions,
    touch_session,
)
from fedcom.models.account import account, session
from fedcom.models.actor import actor
from fedcom.models.site import site
from tests.support.pruning import prune_now


@pytest.fixture
def ann(rig):
    return rig.member("ann", role="admin")


@pytest.fixture
def token(rig, ann):
    return begin(rig, ann)


def begin(rig, member, agent="Firefox"):
    return rig(lambda ctx: create_session(ctx.conn, member.person.id, agent, ctx.now))


@pytest.fixture
def app_token(rig, ann):
    return issue(rig, ann)


def issue(rig, member, agent="Voyager/2.0"):
    return rig(lambda ctx: issue_token(ctx.conn, member.person.id, agent, ctx.now))


def resign(rig, token, **changes):
    """The token with other claims, signed with the secret of the instance, and its session."""
    secret = rig(lambda ctx: ctx.conn.execute(select(site.c.token_secret)).scalar_one())
    claims = jwt.decode(token, options={"verify_signature": False}) | changes
    return keep(rig, jwt.encode(claims, secret, algorithm="HS256"))


def keep(rig, token):
    """Let the session of the only app have this token."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    rig(lambda ctx: ctx.conn.execute(update(session).values(token_hash=digest)))
    return token


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


def test_the_token_of_an_app_identifies_its_member(rig, ann, app_token):
    found = find(rig, app_token)
    assert (found.person, found.session.is_app) == (ann.person, True)
    claims = jwt.decode(app_token, options={"verify_signature": False})
    assert (claims["iss"], claims["sub"]) == ("here.example", str(ann.person.id))
    assert app_token not in str(rig(lambda ctx: ctx.conn.execute(select(session)).one()))


def test_one_secret_signs_all_tokens(rig, ann, app_token):
    assert find(rig, issue(rig, ann)) is not None
    assert find(rig, app_token) is not None


def test_a_genuine_token_without_a_session_identifies_nobody(rig, ann, app_token):
    rig(lambda ctx: end_session(ctx.conn, app_token))
    assert find(rig, app_token) is None


def test_a_token_for_another_account_or_instance_is_refused_even_with_a_session(rig, app_token):
    assert find(rig, resign(rig, app_token)) is not None
    assert find(rig, resign(rig, app_token, sub="4711")) is None
    assert find(rig, resign(rig, app_token, iss="there.example")) is None


def test_a_token_that_was_not_signed_is_refused_even_with_a_session(rig, app_token):
    claims = jwt.decode(app_token, options={"verify_signature": False})
    assert find(rig, keep(rig, jwt.encode(claims, None, algorithm="none"))) is None
    assert find(rig, keep(rig, jwt.encode(claims, "t" * 64, algorithm="HS256"))) is None
    assert find(rig, keep(rig, app_token)) is not None


def test_without_the_secret_of_the_instance_no_app_is_logged_in(rig, token, app_token):
    rig(lambda ctx: ctx.conn.execute(update(site).values(token_secret=None)))
    assert find(rig, app_token) is None
    assert find(rig, token) is not None


def test_an_app_that_is_not_used_is_logged_out(rig, app_token):
    rig.clock.advance(days=30)
    assert find(rig, app_token) is None


@pytest.mark.parametrize(
    "end",
    [
        lambda ctx, ann, number: end_one_session(ctx.conn, ann, number),
        lambda ctx, ann, _number: end_all_sessions(ctx.conn, ann),
        lambda ctx, ann, _number: set_password(ctx.conn, ann, "another hash"),
        lambda ctx, ann, _number: set_role(ctx.conn, ann, "member"),
    ],
)
def test_what_ends_the_sessions_of_browsers_ends_those_of_apps(rig, ann, app_token, end):
    rig.member("cleo", role="admin")
    number = find(rig, app_token).session.id
    rig(lambda ctx: end(ctx, ann.person.id, number))
    assert find(rig, app_token) is None


def test_apps_are_listed_with_the_browsers(rig, ann, token, app_token):
    listed = rig(lambda ctx: list_sessions(ctx.conn, ann.person.id, ctx.now))
    assert {(one.user_agent, one.is_app) for one in listed} == {
        ("Firefox", False),
        ("Voyager/2.0", True),
    }
