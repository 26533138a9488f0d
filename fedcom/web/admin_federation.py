"""The admin's pages about other servers: blocked and known servers, and the state of deliveries."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from fedcom.catalogues import mark
from fedcom.errors import Conflict
from fedcom.http.instance import instance_of
from fedcom.models.omission import Omission
from fedcom.models.peer import InstanceBlock, Peer
from fedcom.queries.omissions import list_omissions
from fedcom.remote.peers import find_peers, list_peers, normalise_host
from fedcom.site.health import Backlog, Health, check_health, list_backlogs, measure_database
from fedcom.site.instances import block_instance, list_blocks, unblock_instance
from fedcom.site.settings import list_allowed_instances
from fedcom.web.html.forms import Form, read_form, receive, see_other
from fedcom.web.html.i18n import gettext
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, admin_of, context_of, read_page
from inbox import journal
from inbox.journal import RefusedEntry
from outbox.maintenance import (
    FailedDelivery,
    PeerReport,
    count_states,
    find_failed,
    report_peers,
    retry_now,
)

PEERS = 100
"""Peers shown, those with the longest backlog first."""

LATEST = 20
"""Refused activities shown, in each direction."""

_STATES = {
    "waiting": mark("waiting"),
    "claimed": mark("sending"),
    "delivered": mark("delivered"),
    "failed": mark("rejected by the other server"),
    "given_up": mark("given up"),
    "echoed": mark("rejected, but already known there"),
    "open": mark("new"),
    "parked": mark("waiting for missing data"),
    "done": mark("processed"),
    "refused": mark("rejected by this server"),
    "ignored": mark("ignored by this server"),
}

_BACKLOGS = {
    "follows": mark("unanswered follow requests by members"),
    "deliveries": mark("outgoing deliveries"),
    "activities": mark("incoming activities, not processed yet"),
}

_BLOCK = {"host": "", "reason": ""}
_STARTED = time.monotonic()


async def show_instances(request: Request) -> Response:
    """GET /admin/instances: blocked, allowed and known servers."""
    return await _show_instances(request, Form(dict(_BLOCK)))


async def _show_instances(request: Request, form: Form) -> Response:
    def read(
        conn: Connection, context: PageContext
    ) -> tuple[list[InstanceBlock], list[Peer], list[str]]:
        admin_of(context)
        known = list_peers(conn, limit=5 * PEERS)
        return list_blocks(conn), known, list_allowed_instances(conn)

    context, (blocks, known, allowed) = await read_page(request, read)
    values = {"form": form, "blocks": blocks, "known": known, "allowed": allowed}
    return form.answer(page(context, "admin_instances.html", values))


async def block(request: Request) -> Response:
    """POST /admin/blocks: block a server."""
    context = await context_of(request)
    by = admin_of(context).person
    form = await read_form(request, _BLOCK)
    if form.ready:
        with form.keeping("reason"):
            host, reason = form.line("host"), form.line("reason")
            await context.instance.unit(lambda ctx: block_instance(ctx, host, reason, by))
            return see_other("/admin/instances", "block_added")
    return await _show_instances(request, form)


async def unblock(request: Request) -> Response:
    """POST /admin/blocks/remove: unblock a server."""
    sent = await receive(request)
    by = admin_of(await context_of(request)).person
    host = sent.get("host", "")
    await instance_of(request).unit(lambda ctx: unblock_instance(ctx, host, by))
    return see_other("/admin/instances", "block_removed")


@dataclass(frozen=True, slots=True)
class Overview:
    """The data of the page about federation."""

    health: Health
    peers: list[PeerReport]
    software: dict[str, Peer]
    # Both up to `COUNTED`.
    deliveries: dict[str, int]
    inbox_states: dict[str, int]
    # The one server shown; "" for all.
    host: str
    backlogs: list[Backlog]
    failed: list[FailedDelivery]
    refused: list[RefusedEntry]
    left_out: list[Omission]
    database_bytes: int
    uptime: timedelta
    now: float

    @staticmethod
    def moment(seconds: float) -> datetime:
        """Epoch seconds, as the engines count time, as a datetime."""
        return datetime.fromtimestamp(seconds, UTC)

    @property
    def failures(self) -> list[FailedDelivery]:
        """Our activities that other servers refused and did not receive."""
        return [one for one in self.failed if not one.is_echo]

    @property
    def echoes(self) -> list[FailedDelivery]:
        """Activities that other servers refused because they come from their own members."""
        return [one for one in self.failed if one.is_echo]

    @property
    def version(self) -> str:
        """The version of this server."""
        return version("fedcom")

    def state_of(self, peer: PeerReport) -> str:
        """The state of a peer, in words."""
        if peer.gone:
            return gettext(
                "No response for a month. Nothing more is sent until it contacts this server."
            )
        reason = reason_of(peer.last_status, peer.last_answer)
        if peer.last_answer or peer.failures or peer.failing:
            return reason or gettext("Deliveries are failing.")
        if peer.last_success is None:
            return gettext("Nothing sent yet.")
        return gettext("Deliveries are accepted.")


def state_named(state: str) -> str:
    """The label of a state of `outbox.deliveries` or `inbox.journal`."""
    return gettext(_STATES.get(state, state))


def backlog_named(kind: str) -> str:
    """The backlog, in words."""
    return gettext(_BACKLOGS[kind])


def reason_of(status: int | None, answer: str | None) -> str:
    """The meaning of a peer's last response to a delivery, for an admin; "" if there was none."""
    text = " ".join((answer or "").split())[:200]
    if status is None:
        return gettext("Unreachable: %(detail)s") % {"detail": text} if text else ""
    meanings = {
        401: gettext(
            "Our signature was not accepted. Check that the clocks of both servers are right."
        ),
        403: gettext("Deliveries are forbidden. That server may be blocking this one."),
        404: gettext("The inbox no longer exists."),
        410: gettext("The inbox no longer exists."),
        429: gettext("Rate limit reached. Sending more slowly now."),
    }
    meaning = meanings.get(status, "")
    if not meaning and status >= 500:
        meaning = gettext("Internal error on that server. Trying again later.")
    elif not meaning and status >= 400:
        meaning = gettext("The delivery was rejected.")
    return f"{meaning} ({' '.join(filter(None, (str(status), text)))})".strip()


