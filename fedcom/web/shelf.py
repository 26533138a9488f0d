"""What members keep for themselves: saving, hiding and blocking, and the pages of all that."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from fedcom.accounts.shelf import (
    block,
    block_host,
    hide,
    save,
    unblock,
    unblock_host,
    unhide,
    unsave,
)
from fedcom.context import Context
from fedcom.errors import FedcomError, Invalid
from fedcom.http.instance import instance_of
from fedcom.models.actor import Community, Person
from fedcom.models.post import Post
from fedcom.queries.cursors import Cursor
from fedcom.queries.feed import PostPage, Wanted, list_posts
from fedcom.queries.posts import get_post
from fedcom.queries.shelf import Blocks, SavedComments, list_own_blocks, list_saved_comments
from fedcom.web.content import COMMENTS, POSTS, Kind
from fedcom.web.forms import read_form, receive, safe_path, see_other
from fedcom.web.places import get_community_at, get_person_at, number_in, number_of, slug_of
from fedcom.web.render import page
from fedcom.web.routing import Handler, button_route, form_route, page_route
from fedcom.web.visits import Visit, member_of, visit_of, visiting

BLOCKS = "/settings/blocks"


def shelves() -> list[BaseRoute]:
    """The routes of all of them."""
    return [
        page_route("/saved", show_saved),
        *(
            button_route(f"/{kind.path}/{{number:int}}/{verb}", _keep(kind, verb))
            for kind in (POSTS, COMMENTS)
            for verb in ("save", "unsave")
        ),
        button_route("/post/{number:int}/hide", _hide),
        button_route("/post/{number:int}/unhide", _hide),
        button_route("/u/{slug}/block", _block(get_person_at)),
        button_route("/u/{slug}/unblock", _block(get_person_at)),
        button_route("/c/{slug}/block", _block(get_community_at)),
        button_route("/c/{slug}/unblock", _block(get_community_at)),
        form_route(BLOCKS, show_blocks),
        button_route(f"{BLOCKS}/remove", remove_block),
    ]


def _keep(kind: Kind, verb: str) -> Handler:
    async def keep(request: Request) -> Response:
        """POST /post|comment/{number}/save and /unsave: then back to where one was."""
        sent = await receive(request)
        by = member_of(request, await visit_of(request)).person
        number = number_of(request)

        def work(ctx: Context) -> None:
            target = kind.get(ctx.conn, number)
            if verb == "save":
                save(ctx, by, target)
            else:
                unsave(ctx.conn, by, target)

        await instance_of(request).unit(work)
        back = safe_path(sent.get("back", ""), f"/{kind.path}/{number}").partition("#")[0]
        return see_other(f"{back}#{kind.path}-{number}", f"{verb}d")

    return keep


async def _hide(request: Request) -> Response:
    """POST /post/{number}/hide and /unhide: then back to where one was."""
    sent = await receive(request)
    by = member_of(request, await visit_of(request)).person
    number = number_of(request)
    hiding = request.url.path.endswith("/hide")

    def work(ctx: Context) -> None:
        target: Post = get_post(ctx.conn, number)
        if hiding:
            hide(ctx, by, target)
        else:
            unhide(ctx.conn, by, target)

    await instance_of(request).unit(work)
    back = safe_path(sent.get("back", ""), f"/post/{number}")
    return see_other(back, "hidden" if hiding else "unhidden")


def _block(find: Callable[[Connection, Request], Person | Community]) -> Handler:
    async def press(request: Request) -> Response:
        """POST /u|c/{slug}/block and /unblock: then back to where one was."""
        sent = await receive(request)
        by = member_of(request, await visit_of(request)).person
        blocking = request.url.path.endswith("/block")

        def work(ctx: Context) -> None:
            someone = find(ctx.conn, request)
            if blocking:
                block(ctx, by, someone)
            else:
                unblock(ctx.conn, by, someone.id)

        await instance_of(request).unit(work)
        own = f"/{request.url.path.split('/')[1]}/{slug_of(request)}"
        back = safe_path(sent.get("back", ""), own)
        return see_other(back, "blocked" if blocking else "unblocked")

    return press


@dataclass(frozen=True, slots=True)
class Saved:
    """One of the three lists."""

    posts: PostPage | None
    comments: SavedComments | None


async def show_saved(request: Request) -> Response:
    """GET /saved: saved posts; `?show=comments` saved comments, `?show=hidden` hidden posts."""
    asked = request.query_params.get("show", "")
    show = asked if asked in {"comments", "hidden"} else "posts"
    text = request.query_params.get("after", "")
    after = Cursor.read(text, whole=True) if text else None

    def read(conn: Connection, visit: Visit) -> Saved:
        by = member_of(request, visit).person
        if show == "comments":
            return Saved(None, list_saved_comments(conn, by.id, after=after))
        wanted = Wanted("hidden" if show == "hidden" else "saved", "new", after=after, nsfw=True)
        return Saved(list_posts(conn, wanted, viewer_id=by.id, now=visit.now), None)

    visit, saved = await visiting(request, read)
    return page(request, "saved.html", visit, {"saved": saved, "show": show})


async def show_blocks(request: Request) -> Response:
    """GET and POST /settings/blocks: whom one does not want to see; `who` adds one more."""
    form = await read_form(request, {"who": "", "back": ""})
    visit = await visit_of(request)
    by = member_of(request, visit).person
    if form.ready:
        try:
            await _block_named(request, by, form.line("who"))
            return see_other(safe_path(form.line("back"), BLOCKS), "blocked")
        except FedcomError as error:
            form.fail(error)
            # Whatever is wrong, it is wrong with the only field.
            form.errors["who"] = form.errors.get("who") or form.error
            form.error = ""

    def read(conn: Connection, _: Visit) -> Blocks:
        return list_own_blocks(conn, by.id)

    visit, blocks = await visiting(request, read)
    values = {"form": form, "blocks": blocks}
    return page(request, "settings_blocks.html", visit, values, status=form.status)


async def _block_named(request: Request, by: Person, text: str) -> None:
    """`@name@host`, `!name@host` or a server."""
    instance = instance_of(request)
    if not text:
        raise Invalid("who_empty", "Type a handle or the name of a server.")
    if "@" not in text and not text.startswith("!"):
        await instance.unit(lambda ctx: block_host(ctx, by, text))
        return
    found = await instance.lookup(text)
    if not isinstance(found, Person | Community):
        raise Invalid("who_kind", "That is neither a person nor a community.")
    await instance.unit(lambda ctx: block(ctx, by, found))


async def remove_block(request: Request) -> Response:
    """POST /settings/blocks/remove: of the actor `number`, or of the server `host`."""
    sent = await receive(request)
    by = member_of(request, await visit_of(request)).person
    number, host = number_in(sent.get("number", "")), sent.get("host", "")

    def work(ctx: Context) -> None:
        unblock(ctx.conn, by, number)
        unblock_host(ctx.conn, by, host)

    await instance_of(request).unit(work)
    return see_other(safe_path(sent.get("back", ""), BLOCKS), "unblocked")
