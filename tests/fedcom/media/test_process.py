"""The process that reads pictures: its limits, and that a crash ends only this process."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from fedcom.errors import Busy, Invalid
from fedcom.media.images import read_picture
from fedcom.media.picture import AVATAR, POST
from fedcom.media.process import PictureProcess
from fedcom.media.worker import OPEN_FILES
from tests.support.pictures import black_png, bomb, draw, exif_bomb, moving, picture
from tests.support.waiting import until

pytestmark = pytest.mark.anyio

LARGEST = 290
"""The maximum of megabytes that the process may take: Python and Pillow, the file, and
`MAX_MEMORY`.
"""

SMALL = picture()


@pytest.fixture
async def process() -> AsyncIterator[PictureProcess]:
    made = PictureProcess()
    yield made
    await made.aclose()


async def started(process: PictureProcess) -> int:
    """The process id after the first picture."""
    await process.read(SMALL, AVATAR)
    assert process.pid is not None
    return process.pid


async def refusal(process: PictureProcess, content: bytes) -> str:
    with pytest.raises(Invalid) as refused:
        await process.read(content, POST)
    return refused.value.code


def megabytes(pid: int, field: str = "VmHWM") -> int:
    """A process's memory according to the kernel: its peak, or another field."""
    return int(re.findall(rf"{field}:\s+(\d+) kB", kernel_says(pid, "status"))[0]) // 1024


def kernel_says(pid: int, what: str) -> str:
    return Path(f"/proc/{pid}/{what}").read_text()


def is_gone(pid: int) -> bool:
    try:
        return ") Z " in kernel_says(pid, "stat")  # no end has been requested yet
    except (FileNotFoundError, ProcessLookupError):
        return True


async def test_pictures_and_refusals_are_those_of_the_reader(process: PictureProcess) -> None:
    for content, size in (
        (picture("JPEG", draw(500, 300)), POST),
        (moving(), POST),
        (SMALL, AVATAR),
    ):
        assert await process.read(content, size) == read_picture(content, size)
    for content in (b"", b"no picture", SMALL[:60], bomb(7000, 7000)):
        with pytest.raises(Invalid) as here:
            read_picture(content, POST)
        with pytest.raises(Invalid) as there:
            await process.read(content, POST)
        assert (there.value.code, there.value.detail) == (here.value.code, here.value.detail)


async def test_one_process_reads_many_and_ends_when_there_are_no_more() -> None:
    process = PictureProcess(idle_seconds=0.3)
    assert process.pid is None

    pid = await started(process)
    assert await started(process) == pid
    await until(lambda: is_gone(pid))
    assert await started(process) != pid
    await process.aclose()
    assert process.pid is None


async def test_it_has_limits_and_none_of_the_servers_secrets(
    process: PictureProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEDCOM_SECRET_KEY", "a secret of the server")

    pid = await started(process)

    assert "secret" not in kernel_says(pid, "environ")
    limits = kernel_says(pid, "limits")
    assert re.search(rf"Max open files +{OPEN_FILES} ", limits)
    assert re.search(r"Max core file size +0 ", limits)
    assert re.search(r"Max cpu time +3\d ", limits)
    assert re.search(r"Max address space +3\d{8} ", limits)


async def test_its_memory_is_bounded_and_the_servers_does_not_grow(process: PictureProcess) -> None:
    photograph = picture("JPEG", Image.new("L", (8160, 6144), 99))
    webp = picture("WEBP", Image.new("RGB", (4032, 3024), "red"), method=0)
    large = {
        "a phone's photograph of 50 million pixels": (photograph, (2048, 1542)),
        "1 bit": (black_png(7000, 7000, depth=1, colours=0), (2048, 2048)),
        "gray of 16 bits": (black_png(7000, 7000, depth=16, colours=0), (2048, 2048)),
        "metadata": (exif_bomb(), (64, 48)),
        "a WebP of 12 million pixels": (webp, (2048, 1536)),
        "RGB": (bomb(7000, 7000), None),
        "RGBA": (bomb(7000, 7000, colours=6), None),
        "RGB of 16 bits": (bomb(7000, 7000, depth=16), None),
    }
    pid = await started(process)
    before = megabytes(os.getpid(), "VmRSS")

    for name, (content, sides) in large.items():
        if sides is None:
            assert await refusal(process, content) == "picture_too_large", name
        else:
            made = await process.read(content, POST)
            assert (made.width, made.height) == sides, name
        assert megabytes(pid) < LARGEST, name

    assert process.pid == pid
    assert megabytes(os.getpid(), "VmRSS") < before + 30


async def test_one_that_was_killed_while_it_waited_is_replaced(process: PictureProcess) -> None:
    pid = await started(process)

    os.kill(pid, signal.SIGKILL)

    assert await started(process) != pid


async def test_a_picture_that_ends_the_process_is_broken_and_the_next_is_read(
    process: PictureProcess,
) -> None:
    reading = asyncio.create_task(refusal(process, moving(frames=200, width=400)))
    await until(lambda: process.pid is not None)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGSEGV)

    assert await reading == "picture_broken"
    assert process.pid is None
    await started(process)


async def test_a_picture_that_takes_too_long_is_given_up_and_the_next_is_read() -> None:
    process = PictureProcess(seconds=0.01)

    assert await refusal(process, SMALL) == "picture_too_large"
    assert process.pid is None
    process._seconds = 30
    await started(process)
    await process.aclose()


async def test_a_reader_who_goes_away_leaves_no_answer_for_the_next(
    process: PictureProcess,
) -> None:
    pid = await started(process)
    os.kill(pid, signal.SIGSTOP)
    reading = asyncio.create_task(process.read(picture("PNG", draw(300, 300)), POST))
    await asyncio.sleep(0.05)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)

    assert (await process.read(SMALL, POST)).width == 64
    assert is_gone(pid)


async def test_a_closed_pool_starts_no_process(process: PictureProcess) -> None:
    pid = await started(process)
    await process.aclose()

    assert is_gone(pid)
    with pytest.raises(Busy):
        await process.read(SMALL, POST)


SERVER = """
import asyncio, sys
from fedcom.media.picture import AVATAR
from fedcom.media.process import PictureProcess

async def main():
    process = PictureProcess()
    await process.read(sys.stdin.buffer.read(), AVATAR)
    print(process.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_a_server_that_is_killed_leaves_none_behind() -> None:
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(SMALL)
    server.stdin.close()
    pid = int(await server.stdout.readline())
    assert not is_gone(pid)

    server.kill()
    await server.wait()

    await until(lambda: is_gone(pid))
