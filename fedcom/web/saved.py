"""A member's own lists: saving, hiding, following and muting threads, blocking, and their pages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from fedcom.context import Context
from fedcom.errors import Invalid
from fedcom.http.instance import instance_of
from fedcom.http.numbers import number_in, number_of
from fedcom.http.paging import cursor_in_query
from fedcom.http.resolve import get_community_named, get_person_named, look_up
from fedcom.models.actor import Community, Person
from fedcom.models.post import Post
from fedcom.personal.blocks import block, block_host, unblock, unblock_host
from fedcom.personal.followed_posts import follow_post, mute_post, unfollow_post, unmute_post
from fedcom.personal.saved import hide, save, unhide, unsave
from fedcom.queries.posts import get_post
from fedcom.views.block import Blocks, list_own_blocks
from fedcom.views.comment import CommentView
from fedcom.views.comment_feed import CommentQuery, list_comments
from fedcom.views.feed import FeedQuery, Only, list_posts
from fedcom.views.paging import Cursor, Page
from fedcom.views.post import PostView
from fedcom.web.content import COMMENTS, POSTS, Kind
from fedcom.web.html.forms import read_form, receive, safe_path, see_other
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, context_of, member_of, read_page
from fedcom.web.html.routing import Handler, button_route, form_route, page_route

BLOCKS = "/settings/blocks"

ButtonHandler = Callable[[Context, Person, Request], object]


def routes() -> list[BaseRoute]:
    """The routes of all of them."""
    return [
        page_route("/saved", show_saved),
        *_saving(POSTS),
        *_saving(COMMENTS),
        button_route("/post/{number:int}/hide", _button(_hide, "hidden")),
        button_route("/post/{number:int}/unhide", _button(_unhide, "unhidden")),
        *_marking("follow", follow_post, "thread_followed"),
        *_marking("mute", mute_post, "thread_muted"),
        *_unmarking("unfollow", unfollow_post, "thread_unfollowed"),
        *_unmarking("unmute", unmute_post, "thread_unmuted"),
        *_blocking("/u/{slug}", get_person_named),
        *_blocking("/c/{slug}", get_community_named),
        form_route(BLOCKS, show_blocks),
        button_route(f"{BLOCKS}/remove", remove_block),
    ]


def _button(handler: ButtonHandler, notice: str, anchor: str = "") -> Handler:
    """POST …/{verb}: then back to the previous page, to the `anchor` with the same id."""

    async def press(request: Request) -> Response:
        sent = await receive(request)
        by = member_of(await context_of(request)).person
        await instance_of(request).unit(lambda ctx: handler(ctx, by, request))
        back = safe_path(sent.get("back", ""), request.url.path.rpartition("/")[0])
        if anchor:
            back = f"{back.partition('#')[0]}#{anchor}-{number_of(request)}"
        return see_other(back, notice)

    return press


def _saving(kind: Kind) -> list[BaseRoute]:
    def do(ctx: Context, by: Person, request: Request) -> None:
        save(ctx, by, kind.get(ctx.conn, number_of(request)))

    def undo(ctx: Context, by: Person, request: Request) -> None:
        unsave(ctx.conn, by, kind.get(ctx.conn, number_of(request)))

    at = f"/{kind.path}/{{number:int}}"
    return [
        button_route(f"{at}/save", _button(do, "saved", kind.path)),
        button_route(f"{at}/unsave", _button(undo, "unsaved", kind.path)),
    ]


def _marking(
    verb: str, mark: Callable[[Context, Person, Post], object], notice: str
) -> list[BaseRoute]:
    def do(ctx: Context, by: Person, request: Request) -> None:
        mark(ctx, by, get_post(ctx.conn, number_of(request)))

    return [button_route(f"/post/{{number:int}}/{verb}", _button(do, notice))]


def _unmarking(
    verb: str, unmark: Callable[[Connection, Person, Post], object], notice: str
) -> list[BaseRoute]:
    return _marking(verb, lambda ctx, by, post: unmark(ctx.conn, by, post), notice)


def _hide(ctx: Context, by: Person, request: Request) -> None:
    hide(ctx, by, [get_post(ctx.conn, number_of(request)).id])


def _unhide(ctx: Context, by: Person, request: Request) -> None:
    unhide(ctx.conn, by, [get_post(ctx.conn, number_of(request)).id])


def _blocking(
    at: str, find: Callable[[Connection, Request], Person | Community]
) -> list[BaseRoute]:
    def do(ctx: Context, by: Person, request: Request) -> None:
        block(ctx, by, find(ctx.conn, request))

    def undo(ctx: Context, by: Person, request: Request) -> None:
        unblock(ctx.conn, by, find(ctx.conn, request).id)

    return [
        button_route(f"{at}/block", _button(do, "blocked")),
        button_route(f"{at}/unblock", _button(undo, "unblocked")),
    ]


@dataclass(frozen=True, slots=True)
class Saved:
    """The chosen list: exactly one field is set."""

    posts: Page[PostView] | None
    comments: Page[CommentView] | None


_LISTS: Mapping[str, Only] = {"hidden": "hidden", "followed": "followed", "muted": "muted"}


async def show_saved(request: Request) -> Response:
    """GET /saved: saved posts; with `?show=` saved `comments`, or the posts that are `hidden`,
    `followed` or `muted`.
    """
    chosen = request.query_params.get("show", "")
    show = chosen if chosen == "comments" or chosen in _LISTS else "posts"
    after = cursor_in_query(request, partial(Cursor.read, whole=True))

    def read(conn: Connection, context: PageContext) -> Saved:
        by = member_of(context).person
        if show == "comments":
            query = CommentQuery(after=after, only="saved")
            return Saved(None, list_comments(conn, query, viewer_id=by.id, now=context.now))
        wanted = FeedQuery(sort="new", after=after, only=_LISTS.get(show, "saved"))
        return Saved(list_posts(conn, wanted, viewer_id=by.id, now=context.now), None)

    context, saved = await read_page(request, read)
    return page(context, "saved.html", {"saved": saved, "show": show})


async def show_blocks(request: Request) -> Response:
    """GET and POST /settings/blocks: the member's blocks; `who` adds one."""
    form = await read_form(request, {"who": "", "back": ""})

    def read(conn: Connection, context: PageContext) -> Blocks:
        return list_own_blocks(conn, member_of(context).person.id)

    context, blocks = await read_page(request, read)
    by = member_of(context).person
    if form.ready:
        # Every error is about the only field.
        with form.keeping("who"):
            await _block_named(request, by, form.line("who"))
            return see_other(safe_path(form.line("back"), BLOCKS), "blocked")
    values = {"form": form, "blocks": blocks}
    return form.answer(page(context, "settings_blocks.html", values))


async def _block_named(request: Request, by: Person, text: str) -> None:
    """`@name@host`, `!name@host` or a server."""
    instance = instance_of(request)
    if not text:
        raise Invalid("who_empty", "Enter a handle or the name of a server.")
    if "@" not in text and not text.startswith("!"):
        await instance.unit(lambda ctx: block_host(ctx, by, text))
        return
    found = await look_up(request, by, text)
    if not isinstance(found, Person | Community):
        raise Invalid("who_kind", "That is neither a person nor a community.")
    await instance.unit(lambda ctx: block(ctx, by, found))


async def remove_block(request: Request) -> Response:
    """POST /settings/blocks/remove: of the actor with the id `number`, or of the server `host`."""
    sent = await receive(request)
    by = member_of(await context_of(request)).person
    actor_id, host = number_in(sent.get("number", "")), sent.get("host", "")

    def work(ctx: Context) -> None:
        unblock(ctx.conn, by, actor_id)
        unblock_host(ctx.conn, by, host)

    await instance_of(request).unit(work)
    return see_other(safe_path(sent.get("back", ""), BLOCKS), "unblocked")
