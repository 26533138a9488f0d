"""Run the measurements on a SQLite instance in a temporary folder and print a table."""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from sqlalchemy import insert

from activitypub.iri import PUBLIC
from activitypub.signatures.keys import PrivateKey, generate_rsa_pem, load_private
from activitypub.signatures.request import sign
from activitypub.vocab.activities import create, like
from activitypub.vocab.base import dump
from fedcom.accounts.register import NewAccount, create_account
from fedcom.actions.comment import CreateComment
from fedcom.actions.community import CreateCommunity
from fedcom.actions.perform import perform
from fedcom.actions.post import CreatePost
from fedcom.app import create_app
from fedcom.cli.server import freeze_loaded
from fedcom.context import Context
from fedcom.logs import configure_logs
from fedcom.models.actor import Community, actor
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.settings import Settings, load_settings
from fedcom.site.setup import finish_setup
from fedcom.wire.body import Body
from fedcom.wiring import OpenInstance, open_instance
from outbox.publish import publish
from tests.bench import flood, growth, outgoing
from tests.bench.outgoing import open_peers
from tests.bench.pages import measure_pages

ORIGIN = "http://127.0.0.1:8000"
PEER = "http://127.0.0.2:8000"
ACTIVITIES = 300
HOSTS = 100
DELIVERIES = 5


async def bench() -> None:
    """Measure and print, one line for each path."""
    freeze_loaded()  # as the server does
    private_pem, public_pem = generate_rsa_pem()
    key = load_private(f"{PEER}/u/peer#main-key", private_pem)
    verify_cost, sign_cost = _rsa(key)
    _line("RSA-2048 verify", verify_cost)
    _line("RSA-2048 sign", sign_cost)
    with tempfile.TemporaryDirectory() as folder:
        settings = _settings(Path(folder))
        async with open_instance(settings) as instance:
            community, posts, thread = await _fill(instance, public_pem)
            app = create_app(settings)
            app.state.instance = instance
            await _incoming(instance, app, key, posts[:ACTIVITIES], verify_cost)
            await _outgoing(instance, community, sign_cost)
            await measure_pages(instance, app, community, thread, posts[1])


def _settings(folder: Path) -> Settings:
    return load_settings(
        environ={
            "FEDCOM_DEVELOPMENT": "1",
            "FEDCOM_ORIGIN": ORIGIN,
            "FEDCOM_DATA_DIR": str(folder),
        }
    )


def _rsa(key: PrivateKey) -> tuple[float, float]:
    text = b"x" * 300
    started = time.process_time()
    for _ in range(200):
        signature = key.rsa.sign(text, padding.PKCS1v15(), hashes.SHA256())
    sign_cost = (time.process_time() - started) / 200
    public = key.rsa.public_key()
    started = time.process_time()
    for _ in range(2000):
        public.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
    return (time.process_time() - started) / 2000, sign_cost


async def _fill(instance: OpenInstance, public_pem: str) -> tuple[Community, list[Post], Post]:
    """A community with posts, one of them with a thread of 200 comments, and one peer."""
    keys = [await instance.new_key() for _ in range(2)]

    def work(ctx: Context) -> tuple[Community, list[Post], Post]:
        newcomer = NewAccount(name="ann", password_hash="-")
        ann = create_account(ctx, newcomer, keys[0], role="admin").person
        community = perform(ctx, CreateCommunity(by=ann, name="cats", key=keys[1]))
        ctx.conn.execute(insert(actor).values(**_peer(ctx, public_pem)))
        body = Body.of_markdown("Some words about **cats** and [a link](https://a.example).\n" * 5)
        posts = [
            perform(ctx, CreatePost(by=ann, community=community, title=f"Post {n}", body=body))
            for n in range(ACTIVITIES)
        ]
        above: Comment | None = None
        for number in range(200):
            parent = above if number % 4 else None
            above = perform(ctx, CreateComment(by=ann, post=posts[0], parent=parent, body=body))
        finish_setup(ctx.conn, name="Bench", registration="closed", now=ctx.now)
        return community, posts, posts[0]

    return await instance.unit(work)


def _peer(ctx: Context, public_pem: str) -> dict[str, object]:
    iri = f"{PEER}/u/peer"
    return {
        "iri": iri,
        "kind": "Person",
        "local": False,
        "name": "peer",
        "host": "127.0.0.2:8000",
        "inbox": f"{iri}/inbox",
        "public_key_id": f"{iri}#main-key",
        "public_key_pem": public_pem,
        "published_at": ctx.now,
        "fetched_at": ctx.now,
    }


