"""Readers of activities, called without the inbox."""

from typing import Any

from activitypub.authority import Evidence
from activitypub.document import Document
from fedcom.actions.base import Action
from fedcom.actions.perform import perform
from fedcom.context import Context, Fetched
from fedcom.federation.listeners import activity_routes, reader_of
from inbox.ports import ReceivedActivity
from tests.support.documents import Json
from tests.support.people import Home


def read(
    home: Home, activity: Json, *origins: Json, via: str | None = None, confirmed: bool = True
) -> Action[Any] | None:
    """The action for a proven activity; `origins` are the documents to be fetched."""
    received = ReceivedActivity(
        Document(activity), activity["actor"], via=via, confirmed=confirmed, evidence=_evidence(via)
    )
    return home(lambda ctx: _action(ctx, received), fetched=_fetched(origins))


def receive(home: Home, activity: Json, *origins: Json, via: str | None = None) -> Any:
    """As `read`, and performed; returns the action's result."""

    def do(ctx: Context) -> Any:
        action = _action(ctx, received)
        assert action is not None
        return perform(ctx, action, received)

    received = ReceivedActivity(
        Document(activity), activity["actor"], via=via, evidence=_evidence(via)
    )
    return home(do, fetched=_fetched(origins))


def _evidence(via: str | None) -> Evidence:
    return "signature" if via is None else "community"


def _action(ctx: Context, received: ReceivedActivity) -> Action[Any] | None:
    return reader_of(activity_routes(), received.activity)(ctx, received)


def _fetched(origins: tuple[Json, ...]) -> Fetched:
    return Fetched({served["id"]: Document(served) for served in origins})
