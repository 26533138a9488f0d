import asyncio
import threading
from collections.abc import Iterator

import pytest

from activitypub.chunks import MOST, THREADS, Chunks

pytestmark = pytest.mark.anyio


@pytest.fixture
def chunks() -> Iterator[Chunks]:
    made = Chunks()
    yield made
    made.close()


async def test_each_call_has_its_own_result_and_none_runs_in_the_loops_thread(
    chunks: Chunks,
) -> None:
    ran_in: set[int] = set()

    def twice(number: int) -> int:
        ran_in.add(threading.get_ident())
        return 2 * number

    calls = [chunks.run(lambda number=number: twice(number)) for number in range(100)]
    assert await asyncio.gather(*calls) == [2 * number for number in range(100)]
    assert threading.get_ident() not in ran_in
    assert len(ran_in) <= THREADS


async def test_calls_that_come_together_share_their_hops(
    chunks: Chunks, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    hops = 0
    hop = loop.call_soon_threadsafe

    def counted(*arguments: object) -> object:
        nonlocal hops
        hops += 1
        return hop(*arguments)

    monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
    number = THREADS * MOST * 3
    await asyncio.gather(*(chunks.run(int) for _ in range(number)))
    assert hops == number // MOST


async def test_a_failure_reaches_only_the_one_who_called(chunks: Chunks) -> None:
    results = await asyncio.gather(
        chunks.run(lambda: 1 // 0), chunks.run(lambda: 1), return_exceptions=True
    )
    assert isinstance(results[0], ZeroDivisionError)
    assert results[1] == 1


async def test_the_others_of_a_cancelled_call_have_their_results(chunks: Chunks) -> None:
    all_begun, go_on = threading.Barrier(THREADS + 1), threading.Event()

    def hold() -> None:
        all_begun.wait(10)
        go_on.wait(10)

    held = [asyncio.create_task(chunks.run(hold)) for _ in range(THREADS)]
    await asyncio.to_thread(all_begun.wait, 10)
    others = [asyncio.create_task(chunks.run(lambda: "done")) for _ in range(2)]
    await asyncio.sleep(0)
    others[0].cancel()
    held[0].cancel()
    go_on.set()
    assert await others[1] == "done"
    assert await held[1] is None
    assert others[0].cancelled()
    assert held[0].cancelled()


async def test_what_waits_when_it_is_closed_is_cancelled_and_later_calls_need_no_thread(
    chunks: Chunks,
) -> None:
    waiting = asyncio.create_task(chunks.run(int))
    await asyncio.sleep(0)
    chunks.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await chunks.run(threading.get_ident) == threading.get_ident()
