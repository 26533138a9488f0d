"""The style sheet, the scripts and the icon, from memory; a new version has a new address."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from fedcom.http.numbers import whole_number
from fedcom.web.html.colours import style_of
from fedcom.web.html.render import FOLDER, SCRIPTS, STYLE

FILES = {
    "style.css": (STYLE, "text/css"),
    **{name: (content, "text/javascript") for name, content in SCRIPTS.items()},
    "icon.svg": ((FOLDER / "static" / "icon.svg").read_bytes(), "image/svg+xml"),
}

FOREVER = "public, max-age=31536000, immutable"
A_DAY = "public, max-age=86400"


async def show_file(request: Request) -> Response:
    """GET /static/{name}; cached for ever if the address names a version (`?v=`)."""
    found = FILES.get(request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    content, kind = found
    hue = whole_number(request.query_params.get("hue", ""), 359)
    if kind == "text/css" and hue is not None:
        # In the style sheet, not in one of its own: every further request slows the page down.
        content += style_of(hue).encode()
    keep = FOREVER if "v" in request.query_params else A_DAY
    return Response(content, media_type=kind, headers={"Cache-Control": keep})
