"""`fedcom serve` and `fedcom worker`: the processes that stay."""

import asyncio
from pathlib import Path

import click
import uvicorn

from fedcom.app import create_app
from fedcom.logs import configure_logs
from fedcom.settings import load_settings, split_address
from fedcom.worker import run_worker


@click.command()
@click.pass_obj
def serve(config: Path | None) -> None:
    """Run the server: pages, inboxes and, without Redis, deliveries.

    Brings the database up to date first.
    """
    settings = load_settings(config)
    configure_logs(settings.log_level, settings.log_format)
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
    """Deliver, beside a server that has a redis_url; start as many as you like."""
    settings = load_settings(config)
    configure_logs(settings.log_level, settings.log_format)
    asyncio.run(run_worker(settings))
