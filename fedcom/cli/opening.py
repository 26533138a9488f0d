"""Opens the instance for a command: settings, one event loop, the same wiring as the server."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from fedcom.logs import configure_logs
from fedcom.settings import load_settings
from fedcom.wiring import OpenInstance, open_instance

T = TypeVar("T")


def with_instance(config: Path | None, work: Callable[[OpenInstance], Awaitable[T]]) -> T:
    """Open the instance, run `work`, and close it; a server may be running at the same time.

    It also delivers what a command publishes, within seconds. Raises SettingsError, MigrationError
    and whatever `work` raises.
    """
    settings = load_settings(config)
    configure_logs("warning", settings.log_format)

    async def run() -> T:
        async with open_instance(settings, alone=False) as instance:
            return await work(instance)

    return asyncio.run(run())
