"""`fedcom serve` and `fedcom worker`: the processes that stay."""

import asyncio
import signal
from contextlib import suppress
from pathlib import Path

import click
import uvicorn

from fedcom.app import create_app
from fedcom.logs import configure_logs
from fedcom.settings import Settings, load_settings, split_address
from fedcom.wiring import open_instance
from fedcom.worker import run_worker


@click.command()
@click.pass_obj
def serve(config: Path | None) -> None:
    """Run the server: pages, inboxes and, without Redis, deliveries.

    Brings the database up to date first.
    """
    settings = load_settings(config)
    configure_logs(settings.log_level, settings.log_format)
    asyncio.run(_try(settings))
    host, port = split_address(settings.bind)
    uvicorn.run(
        create_app(settings),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        # Proxies are believed by our own middleware, by settings.trusted_proxies.
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )


@click.command()
@click.pass_obj
def worker(config: Path | None) -> None:
    """Deliver, beside a server with the same redis_url; start as many as you like."""
    settings = load_settings(config)
    configure_logs(settings.log_level, settings.log_format)
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    """Deliver until told to end; then what is under way is finished and the rest given back."""
    work = asyncio.create_task(run_worker(settings))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    with suppress(asyncio.CancelledError):
        await work


async def _try(settings: Settings) -> None:
    """Open the instance once before the web server does, which would show an admin's mistake as a
    traceback."""
    async with open_instance(settings, alone=False):
        pass
