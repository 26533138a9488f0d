"""The order in which pictures are processed when many arrive at once."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fedcom.errors import Busy, Invalid
from fedcom.media.picture import AVATAR
from fedcom.media.pictures import MAX_WAITING, Pictures
from fedcom.media.process import PictureProcess
from fedcom.media.store import Store
from tests.support.pictures import picture

pytestmark = pytest.mark.anyio

SMALL = picture()


class Halted(PictureProcess):
    """A reader that waits until the test lets it continue."""

    async def halt(self) -> None:
        await self.read(SMALL, AVATAR)
        assert self.pid is not None
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        assert self.pid is not None
        os.kill(self.pid, signal.SIGCONT)


@pytest.fixture
async def halted() -> AsyncIterator[Halted]:
    process = Halted()
    await process.halt()
    yield process
    await process.aclose()


@pytest.fixture
def pictures(halted: Halted, tmp_path: Path) -> Pictures:
    return Pictures(Store(tmp_path), max_bytes=10_000, process=halted)


async def test_no_more_uploads_wait_than_there_is_memory_for(
    pictures: Pictures, halted: Halted
) -> None:
    waiting = [asyncio.create_task(pictures.keep(SMALL, AVATAR)) for _ in range(MAX_WAITING)]
    await asyncio.sleep(0)

    with pytest.raises(Busy) as refused:
        await pictures.keep(SMALL, AVATAR)
    assert (refused.value.code, refused.value.status) == ("pictures_busy", 503)
    assert refused.value.retry_after > 0

    halted.go_on()
    assert len({kept.name for kept in await asyncio.gather(*waiting)}) == 1
    assert (await pictures.keep(SMALL, AVATAR)).width == 48


async def test_a_member_waits_for_two_pictures_of_strangers_at_most(
    pictures: Pictures, halted: Halted
) -> None:
    done: list[str] = []

    async def clean(who: str, *, uploaded: bool) -> None:
        await pictures.clean(SMALL, AVATAR, uploaded=uploaded)
        done.append(who)

    names = [f"stranger {number}" for number in range(6)]
    waiting = [asyncio.create_task(clean(name, uploaded=False)) for name in names]
    await asyncio.sleep(0)
    waiting.append(asyncio.create_task(clean("member", uploaded=True)))
    await asyncio.sleep(0)
    halted.go_on()
    await asyncio.gather(*waiting)

    assert done.index("member") <= 2
    assert len(done) == 7


async def test_too_many_bytes_are_refused_before_anything_waits(pictures: Pictures) -> None:
    with pytest.raises(Invalid) as refused:
        await pictures.clean(bytes(10_001), AVATAR)
    assert refused.value.code == "picture_too_big"
