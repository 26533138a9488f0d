from datetime import timedelta

import jwt
import pyotp
import pytest

from fedcom.accounts.members import set_password
from fedcom.accounts.passwords import hash_password
from tests.fedcom.api.conftest import App, Apps, Failed

pytestmark = pytest.mark.anyio

PASSWORD = "correct horse battery"


@pytest.fixture
async def app(apps: Apps) -> App:
    """An app, while bob has a password."""
    hashed, bob = hash_password(PASSWORD), apps.id_of("bob")
    await apps.world.instance.unit(lambda ctx: set_password(ctx.conn, bob, hashed))
    return apps()


def with_token(apps: Apps, token: str) -> App:
    return App(apps.world, token)


async def test_a_log_in_gives_a_token_whose_issuer_is_the_bare_host(apps: Apps, app: App) -> None:
    answer = await app.post("/user/login", username_or_email="bob", password=PASSWORD)

    claims = jwt.decode(answer["jwt"], options={"verify_signature": False})
    assert claims["iss"] == "forum.example"
    assert claims["sub"] == str(apps.id_of("bob"))
    assert claims["iat"] > 0
    assert (answer["registration_created"], answer["verify_email_sent"]) == (False, False)
    mine = (await with_token(apps, answer["jwt"]).get("/site"))["my_user"]
    assert mine["local_user_view"]["person"]["name"] == "bob"


async def test_a_wrong_password_is_401(app: App) -> None:
    with pytest.raises(Failed) as refused:
        await app.post("/user/login", username_or_email="bob", password="something else")

    assert (refused.value.status, refused.value.error) == (401, "incorrect_login")


async def test_a_log_out_ends_the_session(apps: Apps, app: App) -> None:
    token = (await app.post("/user/login", username_or_email="bob", password=PASSWORD))["jwt"]
    mine = with_token(apps, token)
    assert (await mine.get("/user/validate_auth"))["success"]
    logins = (await mine.send("GET", "/user/list_logins")).json()
    assert [one["user_id"] for one in logins] == [apps.id_of("bob")]

    await mine.post("/user/logout")

    with pytest.raises(Failed) as refused:
        await mine.get("/user/validate_auth")
    assert (refused.value.status, refused.value.error) == (400, "not_logged_in")
    assert "my_user" not in await mine.get("/site")


async def test_a_changed_password_ends_all_sessions_and_begins_one(apps: Apps, app: App) -> None:
    old = (await app.post("/user/login", username_or_email="bob", password=PASSWORD))["jwt"]
    given = {"new_password": "another long password", "old_password": PASSWORD}
    mine = with_token(apps, old)
    with pytest.raises(Failed) as refused:
        await mine.put("/user/change_password", **given, new_password_verify="a typo, sorry")
    assert refused.value.error == "passwords_do_not_match"

    new = await mine.put(
        "/user/change_password", **given, new_password_verify="another long password"
    )

    assert "my_user" not in await mine.get("/site")
    assert "my_user" in await with_token(apps, new["jwt"]).get("/site")


async def test_a_second_factor_is_switched_on_and_asked_for(apps: Apps, app: App) -> None:
    given = {"username_or_email": "bob", "password": PASSWORD}
    mine = with_token(apps, (await app.post("/user/login", **given))["jwt"])
    address = (await mine.post("/user/totp/generate"))["totp_secret_url"]
    codes = pyotp.parse_uri(address)
    now = apps.world.instance.clock()

    answer = await mine.post("/user/totp/update", totp_token=codes.at(now), enabled=True)

    assert answer == {"enabled": True}
    for code, error in ((None, "missing_totp_token"), ("000000", "incorrect_totp_token")):
        with pytest.raises(Failed) as refused:
            await app.post("/user/login", **given, totp_2fa_token=code)
        assert (refused.value.status, refused.value.error) == (400, error)
    later = codes.at(now + timedelta(seconds=30))
    assert (await app.post("/user/login", **given, totp_2fa_token=later))["jwt"]


async def test_a_new_member_signs_up_and_is_logged_in(apps: Apps, app: App) -> None:
    given = {"username": "kim", "password": PASSWORD, "password_verify": PASSWORD}

    made = await app.post("/user/register", **given, show_nsfw=True)

    mine = (await with_token(apps, made["jwt"]).get("/site"))["my_user"]["local_user_view"]
    assert (mine["person"]["name"], mine["local_user"]["show_nsfw"]) == ("kim", True)
    with pytest.raises(Failed) as refused:
        await app.post("/user/register", **given)
    assert refused.value.error == "user_already_exists"
    with pytest.raises(Failed) as refused:
        await app.post("/user/register", **{**given, "username": "pat"}, honeypot="I am a bot")
    assert refused.value.error == "honeypot_failed"


async def test_an_account_is_deleted_with_its_password_only(apps: Apps, app: App) -> None:
    token = (await app.post("/user/login", username_or_email="bob", password=PASSWORD))["jwt"]
    mine = with_token(apps, token)
    with pytest.raises(Failed) as refused:
        await mine.post("/user/delete_account", password="a guess", delete_content=False)
    assert refused.value.error == "incorrect_login"

    await mine.post("/user/delete_account", password=PASSWORD, delete_content=False)

    with pytest.raises(Failed):
        await app.post("/user/login", username_or_email="bob", password=PASSWORD)


async def test_a_site_without_captchas_gives_none(app: App) -> None:
    assert await app.get("/user/get_captcha") == {}


async def test_without_mail_nobody_is_sent_a_link(app: App) -> None:
    with pytest.raises(Failed, match="no_email_setup"):
        await app.post("/user/password_reset", email="bob@example.org")
