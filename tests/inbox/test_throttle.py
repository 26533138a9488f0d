import asyncio

import pytest

from inbox.throttle import REMEMBERED, BoundedCache, RateLimit, Turns


def test_the_oldest_entries_are_evicted() -> None:
    memory: BoundedCache[int] = BoundedCache(2)
    for number, name in enumerate(["a", "b", "a", "c"]):
        memory.put(name, number)
    assert (memory.find("a"), memory.find("b"), memory.find("c")) == (2, None, 3)
    memory.drop("a")
    memory.drop("never there")
    assert memory.find("a") is None


def test_an_allowance_is_used_up_and_comes_back_with_the_next_window() -> None:
    allowance = RateLimit(2, 60)
    assert [allowance.take("h", now) for now in (0, 1, 2)] == [True, True, False]
    assert allowance.wait("h", 20) == 40
    assert allowance.take("other", 2)
    assert allowance.take("h", 60)


def test_returned_allowance_can_be_used_again() -> None:
    allowance = RateLimit(1, 60)
    allowance.give_back("h", 0)
    assert allowance.take("h", 0)
    assert not allowance.take("h", 1)
    allowance.give_back("h", 2)
    assert allowance.take("h", 3)


def test_many_unknown_keys_use_bounded_memory() -> None:
    allowance = RateLimit(1, 60)
    for number in range(3 * REMEMBERED):
        allowance.take(str(number), 0)
    assert len(allowance._windows) == REMEMBERED


@pytest.mark.anyio
async def test_turns_of_one_name_are_taken_in_line_and_those_of_another_are_free() -> None:
    turns, began, may_end = Turns(2), list[str](), asyncio.Event()

    async def visit(name: str, label: str) -> None:
        async with turns.of(name, 10):
            began.append(label)
            await may_end.wait()

    tasks = [asyncio.create_task(visit("a", f"a{number}")) for number in range(4)]
    tasks.append(asyncio.create_task(visit("b", "b")))
    for _ in range(5):
        await asyncio.sleep(0)
    assert sorted(began) == ["a0", "a1", "b"]
    may_end.set()
    await asyncio.gather(*tasks)
    assert [label for label in began if label != "b"] == ["a0", "a1", "a2", "a3"]
    assert len(turns) == 0


@pytest.mark.anyio
async def test_who_waits_too_long_for_a_turn_is_told_and_leaves_the_line() -> None:
    turns = Turns(1)
    async with turns.of("a", 10):
        with pytest.raises(TimeoutError):
            async with turns.of("a", 0):
                pass
    async with turns.of("a", 0):
        assert len(turns) == 1
    assert len(turns) == 0
