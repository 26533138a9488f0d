"""Failures during housekeeping stop neither the inbox nor the deliveries."""

import asyncio

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from tests.support.node import Node
from tests.support.pictures import picture

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("table", ["attempt", "actor_key", "media"])
async def test_background_jobs_survive_database_errors(node: Node, table: str) -> None:
    node.home(lambda ctx: ctx.conn.execute(text(f"ALTER TABLE {table} RENAME TO away")))
    with capture_logs() as logs:
        running = asyncio.create_task(node.instance.serve())
        for _ in range(1000):
            if running.done() or any(one["event"] == "housekeeping_failed" for one in logs):
                break
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        is_done = running.done()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    assert not is_done
    assert any(one["event"] == "housekeeping_failed" for one in logs)


async def test_a_remote_picture_that_cannot_be_processed_now_gives_a_temporary_error(
    node: Node,
) -> None:
    cat = "https://kim.example/cat.png"
    node.network.answer(cat, picture(), kind="image/png")
    await node.instance.pictures.aclose()

    answer = await node.get(node.instance.media_signer.address(cat), accept="image/webp")

    assert (answer.status_code, answer.headers["cache-control"]) == (503, "no-store")
