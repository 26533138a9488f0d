"""What software other servers run, as their NodeInfo says."""

from datetime import datetime

from activitypub.errors import ProtocolError
from activitypub.fetch import Budget, Fetcher
from activitypub.nodeinfo import fetch_software
from fedcom.clock import Clock
from fedcom.db import Database
from fedcom.remote.peers import FRESH_UNREACHED, find_peer, is_fresh, put_peer

REMEMBERED = 10_000
"""Hosts for which this process remembers when it last asked."""


class NodeInfoReader:
    """Asks servers what software they run, each only from time to time."""

    def __init__(self, database: Database, fetcher: Fetcher, clock: Clock) -> None:
        self._database = database
        self._fetcher = fetcher
        self._clock = clock
        # When this process last asked each host.
        self._asked: dict[str, datetime] = {}

    async def learn(self, host: str) -> None:
        """Ask a server what software it runs and store the answer, unless it was asked recently.

        Never raises for what the server does: no answer is stored as one.
        """
        now = self._clock()
        asked = self._asked.get(host)
        if asked is not None and now - asked < FRESH_UNREACHED:
            return
        if len(self._asked) >= REMEMBERED:
            self._asked.clear()
        self._asked[host] = now
        known = await self._database.read(lambda conn: find_peer(conn, host))
        if is_fresh(known, now):
            return
        try:
            software = await fetch_software(self._fetcher, host, Budget(documents=3, seconds=10.0))
        except ProtocolError:
            software = None
        await self._database.write(lambda conn: put_peer(conn, host, software, now))
