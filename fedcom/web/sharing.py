"""Sharing: a page with the address of a post or comment, and `/oembed`, for sites that show it.

https://oembed.com, version 1.0. Only what was written here and everybody may read is described.
"""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from markupsafe import Markup
from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fedcom.catalogues import mark
from fedcom.errors import NotFound
from fedcom.http.cors import ANY_ORIGIN
from fedcom.http.instance import instance_of
from fedcom.http.numbers import number_of, whole_number
from fedcom.http.problem import FOR_PROGRAMS
from fedcom.http.resolve import check_open
from fedcom.media.records import find_sizes
from fedcom.models.site import Site
from fedcom.remote.peers import normalise_host
from fedcom.site.settings import get_site
from fedcom.text.pictures import NO_SIZES, Sizes
from fedcom.views.comment import CommentView, get_comment_view
from fedcom.views.post import PostView, get_post_view
from fedcom.web.html.cards import Card, CardMaker
from fedcom.web.html.forms import Form
from fedcom.web.html.icon_addresses import icon_address
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, read_page
from fedcom.web.html.routing import Handler, page_route, shared_route

WIDTH = 600
"""Pixels that a described post may take."""

KEPT_SECONDS = 300
"""How long the sites that ask may show it without asking again."""

MAX_TITLE = 300
"""Characters of the title in a new post elsewhere."""

_PATH = re.compile(r"/(post|comment)/([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Shared:
    """A post, or a comment on it, that everybody may read."""

    post: PostView
    comment: CommentView | None = None
    sizes: Sizes = field(default_factory=dict)

    @property
    def target(self) -> PostView | CommentView:
        """What is shared."""
        return self.comment or self.post

    def card(self, maker: CardMaker) -> Card:
        """How a link to it is shown."""
        if self.comment is None:
            return maker.of_post(self.post, self.sizes)
        return maker.of_comment(self.comment, is_veiled=bool(self.post.content_warning))


def routes() -> list[Route]:
    """The pages with addresses, and oEmbed."""
    return [
        page_route("/post/{number:int}/share", _show("post")),
        page_route("/comment/{number:int}/share", _show("comment")),
        shared_route("/oembed", describe),
    ]


def read_shared(conn: Connection, origin: str, kind: str, number: int) -> Shared:
    """What a guest sees of it. Raises NotFound, and HTTPException(410) if it was deleted or removed
    or its community is closed.
    """
    comment = get_comment_view(conn, number) if kind == "comment" else None
    post = get_post_view(conn, comment.post.id if comment else number)
    check_open(post.community)
    if not (post.is_shown and (comment is None or comment.is_shown)):
        raise HTTPException(410, mark("This was deleted or removed."))
    sizes = NO_SIZES
    if comment is None and post.picture_url:
        sizes = find_sizes(conn, origin, [post.picture_url])
    return Shared(post, comment, sizes)


def _show(kind: str) -> Handler:
    async def show(request: Request) -> Response:
        """GET /post|comment/{number}/share: its address; `server` is where to post about it."""
        origin = instance_of(request).settings.origin

        def read(conn: Connection, _context: PageContext) -> Shared:
            return read_shared(conn, origin, kind, number_of(request))

        context, shared = await read_page(request, read)
        form = Form({"server": request.query_params.get("server", "")})
        title = shared.post.title
        values = {
            "path": f"/{kind}/{shared.target.id}",
            "title": title,
            "address": shared.target.iri,
            "form": form,
            "intent": _intent(form, title, shared.target.iri),
        }
        return form.answer(page(context, "share.html", values))

    return show


def _intent(form: Form, title: str, address: str) -> str:
    """The page of a microblog's server that begins a post about it; "" without a server."""
    host = ""
    with form.keeping("server"):
        host = normalise_host(form.line("server")) if form.line("server") else ""
    text = urlencode({"text": f"{title[:MAX_TITLE]}\n{address}"}, quote_via=quote)
    return f"https://{host}/share?{text}" if host else ""


async def describe(request: Request) -> Response:
    """GET /oembed?url=…: a post or a comment of ours; `maxwidth` and `maxheight` in pixels.

    As the specification says: 404 for what is not here or not public, 401 on a private site, 501
    for another format.
    """
    request.scope.setdefault("state", {})[FOR_PROGRAMS] = True
    query, instance = request.query_params, instance_of(request)
    if query.get("format", "json") != "json":
        raise HTTPException(501, mark("Only the format json is available."))
    url, origin = query.get("url", ""), instance.settings.origin

    def read(conn: Connection) -> tuple[Site, Shared | None]:
        site = get_site(conn)
        return site, None if site.private else _find_at(conn, origin, url)

    site, shared = await instance.read(read)
    if site.private:
        raise HTTPException(401, mark("Only members can see this."))
    if shared is None or not shared.target.local:
        raise NotFound(
            "couldnt_find_object", "There is no public post or comment here at this address."
        )
    maker = CardMaker(site, instance.media_signer, f"{origin}{icon_address(site, '512.png')}")
    most = tuple(whole_number(query.get(name, ""), 10_000) for name in ("maxwidth", "maxheight"))
    headers = {**ANY_ORIGIN, "Cache-Control": f"public, max-age={KEPT_SECONDS}"}
    return JSONResponse(to_oembed(site, shared, shared.card(maker), most), headers=headers)


def _find_at(conn: Connection, origin: str, url: str) -> Shared | None:
    """What a guest sees at an address of ours; None for any other address."""
    if not url.startswith(f"{origin}/"):
        return None
    found = _PATH.fullmatch(urlsplit(url.removeprefix(origin)).path)
    if found is None:
        return None
    try:
        return read_shared(conn, origin, found[1], int(found[2]))
    except (NotFound, HTTPException):
        return None


def to_oembed(
    site: Site, shared: Shared, card: Card, most: tuple[int | None, ...]
) -> dict[str, Any]:
    """The answer of type `rich`: a quotation without scripts or styles, as high as its text."""
    target = shared.target
    max_width, max_height = most
    found = {
        "version": "1.0",
        "type": "rich",
        "title": card.title,
        "author_name": target.author.display_name,
        "author_url": f"{site.origin}/u/{target.author.slug}",
        "provider_name": site.name,
        "provider_url": f"{site.origin}/",
        "cache_age": KEPT_SECONDS,
        "html": _quotation(site, shared, card),
        "width": WIDTH if max_width is None else min(WIDTH, max_width),
        "height": None,
    }
    picture = card.picture
    if picture and picture.is_large and picture.size:
        width, height = picture.size
        fits = (max_width or width) >= width and (max_height or height) >= height
        if fits:
            names = ("thumbnail_url", "thumbnail_width", "thumbnail_height")
            found |= dict(zip(names, (picture.address, width, height), strict=True))
    return found


def _quotation(site: Site, shared: Shared, card: Card) -> Markup:
    community = shared.post.community
    return Markup(
        '<blockquote cite="{url}"><p><a href="{url}"><strong>{title}</strong></a></p>'
        '<p>{text}</p><p><a href="{origin}/u/{author}">{name}</a> · '
        '<a href="{origin}/c/{place}">{community}</a></p></blockquote>'
    ).format(
        url=card.canonical,
        title=card.title,
        text=card.description,
        origin=site.origin,
        author=shared.target.author.slug,
        name=shared.target.author.display_name,
        place=community.slug,
        community=community.display_name,
    )
