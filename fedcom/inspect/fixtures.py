"""Turns the test data of other projects into complete documents.

Mbin's snapshots have SCRUBBED_ID and SCRUBBED_DATE in place of ids and times that vary between
runs.
"""

from itertools import count
from typing import Any

from activitypub.document import Document
from activitypub.errors import Malformed
from activitypub.iri import origin_of
from activitypub.types import ACTOR_TYPES, AS2

ID, DATE = "SCRUBBED_ID", "SCRUBBED_DATE"
A_DATE = "2026-01-01T00:00:00Z"

Json = dict[str, Any]


def fill(document: Json) -> Json:
    """The document with a unique id on its actor's host for each placeholder.

    The id of an actor is the one that its inbox lies below. All dates become the same one.
    """
    numbers = count(1)

    def filled(value: Any, origin: str) -> Any:
        if isinstance(value, dict):
            origin = _origin_in(value) or origin
            whole = {key: filled(inner, origin) for key, inner in value.items()}
            if value.get("id") == ID and value.get("type") in ACTOR_TYPES:
                inbox = Document(value).inbox or ""
                return whole | {"id": inbox.removesuffix("/inbox") or whole["id"]}
            return whole
        if isinstance(value, list):
            return [filled(inner, origin) for inner in value]
        if value == ID:
            return f"{origin}/scrubbed/{next(numbers)}"
        return A_DATE if value == DATE else value

    whole: Json = filled(document, "https://scrubbed.example")
    return whole


def with_context(document: Json) -> Json:
    """The document with the @context that it has on the wire, if the file leaves it out."""
    return document if "@context" in document else {"@context": AS2} | document


def _origin_in(value: Json) -> str | None:
    """The origin of its actor or author."""
    document = Document(value)
    try:
        return origin_of(document.actor or next(iter(document.attributed_to), ""))
    except Malformed:
        return None
