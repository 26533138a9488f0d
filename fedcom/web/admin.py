"""The admin's page: the site, who wants to join, blocked instances, how deliveries fare."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from fedcom.accounts.register import approve, deny, list_applications
from fedcom.accounts.roster import Member, count_members
from fedcom.context import Context
from fedcom.errors import Conflict
from fedcom.http.instance import instance_of
from fedcom.models.peer import InstanceBlock
from fedcom.models.site import Site
from fedcom.rules.limits import check_body
from fedcom.site.instances import block_instance, list_blocks, unblock_instance
from fedcom.site.settings import MAX_DESCRIPTION, edit_site
from fedcom.web.forms import Form, read_form, receive, see_other
from fedcom.web.places import number_in
from fedcom.web.render import page
from fedcom.web.visits import Visit, admin_of, visit_of, visiting
from fedcom.web.words import gettext
from fedcom.wire.body import Body
from outbox.upkeep import PeerReport, count_states, report_peers

PEERS = 100
"""Peers shown, those with the longest backlog first."""

_BLOCK = {"host": "", "reason": ""}


@dataclass(frozen=True, slots=True)
class Overview:
    """All that the page shows."""

    applications: list[Member]
    members: int
    blocks: list[InstanceBlock]
    deliveries: dict[str, int]
    peers: list[PeerReport]
    more_peers: int

    @staticmethod
    def moment(seconds: float) -> datetime:
        """Epoch seconds, as the engines count time, → a moment."""
        return datetime.fromtimestamp(seconds, UTC)


def _read(conn: Connection) -> Overview:
    peers = report_peers(conn)
    return Overview(
        list_applications(conn),
        count_members(conn, "active"),
        list_blocks(conn),
        count_states(conn),
        peers[:PEERS],
        max(0, len(peers) - PEERS),
    )


async def show(request: Request) -> Response:
    """GET /admin."""
    return await _show(request, None, Form(dict(_BLOCK)))


async def _show(request: Request, form: Form | None, block: Form) -> Response:
    def read(conn: Connection, visit: Visit) -> Overview:
        admin_of(request, visit)
        return _read(conn)

    visit, overview = await visiting(request, read)
    form = form or Form(_values(visit.site))
    values = {"overview": overview, "form": form, "block": block}
    return page(request, "admin.html", visit, values, status=max(form.status, block.status))


def _values(site: Site) -> dict[str, str]:
    return {
        "site_name": site.name,
        "body": site.description_source,
        "registration": site.registration,
        "answers_apps_as_lemmy": "on" if site.answers_apps_as_lemmy else "",
    }


async def save_site(request: Request) -> Response:
    """POST /admin/site: name, description, who may join."""
    visit = await visit_of(request)
    admin_of(request, visit)
    form = await read_form(request, _values(visit.site))
    if form.ready:
        with form.keeping():
            about = Body.of_markdown(check_body(form.text("body"), MAX_DESCRIPTION))

            def work(ctx: Context) -> Site:
                return edit_site(
                    ctx.conn,
                    name=form.line("site_name"),
                    description=about,
                    registration=form.line("registration"),
                    answers_apps_as_lemmy=form.checked("answers_apps_as_lemmy"),
                )

            await instance_of(request).unit(work)
            return see_other("/admin", "site_saved")
    return await _show(request, form, Form(dict(_BLOCK)))


async def decide(request: Request) -> Response:
    """POST /admin/applications: `decision` is approve or deny, `person` whose."""
    sent = await receive(request)
    admin_of(request, await visit_of(request))
    person = number_in(sent.get("person", ""))
    approved = sent.get("decision") == "approve"
    if not approved and sent.get("decision") != "deny":
        raise Conflict("no_decision", gettext("Approve or deny?"))

    def work(ctx: Context) -> None:
        if approved:
            approve(ctx.conn, person)
        else:
            deny(ctx, person)

    await instance_of(request).unit(work)
    return see_other("/admin", "application_approved" if approved else "application_denied")


async def block(request: Request) -> Response:
    """POST /admin/blocks: have nothing to do with a server any more."""
    visit = await visit_of(request)
    by = admin_of(request, visit).person
    form = await read_form(request, _BLOCK)
    if form.ready:
        with form.keeping():
            host, reason = form.line("host"), form.line("reason")
            await instance_of(request).unit(lambda ctx: block_instance(ctx, host, reason, by))
            return see_other("/admin", "block_added")
    return await _show(request, None, form)


async def unblock(request: Request) -> Response:
    """POST /admin/blocks/remove."""
    sent = await receive(request)
    by = admin_of(request, await visit_of(request)).person
    host = sent.get("host", "")
    await instance_of(request).unit(lambda ctx: unblock_instance(ctx, host, by))
    return see_other("/admin", "block_removed")
