"""Pages, documents and the API: what one request costs for a member and for a guest.

A guest's page is measured twice: rendered (each request asks for an address of its own, which
nobody has asked for before), and as the next guests get it. The floor of a rendered page is its
template alone, with the values of the real page.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select, text, update

from fedcom.accounts.register import NewAccount, create_account
from fedcom.accounts.sessions import create_session
from fedcom.context import Context
from fedcom.http.identity import session_cookie_name
from fedcom.models.actor import Community
from fedcom.models.comment import comment
from fedcom.models.post import Post, post as post_table
from fedcom.web.html import render
from fedcom.wiring import OpenInstance
from tests.bench.requests import App, request

ORIGIN = "http://127.0.0.1:8000"
LONG, API_THREAD = 10_000, 300
"""Comments of the longest thread, and of the one that an app asks for."""

TIMES = 8
"""Requests for one measurement."""

PAGE = {"accept": "text/html", "accept-encoding": "gzip", "accept-language": "en"}
APP = {"accept": "application/json", "accept-encoding": "gzip"}
DOCUMENT = {"accept": "application/activity+json", "accept-encoding": "gzip"}


class Pages:
    """The pages and documents of one instance; `cpu` is the seconds used so far."""

    def __init__(self, app: App, community: Community, posts: "Threads", login: "Login") -> None:
        self._app = app
        self._number = 0
        member, guest = {**PAGE, "cookie": login.cookie}, PAGE
        self._asked: dict[str, tuple[str, Mapping[str, str], bool]] = {}
        for name, path in {
            "front page, 20 posts": "/",
            "community page": f"/c/{community.name}",
            "thread, 200 comments": f"/post/{posts.usual.id}",
            f"thread, {LONG:,} comments": f"/post/{posts.long.id}",
        }.items():
            self._asked[f"{name}: member"] = path, member, True
            self._asked[f"{name}: guest, rendered"] = path, guest, True
            self._asked[f"{name}: guest, again"] = path, guest, False
        called = {**APP, "authorization": f"Bearer {login.token}"}
        for name, path in {
            "API: front page, 20 posts": "/api/v3/post/list?limit=20",
            f"API: thread, {API_THREAD} comments": _comments(posts.for_apps),
        }.items():
            self._asked[f"{name}: member"] = path, called, True
        for name, path in {
            "post as a document": f"/post/{posts.usual.id}",
            "outbox, 50 posts": f"/c/{community.name}/outbox",
        }.items():
            self._asked[f"{name}: made"] = path, DOCUMENT, True
            self._asked[f"{name}: again"] = path, DOCUMENT, False

    @property
    def names(self) -> list[str]:
        """What can be measured."""
        return list(self._asked)

    async def measure(self, name: str, cpu: Callable[[], float]) -> tuple[float, float | None]:
        """CPU seconds of one request, and of its template alone; None for what has none."""
        path, headers, is_made = self._asked[name]
        with _captured() as rendered:
            await request(self._app, "GET", self._address(path, is_made), headers)
            await request(self._app, "GET", self._address(path, is_made), headers)
        addresses = [self._address(path, is_made) for _ in range(TIMES)]
        began = cpu()
        for address in addresses:
            await request(self._app, "GET", address, headers)
        cost = (cpu() - began) / TIMES
        return cost, _template(*rendered[-1]) if rendered and is_made else None

    def _address(self, path: str, is_made: bool) -> str:
        if not is_made:
            return path
        self._number += 1
        return f"{path}{'&' if '?' in path else '?'}fresh={self._number}"


def _comments(of: Post) -> str:
    return f"/api/v3/comment/list?post_id={of.id}&max_depth=8"


@contextmanager
def _captured() -> Iterator[list[tuple[Any, ...]]]:
    """The arguments with which pages are rendered in the block."""
    rendered: list[tuple[Any, ...]] = []
    piece = render.piece

    def capture(*arguments: Any) -> str:
        rendered.append(arguments)
        return piece(*arguments)

    render.piece = capture
    try:
        yield rendered
    finally:
        render.piece = piece


def _template(*arguments: Any) -> float:
    render.piece(*arguments)
    began = time.process_time()
    for _ in range(TIMES):
        render.piece(*arguments)
    return (time.process_time() - began) / TIMES


@dataclass(frozen=True, slots=True)
class Threads:
    """Posts: `usual` has 200 comments, `long` has `LONG`, `for_apps` has `API_THREAD`."""

    usual: Post
    long: Post
    for_apps: Post


async def open_pages(
    instance: OpenInstance, app: App, community: Community, posts: Threads
) -> Pages:
    """The pages of an instance. `posts.usual` has its comments already, the others get theirs."""

    def work(ctx: Context) -> None:
        _lengthen(ctx, posts.usual, posts.long, LONG)
        _lengthen(ctx, posts.usual, posts.for_apps, API_THREAD)

    await instance.unit(work)
    return Pages(app, community, posts, await _member(instance))


@dataclass(frozen=True, slots=True)
class Login:
    """The session of a member: its token, and the Cookie header of a browser."""

    token: str
    cookie: str


async def _member(instance: OpenInstance) -> Login:
    """The login of a member who wrote nothing."""
    key = await instance.new_key()

    def work(ctx: Context) -> str:
        new_account = NewAccount(name="reader", password_hash="-")
        who = create_account(ctx, new_account, key, role="member").person
        return create_session(ctx.conn, who.id, "bench", ctx.now)

    token = await instance.unit(work)
    return Login(token, f"{session_cookie_name(instance.settings)}={token}")


def _lengthen(ctx: Context, like: Post, long: Post, number_of_comments: int) -> None:
    """Give `long` comments as `like` has them, in chains of four."""
    row = ctx.conn.execute(select(comment).where(comment.c.post_id == like.id)).mappings().first()
    first = (ctx.conn.scalar(select(func.max(comment.c.id))) or 0) + 1
    rows, path = [], ""
    for number in range(number_of_comments):
        own = first + number
        depth = number % 4
        path = f"{path}.{own:012}" if depth else f"{own:012}"
        place = {"id": own, "path": path, "depth": depth, "parent_id": own - 1 if depth else None}
        iri = f"{ORIGIN}/comment/{own}"
        rows.append({**(row or {}), **place, "iri": iri, "post_id": long.id, "replies": 3 - depth})
    ctx.conn.execute(insert(comment), rows)
    if ctx.conn.dialect.name == "postgresql":  # the ids were not taken from its sequence
        ctx.conn.execute(text("SELECT setval('comment_id_seq', max(id)) FROM comment"))
    ctx.conn.execute(
        update(post_table).where(post_table.c.id == long.id).values(comments=number_of_comments)
    )
