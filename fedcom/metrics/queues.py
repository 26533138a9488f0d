"""Queues and peers, read from the database at each scrape.

All processes of an instance show the same values here, since they share the database: take the
maximum, not the sum.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from fedcom.db import Database
from inbox.health import count_open, measure_journal
from outbox.health import measure_deliveries
from outbox.maintenance import PeerReport, report_peers
from outbox.peers import REST_AFTER

MOST_PEERS = 100
"""Peers that are shown by name: those with problems, the longest backlogs first. Each name is a
time series that Prometheus keeps."""

log = structlog.get_logger(__name__)


class QueueCollector(Collector):
    """Reads the queues; adds itself to `registry`. It works in the thread of the scrape."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], registry: CollectorRegistry
    ) -> None:
        self._database = database
        self._clock = clock
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that registering asks no database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """All figures; only `fedcom_database_up` if the database does not respond."""
        started = time.perf_counter()
        try:
            with self._database.connect() as conn:
                found = list(_read(conn, self._clock().timestamp()))
        except SQLAlchemyError as error:
            log.warning("metrics_without_database", error=str(error))
            yield _gauge("fedcom_database_up", "1 if the database responds.", 0)
            return
        yield _gauge("fedcom_database_up", "1 if the database responds.", 1)
        yield _gauge(
            "fedcom_database_read_seconds",
            "Time in which these figures were read.",
            time.perf_counter() - started,
        )
        yield from found


def _read(conn: Connection, now: float) -> Iterator[Metric]:
    journal = measure_journal(conn)
    yield _by(
        "fedcom_inbox_journal_rows",
        "Received activities that are not processed yet, by state.",
        "state",
        count_open(conn),
    )
    yield _gauge(
        "fedcom_inbox_overdue_seconds",
        "For how long the oldest received activity has been due.",
        _since(journal.due_since, now),
    )
    deliveries = measure_deliveries(conn, now)
    peers = report_peers(conn)
    yield _by(
        "fedcom_deliveries",
        "Deliveries that are not finished: waiting, or claimed by a process.",
        "state",
        {
            "waiting": sum(peer.waiting for peer in peers),
            "claimed": sum(peer.claimed for peer in peers),
        },
    )
    yield _gauge(
        "fedcom_deliveries_overdue_seconds",
        "For how long the oldest delivery has been due, paused peers left out.",
        _since(deliveries.due_since, now),
    )
    yield from _peers(peers, now)


def _peers(peers: list[PeerReport], now: float) -> Iterator[Metric]:
    states = dict.fromkeys(("well", "failing", "paused", "gone"), 0)
    for peer in peers:
        states[_state(peer, now)] += 1
    yield _by("fedcom_peers", "Peers that something was sent to, by state.", "state", states)
    troubled = [peer for peer in peers if _state(peer, now) != "well"][:MOST_PEERS]
    yield _by(
        "fedcom_peer_failures",
        f"Attempts that failed in a row; at most {MOST_PEERS} peers, longest backlog first.",
        "host",
        {peer.host: peer.failures for peer in troubled},
    )
    yield _by(
        "fedcom_peer_waiting_deliveries",
        "Deliveries that wait for a peer that fails, is paused or is gone.",
        "host",
        {peer.host: peer.waiting for peer in troubled},
    )


def _state(peer: PeerReport, now: float) -> str:
    if peer.gone:
        return "gone"
    if peer.resting_until is not None and peer.resting_until > now:
        return "paused"
    return "failing" if peer.failures >= REST_AFTER else "well"


def _since(moment: float | None, now: float) -> float:
    return max(now - moment, 0.0) if moment is not None else 0.0


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value)


def _by(name: str, text: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
