"""Logging in as apps do: everything at once, with an error for each thing that is missing."""

import pyotp
import pytest
from pydantic import SecretStr
from starlette.requests import Request

from fedcom.accounts.members import set_password
from fedcom.accounts.passwords import hash_password
from fedcom.accounts.sessions import find_site_and_member
from fedcom.accounts.two_factor import confirm, generate
from fedcom.errors import Denied
from fedcom.http.log_in import log_in_app
from fedcom.site.settings import edit_sign_up
from tests.fedcom.web.conftest import World

pytestmark = pytest.mark.anyio

PASSWORD = "correct horse battery"
HASH = hash_password(PASSWORD)


def request_of(world: World) -> Request:
    return Request(
        {
            "type": "http",
            "app": world.app,
            "headers": [(b"user-agent", b"Voyager/2.0")],
            "client": ("192.0.2.7", 4711),
        }
    )


@pytest.fixture
async def bob(world: World) -> int:
    person = world.people["bob"].id
    await world.instance.unit(lambda ctx: set_password(ctx.conn, person, HASH))
    return person


async def refusal(world: World, password: str = PASSWORD, code: str | None = None) -> str:
    with pytest.raises(Denied) as caught:
        await log_in_app(request_of(world), "bob", password, code)
    return caught.value.code


async def test_an_app_gets_a_token_for_the_password(world: World, bob: int) -> None:
    session = await log_in_app(request_of(world), "bob", PASSWORD)
    now = world.instance.clock()
    _, found = await world.instance.read(
        lambda conn: find_site_and_member(conn, session.token, now)
    )
    assert found is not None
    assert (found.account.actor_id, found.session.user_agent) == (bob, "Voyager/2.0")
    assert found.session.is_app
    assert await refusal(world, "wrong") == "incorrect_login"


async def test_a_missing_and_an_incorrect_code_have_errors_of_their_own(
    world: World, bob: int
) -> None:
    cipher = world.instance.cipher
    made = (await world.instance.unit(lambda ctx: generate(ctx, cipher, bob, "bob"))).secret
    totp = pyotp.TOTP(made)
    code = totp.at(world.instance.clock())
    await world.instance.unit(lambda ctx: confirm(ctx, cipher, bob, code))
    world.instance.clock.advance(minutes=5)

    assert await refusal(world) == "missing_totp_token"
    assert await refusal(world, code="") == "missing_totp_token"
    assert await refusal(world, code="000000") == "incorrect_totp_token"
    assert await refusal(world, "wrong", code="000000") == "incorrect_login"
    now = totp.at(world.instance.clock())
    assert (await log_in_app(request_of(world), "bob", PASSWORD, now)).token.count(".") == 2


async def test_a_missing_address_has_an_error_of_its_own(world: World, bob: int) -> None:
    mail = {"smtp_url": SecretStr("smtp://mail.example")}
    world.instance.settings = world.instance.settings.model_copy(update=mail)
    await world.instance.unit(lambda ctx: edit_sign_up(ctx.conn, requires_confirmed_email=True))
    assert await refusal(world) == "email_not_verified"
