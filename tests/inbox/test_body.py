import asyncio

import pytest
from starlette.types import Message

from activitypub.signatures import cavage
from inbox import body
from tests.inbox.peers import ANN, Post, World, like, private_key, send_to

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_other_methods_are_answered_405_with_allow(small_world: World, method: str) -> None:
    answer = await small_world.send(Post(b"", (), method=method))
    assert (answer.status, answer.code) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"
    small_world.assert_untouched()


@pytest.mark.parametrize(
    "value",
    [
        "application/activity+json",
        "application/activity+json; charset=utf-8",
        "Application/Activity+JSON",
        " application/activity+json ;charset=UTF-8",
        "application/ld+json",
        'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
        'application/ld+json;profile=https://www.w3.org/ns/activitystreams;charset="utf-8"',
    ],
)
async def test_content_types_of_activities_are_read(small_world: World, value: str) -> None:
    answer = await small_world.send(unsigned_type(small_world, value))
    assert answer.status == 202


@pytest.mark.parametrize(
    "values",
    [
        (),
        ("",),
        ("application/json",),
        ("text/plain",),
        ("application/activity+jsonx",),
        ("multipart/form-data",),
        ("application/activity+json", "text/plain"),
    ],
)
async def test_other_content_types_are_answered_415(
    small_world: World, values: tuple[str, ...]
) -> None:
    answer = await small_world.send(unsigned_type(small_world, *values))
    assert (answer.status, answer.code) == (415, "content_type")
    assert "application/activity+json" in answer.headers["accept-post"]
    small_world.assert_untouched()


def unsigned_type(world: World, *values: str) -> Post:
    """A post signed over everything but its content type, which is set to `values`."""
    post = world.sign(like())
    key = private_key(f"{ANN}#main-key")
    headers = {name.lower(): value for name, value in post.headers}
    covered = ("(request-target)", "host", "date", "digest")
    text = cavage.signing_string(covered, method="POST", target="/inbox", headers=headers)
    signature = (
        f'keyId="{key.id}",algorithm="rsa-sha256",headers="{" ".join(covered)}",'
        f'signature="{cavage.sign(text, key.rsa)}"'
    )
    return post.with_header("Signature", signature).with_header("Content-Type", *values)


@pytest.mark.parametrize("value", ["gzip", "br", "deflate", "identity, gzip", "zstd"])
async def test_compressed_bodies_are_answered_415_unread(small_world: World, value: str) -> None:
    answer = await small_world.send(
        small_world.sign(like()).with_header("Content-Encoding", value), []
    )
    assert (answer.status, answer.code) == (415, "content_encoding")
    assert answer.headers["accept-encoding"] == "identity"
    small_world.assert_untouched()


@pytest.mark.parametrize("value", ["identity", "IDENTITY", ""])
async def test_identity_is_no_encoding(small_world: World, value: str) -> None:
    post = small_world.sign(like()).with_header("Content-Encoding", value)
    assert (await small_world.send(post)).status == 202


@pytest.mark.parametrize("declared", [str(body.MAX_BYTES + 1), "9" * 19, "9" * 5000])
async def test_a_body_declared_too_big_is_answered_413_unread(
    small_world: World, declared: str
) -> None:
    post = small_world.sign(like()).with_header("Content-Length", declared)
    answer = await small_world.send(post, [])
    assert (answer.status, answer.code) == (413, "body_too_big")
    small_world.assert_untouched()


@pytest.mark.parametrize("declared", [None, "10", "-1", "many", "²"])
async def test_a_body_that_is_too_big_is_answered_413_whatever_its_declared_length(
    small_world: World, declared: str | None
) -> None:
    post = small_world.sign(like())
    if declared is not None:
        post = post.with_header("Content-Length", declared)
    chunks = chunked(b" " * (body.MAX_BYTES + 1), 65_536)
    answer = await small_world.send(post, [*chunks, {"type": "http.disconnect"}])
    assert (answer.status, answer.code) == (413, "body_too_big")
    small_world.assert_untouched()


async def test_a_body_of_exactly_the_limit_in_chunks_is_read(small_world: World) -> None:
    text = small_world.sign(like()).body
    post = small_world.sign(text + b" " * (body.MAX_BYTES - len(text)))
    answer = await small_world.send(post, chunked(post.body, 65_536))
    assert answer.status == 202


def chunked(content: bytes, size: int) -> list[Message]:
    """The messages of a chunked body; the last is empty, as servers send it."""
    parts = [content[start : start + size] for start in range(0, len(content), size)]
    messages: list[Message] = [
        {"type": "http.request", "body": part, "more_body": True} for part in parts
    ]
    return [*messages, {"type": "http.request", "body": b"", "more_body": False}]


async def test_a_peer_that_hangs_up_leaves_nothing(small_world: World) -> None:
    post = small_world.sign(like())
    messages: list[Message] = [
        {"type": "http.request", "body": post.body[:20], "more_body": True},
        {"type": "http.disconnect"},
    ]
    answer = await small_world.send(post, messages)
    assert (answer.status, answer.code) == (400, "body_cut_off")
    small_world.assert_untouched()


async def test_a_body_that_drips_is_answered_408(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "READ_SECONDS", 0.05)
    post = small_world.sign(like())
    sent: list[Message] = []

    async def drip() -> Message:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    await small_world.inbox(post.scope, drip, send)
    assert sent[0]["status"] == 408
    small_world.assert_untouched()


async def test_every_refusal_has_a_request_id_in_head_and_body(small_world: World) -> None:
    answer = await send_to(small_world.inbox, Post(b"", (), method="GET"))
    assert answer.problem["instance"] == f"urn:uuid:{answer.headers['x-request-id']}"
