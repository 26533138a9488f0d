"""Who really said this: whose key signed the request, and is that the actor of the activity?

Asks the `Keys` port, which may go to the network, and therefore also decides here how often a
stranger can make us go there. Who sends pays for that, never who is named: anybody can name
anybody. No table and no other fetch may live here: what a third party relays is authenticated
later, from the journal (`Handlers.authenticate`).

    signer is the actor   authenticated; the bytes may be passed on untouched
    signer is another     a relay: kept, unauthenticated, when something but the signature may show
                          that it is the actor's, and the signer's host does not overdo it
    key is gone (410)     `KeyGone`; `receive` keeps it when a known actor deletes itself
    key not to be had     401 for lasting answers, 503 for passing ones
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from activitypub.errors import (
    BudgetSpent,
    FetchFailed,
    Gone,
    Malformed,
    SignatureInvalid,
    Unreachable,
)
from activitypub.iri import host_of, same_host
from activitypub.signatures import request as signatures
from activitypub.signatures.keys import PublicKey
from activitypub.signatures.request import SignatureClaim, SignedRequest
from inbox.errors import Later, Refused
from inbox.ports import Keys
from inbox.throttle import BoundedCache, RateLimit

FAILURE_REMEMBERED = 300.0
"""Seconds for which the origin's lasting "no" to a key id is believed without asking again."""

UNREACHABLE_REMEMBERED = 30.0
"""Seconds for which an origin that did not answer about a key id is left alone."""

REFRESH_EVERY = 60.0
"""Seconds between two refetches of one key because a signature did not fit it. A peer that changes
its key twice within them is refused until they are over; it retries after a 401."""

LOOKUPS_PER_MINUTE = 60
"""Look-ups and refetches of keys that one sender may cause in one minute in vain. A sender is a
client address. Several honest servers may share one, so this is more than one of them needs."""

LOOKUPS_AT_ONCE = 8
"""Look-ups about keys of one host that run at the same time; the others wait for their turn."""

LOOKUPS_AT_ONCE_OF_ONE = 4
"""How many of these one sender may cause, so that it does not take every turn."""

TURN_SECONDS = 10.0
"""How long a request waits for its turn to look up a key before it is told to come again."""

RELAYS_PER_MINUTE = 60
"""Activities of others that one host (by its signature), or one sender that could show no key, may
bring in a minute. Each costs a fetch later.
Beyond it the answer is 503 with Retry-After and not 429, because some peers drop an activity for
good on any 4xx."""


