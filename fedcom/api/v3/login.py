"""Accounts: signing up, logging in and out, passwords, e-mail addresses and second factors."""

import asyncio
from base64 import b64encode
from datetime import datetime

from fedcom.accounts.delete_account import delete_account as delete_member
from fedcom.accounts.members import set_password
from fedcom.accounts.passwords import check_new_password, hash_password
from fedcom.accounts.sessions import end_session, issue_token, list_sessions
from fedcom.accounts.two_factor import generate, set_two_factor
from fedcom.api.caller import Call, Caller
from fedcom.api.endpoint import NoParameters, Parameters, Resource, Shape
from fedcom.api.v3.params import check_honeypot, check_same
from fedcom.api.v3.shapes.responses import SUCCESS, SuccessResponse
from fedcom.errors import Denied
from fedcom.http.captcha import make_captcha, record_captcha
from fedcom.http.email_links import confirm_by_token
from fedcom.http.log_in import knows_password, log_in_app
from fedcom.http.password_reset import reset_password, send_reset
from fedcom.http.sign_up import Newcomer, sign_up

resource = Resource()


class LoginResponse(Shape):
    """The token of the new session; none while an admin or a confirmed address is waited for."""

    jwt: str | None = None
    registration_created: bool
    verify_email_sent: bool


class Login(Parameters):
    """A name or an e-mail address, its password, and the code of its second factor, if any."""

    username_or_email: str
    password: str
    totp_2fa_token: str | None = None


@resource.serves("POST", "/user/login")
async def log_in(call: Call, wanted: Login) -> LoginResponse:
    """Begin a session."""
    name, code = wanted.username_or_email.strip(), wanted.totp_2fa_token
    begun = await log_in_app(call.request, name, wanted.password, code)
    return LoginResponse(jwt=begun.token, registration_created=False, verify_email_sent=False)


@resource.writes("POST", "/user/logout")
def log_out(caller: Caller, _wanted: NoParameters) -> SuccessResponse:
    """End the session whose token is sent."""
    caller.check_member()
    end_session(caller.conn, caller.token)
    return SUCCESS


class Register(Parameters):
    """A new member. `answer` is that to the site's question for applicants."""

    username: str
    password: str
    password_verify: str
    show_nsfw: bool = False
    email: str | None = None
    captcha_uuid: str | None = None
    captcha_answer: str | None = None
    honeypot: str | None = None
    answer: str | None = None


@resource.serves("POST", "/user/register")
async def register(call: Call, wanted: Register) -> LoginResponse:
    """Sign up, as the site's settings allow."""
    check_honeypot(wanted.honeypot)
    check_same(wanted.password, wanted.password_verify)
    newcomer = Newcomer(
        name=wanted.username,
        password=wanted.password,
        email=wanted.email or "",
        application=wanted.answer or "",
        captcha=wanted.captcha_uuid or "",
        captcha_answer=wanted.captcha_answer or "",
        show_nsfw=wanted.show_nsfw,
    )
    made = await sign_up(call.request, await call.site(), newcomer, is_app=True)
    return LoginResponse(
        jwt=made.session.token if made.session else None,
        registration_created=made.is_pending,
        verify_email_sent=made.asks_to_confirm,
    )


class CaptchaResponse(Shape):
    """A captcha: a picture (PNG) and a recording (WAV), in base64, and what comes back with the
    answer.
    """

    png: str
    wav: str
    uuid: str


class GetCaptchaResponse(Shape):
    """A captcha; none if the site has none."""

    ok: CaptchaResponse | None = None


@resource.serves("GET", "/user/get_captcha")
async def get_captcha(call: Call, _wanted: NoParameters) -> GetCaptchaResponse:
    """A captcha to be solved before signing up."""
    made = await make_captcha(call.request, await call.site())
    if made is None:
        return GetCaptchaResponse()
    recorded = await record_captcha(call.request, made.ticket)
    png, wav = (b64encode(content).decode() for content in (made.png, recorded))
    return GetCaptchaResponse(ok=CaptchaResponse(png=png, wav=wav, uuid=made.ticket))


class VerifyEmail(Parameters):
    """The token of a link."""

    token: str


@resource.serves("POST", "/user/verify_email")
async def verify_email(call: Call, wanted: VerifyEmail) -> SuccessResponse:
    """Confirm an e-mail address."""
    signer = call.instance.signer
    await call.unit(lambda caller: confirm_by_token(caller.ctx, signer, wanted.token))
    return SUCCESS


class PasswordReset(Parameters):
    """The confirmed address of a member."""

    email: str


