import asyncio

import pytest
from starlette.requests import Request
from starlette.types import Message

from tests.inbox.peers import World, entry, like
from tests.support.waiting import until

pytestmark = pytest.mark.anyio


async def test_it_is_an_application_and_an_endpoint(small_world: World) -> None:
    assert (await small_world.post(like(1))).status == 202
    post = small_world.sign(like(2))
    messages: list[Message] = [{"type": "http.request", "body": post.body}]

    async def receive() -> Message:
        return messages.pop(0)

    response = await small_world.inbox.receive(Request(post.scope, receive))
    assert response.status_code == 202
    assert len(small_world.rows()) == 2


async def test_closing_flushes_what_waits_for_its_transaction(small_world: World) -> None:
    small_world.inbox._commits._linger = 3600
    answer = asyncio.create_task(small_world.post(like()))
    await until(lambda: bool(small_world.inbox._commits._waiting))
    await small_world.inbox.aclose()
    assert (await answer).status == 202
    assert len(small_world.rows()) == 1


async def test_another_process_can_wake_it(small_world: World) -> None:
    loop = asyncio.create_task(small_world.inbox.run())
    await asyncio.sleep(0.1)
    small_world.append(entry())
    small_world.inbox.wake()
    await until(lambda: small_world.states() == ["done"], seconds=3)
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)
