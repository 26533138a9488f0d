"""`GET /metrics`, on a port of its own: never through the public address of the server."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from prometheus_client import start_http_server

from fedcom.metrics.instruments import Metrics
from fedcom.settings import SettingsError, split_address

log = structlog.get_logger(__name__)


@contextmanager
def serving_metrics(metrics: Metrics | None, bind: str | None) -> Iterator[None]:
    """Answer scrapes of `metrics` at `bind` (address:port), in threads; without these, nothing.

    Raises SettingsError if the address cannot be used.
    """
    if metrics is None or bind is None:
        yield
        return
    host, port = split_address(bind)
    try:
        server, thread = start_http_server(port, host, metrics.registry)
    except OSError as error:
        problem = f"metrics_bind: {bind} cannot be used: {error.strerror or error}"
        raise SettingsError([problem]) from error
    log.info("metrics_served", bind=bind)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
