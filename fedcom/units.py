"""Units of work: one transaction each, repeated with the documents that they find missing.

The domain never waits for the network. An action that needs a missing document raises `NeedsFetch`;
then the transaction is rolled back, the document is fetched (within a budget, and not from blocked
hosts), and the work is run again with it.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy import Connection

from activitypub.document import Document
from activitypub.errors import BudgetSpent, FetchFailed, FetchRefused, Malformed, Unreachable
from activitypub.fetch import Budget
from fedcom.clock import Clock
from fedcom.context import Context, Fetched, Prover
from fedcom.db import Database
from fedcom.errors import NeedsFetch, NotFound
from fedcom.remote.handles import HandleReader
from fedcom.remote.origins import Origins

T = TypeVar("T")

ROUNDS = 100
"""How often one unit may find a document missing and start over, whatever the budget."""


class Units:
    """Opens units of work on the database of one instance."""

    def __init__(
        self,
        *,
        database: Database,
        origins: Origins,
        handles: HandleReader,
        clock: Clock,
        committed: Callable[[], Awaitable[None]],
        prover: Prover | None = None,
    ) -> None:
        """`prover` makes integrity proofs for outgoing activities. `committed` is awaited after
        each committed unit; it must return at once.
        """
        self._database = database
        self._origins = origins
        self._handles = handles
        self._clock = clock
        self._committed = committed
        self._prover = prover

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a connection that only reads."""
        return await self._database.read(work)

    async def unit(
        self,
        work: Callable[[Context], T],
        *,
        budget: Budget | None = None,
        fetched: Fetched | None = None,
        wanted: bool = False,
    ) -> T:
        """Run `work` in one transaction and commit it; then its deliveries are started.

        `work` may be run several times. Without `budget` nothing is fetched, and a missing document
        raises NotFound. `fetched` has documents that are available already; with `wanted` a member
        asked for them, so that they are stored although no member follows them. Raises the errors
        of `work`, and the FetchFailed family.
        """
        known = fetched if fetched is not None else Fetched()
        for _ in range(ROUNDS):
            try:
                result = await self._database.write(
                    lambda conn: work(
                        Context(
                            *(conn, self._clock(), self._origins.origin),
                            *(known, wanted, self._prover),
                        )
                    )
                )
            except NeedsFetch as missing:
                if budget is None and not missing.required:
                    known.failures[missing.iri] = BudgetSpent(
                        "not_fetched", "Nothing is fetched here."
                    )
                    continue
                if budget is None:
                    raise NotFound(
                        "couldnt_find_object", "%(iri)s is not known here.", iri=missing.iri
                    ) from None
                await self._fetch_into(known, missing, budget)
                continue
            await self._committed()
            await self._handles.learn_from(known.documents)
            return result
        raise BudgetSpent("too_many_rounds", "Too many documents depend on one another.")

    async def fetch(self, iri: str, budget: Budget) -> Document:
        """The document that the origin of `iri` serves, as a unit would fetch it.

        Raises the FetchFailed family, Malformed, Denied for a blocked host, and NotFound for ours.
        """
        return await self._origins.fetch(iri, budget)

    async def _fetch_into(self, known: Fetched, missing: NeedsFetch, budget: Budget) -> None:
        iri = missing.iri
        try:
            known.documents[iri] = await self.fetch(iri, budget)
        except FetchFailed as error:
            if missing.required and isinstance(error, Unreachable | BudgetSpent):
                raise
            known.failures[iri] = error
        except Malformed as error:
            known.failures[iri] = FetchRefused(error.code, error.detail, url=iri)
