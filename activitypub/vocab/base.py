"""Shared by all builders: leaving out missing fields, dates, lists, and the bytes we send."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from activitypub.context import context_of

Json = dict[str, Any]


def present(**fields: Any) -> Json:
    """The fields that are not None, in the order given: we never send null."""
    return {name: value for name, value in fields.items() if value is not None}


def timestamp(moment: datetime | None) -> str | None:
    """An aware time as xsd:dateTime in UTC, `2026-11-22T03:58:38Z`; None stays None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def distinct(*iris: str | None) -> list[str]:
    """The IRIs that are not None, each once, in order: a `to` or `cc`."""
    return list(dict.fromkeys(iri for iri in iris if iri is not None))


def some(values: Sequence[Any]) -> list[Any] | None:
    """A non-empty list, or None so that `present` leaves the field out."""
    return list(values) or None


def markdown(text: str | None) -> Json | None:
    """The `source` of a text written in Markdown (AP §3.3, as Lemmy reads it)."""
    return None if text is None else {"content": text, "mediaType": "text/markdown"}


def with_context(document: Json) -> Json:
    """`document` with its @context first; an embedded document must never get one."""
    if "@context" in document:
        return document
    return {"@context": context_of(document)} | document


def dump(document: Json) -> bytes:
    """The bytes to send or to serve: UTF-8 JSON, with the @context added if it is missing."""
    return orjson.dumps(with_context(document))
