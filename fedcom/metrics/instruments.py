"""Counts and times of what this process does. What it has not done yet is not shown."""

import time
from functools import partial
from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

from activitypub.fetch import HttpResponse
from activitypub.signatures.keys import SigningKeys
from fedcom.db import Database
from outbox.ports import Poster

CACHED, OTHER = "page cache", "none"
"""The routes of requests that the page cache answered, and that no route answers."""

SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""Upper bounds of the histograms: from a page out of memory to the limit of a delivery."""


class Metrics:
    """The instruments of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        # They add themselves.
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        Gauge("fedcom_info", "The version of Fedcom.", ["version"], registry=self.registry).labels(
            version("fedcom")
        ).set(1)
        self._requests = Histogram(
            "fedcom_request_seconds",
            "Time from the head of a request to the end of the response.",
            ["method", "route", "status"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._deliveries = Histogram(
            "fedcom_delivery_seconds",
            "Time of one attempt at a delivery by this process, by result: the class of the status"
            " (2xx, 4xx, 5xx), or failed without a response.",
            ["result"],
            buckets=SECONDS,
            registry=self.registry,
        )

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered; `route` is the path with the names of its parameters, `CACHED` or
        `OTHER`; `status` is 0 if the client left before.
        """
        self._requests.labels(method, route, status).observe(seconds)

    def measured(self, poster: Poster) -> Poster:
        """`poster`, with each of its requests measured."""
        return _MeasuredPoster(poster, self._deliveries)

    def watch(self, database: Database) -> None:
        """Show the connections of `database` that are in use."""
        gauge = Gauge(
            "fedcom_database_units",
            "Units of work that run or wait for a connection; more than"
            " fedcom_database_connections wait.",
            ["kind"],
            registry=self.registry,
        )
        size = Gauge(
            "fedcom_database_connections",
            "Connections to the database for units of work.",
            ["kind"],
            registry=self.registry,
        )
        for kind, number in database.connections.items():
            gauge.labels(kind).set_function(partial(database.units.__getitem__, kind))
            size.labels(kind).set(number)


class _MeasuredPoster:
    def __init__(self, poster: Poster, histogram: Histogram) -> None:
        self._poster = poster
        self._histogram = histogram

    async def post(self, inbox: str, body: bytes, keys: SigningKeys) -> HttpResponse:
        started, result = time.perf_counter(), "failed"
        try:
            answer = await self._poster.post(inbox, body, keys)
            result = f"{answer.status // 100}xx"
        finally:
            self._histogram.labels(result).observe(time.perf_counter() - started)
        return answer
