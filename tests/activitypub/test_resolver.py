"""What is looked up, what is remembered, and for how long."""

import asyncio
import socket
import threading

import pytest

from activitypub import resolver as module
from activitypub.resolver import KEPT_FOR, Resolver
from tests.support.clock import SettableClock

pytestmark = pytest.mark.anyio


class Names:
    """A system whose names all lead to `addresses`; a set `error` is raised instead. Look-ups wait
    for `open`.
    """

    def __init__(self) -> None:
        self.addresses = ["192.0.2.1"]
        self.error: OSError | None = None
        self.asked: list[str] = []
        self.open = threading.Event()
        self.open.set()

    def __call__(self, name: str, port: int) -> list[str]:
        self.asked.append(name)
        assert self.open.wait(30)
        if self.error is not None:
            raise self.error
        return self.addresses


class Case:
    """A resolver on a clock that can be set."""

    def __init__(self) -> None:
        self.names = Names()
        self.clock = SettableClock()
        self.resolver = Resolver(look_up=self.names, timer=lambda: self.clock().timestamp())

    async def look_up(self, name: str = "peer.example") -> list[str]:
        return await self.resolver(name, 443)


@pytest.fixture
def case() -> Case:
    return Case()


async def test_the_system_is_asked() -> None:
    resolver = Resolver()
    assert set(await resolver("localhost", 80)) <= {"127.0.0.1", "::1"}
    assert await resolver("127.0.0.1", 80) == ["127.0.0.1"]
    resolver.close()
    Resolver().close()


async def test_the_systems_order_is_kept_and_each_address_named_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [(2, 1, 6, "", (one, 80)) for one in ("192.0.2.2", "192.0.2.1", "192.0.2.2")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **more: found)
    assert module._look_up("peer.example", 80) == ["192.0.2.2", "192.0.2.1"]


async def test_an_answer_is_kept_for_a_minute_and_no_longer(case: Case) -> None:
    assert await case.look_up() == ["192.0.2.1"]
    case.names.addresses = ["192.0.2.2"]
    case.clock.advance(seconds=KEPT_FOR - 1)
    assert await case.look_up() == ["192.0.2.1"]
    case.clock.advance(seconds=1)
    assert await case.look_up() == ["192.0.2.2"]
    assert len(case.names.asked) == 2


async def test_a_failure_is_not_kept(case: Case) -> None:
    case.names.error = socket.gaierror(-3, "later")
    for _ in range(2):
        with pytest.raises(OSError, match="later"):
            await case.look_up()
    case.names.error = None
    assert await case.look_up() == ["192.0.2.1"]
    assert len(case.names.asked) == 3


async def test_a_forgotten_name_is_looked_up_again(case: Case) -> None:
    await case.look_up()
    case.resolver.forget("other.example")
    await case.look_up()
    case.resolver.forget("peer.example")
    await case.look_up()
    assert len(case.names.asked) == 2


async def test_those_who_ask_at_the_same_time_share_the_answer(case: Case) -> None:
    case.names.open.clear()
    tasks = [asyncio.create_task(case.look_up()) for _ in range(5)]
    other = asyncio.create_task(case.look_up("other.example"))
    await asyncio.sleep(0)
    tasks[0].cancel()  # the first one asked; the others still wait
    await asyncio.sleep(0)
    case.names.open.set()
    assert await asyncio.gather(*tasks[1:], other) == [["192.0.2.1"]] * 5
    assert sorted(case.names.asked) == ["other.example", "peer.example"]
    assert tasks[0].cancelled()


async def test_those_who_ask_at_the_same_time_share_a_failure(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    case.names.open.clear()
    case.names.error = socket.gaierror(-3, "later")
    tasks = [asyncio.create_task(case.look_up()) for _ in range(3)]
    await asyncio.sleep(0)
    case.names.open.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(error) for error in found] == [str(case.names.error)] * 3
    assert len(case.names.asked) == 1
    assert caplog.records == []


async def test_memory_is_bounded(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 3)
    for number in range(5):
        await case.look_up(f"{number}.example")
        case.clock.advance(seconds=1)
    assert len(case.resolver) == 3
    case.names.asked.clear()
    await case.look_up("4.example")
    await case.look_up("0.example")
    assert case.names.asked == ["0.example"]

    case.clock.advance(seconds=KEPT_FOR)
    await case.look_up("new.example")
    assert len(case.resolver) == 1
