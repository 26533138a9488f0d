from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select, update
from starlette.requests import HTTPConnection
from starlette.responses import Response

from fedcom.accounts.members import Member
from fedcom.accounts.sessions import ABSOLUTE, IDLE, TOUCH_EVERY, create_session, end_session
from fedcom.context import Context
from fedcom.http.identity import (
    Credentials,
    Identity,
    clear_session,
    credentials_of,
    note_use,
    read_identity,
    session_cookie_name,
    set_session,
)
from fedcom.models.account import account, session
from fedcom.models.actor import actor
from fedcom.settings import Settings
from fedcom.views.viewer import NOBODY
from tests.fedcom.accounts.rig import Rig

SETTINGS = Settings(origin="https://forum.example", data_dir=Path("data"))
PLAIN = Settings(origin="http://localhost:8000", data_dir=Path("data"), development=True)


def request_with(settings: Settings = SETTINGS, **headers: str) -> HTTPConnection:
    app = SimpleNamespace(state=SimpleNamespace(instance=SimpleNamespace(settings=settings)))
    pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    return HTTPConnection({"type": "http", "headers": pairs, "app": app})


@pytest.mark.parametrize(
    ("headers", "credentials"),
    [
        ({}, Credentials()),
        ({"cookie": "__Host-session=abc"}, Credentials("abc", from_cookie=True)),
        ({"cookie": "session=abc"}, Credentials()),
        ({"cookie": "__Host-session="}, Credentials()),
        ({"authorization": "Bearer abc"}, Credentials("abc")),
        ({"authorization": "bearer  abc "}, Credentials("abc")),
        ({"authorization": "Bearer"}, Credentials()),
        ({"authorization": "Bearer "}, Credentials()),
        ({"authorization": "Basic YW5uOnNlY3JldA=="}, Credentials()),
        ({"authorization": "Signature keyId=abc"}, Credentials()),
        ({"authorization": "Bearerabc"}, Credentials()),
    ],
)
def test_a_token_is_read_from_its_header(headers: dict[str, str], credentials: Credentials) -> None:
    assert credentials_of(request_with(**headers)) == credentials


def test_beside_a_bearer_token_the_cookie_does_not_count() -> None:
    both = request_with(authorization="Bearer abc", cookie="__Host-session=def")

    assert credentials_of(both) == Credentials("abc")


@pytest.mark.parametrize("other", ["Basic YW5uOnNlY3JldA==", "Bearer "])
def test_a_header_without_a_bearer_token_leaves_the_cookie_alone(other: str) -> None:
    both = request_with(authorization=other, cookie="__Host-session=def")

    assert credentials_of(both) == Credentials("def", from_cookie=True)


def test_over_plain_http_the_cookie_has_a_plain_name() -> None:
    asked = request_with(PLAIN, cookie="session=abc")

    assert session_cookie_name(PLAIN) == "session"
    assert credentials_of(asked) == Credentials("abc", from_cookie=True)


def test_the_cookie_is_for_this_host_over_https_and_not_for_scripts() -> None:
    response = Response()

    set_session(response, SETTINGS, "abc")

    name, *attributes = response.headers["set-cookie"].split("; ")
    seconds = int(ABSOLUTE.total_seconds())
    assert name == "__Host-session=abc"
    assert set(attributes) == {
        *("HttpOnly", "Path=/", "SameSite=lax", "Secure"),
        f"Max-Age={seconds}",
    }


def test_logging_out_deletes_the_cookie() -> None:
    response = Response()

    clear_session(response, SETTINGS)

    assert response.headers["set-cookie"].startswith('__Host-session=""; ')
    assert "Max-Age=0" in response.headers["set-cookie"]


@pytest.fixture
def ann(rig: Rig) -> Member:
    return rig.member("ann", role="admin")


@pytest.fixture
def token(rig: Rig, ann: Member) -> str:
    return rig(lambda ctx: create_session(ctx.conn, ann.person.id, "an app", ctx.now))


def both_ways(token: str) -> list[Credentials]:
    return [Credentials(token), Credentials(token, from_cookie=True)]


def read(rig: Rig, credentials: Credentials) -> Identity:
    return rig(lambda ctx: read_identity(ctx.conn, credentials, ctx.now))


def test_cookie_and_bearer_token_identify_the_same_member(
    rig: Rig, ann: Member, token: str
) -> None:
    for credentials in both_ways(token):
        identity = read(rig, credentials)
        assert identity.member is not None
        assert (identity.member.person, identity.member.account) == (ann.person, ann.account)
        assert (identity.viewer_id, identity.is_admin) == (ann.person.id, True)
        assert not identity.is_banned
        assert identity.site.actor_id > 0


def test_without_a_token_the_client_is_a_guest(rig: Rig) -> None:
    identity = read(rig, Credentials())

    assert (identity.member, identity.viewer_id) == (None, NOBODY)
    assert not identity.is_admin
    assert not identity.is_banned
    assert identity.site.actor_id > 0


def forge(rig: Rig, token: str) -> str:
    return token + "x"


def revoke(rig: Rig, token: str) -> str:
    rig(lambda ctx: end_session(ctx.conn, token))
    return token


def expire(rig: Rig, token: str) -> str:
    rig.clock.advance(days=IDLE.days + 1)
    return token


def delete_owner(rig: Rig, token: str) -> str:
    rig(lambda ctx: ctx.conn.execute(update(actor).values(deleted_at=ctx.now)))
    return token


def await_approval(rig: Rig, token: str) -> str:
    rig(lambda ctx: ctx.conn.execute(update(account).values(state="pending")))
    return token


@pytest.mark.parametrize("spoil", [forge, revoke, expire, delete_owner, await_approval])
def test_a_token_that_is_not_valid_is_a_guests(
    rig: Rig, token: str, spoil: Callable[[Rig, str], str]
) -> None:
    spoiled = spoil(rig, token)

    for credentials in both_ways(spoiled):
        assert read(rig, credentials).member is None


def test_a_banned_member_is_identified_as_banned(rig: Rig, ann: Member, token: str) -> None:
    def ban(ctx: Context) -> None:
        until = ctx.now + timedelta(days=1)
        ctx.conn.execute(
            update(actor)
            .where(actor.c.id == ann.person.id)
            .values(banned_at=ctx.now, ban_expires_at=until)
        )

    rig(ban)

    for credentials in both_ways(token):
        identity = read(rig, credentials)
        assert identity.member is not None
        assert identity.is_banned


@pytest.mark.anyio
async def test_last_use_is_stored_once_an_hour(rig: Rig, token: str) -> None:
    units = []

    class Instance:
        async def unit(self, work: Callable[[Context], None]) -> None:
            units.append(rig(work))

    def used_at() -> datetime:
        return rig(lambda ctx: ctx.conn.execute(select(session.c.used_at)).scalar_one())

    await note_use(Instance(), read(rig, Credentials(token)))
    assert units == []
    rig.clock.advance(seconds=TOUCH_EVERY.total_seconds())
    await note_use(Instance(), read(rig, Credentials()))
    assert units == []
    await note_use(Instance(), read(rig, Credentials(token)))
    assert used_at() == rig.clock()