async def show(request: Request) -> Response:
    """GET /admin/federation: peers, queues, failures, disk; current problems and their remedies.

    `?host=` limits the lists to one server.
    """
    instance = instance_of(request)
    text = request.query_params.get("host", "").strip()
    host = normalise_host(text) if text else None

    def read(conn: Connection, context: PageContext) -> Overview:
        admin_of(context)
        peers = report_peers(conn, host=host, limit=PEERS)
        return Overview(
            health=check_health(conn, instance.settings.data_dir, context.now),
            host=host or "",
            backlogs=[one for one in list_backlogs(conn, context.now) if host in (None, one.host)],
            peers=peers,
            software=find_peers(conn, [one.host for one in peers]),
            deliveries=count_states(conn),
            inbox_states=journal.counts(conn),
            failed=find_failed(conn, host=host, limit=LATEST),
            refused=journal.refusals(conn, LATEST, host),
            left_out=list_omissions(conn, LATEST, host),
            database_bytes=measure_database(conn),
            uptime=timedelta(seconds=int(time.monotonic() - _STARTED)),
            now=context.now.timestamp(),
        )

    context, overview = await read_page(request, read)
    values = {
        "overview": overview,
        "reason_of": reason_of,
        "state_named": state_named,
        "backlog_named": backlog_named,
    }
    return page(context, "admin_federation.html", values)


async def retry(request: Request) -> Response:
    """POST /admin/federation/retry: send the deliveries for `host` ("" for all) now."""
    sent = await receive(request)
    admin_of(await context_of(request))
    host = normalise_host(sent["host"]) if sent.get("host") else None
    waiting = await instance_of(request).unit(
        lambda ctx: retry_now(ctx.conn, host, ctx.now.timestamp())
    )
    if host is not None and not waiting:
        raise Conflict("nothing_waits", "No deliveries are waiting for that server.")
    return see_other("/admin/federation", "retried")
