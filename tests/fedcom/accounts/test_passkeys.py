"""Passkeys log in once for each challenge, only their owner, and only if that is verified."""

import pytest
from sqlalchemy import func, select

from fedcom.accounts import passkeys
from fedcom.accounts.members import delete_login
from fedcom.accounts.passkeys import (
    MAX_CREDENTIAL,
    MOST,
    VALID,
    begin_adding,
    begin_using,
    expired_challenges,
    finish_adding,
    list_passkeys,
    remove_passkey,
    rename_passkey,
    take_challenge,
    use_passkey,
)
from fedcom.accounts.sign_in import NewSession, Start, finish_passkey
from fedcom.errors import Conflict, Denied, FedcomError, Invalid, NotFound
from fedcom.models.account import account, passkey_challenge
from tests.support.authenticator import Authenticator
from tests.support.pruning import prune_now


@pytest.fixture
def ann(rig):
    return rig.member("ann").person.id


@pytest.fixture
def device():
    return Authenticator("https://here.example", "here.example")


def options_for(rig, whose):
    return rig(lambda ctx: begin_adding(ctx, whose, "ann", "Forum"))


def add(rig, whose, device, name="Phone", options=None):
    made = device.create(options or options_for(rig, whose))
    answer = rig(lambda ctx: take_challenge(ctx, made, whose))
    return rig(lambda ctx: finish_adding(ctx, whose, name, answer))


def use(rig, device, options=None):
    return send(rig, device.get(options or rig(begin_using)))


def send(rig, credential):
    answer = rig(lambda ctx: take_challenge(ctx, credential, None))
    return rig(lambda ctx: use_passkey(ctx, answer))


def test_a_passkey_that_was_added_logs_its_owner_in(rig, ann, device):
    options = options_for(rig, ann)
    assert options["rp"] == {"id": "here.example", "name": "Forum"}
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    made = add(rig, ann, device, " My phone ", options)
    assert (made.name, made.used_at) == ("My phone", None)

    wanted = rig(begin_using)
    assert (wanted["rpId"], wanted["userVerification"]) == ("here.example", "required")
    assert "allowCredentials" not in wanted or wanted["allowCredentials"] == []
    assert use(rig, device, wanted) == ann

    (found,) = rig(lambda ctx: list_passkeys(ctx.conn, ann))
    assert found.used_at == rig.clock()
    session = log_in(rig, device)
    assert isinstance(session, NewSession)
    assert session.member.person.id == ann


def log_in(rig, device):
    credential = device.get(rig(begin_using))
    answer = rig(lambda ctx: take_challenge(ctx, credential, None))
    return rig(lambda ctx: finish_passkey(ctx, answer, Start("test")))


def test_an_applicant_does_not_get_in(rig, ann, device):
    add(rig, ann, device)
    pending = account.update().where(account.c.actor_id == ann).values(state="pending")
    rig(lambda ctx: ctx.conn.execute(pending))

    with pytest.raises(Denied) as refused:
        log_in(rig, device)
    assert refused.value.code == "registration_application_is_pending"


def test_a_challenge_counts_once_and_not_for_ever(rig, ann, device):
    add(rig, ann, device)
    options = rig(begin_using)
    credential = device.get(options)
    send(rig, credential)
    for again in (credential, device.get(options)):
        with pytest.raises(Invalid):
            send(rig, again)

    late = device.get(rig(begin_using))
    rig.clock.advance(seconds=VALID.total_seconds())
    with pytest.raises(Invalid):
        send(rig, late)
    rig(lambda ctx: prune_now(ctx.conn, expired_challenges(ctx.now)))
    left = select(func.count()).select_from(passkey_challenge)
    assert rig(lambda ctx: ctx.conn.execute(left).scalar_one()) == 0


def test_a_challenge_counts_only_for_what_it_was_made_for(rig, ann, device):
    bob = rig.member("bob").person.id
    made = device.create(options_for(rig, ann))
    for whose in (bob, None):
        with pytest.raises(Invalid):
            rig(lambda ctx, whose=whose: take_challenge(ctx, made, whose))
    add(rig, ann, device)
    with pytest.raises(Invalid):
        use(rig, device, options_for(rig, ann))


@pytest.mark.parametrize(
    "lie",
    [
        {"verifies": False},
        {"origin": "https://evil.example"},
        {"host": "evil.example"},
        {"count": -1},
        {"user": "Nzc"},
        {"id": b"another passkey"},
        {"key": Authenticator("", "").key},
    ],
    ids=lambda lie: next(iter(lie)),
)
def test_a_signature_with_anything_wrong_is_refused(rig, ann, device, lie):
    device.count = 5
    add(rig, ann, device)
    use(rig, device)
    for name, value in lie.items():
        setattr(device, name, value)

    with pytest.raises(Denied) as refused:
        use(rig, device)
    assert refused.value.code == "passkey_refused"


@pytest.mark.parametrize(
    "lie", [{"verifies": False}, {"origin": "https://evil.example"}, {"host": "evil.example"}]
)
def test_a_passkey_with_anything_wrong_is_not_added(rig, ann, device, lie):
    for name, value in lie.items():
        setattr(device, name, value)

    with pytest.raises(Invalid):
        add(rig, ann, device)
    assert rig(lambda ctx: list_passkeys(ctx.conn, ann)) == []


def test_what_no_browser_sends_is_refused(rig, ann):
    for credential in (
        *("", "x", "null", "[]", "{}", "[" * MAX_CREDENTIAL, '{"response": {"clientDataJSON": 7}}'),
        '{"response": {"clientDataJSON": "e30"}}',
        "x" * (MAX_CREDENTIAL + 1),
    ):
        for whose in (None, ann):
            with pytest.raises(Invalid):
                rig(lambda ctx, sent=credential, by=whose: take_challenge(ctx, sent, by))


def test_a_device_is_added_once_and_there_is_a_limit(rig, ann, device, monkeypatch):
    add(rig, ann, device)
    excluded = options_for(rig, ann)["excludeCredentials"]
    assert len(excluded) == 1
    with pytest.raises(Conflict) as known:
        add(rig, ann, device)
    assert known.value.code == "passkey_known"
    assert MOST > 2
    monkeypatch.setattr(passkeys, "MOST", 1)
    with pytest.raises(Conflict) as many:
        options_for(rig, ann)
    assert many.value.code == "passkeys_too_many"


def test_only_their_owner_renames_and_removes_them(rig, ann, device):
    bob = rig.member("bob").person.id
    made = add(rig, ann, device)
    for attempt in (
        lambda ctx: rename_passkey(ctx.conn, bob, made.id, "Mine"),
        lambda ctx: remove_passkey(ctx.conn, bob, made.id),
    ):
        with pytest.raises(NotFound):
            rig(attempt)
    rig(lambda ctx: rename_passkey(ctx.conn, ann, made.id, "Old phone"))
    with pytest.raises(Invalid):
        rig(lambda ctx: rename_passkey(ctx.conn, ann, made.id, "  "))

    assert rig(lambda ctx: remove_passkey(ctx.conn, ann, made.id)) == "Old phone"
    with pytest.raises(FedcomError):
        use(rig, device)


def test_passkeys_go_with_the_account(rig, ann, device):
    add(rig, ann, device)
    options_for(rig, ann)
    rig(lambda ctx: delete_login(ctx.conn, ann))

    assert rig(lambda ctx: list_passkeys(ctx.conn, ann)) == []
    with pytest.raises(Denied):
        use(rig, device)
