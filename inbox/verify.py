"""Whose key signed the request, and whether its owner is the actor of the activity.

Keys come from the `Keys` port, which may fetch them; so the limits on how often strangers can make
us fetch are here too. They are charged to the sender, never to the host that is named, because
anybody can name any host. Nothing else is fetched here and no table is read: relayed activities are
authenticated later, from the journal (`Handlers.authenticate`).

    signer is the actor      authenticated; the bytes may be passed on unchanged
    signer is another actor  a relay: stored unauthenticated if something other than the signature
                             can authenticate it, within the limit of the signer's host
    key is gone (410)        `KeyGone`; `receive` stores it when a known actor deletes itself
    key not available        401 for permanent failures, 503 for temporary ones
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
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
from inbox.throttle import BoundedCache, RateLimit, Turns

FAILURE_REMEMBERED = 300.0
"""Seconds for which a permanent failure to fetch a key is remembered."""

UNREACHABLE_REMEMBERED = 30.0
"""Seconds for which a temporary failure to fetch a key is remembered."""

REFRESH_EVERY = 60.0
"""Seconds between two fetches of a known key because a signature does not match it. A peer that
changes its key twice within this time gets 401 until it is over, and retries."""

LOOKUPS_PER_MINUTE = 60
"""Failed fetches of keys that one sender may cause in a minute. A sender is a client address.
Several honest servers may share one, so this is more than a single one needs."""

LOOKUPS_AT_ONCE = 8
"""Fetches of keys from one host at the same time; the others wait their turn."""

LOOKUPS_AT_ONCE_OF_ONE = 4
"""How many of these one sender may cause, so that it cannot take them all."""

TURN_SECONDS = 10.0
"""How long a request waits for its turn to fetch a key before it is answered 503."""

RELAYS_PER_MINUTE = 60
"""Activities of other actors that one host (known by its signature), or one sender without a usable
key, may deliver in a minute. Each costs a fetch later.
Above the limit the answer is 503 with Retry-After, not 429: some peers drop an activity for good
after any 4xx."""


class KeyGone(Refused):
    """The origin says that the signing key, or its whole actor, was deleted (410)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who signed, when (epoch seconds by the signer's clock), and whether the signer is the actor
    of the activity. Without a key the signer is "" and the time None."""

    signer: str
    authenticated: bool
    signed_at: float | None = None


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a key is not available; the exception itself would keep its stack frames alive."""

    kind: type[FetchFailed] | type[Malformed]
    code: str
    detail: str
    retry_after: float
    until: float


class Verifier:
    """Verifies requests, and remembers which keys were usable and which were not."""

    def __init__(
        self,
        keys: Keys,
        *,
        hosts: frozenset[str],
        clock: Callable[[], datetime],
        scheme: str = "https",
    ) -> None:
        """`hosts` are our own names, `scheme` is that of our own ids."""
        self._keys = keys
        self._scheme = scheme
        self._hosts = hosts
        self._clock = clock
        self._good: BoundedCache[bool] = BoundedCache()
        self._failures: BoundedCache[_Failure] = BoundedCache()
        self._refreshed: BoundedCache[float] = BoundedCache()
        self._lookups = RateLimit(LOOKUPS_PER_MINUTE, 60.0)
        self._relays = RateLimit(RELAYS_PER_MINUTE, 60.0)
        self._turns = LookupTurns()

    def has_seen(self, key_id: str) -> bool:
        """Whether this key was found before, so that finding it again will not cost a fetch."""
        return self._good.find(key_id) is not None

    def remembers(self, actor: str) -> bool:
        """Whether keys of this actor are in memory although there is no row for it."""
        return self._keys.remembers(actor)

    def forget(self, actor: str, key_id: str) -> None:
        """Forget the keys of an actor that deletes or updates itself; they may have changed."""
        self._keys.forget(actor)
        self._good.drop(key_id)

    async def verify(
        self, request: SignedRequest, key_id: str, *, actor: str, sender: str
    ) -> Verdict:
        """Say who signed `request`, which claims to be by `actor` and came from `sender`.

        Raises `SignatureInvalid`, `Malformed` (a broken header), `Refused` with 401 (`KeyGone` for
        a deleted key) or `Later`.
        """
        # Check first what needs no key, so that none is fetched for a request that fails anyway.
        claim = signatures.examine(
            request, hosts=self._hosts, now=self._clock(), scheme=self._scheme
        )
        key, paid = await self._find(key_id, sender)
        try:
            _check(claim, key)
        except SignatureInvalid as error:
            # For any other failure, another key would not help.
            if error.facts.get("check") != "signature":
                raise
            renewed = await self._refresh(key, sender)
            if renewed is None:
                raise
            _check(claim, renewed)
            key, paid = renewed, True
        if paid:
            # Only fetches for requests that were not verified count, among them forgeries.
            self._lookups.give_back(sender, self._now())
        return Verdict(
            signer=key.owner,
            authenticated=key.owner == actor,
            signed_at=signatures.signing_time(request),
        )

    def take_relay(self, payer: str) -> None:
        """Count one activity that was not delivered by its actor.

        `payer` is the host of the verified signer, or the sender if there is none. Raises `Later`
        above the limit.
        """
        now = self._now()
        if not self._relays.take(payer, now):
            raise Later(
                self._relays.wait(payer, now),
                f"{payer} relays more activities of other actors than we can check.",
                code="relay_budget_spent",
            )

    async def _find(self, key_id: str, sender: str) -> tuple[PublicKey, bool]:
        """The key, and whether it was counted against the sender's limit."""
        if self.has_seen(key_id):
            return await self._ask(key_id, fresh=False), False
        self._raise_remembered(key_id)
        async with self._turns.of(host_of(key_id), sender):
            # A request before us in the queue may have asked for the same key.
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
            _ = key.loaded  # raises for a weak or broken key, which is not the request's fault
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


class LookupTurns:
    """Bounds the fetches at the same time for each host, and for each sender at that host."""

    def __init__(self) -> None:
        self._senders = Turns(LOOKUPS_AT_ONCE_OF_ONE)
        self._hosts = Turns(LOOKUPS_AT_ONCE)

    def __len__(self) -> int:
        return len(self._senders) + len(self._hosts)

    @asynccontextmanager
    async def of(self, host: str, sender: str) -> AsyncIterator[None]:
        """Hold one of the sender's and one of the host's turns. Raises `Later` when none becomes
        free within `TURN_SECONDS`."""
        async with AsyncExitStack() as turns:
            try:
                await turns.enter_async_context(self._senders.of((host, sender), TURN_SECONDS))
                await turns.enter_async_context(self._hosts.of(host, TURN_SECONDS))
            except TimeoutError as error:
                raise Later(
                    UNREACHABLE_REMEMBERED,
                    f"Too many requests are waiting for keys from {host}.",
                    code="key_queue_full",
                ) from error
            yield
