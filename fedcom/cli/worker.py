"""`fedcom worker`: a process that delivers."""

import asyncio
import signal
from contextlib import suppress
from pathlib import Path

import click
import uvloop

from fedcom.cli.server import allow_files
from fedcom.logs import configure_logs
from fedcom.settings import Settings, load_settings
from fedcom.worker import run_worker

WORKER_FILES = 2048
"""Open files of a worker: it makes up to 640 deliveries at a time and keeps 256 connections."""


@click.command()
@click.pass_obj
def worker(config: Path | None) -> None:
    """Run a delivery worker for a server with the same redis_url. Start as many as you like."""
    settings = load_settings(config)
    configure_logs(settings.log_level, settings.log_format)
    allow_files(WORKER_FILES)
    uvloop.run(_work(settings))  # as uvicorn runs the server


async def _work(settings: Settings) -> None:
    """Deliver until SIGTERM or SIGINT; then finish running attempts and release other claims."""
    work = asyncio.create_task(run_worker(settings))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    with suppress(asyncio.CancelledError):
        await work
