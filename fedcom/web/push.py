"""Push messages: the browsers of a member that show them."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from fedcom.http.instance import instance_of
from fedcom.http.numbers import number_in
from fedcom.personal.push import subscribe, unsubscribe
from fedcom.web.html.forms import receive, see_other
from fedcom.web.html.request_context import context_of, member_of
from fedcom.web.html.routing import button_route

BACK = "/settings/notifications"


def routes() -> list[BaseRoute]:
    """The routes of all of them."""
    return [
        button_route(f"{BACK}/devices", add),
        button_route(f"{BACK}/devices/remove", remove),
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
