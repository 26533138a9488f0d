"""Makes whole documents of what other projects keep for their tests.

Mbin's snapshots have SCRUBBED_ID and SCRUBBED_DATE where ids and times changed from run to run.
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
    """The document with an address of its own, on its actor's host, for each placeholder of an id.

    An actor gets the address that its inbox lies under. Dates become one and the same.
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
    """The document with the @context that it has on the wire, where its file leaves that out."""
    return document if "@context" in document else {"@context": AS2} | document


def _origin_in(value: Json) -> str | None:
    """The origin of who says or wrote it."""
    document = Document(value)
    try:
        return origin_of(document.actor or next(iter(document.attributed_to), ""))
    except Malformed:
        return None
