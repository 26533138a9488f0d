"""Push messages: the browsers of a member, and the service worker that shows the messages."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from fedcom.http.instance import instance_of
from fedcom.http.numbers import number_in
from fedcom.personal.push import subscribe, unsubscribe
from fedcom.web.html.forms import receive, see_other
from fedcom.web.html.render import script_address
from fedcom.web.html.request_context import context_of, member_of
from fedcom.web.html.routing import button_route, page_route

BACK = "/settings/notifications"


def routes() -> list[BaseRoute]:
    """The routes of all of them."""
    return [
        button_route(f"{BACK}/devices", add),
        button_route(f"{BACK}/devices/remove", remove),
        page_route("/service-worker.js", show_worker),
    ]


async def add(request: Request) -> Response:
    """POST /settings/notifications/devices: for our script, what the browser subscribed to."""
    sent = await receive(request)
    member = member_of(await context_of(request))
    keys = {name: sent.get(name, "") for name in ("endpoint", "p256dh", "auth")}
    await instance_of(request).unit(
        lambda ctx: subscribe(ctx, member.person, member.session.id, **keys)
    )
    return see_other(f"{BACK}#devices", "push_on")


async def remove(request: Request) -> Response:
    """POST /settings/notifications/devices/remove: the one with the id `number`."""
    sent = await receive(request)
    by = member_of(await context_of(request)).person
    number = number_in(sent.get("number", ""))
    await instance_of(request).unit(lambda ctx: unsubscribe(ctx.conn, by.id, number))
    return see_other(f"{BACK}#devices", "push_off")


async def show_worker(request: Request) -> Response:
    """GET /service-worker.js: one that shows push messages and does nothing else."""
    script = f'importScripts("{script_address("push_worker.js")}");\n'
    headers = {"Cache-Control": "no-cache"}
    return Response(script, media_type="text/javascript", headers=headers)
