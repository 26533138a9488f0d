"""Names to addresses: the system's resolver, in threads, with its answers kept for a minute.

A look-up costs as much CPU as an RSA signature, because of the hop to a thread, and two requests to
a DNS server. The system's resolver honours /etc/hosts and nsswitch.conf, but does not tell how long
an answer is valid.

The rule: addresses are kept for `KEPT_FOR` seconds, whatever their TTL, of at most `KEPT` names;
`forget` drops those of a name that cannot be connected to. Failures are not kept. Those who ask for
a name that is being looked up share the answer. Whether an address may be connected to is not
decided here, and has to be checked each time (`netguard`). Each process has its own.
"""

import asyncio
import socket
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

KEPT_FOR = 60.0
"""Seconds. An open connection may be used for ten times as long (`transport.Pool.age`)."""

KEPT = 4096
"""Names kept; the one that was looked up first is forgotten first."""

_THREADS = 16


class Resolver:
    """It belongs to the event loop in which it is used."""

    def __init__(
        self,
        *,
        look_up: Callable[[str, int], list[str]] | None = None,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """`look_up` and `timer` are the system's, except in tests."""
        self._look_up = look_up or _look_up
        self._timer = timer
        self._threads: ThreadPoolExecutor | None = None
        self._asked: dict[str, asyncio.Future[list[str]]] = {}
        # By the time of the look-up, so that the first one ends first.
        self._known: OrderedDict[str, tuple[float, list[str]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    async def __call__(self, name: str, port: int) -> list[str]:
        """The addresses of `name`, in the system's order (RFC 6724). Raises `OSError`."""
        known = self._known.get(name)
        if known is not None and self._timer() < known[0]:
            return known[1]
        asked = self._asked.get(name)
        if asked is None:
            asked = self._ask(name, port)
        # Another may wait for the same answer for longer.
        return await asyncio.shield(asked)

    def forget(self, name: str) -> None:
        """Look this name up again the next time."""
        self._known.pop(name, None)

    def close(self) -> None:
        """Let the threads end, without waiting for look-ups that are under way."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    def _ask(self, name: str, port: int) -> "asyncio.Future[list[str]]":
        if self._threads is None:
            # Of its own, so that slow look-ups delay only other look-ups.
            self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="resolve")
        loop = asyncio.get_running_loop()
        asked = loop.run_in_executor(self._threads, self._look_up, name, port)
        self._asked[name] = asked

        def keep(answered: "asyncio.Future[list[str]]") -> None:
            del self._asked[name]
            if answered.cancelled() or answered.exception() is not None:
                return
            now = self._timer()
            self._known.pop(name, None)
            self._known[name] = (now + KEPT_FOR, answered.result())
            self._drop_old(now)

        asked.add_done_callback(keep)
        return asked

    def _drop_old(self, now: float) -> None:
        while self._known:
            name, (ends, _) = next(iter(self._known.items()))
            if now < ends and len(self._known) <= KEPT:
                return
            del self._known[name]


def _look_up(name: str, port: int) -> list[str]:
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
