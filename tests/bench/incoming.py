"""Signed Likes and comments through the whole application: first the response, then the work."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from activitypub.iri import PUBLIC
from activitypub.signatures.keys import PrivateKey
from activitypub.signatures.request import sign
from activitypub.vocab.activities import create, like
from activitypub.vocab.base import dump
from fedcom.models.post import Post
from fedcom.wiring import OpenInstance
from tests.bench.requests import App, request

ORIGIN = "http://127.0.0.1:8000"
PEER = "http://127.0.0.2:8000"
SENDER = f"{PEER}/u/peer"


async def take_in(
    app: App, key: PrivateKey, activities: list[dict[str, Any]], cpu: Callable[[], float]
) -> float:
    """POST all of it at once; CPU seconds per activity."""
    requests = []
    for activity in activities:
        body = dump(activity)
        requests.append((sign("POST", f"{ORIGIN}/inbox", body, key, datetime.now(UTC)), body))
    began = cpu()
    await asyncio.gather(
        *(request(app, "POST", "/inbox", headers, body) for headers, body in requests)
    )
    return (cpu() - began) / len(activities)


async def work(instance: OpenInstance, number: int, cpu: Callable[[], float]) -> float:
    """Work the journal, which has this number of activities; CPU seconds per activity."""
    began = cpu()
    await instance.inbox.drain()
    return (cpu() - began) / number


def likes(posts: list[Post]) -> list[dict[str, Any]]:
    """A Like of each post."""
    return [like(f"{PEER}/like/{post.id}", SENDER, post.iri) for post in posts]


def comments(posts: list[Post]) -> list[dict[str, Any]]:
    """A comment on each post."""
    return [_comment(post) for post in posts]


def _comment(post: Post) -> dict[str, Any]:
    note = {
        "id": f"{PEER}/note/{post.id}",
        "type": "Note",
        "attributedTo": SENDER,
        "to": [PUBLIC],
        "cc": [f"{ORIGIN}/c/cats"],
        "inReplyTo": post.iri,
        "content": "<p>Some words about <strong>cats</strong>.</p>",
        "published": datetime.now(UTC).isoformat(),
    }
    return create(f"{PEER}/create/{post.id}", SENDER, note)
