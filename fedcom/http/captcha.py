"""Captchas of the sign-up, for pages and the API: made, drawn and spoken in threads, checked."""

from dataclasses import dataclass

from starlette.requests import Request

from fedcom.accounts.captcha import (
    captcha_incorrect,
    draw_captcha,
    get_answer,
    make_ticket,
    speak_captcha,
    use_captcha,
)
from fedcom.accounts.throttle import RECORDINGS_BY_ADDRESS, address_key, count_attempt
from fedcom.http.addresses import client_address
from fedcom.http.instance import instance_of
from fedcom.models.site import Site
from fedcom.offload import offload


@dataclass(frozen=True, slots=True)
class DrawnCaptcha:
    """A captcha to be solved: the ticket that has to come back with the answer, and a PNG."""

    ticket: str
    png: bytes


async def make_captcha(request: Request, site: Site) -> DrawnCaptcha | None:
    """A new captcha; None if the site has none."""
    if not site.captcha_enabled:
        return None
    instance = instance_of(request)
    ticket = make_ticket(instance.cipher, site.captcha_difficulty, instance.clock())
    answer = get_answer(instance.cipher, ticket, instance.clock())
    return DrawnCaptcha(ticket, await offload(draw_captcha, answer))


async def record_captcha(request: Request, ticket: str) -> bytes:
    """The same captcha as a recording (WAV). Raises TooMany, and Invalid("captcha_incorrect") if
    the ticket is not ours or has expired.
    """
    instance, address = instance_of(request), address_key(client_address(request))
    answer = get_answer(instance.cipher, ticket, instance.clock())
    await instance.unit(
        lambda ctx: count_attempt(ctx.conn, RECORDINGS_BY_ADDRESS, address, ctx.now)
    )
    return await offload(speak_captcha, answer)


async def check_captcha(request: Request, ticket: str, typed: str) -> None:
    """Raises Invalid("captcha_incorrect") unless the answer is right and the first one."""
    instance = instance_of(request)
    is_right = await instance.unit(
        lambda ctx: use_captcha(ctx.conn, instance.cipher, ticket, typed, ctx.now)
    )
    if not is_right:
        raise captcha_incorrect()
