"""Actors whose inboxes answer that they no longer exist: ask for them, delete those that are gone.

A misconfigured server answers 404 for a while too, so an inbox alone proves nothing.
"""

from functools import partial

import structlog

from activitypub.document import Document
from activitypub.errors import FetchFailed, Gone
from activitypub.fetch import Budget
from fedcom.actions.delete_actor import DeleteActor
from fedcom.actions.perform import perform
from fedcom.context import Context
from fedcom.errors import FedcomError
from fedcom.queries.actors import find_actor
from fedcom.units import Units
from inbox.ports import ReceivedActivity

logger = structlog.get_logger(__name__)

DOCUMENTS = 30
"""Documents that one deletion may fetch."""


class GoneActors:
    """The actors to ask for. They are kept in memory only: a later delivery names them again."""

    def __init__(self, units: Units) -> None:
        self._units = units
        self._suspects: set[str] = set()

    def suspect(self, iri: str) -> None:
        """Have this actor asked for later. Safe in any thread."""
        self._suspects.add(iri)

    async def ask(self) -> None:
        """Fetch each suspect from its origin, and delete those that are gone (410)."""
        while self._suspects:
            iri = self._suspects.pop()
            try:
                await self._units.fetch(iri, Budget(documents=2))
            except Gone:
                await self._units.unit(partial(_delete, iri=iri), budget=Budget(DOCUMENTS))
            except (FetchFailed, FedcomError) as error:
                logger.info("actor_check_failed", actor=iri, error=str(error))


def _delete(ctx: Context, iri: str) -> None:
    found = find_actor(ctx.conn, iri)
    if found is not None and found.deleted_at is None:
        received = ReceivedActivity(Document({"type": "Delete", "actor": iri, "object": iri}), iri)
        perform(ctx, DeleteActor(by=found), received)
