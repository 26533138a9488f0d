"""Accounts: signing up, logging in and out, passwords, e-mail addresses and second factors."""

from datetime import datetime

from starlette.requests import Request

from fedcom.accounts.captcha import make_captcha
from fedcom.accounts.delete_account import delete_account as delete_member
from fedcom.accounts.email import confirm_by_token
from fedcom.accounts.members import set_password
from fedcom.accounts.passwords import check_new_password
from fedcom.accounts.sessions import end_session, list_sessions
from fedcom.accounts.two_factor import generate, set_two_factor
from fedcom.api.caller import Call, Caller
from fedcom.api.endpoint import NoParameters, Parameters, Resource, Shape
from fedcom.api.v3.params import check_honeypot, check_same
from fedcom.api.v3.shapes.responses import SUCCESS, SuccessResponse
from fedcom.errors import BadRequest, Denied
from fedcom.http.log_in import confirm_password, hash_in_thread, log_in_app
from fedcom.http.password_reset import send_reset, use_reset_link
from fedcom.http.sign_up import Newcomer, make_account

resource = Resource()


class LoginResponse(Shape):
    """The token of the new session; none if an application or an e-mail address is waited for."""

    jwt: str | None = None
    registration_created: bool
    verify_email_sent: bool


class Login(Parameters):
    """A name or an e-mail address, its password, and the code of a second factor if it has one."""

    username_or_email: str
    password: str
    totp_2fa_token: str | None = None


@resource.serves("POST", "/user/login")
async def log_in(call: Call, wanted: Login) -> LoginResponse:
    """Begin a session."""
    started = await log_in_app(
        call.request, wanted.username_or_email.strip(), wanted.password, wanted.totp_2fa_token
    )
    return LoginResponse(
        jwt=started.token, registration_created=False, verify_email_sent=False
    )


@resource.writes("POST", "/user/logout")
def log_out(caller: Caller, _wanted: NoParameters) -> SuccessResponse:
    """End the session whose token is sent."""
    caller.member  # noqa: B018 - raises for guests
    end_session(caller.conn, caller.token)
    return SUCCESS


class Register(Parameters):
    """A new member."""

    username: str
    password: str
    password_verify: str
    show_nsfw: bool = False
    email: str | None = None
    captcha_uuid: str | None = None
    captcha_answer: str | None = None
    honeypot: str | None = None
    # To the question of the site.
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
        captcha=(wanted.captcha_uuid or "", wanted.captcha_answer or ""),
        show_nsfw=wanted.show_nsfw,
    )
    made = await make_account(call.request, await call.site(), newcomer, is_app=True)
    return LoginResponse(
        jwt=made.session and made.session.token,
        registration_created=made.is_pending,
        verify_email_sent=made.asks_to_confirm,
    )


class CaptchaResponse(Shape):
    """A picture and the same spoken, each in base64."""

    png: str
    wav: str
    uuid: str


class GetCaptchaResponse(Shape):
    """A question that people can answer; none if the site asks none."""

    ok: CaptchaResponse | None = None