@resource.serves("POST", "/user/password_reset")
async def ask_for_reset(call: Call, wanted: PasswordReset) -> SuccessResponse:
    """Send a link with which a forgotten password is changed; the answer is always the same."""
    if not call.instance.settings.sends_mail:
        raise Denied("no_email_setup", "This server does not send mail.")
    await send_reset(call.request, await call.site(), wanted.email.strip())
    return SUCCESS


class PasswordChangeAfterReset(Parameters):
    """The token of a link, and the new password twice."""

    token: str
    password: str
    password_verify: str


@resource.serves("POST", "/user/password_change")
async def change_after_reset(call: Call, wanted: PasswordChangeAfterReset) -> SuccessResponse:
    """Change a forgotten password. All sessions end."""
    check_same(wanted.password, wanted.password_verify)
    await reset_password(call.request, wanted.token, wanted.password)
    return SUCCESS


class ChangePassword(Parameters):
    """The new password twice, and the old one."""

    new_password: str
    new_password_verify: str
    old_password: str


@resource.serves("PUT", "/user/change_password")
async def change_password(call: Call, wanted: ChangePassword) -> LoginResponse:
    """Change one's password. All sessions end, and a new one begins."""
    member = await call.member()
    check_same(wanted.new_password, wanted.new_password_verify)
    chosen = check_new_password(wanted.new_password, member.person.name)
    await check_password(call, wanted.old_password)
    hashed = await asyncio.to_thread(hash_password, chosen)
    agent = member.session.user_agent

    def work(caller: Caller) -> LoginResponse:
        mine = caller.person.id
        set_password(caller.conn, mine, hashed)
        jwt = issue_token(caller.conn, mine, agent, caller.now)
        return LoginResponse(jwt=jwt, registration_created=False, verify_email_sent=False)

    return await call.unit(work)


async def check_password(call: Call, password: str) -> None:
    """Raises Denied("incorrect_login") unless it is the caller's password, and TooMany."""
    if not await knows_password(call.request, await call.member(), password):
        raise Denied("incorrect_login", "The password is wrong.")


class DeleteAccount(Parameters):
    """With `delete_content`, everything that the member wrote goes too."""

    password: str
    delete_content: bool


@resource.serves("POST", "/user/delete_account")
async def delete_account(call: Call, wanted: DeleteAccount) -> SuccessResponse:
    """Delete one's own account."""
    await check_password(call, wanted.password)
    await call.unit(
        lambda caller: delete_member(
            caller.ctx, caller.person.id, removes_content=wanted.delete_content
        )
    )
    return SUCCESS


class GenerateTotpSecretResponse(Shape):
    """An `otpauth:` address for an authenticator app."""

    totp_secret_url: str


@resource.serves("POST", "/user/totp/generate")
async def generate_totp(call: Call, _wanted: NoParameters) -> GenerateTotpSecretResponse:
    """A secret for a second factor, which the first code switches on."""
    cipher = call.instance.cipher

    def work(caller: Caller) -> GenerateTotpSecretResponse:
        made = generate(caller.ctx, cipher, caller.person.id, caller.person.name)
        return GenerateTotpSecretResponse(totp_secret_url=made.url)

    return await call.unit(work)


class UpdateTotp(Parameters):
    """A code, and whether log-ins need one from now on."""

    totp_token: str
    enabled: bool


class UpdateTotpResponse(Shape):
    """Whether log-ins need a code now."""

    enabled: bool


@resource.serves("POST", "/user/totp/update")
async def update_totp(call: Call, wanted: UpdateTotp) -> UpdateTotpResponse:
    """Switch the second factor on or off. Recovery codes are on the pages, under Settings."""
    cipher = call.instance.cipher
    await call.unit(
        lambda caller: set_two_factor(
            caller.ctx, cipher, caller.person.id, wanted.totp_token, enabled=wanted.enabled
        )
    )
    return UpdateTotpResponse(enabled=wanted.enabled)


@resource.reads("/user/validate_auth")
def validate_auth(caller: Caller, _wanted: NoParameters) -> SuccessResponse:
    """Whether the token is that of a session; other calls take an invalid one for a guest's."""
    caller.check_member()
    return SUCCESS


class LoginToken(Shape):
    """A session. IP addresses are not stored."""

    user_id: int
    published: datetime
    ip: str | None = None
    user_agent: str | None = None


@resource.reads("/user/list_logins")
def list_logins(caller: Caller, _wanted: NoParameters) -> list[LoginToken]:
    """One's own sessions, in browsers and apps."""
    mine = caller.person.id
    return [
        LoginToken(user_id=mine, published=one.created_at, user_agent=one.user_agent or None)
        for one in list_sessions(caller.conn, mine, caller.now)
    ]
