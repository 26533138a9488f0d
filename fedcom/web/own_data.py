"""A member's own data: export and deletion."""

from collections.abc import AsyncIterator
from functools import partial

import orjson
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from fedcom.accounts.delete_account import delete_account
from fedcom.accounts.members import Member, is_last_admin
from fedcom.accounts.sessions import SignedIn
from fedcom.http.identity import clear_session
from fedcom.http.instance import Instance, instance_of
from fedcom.personal.export import PARTS, ExportPart, export_head, lemmy_settings, read_part
from fedcom.views.appeal import AppealLine, list_own_appeals, map_own_bans
from fedcom.views.ban import BanView, list_bans_of
from fedcom.web.html.forms import read_form, see_other
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, context_of, member_of, read_page
from fedcom.web.settings import confirm

_FIELDS = {"current_password": "", "remove_content": ""}


async def show(request: Request) -> Response:
    """GET /settings/data: downloads, and the link to account deletion."""
    context = await context_of(request)
    member_of(context)
    return page(context, "settings_data.html", {})


async def show_bans(request: Request) -> Response:
    """GET /settings/bans: the member's bans, with end and reason, and appeals."""

    def read(
        conn: Connection, context: PageContext
    ) -> tuple[list[BanView], list[AppealLine], dict[int | None, int]]:
        viewer_id = member_of(context).person.id
        bans = list_bans_of(conn, viewer_id, context.now)
        return bans, list_own_appeals(conn, viewer_id), map_own_bans(conn, viewer_id)

    context, (bans, appeals, decisions) = await read_page(request, read)
    person = member_of(context).person
    values = {
        "bans": bans,
        "person": person,
        "is_banned": person.is_banned(context.now),
        "appeals": appeals,
        "appealed": {one.appeal.decision_id for one in appeals},
        "decisions": decisions,
    }
    return page(context, "settings_bans.html", values)


async def export(request: Request) -> Response:
    """GET /settings/export: everything, as one JSON document that is written while it is read."""
    member = member_of(await context_of(request))
    name = f"{member.person.name}-{member.person.host.partition(':')[0]}.json"
    return _download(StreamingResponse(_write(instance_of(request), member)), name)


async def export_for_lemmy(request: Request) -> Response:
    """GET /settings/export/lemmy: the part that Lemmy and others can import."""
    member = member_of(await context_of(request))
    whose = Member(member.person, member.account)
    found = await instance_of(request).read(lambda conn: orjson.dumps(lemmy_settings(conn, whose)))
    return _download(Response(found), f"{member.person.name}-settings.json")


def _download(response: Response, name: str) -> Response:
    response.headers["Content-Type"] = "application/json"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


async def _write(instance: Instance, member: SignedIn) -> AsyncIterator[bytes]:
    head = orjson.dumps(export_head(Member(member.person, member.account)))
    yield head[:-1]
    for part in PARTS:
        yield f',"{part.name}":['.encode()
        after, comma = None, b""
        while True:
            read = partial(_read_page, part=part, person_id=member.person.id, after=after)
            rows, after = await instance.read(read)
            if rows:
                yield comma + rows
                comma = b","
            if after is None:
                break
        yield b"]"
    yield b"}\n"


def _read_page(
    conn: Connection, part: ExportPart, person_id: int, after: object
) -> tuple[bytes, object]:
    """As `read_part`, serialized in the database's thread: the rows may have megabytes."""
    rows, following = read_part(conn, part, person_id, after)
    return b",".join(map(orjson.dumps, rows)), following


async def leave(request: Request) -> Response:
    """GET and POST /settings/delete: delete the account, after the password."""
    form = await read_form(request, _FIELDS)

    context, is_needed = await read_page(
        request, lambda conn, context: is_last_admin(conn, member_of(context).person.id)
    )
    member = member_of(context)
    if form.ready:
        with form.keeping():
            await confirm(request, member, form, "current_password")
            removes = form.checked("remove_content")
            await context.instance.unit(
                lambda ctx: delete_account(ctx, member.person.id, removes_content=removes)
            )
            response = see_other("/", "account_deleted")
            clear_session(response, context.instance.settings)
            return response
    values = {"form": form, "is_needed": member.is_admin and is_needed}
    return form.answer(page(context, "settings_delete.html", values))
