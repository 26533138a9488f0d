"""`fedcom worker`: a process that delivers, woken through Redis by the server's commits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fedcom.metrics.endpoint import serving_metrics
from fedcom.settings import Settings, SettingsError
from fedcom.wiring import open_instance
from outbox.arq_worker import worker
from outbox.dispatcher import Dispatcher


async def run_worker(settings: Settings) -> None:
    """Deliver until cancelled. Raises SettingsError without a `redis_url`."""
    if settings.redis_url is None:
        raise SettingsError(["redis_url: required for a worker; without it the server delivers"])

    @asynccontextmanager
    async def open_dispatcher() -> AsyncIterator[Dispatcher]:
        async with open_instance(settings, alone=False) as instance:
            with serving_metrics(instance.metrics, settings.metrics_bind):
                aside = [
                    asyncio.create_task(instance.watch_keys()),
                    asyncio.create_task(instance.ask_gone_actors()),
                ]
                try:
                    yield instance.dispatcher
                finally:
                    for task in aside:
                        task.cancel()

    await worker(open_dispatcher, settings.redis_url)
