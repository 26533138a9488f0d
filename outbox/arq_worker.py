"""The dispatcher in a worker process, woken through Redis with arq.

A job only wakes the dispatcher: it carries no delivery, takes a moment, and may be lost. What is
sent, and in which order, is in the rows; the dispatcher's own sweep finds rows without a job. So
the quirks of arq do no harm: it drops an enqueue while a job of that id is queued or running, it
leaves a dead worker's jobs alone for minutes, and its worker exits when Redis is down. Then it is
started again here, and deliveries go on meanwhile.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

import orjson
from arq.connections import ArqRedis
from arq.worker import Worker, func
from redis.exceptions import RedisError

from outbox.dispatcher import Dispatcher

logger = logging.getLogger(__name__)

QUEUE = "outbox"

POLL_DELAY = 0.05
"""Seconds between two polls of Redis. A shorter time wakes sooner, but this one already takes about
1 % of an idle core."""

RECONNECT = 1.0
"""Seconds until the worker is started again after Redis went down."""

ALIVE, ALIVE_EVERY = "outbox:worker", 10.0
"""The key that each worker sets every so many seconds, and that ends after three times as many."""

MANY_HOSTS = 8
"""For more hosts than this, one job is made for all, because a job costs more than a delivery."""

_LOST = (RedisError, OSError, TimeoutError)


def connect(redis_url: str, *, timeout: float = 2.0) -> ArqRedis:
    """A client with JSON payloads; `timeout` (seconds) bounds every step. It connects when used."""
    redis: ArqRedis = ArqRedis.from_url(
        redis_url, socket_connect_timeout=timeout, socket_timeout=timeout
    )
    redis.job_serializer = orjson.dumps
    redis.job_deserializer = orjson.loads
    redis.default_queue_name = QUEUE
    return redis


class ArqWaker:
    """The server's side: wakes the workers after commits. Never waits for Redis and never fails.

    While Redis is down, nothing is sent to it for `pause` seconds at a time, and the log says so
    once; the workers' sweep finds the rows.
    """

    def __init__(self, redis_url: str, *, timeout: float = 1.0, pause: float = 5.0) -> None:
        self._redis = connect(redis_url, timeout=timeout)
        self._pause = pause
        self._hosts: set[str] = set()
        self._is_for_all = False
        self._sending: asyncio.Task[None] | None = None
        self._silent_until = 0.0
        self._is_lost = False

    async def wake(self, hosts: Collection[str] = ()) -> None:
        """Wake the workers for `hosts`, or for all new rows. Returns at once."""
        if time.monotonic() < self._silent_until:
            return
        self._hosts.update(hosts)
        self._is_for_all = self._is_for_all or not hosts
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())

    async def aclose(self) -> None:
        """Send the pending jobs, then close the connections."""
        if self._sending is not None:
            await self._sending
        with suppress(*_LOST):
            await self._redis.aclose()

    async def _send(self) -> None:
        try:
            while self._hosts or self._is_for_all:
                await self._send_once()
        except _LOST as error:
            if not self._is_lost:
                logger.warning("redis_unavailable", extra={"error": str(error)})
            self._is_lost = True
            self._silent_until = time.monotonic() + self._pause
        else:
            self._is_lost = False

    async def _send_once(self) -> None:
        hosts, self._hosts = self._hosts, set()
        is_for_all, self._is_for_all = self._is_for_all or len(hosts) > MANY_HOSTS, False
        if is_for_all:
            await self._redis.enqueue_job("deliver_new", _job_id="new")
            return
        for host in sorted(hosts):
            await self._redis.enqueue_job("deliver_peer", host, _job_id=f"peer:{host}")


async def deliver_peer(ctx: dict[str, Any], host: str) -> None:
    """The job for one peer. Waking is its last step: if arq drops an enqueue because this job has
    not ended, the row was committed before the dispatcher queries."""
    dispatcher: Dispatcher = ctx["dispatcher"]
    dispatcher.schedule_host(host)


async def deliver_new(ctx: dict[str, Any]) -> None:
    """The job for all new rows."""
    dispatcher: Dispatcher = ctx["dispatcher"]
    dispatcher.wake()


async def worker(
    open_dispatcher: Callable[[], AbstractAsyncContextManager[Dispatcher]], redis_url: str
) -> None:
    """Run a worker until cancelled: deliver, and listen to Redis whenever it is up.

    `open_dispatcher` opens what the dispatcher needs and closes it at the end; its
    `DispatcherLimits.alone` must be False when there is more than one worker.
    """
    async with open_dispatcher() as dispatcher, asyncio.TaskGroup() as tasks:
        tasks.create_task(dispatcher.run())
        tasks.create_task(_listen(dispatcher, redis_url))


async def _listen(dispatcher: Dispatcher, redis_url: str) -> None:
    is_lost = False
    while True:
        began = time.monotonic()
        try:
            await _listen_once(dispatcher, redis_url)
        except _LOST as error:
            is_lost = is_lost and time.monotonic() - began < 2 * RECONNECT
            if not is_lost:
                logger.warning("redis_connection_lost", extra={"error": str(error)})
            is_lost = True
        await asyncio.sleep(RECONNECT)


async def _listen_once(dispatcher: Dispatcher, redis_url: str) -> None:
    redis = connect(redis_url)
    listener = Worker(
        functions=[func(deliver_peer, name="deliver_peer"), func(deliver_new, name="deliver_new")],
        queue_name=QUEUE,
        redis_pool=redis,
        handle_signals=False,
        ctx={"dispatcher": dispatcher},
        max_jobs=100,
        job_timeout=10,
        keep_result=0,
        poll_delay=POLL_DELAY,
        job_serializer=orjson.dumps,
        job_deserializer=orjson.loads,
        log_results=False,
    )
    listening = asyncio.create_task(listener.async_run())
    reporting = asyncio.create_task(_report(redis))
    logger.info("redis_connected")
    try:
        # Either ends only when Redis is down.
        ended, _ = await asyncio.wait({listening, reporting}, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            await task
    finally:
        # Not Worker.close(): it raises when Redis is down.
        await _end(listening)
        await _end(reporting)
        await asyncio.gather(*listener.tasks.values(), return_exceptions=True)
        with suppress(*_LOST):
            await redis.aclose()


async def _report(redis: ArqRedis) -> None:
    while True:
        await redis.set(ALIVE, "1", ex=int(3 * ALIVE_EVERY))
        await asyncio.sleep(ALIVE_EVERY)


async def has_worker(redis_url: str) -> bool:
    """Whether any worker has listened to this Redis within half a minute.

    Raises OSError if Redis does not respond.
    """
    redis = connect(redis_url)
    try:
        return bool(await redis.exists(ALIVE))
    except RedisError as error:
        raise OSError(str(error)) from error
    finally:
        await redis.aclose()


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel the task until it has ended: redis-py 5.3 sometimes swallows a cancellation."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.1)
