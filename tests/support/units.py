"""Units of work on a test's own database and network, without the rest of an instance."""

from collections.abc import Awaitable, Callable

from activitypub.fetch import Fetcher
from fedcom.clock import Clock
from fedcom.db import Database
from fedcom.remote.handles import HandleReader
from fedcom.remote.nodeinfo import NodeInfoReader
from fedcom.remote.origins import Origins
from fedcom.units import Units


def open_units(
    *,
    database: Database,
    fetcher: Fetcher,
    origin: str,
    clock: Clock,
    committed: Callable[[], Awaitable[None]],
) -> Units:
    """Assembled as in `fedcom.wiring`."""
    nodeinfo = NodeInfoReader(database, fetcher, clock)
    return Units(
        database=database,
        origins=Origins(database, fetcher, origin, nodeinfo),
        handles=HandleReader(database, fetcher),
        clock=clock,
        committed=committed,
    )
