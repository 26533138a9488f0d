"""The settings of two-factor authentication: set up with an app, and switched off again."""

from dataclasses import dataclass
from functools import partial
from typing import Protocol

import segno
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from fedcom.accounts.sessions import SignedIn
from fedcom.accounts.sign_in import Client, begin_code
from fedcom.accounts.throttle import forget_attempts
from fedcom.accounts.two_factor import (
    Enrolment,
    TwoFactorState,
    confirm,
    find_enrolment,
    find_state,
    generate,
    renew_recovery_codes,
    set_two_factor,
)
from fedcom.context import Context
from fedcom.http.addresses import client_address
from fedcom.http.instance import instance_of
from fedcom.offload import offload
from fedcom.remote.keys import KeyCipher
from fedcom.web.html.forms import Form, read_form, see_other
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, context_of, member_of, read_page
from fedcom.web.settings import confirm as confirm_password

PATH = "/settings/two-factor"

_MARGIN = 4
"""Modules around a QR code (ISO/IEC 18004)."""


@dataclass(frozen=True, slots=True)
class QrCode:
    """A QR code as SVG: the modules on each side, and the path of the dark ones."""

    size: int
    path: str


class CodeWork(Protocol):
    """What a code permits: a function of `fedcom.accounts.two_factor`."""

    def __call__(self, ctx: Context, cipher: KeyCipher, account_id: int, code: str, /) -> list[str]:
        """The new recovery codes, if any."""
        ...


def to_qr_code(text: str) -> QrCode:
    """The QR code of a text. Takes some 10 ms of CPU."""
    rows = list(segno.make(text, error="m", micro=False).matrix_iter(border=_MARGIN))
    dark = [(x, y) for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark]
    return QrCode(len(rows), "".join(f"M{x} {y}h1v1h-1z" for x, y in dark))


async def edit(request: Request) -> Response:
    """GET and POST /settings/two-factor: its state; the password makes a new secret."""
    form = await read_form(request, {"current_password": ""})
    context = await context_of(request)
    member = member_of(context)
    if form.ready:
        with form.keeping():
            await confirm_password(request, member, form, "current_password")
            cipher, name = context.instance.cipher, member.person.name
            await context.instance.unit(
                lambda ctx: generate(ctx, cipher, member.account.actor_id, name)
            )
            return see_other(PATH)
    return await _show(request, password=form)


async def _show(
    request: Request, *, password: Form | None = None, code: Form | None = None
) -> Response:
    instance = instance_of(request)
    password, code = password or Form({"current_password": ""}), code or Form({"code": ""})

    def read(conn: Connection, context: PageContext) -> tuple[TwoFactorState, Enrolment | None]:
        member = member_of(context)
        account_id = member.account.actor_id
        ctx = Context(conn, context.now, instance.settings.origin)
        waiting = find_enrolment(ctx, instance.cipher, account_id, member.person.name)
        return find_state(conn, account_id), waiting

    context, (state, enrolment) = await read_page(request, read)
    values = {
        "state": state,
        "enrolment": enrolment,
        "qr_code": await offload(to_qr_code, enrolment.url) if enrolment else None,
        "password": password,
        "code": code,
    }
    shown = page(context, "settings_two_factor.html", values)
    return _unstored(code.answer(password.answer(shown)))


def _unstored(response: Response) -> Response:
    """A page with secrets, which no browser is to keep on its disk."""
    response.headers["Cache-Control"] = "private, no-store"
    return response


async def switch_on(request: Request) -> Response:
    """POST /settings/two-factor/confirm: the first code; shows the recovery codes, once."""
    return await _show_codes(request, confirm)


async def renew_codes(request: Request) -> Response:
    """POST /settings/two-factor/codes: shows new recovery codes, once."""
    return await _show_codes(request, renew_recovery_codes)


async def switch_off(request: Request) -> Response:
    """POST /settings/two-factor/off: needs a code."""
    form = await read_form(request, {"code": ""})
    member = member_of(await context_of(request))
    if form.ready:
        with form.keeping("code"):
            await _use_code(request, member, form, partial(set_two_factor, enabled=False))
            return see_other("/settings/account", "two_factor_off")
    return await _show(request, code=form)


async def _show_codes(request: Request, work: CodeWork) -> Response:
    form = await read_form(request, {"code": ""})
    context = await context_of(request)
    member = member_of(context)
    if form.ready:
        with form.keeping("code"):
            codes = await _use_code(request, member, form, work)
            return _unstored(page(context, "settings_recovery_codes.html", {"codes": codes}))
    return await _show(request, code=form)


async def _use_code(request: Request, member: SignedIn, form: Form, work: CodeWork) -> list[str]:
    """Run `work` with the code in the form. Wrong ones are counted per session, as wrong passwords
    are (`settings.confirm`). Raises TooMany, and what `work` raises.
    """
    instance, session = instance_of(request), f"session {member.session.id}"
    client, account = Client(client_address(request), lambda _account: session), member.account
    attempts = await instance.unit(lambda ctx: begin_code(ctx.conn, account, client, ctx.now))

    def use(ctx: Context) -> list[str]:
        codes = work(ctx, instance.cipher, account.actor_id, form.line("code"))
        forget_attempts(ctx.conn, attempts)
        return codes

    return await instance.unit(use)
