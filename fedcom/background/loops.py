"""Work that is repeated for as long as the server runs, whatever goes wrong with it once."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

logger = structlog.get_logger(__name__)


LEADER_ASKED_EVERY = 15.0
"""Seconds until a process that is not the leader asks again whether it is."""


async def repeat(
    seconds: float,
    *functions: Callable[[], Awaitable[None]],
    only_if: Callable[[], Awaitable[bool]] | None = None,
) -> None:
    """Do all of `functions`, one after the other, every `seconds`, until cancelled.

    One that raises is logged and done again the next time; it stops neither the others nor the
    loop. `only_if` says whether this process is the one to do it; one that is not waits until it
    is.
    """
    while True:
        if only_if is not None and not await only_if():
            await asyncio.sleep(min(seconds, LEADER_ASKED_EVERY))
            continue
        for work in functions:
            await _safely(work())
        await asyncio.sleep(seconds)


async def _safely(work: Awaitable[None]) -> None:
    try:
        await work
    except Exception:  # the outermost loop: the inbox and the deliveries would end with this one
        logger.exception("housekeeping_failed")
