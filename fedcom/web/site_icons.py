"""The icons of this server, for browser tabs, home screens and links: made from its logo."""

import asyncio
from functools import lru_cache

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedcom.http.instance import instance_of
from fedcom.media.icons import OUR_COLOUR, drawn_icon, logo_icon, to_ico
from fedcom.models.site import Site
from fedcom.offload import offload
from fedcom.site.settings import get_site
from fedcom.web.html.colours import light_shades
from fedcom.web.html.icon_addresses import ICONS
from fedcom.web.html.routing import page_route
from fedcom.web.html.static_files import A_DAY, FOREVER

TAB, TOUCH = "32.png", "180.png"
"""What browsers ask for at addresses of their own."""


def routes() -> list[Route]:
    """The icons, also where browsers look for them without being told."""
    return [
        page_route("/icons/{name}", show),
        page_route("/favicon.ico", show_favicon),
        page_route("/apple-touch-icon.png", show_touch_icon),
    ]


async def show(request: Request) -> Response:
    """GET /icons/{name}: one of `ICONS`; cached for ever if the address names a version."""
    name = request.path_params["name"]
    if name not in ICONS:
        raise HTTPException(404)
    keep = FOREVER if "v" in request.query_params else A_DAY
    return _answer(await _icon(request, name), "image/png", keep)


async def show_favicon(request: Request) -> Response:
    """GET /favicon.ico."""
    content = await offload(to_ico, await _icon(request, TAB))
    return _answer(content, "image/x-icon", A_DAY)


async def show_touch_icon(request: Request) -> Response:
    """GET /apple-touch-icon.png."""
    return _answer(await _icon(request, TOUCH), "image/png", A_DAY)


def _answer(content: bytes, kind: str, keep: str) -> Response:
    return Response(content, media_type=kind, headers={"Cache-Control": keep})


async def _icon(request: Request, name: str) -> bytes:
    instance = instance_of(request)
    site: Site = await instance.read(get_site)
    logo = None
    if site.logo is not None:
        logo = await asyncio.to_thread(instance.pictures.store.read, site.logo)
    side, fills = ICONS[name]
    if logo is not None:
        return await offload(_of_logo, logo, side, fills)
    colour = OUR_COLOUR if site.hue is None else light_shades(site.hue).accent
    return await offload(_drawn, side, colour, fills)


# An icon takes some 10 ms, and every visitor's browser asks for it.
@lru_cache(maxsize=2 * len(ICONS))
def _of_logo(logo: bytes, side: int, fills: bool) -> bytes:
    return logo_icon(logo, side, fills=fills)


@lru_cache(maxsize=2 * len(ICONS))
def _drawn(side: int, colour: str, fills: bool) -> bytes:
    return drawn_icon(side, colour, fills=fills)
