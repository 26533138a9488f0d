"""Repeated work survives its errors."""

import asyncio

import pytest

from fedcom.background.loops import repeat

pytestmark = pytest.mark.anyio


async def test_a_failing_job_stops_neither_the_others_nor_the_loop() -> None:
    done: list[str] = []
    enough = asyncio.Event()

    async def fail() -> None:
        done.append("fail")
        raise ValueError("oops")

    async def work() -> None:
        done.append("work")
        if len(done) >= 4:
            enough.set()

    loop = asyncio.create_task(repeat(0.0, fail, work))
    await enough.wait()
    loop.cancel()
    await asyncio.wait([loop])

    assert done[:4] == ["fail", "work", "fail", "work"]
    assert loop.cancelled()


async def test_only_the_leader_works() -> None:
    done: list[str] = []
    answers = [False, False, True]
    enough = asyncio.Event()

    async def work() -> None:
        done.append("work")
        enough.set()

    async def is_leader() -> bool:
        done.append("asked")
        return answers.pop(0)

    loop = asyncio.create_task(repeat(0.0, work, only_if=is_leader))
    await enough.wait()
    loop.cancel()
    await asyncio.wait([loop])

    assert done == ["asked", "asked", "asked", "work"]
