"""Pages and documents: what one request costs for a member and for a guest.

A guest's page is measured twice: rendered (each request asks for an address of its own, which
nobody has asked for before), and as the next guests get it. Also a program: `pages.py [URL]`, with
the address of an empty database, else on SQLite.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy import func, insert, select, update

from fedcom.accounts.register import NewAccount, create_account
from fedcom.accounts.sessions import create_session
from fedcom.actions.comment import CreateComment
from fedcom.actions.community import CreateCommunity
from fedcom.actions.perform import perform
from fedcom.actions.post import CreatePost
from fedcom.app import create_app
from fedcom.cli.server import freeze_loaded
from fedcom.context import Context
from fedcom.http.identity import session_cookie_name
from fedcom.logs import configure_logs
from fedcom.models.actor import Community
from fedcom.models.comment import Comment, comment
from fedcom.models.post import Post, post as post_table
from fedcom.settings import load_settings
from fedcom.site.setup import finish_setup
from fedcom.wire.body import Body
from fedcom.wiring import OpenInstance, open_instance

App = Callable[..., Awaitable[None]]
Headers = dict[str, str]

ORIGIN = "http://127.0.0.1:8000"
LONG = 10_000
"""Comments of the longest thread."""

TIMES = 8
ROUNDS = 3
"""`ROUNDS` measurements of `TIMES` requests each; the median is printed."""

PAGE = {"accept": "text/html", "accept-encoding": "gzip", "accept-language": "en"}
DOCUMENT = {"accept": "application/activity+json", "accept-encoding": "gzip"}


async def measure_pages(
    instance: OpenInstance, app: App, community: Community, thread: Post, long: Post
) -> None:
    """Print one line per page and reader; `thread` has 200 comments, `long` gets `LONG`."""
    await instance.unit(lambda ctx: _lengthen(ctx, thread, long))
    cookie = await _member(instance)
    pages = {
        "front page, 20 posts": "/",
        "community page": f"/c/{community.name}",
        "thread, 200 comments": f"/post/{thread.id}",
        f"thread, {LONG:,} comments": f"/post/{long.id}",
    }
    for name, path in pages.items():
        await _line(f"{name}: member", app, [path], {**PAGE, "cookie": cookie})
        await _line(f"{name}: guest, rendered", app, _fresh(path), PAGE)
        await _line(f"{name}: guest, again", app, [path], PAGE)
    documents = {
        "post as a document": f"/post/{thread.id}",
        "outbox, 50 posts": f"/c/{community.name}/outbox",
    }
    for name, path in documents.items():
        await _line(f"{name}: made", app, _fresh(path), DOCUMENT)
        await _line(f"{name}: again", app, [path], DOCUMENT)


def _fresh(path: str) -> list[str]:
    return [f"{path}?fresh={number}" for number in range(TIMES * (ROUNDS + 1))]


async def _member(instance: OpenInstance) -> str:
    """The Cookie header of a member who wrote nothing."""
    key = await instance.new_key()

    def work(ctx: Context) -> str:
        new_account = NewAccount(name="reader", password_hash="-")
        who = create_account(ctx, new_account, key, role="member").person
        return create_session(ctx.conn, who.id, "bench", ctx.now)

    return f"{session_cookie_name(instance.settings)}={await instance.unit(work)}"


def _lengthen(ctx: Context, like: Post, long: Post) -> None:
    """Give `long` comments as `like` has them, in chains of four."""
    row = ctx.conn.execute(select(comment).where(comment.c.post_id == like.id)).mappings().first()
    first = (ctx.conn.scalar(select(func.max(comment.c.id))) or 0) + 1
    rows, path = [], ""
    for number in range(LONG):
        own = first + number
        depth = number % 4
        path = f"{path}.{own:012}" if depth else f"{own:012}"
        place = {"id": own, "path": path, "depth": depth, "parent_id": own - 1 if depth else None}
        iri = f"{ORIGIN}/comment/{own}"
        rows.append({**(row or {}), **place, "iri": iri, "post_id": long.id, "replies": 3 - depth})
    ctx.conn.execute(insert(comment), rows)
    ctx.conn.execute(update(post_table).where(post_table.c.id == long.id).values(comments=LONG))


async def _line(name: str, app: App, paths: Sequence[str], headers: Headers) -> None:
    turns = iter(paths * (TIMES * (ROUNDS + 1)) if len(paths) == 1 else paths)
    size = len(await _get(app, next(turns), headers))
    await _get(app, next(turns), headers)
    costs = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(TIMES):
            await _get(app, next(turns), headers)
        costs.append((time.process_time() - started) / TIMES)
    print(f"{name:<42}{statistics.median(costs) * 1e6:9.0f} µs CPU   {size / 1000:.1f} kB as sent")


async def _get(app: App, path: str, headers: Headers) -> bytes:
    """One request straight to the application, so that no HTTP client is measured."""
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "scheme": "http",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.2", 1),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    sent: list[bytes] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start" and message["status"] != 200:
            raise SystemExit(f"{path} answers {message['status']}")
        body = message.get("body")
        if isinstance(body, bytes):
            sent.append(body)

    await app(scope, receive, send)
    return b"".join(sent)


async def fill(instance: OpenInstance) -> tuple[Community, list[Post]]:
    """A community with 60 posts, the first of them with 200 comments."""
    keys = [await instance.new_key() for _ in range(2)]

    def work(ctx: Context) -> tuple[Community, list[Post]]:
        new_account = NewAccount(name="ann", password_hash="-")
        ann = create_account(ctx, new_account, keys[0], role="admin").person
        community = perform(ctx, CreateCommunity(by=ann, name="cats", key=keys[1]))
        body = Body.of_markdown("Some words about **cats** and [a link](https://a.example).\n" * 5)
        posts = [
            perform(ctx, CreatePost(by=ann, community=community, title=f"Post {n}", body=body))
            for n in range(60)
        ]
        above: Comment | None = None
        for number in range(200):
            parent = above if number % 4 else None
            above = perform(ctx, CreateComment(by=ann, post=posts[0], parent=parent, body=body))
        finish_setup(ctx.conn, name="Bench", registration="closed", now=ctx.now)
        return community, posts

    return await instance.unit(work)


async def main(url: str) -> None:
    """Measure on a new instance."""
    freeze_loaded()  # as the server does
    with tempfile.TemporaryDirectory() as folder:
        environ = {
            "FEDCOM_DEVELOPMENT": "1",
            "FEDCOM_ORIGIN": ORIGIN,
            "FEDCOM_DATA_DIR": folder,
            **({"FEDCOM_DATABASE_URL": url} if url else {}),
        }
        settings = load_settings(environ=environ)
        async with open_instance(settings) as instance:
            community, posts = await fill(instance)
            app = create_app(settings)
            app.state.instance = instance
            await measure_pages(instance, app, community, posts[0], posts[1])


if __name__ == "__main__":
    configure_logs("error", "json")
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else ""))
