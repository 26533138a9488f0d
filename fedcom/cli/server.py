"""`fedcom serve` and `fedcom worker`: the processes that stay."""

import asyncio
import resource
import signal
from contextlib import suppress
from pathlib import Path

import click
import structlog
import uvicorn

from fedcom.app import create_app
from fedcom.http.connections import Limits
from fedcom.http.protocol import bounded
from fedcom.logs import configure_logs
from fedcom.settings import Settings, load_settings, split_address
from fedcom.wiring import open_instance
from fedcom.worker import run_worker

WORKER_FILES = 2048
"""Open files of a worker: it makes up to 512 deliveries at once and keeps 256 connections."""

log = structlog.get_logger(__name__)


@click.command()
@click.pass_obj
def serve(config: Path | None) -> None:
    """Run the server: web pages, inboxes and, without Redis, deliveries.

    Upgrades the database first.
    """
    settings = load_settings(config)
    configure_logs(settings.log_level, settings.log_format)
    asyncio.run(_try(settings))
    run_server(settings, choose_limits(settings))


def choose_limits(settings: Settings) -> Limits:
    """The limits of connections that the settings and the system allow.

    Half of the open files are for clients. The others are for the database, for deliveries and
    for files; the soft limit is raised as far as that needs and the hard one lets it.
    """
    files = _allow_files(2 * settings.max_connections)
    connections = min(settings.max_connections, files // 2)
    if connections < settings.max_connections:
        log.warning("few_open_files", files=files, connections=connections)
    return Limits.for_connections(connections, settings.trusted_proxies)


def run_server(settings: Settings, limits: Limits) -> None:
    """Serve until SIGTERM or SIGINT."""
    host, port = split_address(settings.bind)
    uvicorn.run(
        create_app(settings),
        host=host,
        port=port,
        http=bounded(limits),
        # We have none, and a connection that changes its protocol would leave the limits behind.
        ws="none",
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
    """Run a delivery worker for a server with the same redis_url. Start as many as you like."""
    settings = load_settings(config)
    configure_logs(settings.log_level, settings.log_format)
    _allow_files(WORKER_FILES)
    asyncio.run(_work(settings))


def _allow_files(wanted: int) -> int:
    """Raise the soft limit of open files to `wanted`, or as near as the hard limit lets it; the
    limit that holds then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft == unlimited or soft >= wanted:
        return wanted
    files = wanted if hard == unlimited else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return files


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