class KeyGone(Refused):
    """The origin says that the signing key, or its whole actor, was deleted (410)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who signed, when (epoch seconds by the signer's clock), and whether that is the activity's
    actor. Without a key the signer is "" and the time None."""

    signer: str
    authenticated: bool
    signed_at: float | None = None


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a key was not to be had, kept without the exception and the frames it holds on to."""

    kind: type[FetchFailed] | type[Malformed]
    code: str
    detail: str
    retry_after: float
    until: float


class Verifier:
    """Verifies requests and remembers, within bounds, whose keys were good and whose were not."""

    def __init__(
        self,
        keys: Keys,
        *,
        hosts: frozenset[str],
        clock: Callable[[], datetime],
        scheme: str = "https",
    ) -> None:
        """`hosts` are our own, `scheme` is that of our own ids."""
        self._keys = keys
        self._scheme = scheme
        self._hosts = hosts
        self._clock = clock
        self._good: BoundedCache[bool] = BoundedCache()
        self._failures: BoundedCache[_Failure] = BoundedCache()
        self._refreshed: BoundedCache[float] = BoundedCache()
        self._lookups = RateLimit(LOOKUPS_PER_MINUTE, 60.0)
        self._relays = RateLimit(RELAYS_PER_MINUTE, 60.0)
        self._turns = HostSemaphores()

    def has_seen(self, key_id: str) -> bool:
        """Whether this key was found before, so that looking it up will not cost a fetch."""
        return self._good.find(key_id) is not None

    def remembers(self, actor: str) -> bool:
        """Whether keys of this actor are believed although we have no row for it."""
        return self._keys.remembers(actor)

    def forget(self, actor: str, key_id: str) -> None:
        """What the actor says of itself may end its keys: the next request asks for them again."""
        self._keys.forget(actor)
        self._good.drop(key_id)

    async def verify(
        self, request: SignedRequest, key_id: str, *, actor: str, sender: str
    ) -> Verdict:
        """Say who signed `request`, which claims to be by `actor` and came from `sender`.

        Raises `SignatureInvalid`, `Malformed` (a broken header), `Refused` with 401 (`KeyGone` for
        a deleted key) or `Later`.
        """
        # First what needs no key: nobody is asked for the key of a request that is wrong anyway.
        claim = signatures.examine(
            request, hosts=self._hosts, now=self._clock(), scheme=self._scheme
        )
        key, paid = await self._find(key_id, sender)
        try:
            _check(claim, key)
        except SignatureInvalid as error:
            # Only then may another key help.
            if error.facts.get("check") != "signature":
                raise
            renewed = await self._refresh(key, sender)
            if renewed is None:
                raise
            _check(claim, renewed)
            key, paid = renewed, True
        if paid:
            # Counted are only look-ups that came to nothing, among them those for forgeries.
            self._lookups.give_back(sender, self._now())
        return Verdict(
            signer=key.owner,
            authenticated=key.owner == actor,
            signed_at=signatures.signing_time(request),
        )

    def take_relay(self, payer: str) -> None:
        """Count one activity that is brought by another than its actor.

        `payer` is the host of the verified signer, else the sender. Raises `Later`.
        """
        now = self._now()
        if not self._relays.take(payer, now):
            raise Later(
                self._relays.wait(payer, now),
                f"{payer} relays more activities of other actors than we can check.",
                code="relay_budget_spent",
            )

    async def _find(self, key_id: str, sender: str) -> tuple[PublicKey, bool]:
        """The key, and whether the sender's allowance was charged for it."""
        if self.has_seen(key_id):
            return await self._ask(key_id, fresh=False), False
        self._raise_remembered(key_id)
        async with self._turns.of(host_of(key_id), sender):
            # Somebody before us in the queue may have asked about the same key.
            self._raise_remembered(key_id)
            paid = not self.has_seen(key_id)
            if paid:
                self._pay(sender)
            return await self._ask(key_id, fresh=False), paid

    async def _refresh(self, key: PublicKey, sender: str) -> PublicKey | None:
        now = self._now()
        last = self._refreshed.find(key.id)
        if last is not None and now < last + REFRESH_EVERY:
            return None
        if not self._lookups.take(sender, now):
            return None
        self._refreshed.put(key.id, now)
        renewed = await self._ask(key.id, fresh=True)
        return renewed if renewed != key else None

    async def _ask(self, key_id: str, *, fresh: bool) -> PublicKey:
        try:
            key = await self._keys.find(key_id, fresh=fresh)
            _ = key.loaded  # too weak, or no key at all: that is the key's fault, not the request's
        except (FetchFailed, Malformed) as error:
            failure = self._remember(key_id, error)
            raise _to_answer(key_id, failure) from error
        self._good.put(key_id, True)
        return key

    def _remember(self, key_id: str, error: FetchFailed | Malformed) -> _Failure:
        passing = isinstance(error, Unreachable | BudgetSpent)
        wait = UNREACHABLE_REMEMBERED if passing else FAILURE_REMEMBERED
        if isinstance(error, Unreachable) and error.retry_after is not None:
            wait = min(max(wait, error.retry_after), FAILURE_REMEMBERED)
        failure = _Failure(type(error), error.code, error.detail, wait, self._now() + wait)
        self._failures.put(key_id, failure)
        self._good.drop(key_id)
        return failure

    def _raise_remembered(self, key_id: str) -> None:
        failure = self._failures.find(key_id)
        if failure is not None and self._now() < failure.until:
            raise _to_answer(key_id, failure)

    def _pay(self, sender: str) -> None:
        now = self._now()
        if not self._lookups.take(sender, now):
            raise Later(
                self._lookups.wait(sender, now),
                "Too many requests from your address named keys that are not usable.",
                code="key_budget_spent",
            )

    def _now(self) -> float:
        return self._clock().timestamp()


def _check(claim: SignatureClaim, key: PublicKey) -> None:
    if not same_host(key.id, key.owner):
        raise SignatureInvalid(
            "key_on_other_host",
            "The key is not on the host of its owner.",
            check="key",
            key_id=key.id,
            owner=key.owner,
        )
    claim.check(key)


def _to_answer(key_id: str, failure: _Failure) -> Refused | Later:
    if issubclass(failure.kind, Unreachable | BudgetSpent):
        return Later(
            failure.retry_after,
            f"The signing key cannot be fetched right now: {failure.detail}",
            code="key_unreachable",
        )
    facts = {"check": "key", "key_id": key_id, "fetch": failure.code}
    if issubclass(failure.kind, Gone):
        return KeyGone(401, "key_gone", "The signing key is gone (410).", facts)
    return Refused(
        401,
        "key_not_usable",
        f"The signing key is not usable: {failure.detail}",
        facts,
    )


class HostSemaphores:
    """Places for look-ups, of each host and of each sender at that host.

    Each queue is made when somebody comes and gone when nobody is there.
    """

    def __init__(self) -> None:
        self._queues: dict[tuple[str, ...], asyncio.Semaphore] = {}
        self._visitors: Counter[tuple[str, ...]] = Counter()

    @asynccontextmanager
    async def of(self, host: str, sender: str) -> AsyncIterator[None]:
        """Hold one of the sender's and one of the host's places. Raises `Later` when none gets
        free."""
        async with (
            self._place((host, sender), LOOKUPS_AT_ONCE_OF_ONE),
            self._place((host,), LOOKUPS_AT_ONCE),
        ):
            yield

    @asynccontextmanager
    async def _place(self, name: tuple[str, ...], most: int) -> AsyncIterator[None]:
        queue = self._queues.setdefault(name, asyncio.Semaphore(most))
        self._visitors[name] += 1
        try:
            await _enter(queue, name[0])
            try:
                yield
            finally:
                queue.release()
        finally:
            self._visitors[name] -= 1
            if not self._visitors[name]:
                del self._visitors[name], self._queues[name]


async def _enter(queue: asyncio.Semaphore, host: str) -> None:
    try:
        async with asyncio.timeout(TURN_SECONDS):
            await queue.acquire()
    except TimeoutError as error:
        raise Later(
            UNREACHABLE_REMEMBERED,
            f"Too many requests are waiting for keys from {host}.",
            code="key_queue_full",
        ) from error