async def _incoming(
    instance: OpenInstance,
    app: Callable[..., Awaitable[None]],
    key: PrivateKey,
    posts: list[Post],
    verify_cost: float,
) -> None:
    """Signed Likes and comments through the whole application: first the response, then the
    processing.
    """
    who = f"{PEER}/u/peer"
    likes = [like(f"{PEER}/like/{at}", who, post.iri) for at, post in enumerate(posts)]
    cost, rate = await _take_in(app, key, likes)
    _line("inbox POST: verify, look, keep", cost, verify_cost, rate)
    cost, rate = await _work(instance, len(likes))
    _line("inbox work: one Like", cost, verify_cost, rate)
    answers = [_answer(who, number, post) for number, post in enumerate(posts)]
    await _take_in(app, key, answers)
    cost, rate = await _work(instance, len(answers))
    _line("inbox work: one comment", cost, verify_cost, rate)


def _answer(who: str, number: int, post: Post) -> dict[str, Any]:
    note = {
        "id": f"{PEER}/note/{number}",
        "type": "Note",
        "attributedTo": who,
        "to": [PUBLIC],
        "cc": [f"{ORIGIN}/c/cats"],
        "inReplyTo": post.iri,
        "content": "<p>Some words about <strong>cats</strong>.</p>",
        "published": datetime.now(UTC).isoformat(),
    }
    return create(f"{PEER}/create/{number}", who, note)


async def _take_in(
    app: Callable[..., Awaitable[None]], key: PrivateKey, activities: list[dict[str, Any]]
) -> tuple[float, str]:
    """Post all of it at once: CPU seconds per activity, and activities per second."""
    url, requests = f"{ORIGIN}/inbox", []
    for activity in activities:
        body = dump(activity)
        requests.append((body, sign("POST", url, body, key, datetime.now(UTC))))
    started, clock = time.process_time(), time.perf_counter()
    statuses = await asyncio.gather(*(_post(app, body, headers) for body, headers in requests))
    if set(statuses) != {202}:
        raise SystemExit(f"not accepted: {sorted(set(statuses))}")
    return _each(len(activities), started, clock)


async def _work(instance: OpenInstance, number: int) -> tuple[float, str]:
    started, clock = time.process_time(), time.perf_counter()
    await instance.inbox.drain()
    return _each(number, started, clock)


def _each(number: int, started: float, clock: float) -> tuple[float, str]:
    cost = (time.process_time() - started) / number
    return cost, f"{number / (time.perf_counter() - clock):.0f}/s"


async def _post(app: Callable[..., Awaitable[None]], body: bytes, headers: dict[str, str]) -> int:
    """One request straight to the application, so that no HTTP client is measured."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/inbox",
        "raw_path": b"/inbox",
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.2", 1),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    status = 0

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, object]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = int(str(message["status"]))

    await app(scope, receive, send)
    return status


async def _outgoing(instance: OpenInstance, community: Community, sign_cost: float) -> None:
    """Deliveries to many hosts over real sockets, from the row to the recorded result."""
    async with open_peers() as peers:
        inboxes = peers.take(HOSTS)
        page = {"id": f"{ORIGIN}/post/1", "type": "Page", "content": "x" * 1500, "to": [], "cc": []}

        def work(ctx: Context) -> None:
            for _ in range(DELIVERIES):
                activity = create(ctx.new_iri("create"), community.iri, page)
                publish(
                    ctx.conn,
                    activity_id=activity["id"],
                    actor=community.iri,
                    body=dump(activity),
                    subject=activity["id"],
                    inboxes=inboxes,
                    now=ctx.now.timestamp(),
                )

        await instance.unit(work)
        started, clock = time.process_time(), time.perf_counter()
        await instance.dispatcher.drain(60)
        number = HOSTS * DELIVERIES
        cost = (time.process_time() - started) / number
        rate = number / (time.perf_counter() - clock)
        _line("delivery, warm: claim, sign, POST, record", cost, sign_cost, f"{rate:.0f}/s")


def _line(name: str, cost: float, unit: float | None = None, extra: str = "") -> None:
    ratio = f"{cost / unit:6.2f} x RSA" if unit else ""
    print(f"{name:<42}{cost * 1e6:9.0f} µs CPU  {ratio:<14}{extra}")


if __name__ == "__main__":
    configure_logs("error", "json")
    parts = {"flood": flood.main, "growth": growth.main, "outgoing": outgoing.main}
    if len(sys.argv) > 1 and sys.argv[1] in parts:
        parts[sys.argv[1]](sys.argv[2:])
    else:
        asyncio.run(bench())
