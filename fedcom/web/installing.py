"""What makes this server an app on a home screen: its manifest, and a service worker for times
without a network (W3C, Web Application Manifest and Service Workers).

The worker keeps the offline page and files with a version in their address; never a page of the
site, which may be private.
"""

import hashlib
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedcom.http.instance import instance_of
from fedcom.http.page_cache import SHARED
from fedcom.models.site import Site
from fedcom.site.settings import get_site
from fedcom.text.html import excerpt_of
from fedcom.web.html.colours import LIGHT_PAGE
from fedcom.web.html.i18n import choose, direction, gettext, language, speak
from fedcom.web.html.icon_addresses import icon_address
from fedcom.web.html.render import FOLDER, bare_page, script_address, style_address
from fedcom.web.html.routing import page_route, shared_route

OFFLINE = "/offline"
SHORT_NAME = 12
"""Characters that fit below an icon."""

DESCRIPTION = 300

SCRIPTS = (script_address("push_worker.js"),)
"""The addresses of further scripts of the worker: one that shows push messages."""

_WORKER = (FOLDER / "static" / "service_worker.js").read_text()


def routes() -> list[Route]:
    """The manifest, the worker, and the page that it shows without a network."""
    return [
        shared_route("/manifest.webmanifest", show_manifest),
        page_route("/service-worker.js", show_worker),
        page_route(OFFLINE, show_offline),
    ]


async def show_manifest(request: Request) -> Response:
    """GET /manifest.webmanifest."""
    site = await instance_of(request).read(get_site)
    speak(choose(request.headers.get("accept-language", "")))
    headers = {"Cache-Control": SHARED, "Vary": "Accept-Language"}
    body = orjson.dumps(to_manifest(site))
    return Response(body, media_type="application/manifest+json", headers=headers)


def to_manifest(site: Site) -> dict[str, Any]:
    """The manifest in the language in use. What others share begins a new post."""
    icons = [
        {"src": icon_address(site, f"{side}{kind}.png"), "sizes": f"{side}x{side}", **more}
        for side in (192, 512)
        for kind, more in (("", {}), ("-full", {"purpose": "maskable"}))
    ]
    words = site.short_description or excerpt_of(site.description_html, DESCRIPTION)
    shortcuts = (
        (gettext("Write a post"), "/submit"),
        (gettext("Notifications"), "/notifications"),
        (gettext("Communities"), "/communities"),
    )
    return {
        "id": "/",
        "name": site.name,
        "short_name": _short(site.name),
        "description": words,
        "lang": language(),
        "dir": direction(),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": LIGHT_PAGE,
        "theme_color": LIGHT_PAGE,
        "icons": [{**icon, "type": "image/png"} for icon in icons],
        "shortcuts": [{"name": name, "url": url} for name, url in shortcuts],
        "share_target": {
            "action": "/submit",
            "method": "GET",
            "params": {"title": "title", "text": "body", "url": "url"},
        },
    }


def _short(name: str) -> str:
    """The whole name if it fits below an icon, else its first word."""
    return name if len(name) <= SHORT_NAME else name.split(maxsplit=1)[0][:SHORT_NAME]


async def show_worker(request: Request) -> Response:
    """GET /service-worker.js: another one as soon as anything that it keeps has changed."""
    site = await instance_of(request).read(get_site)
    return Response(
        to_worker(site),
        media_type="text/javascript",
        headers={"Cache-Control": "no-cache"},
    )


def to_worker(site: Site) -> str:
    """The worker with what it keeps, its version, and its further scripts."""
    kept = [OFFLINE, style_address(site.hue)]
    facts = orjson.dumps([kept, site.name, _WORKER, SCRIPTS])
    version = hashlib.sha256(facts).hexdigest()[:12]
    settings = orjson.dumps({"version": version, "offline": OFFLINE, "kept": kept}).decode()
    imported = f"importScripts({orjson.dumps(SCRIPTS).decode()[1:-1]});\n"
    return f"const SETTINGS = {settings};\n{imported}{_WORKER}"


async def show_offline(request: Request) -> Response:
    """GET /offline: what the worker shows without a network."""
    site = await instance_of(request).read(get_site)
    speak(choose(request.headers.get("accept-language", "")))
    return bare_page("offline.html", 200, {"site": site, "style": style_address(site.hue)})
