"""Work that is repeated for as long as the server runs, whatever goes wrong with it once."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

logger = structlog.get_logger(__name__)


async def repeat(seconds: float, *functions: Callable[[], Awaitable[None]]) -> None:
    """Do all of `functions`, one after the other, every `seconds`, until cancelled.

    One that raises is logged and done again the next time; it stops neither the others nor the
    loop.
    """
    while True:
        for work in functions:
            await _safely(work())
        await asyncio.sleep(seconds)


async def _safely(work: Awaitable[None]) -> None:
    try:
        await work
    except Exception:  # the outermost loop: the inbox and the deliveries would end with this one
        logger.exception("housekeeping_failed")
