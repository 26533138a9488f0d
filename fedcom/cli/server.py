"""`fedcom serve`: the server."""

import asyncio
import gc
import resource
from pathlib import Path

import click
import structlog
import uvicorn

from fedcom.app import create_app
from fedcom.http.connections import ConnectionLimits
from fedcom.http.protocol import bounded
from fedcom.logs import configure_logs
from fedcom.metrics.endpoint import serving_metrics
from fedcom.settings import Settings, load_settings, split_address
from fedcom.wiring import open_instance

COLLECT_AFTER = 5_000
"""New objects, in the youngest of Python's three generations."""

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


def choose_limits(settings: Settings) -> ConnectionLimits:
    """The limits of connections that the settings and the system permit.

    Half of the open files are for clients, the others for the database, deliveries and files. The
    soft limit is raised as far as necessary and as the hard limit permits.
    """
    files = allow_files(2 * settings.max_connections)
    connections = min(settings.max_connections, files // 2)
    if connections < settings.max_connections:
        log.warning("few_open_files", files=files, connections=connections)
    return ConnectionLimits.for_connections(connections, settings.trusted_proxies)


def run_server(settings: Settings, limits: ConnectionLimits) -> None:
    """Serve until SIGTERM or SIGINT."""
    host, port = split_address(settings.bind)
    app = create_app(settings)
    freeze_loaded()
    uvicorn.run(
        app,
        host=host,
        port=port,
        http=bounded(limits),
        # There are none, and a connection that switches protocols would escape the limits.
        ws="none",
        log_config=None,
        access_log=False,
        # Our own middleware trusts proxies, by settings.trusted_proxies.
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )


def freeze_loaded() -> None:
    """Keep the garbage collector from what is loaded by now, which stays as long as the process.

    It would walk through all of it at each full collection: a third of what a POST to the inbox
    cost. And let it walk only after `COLLECT_AFTER` new objects: a page of a long thread makes some
    thousand that are needed until it is rendered.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, *gc.get_threshold()[1:])


def allow_files(wanted: int) -> int:
    """Raise the soft limit of open files to `wanted`, or as far as the hard limit permits; the
    resulting limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft == unlimited or soft >= wanted:
        return wanted
    files = wanted if hard == unlimited else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return files


async def _try(settings: Settings) -> None:
    """Open the instance and the port of the metrics once before the web server does, which would
    show a wrong setting as a traceback."""
    async with open_instance(settings, alone=False) as instance:
        with serving_metrics(instance.metrics, settings.metrics_bind):
            pass
