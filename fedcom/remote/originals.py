"""The author's own Create of an object that we only fetched, for followers that need it.

Lemmy does not read an Announce of the bare id of a Page or Note. The Create that the author's
server serves is embedded instead: as good as if the author had sent it to us.
"""

from collections.abc import Iterable, Iterator

from activitypub.document import Document
from activitypub.iri import same_origin
from fedcom.context import Context
from fedcom.models.actor import Actor
from fedcom.remote.peers import find_peer
from fedcom.rules.dialects import serves_creates


def find_create(ctx: Context, author: Actor, iri: str) -> Document | None:
    """The public Create of the object `iri` with the object embedded, as the author's server serves
    it beside the object (Mastodon, Misskey) or on the first page of the author's outbox; None if it
    does not.

    Raises NeedsFetch for documents that must be fetched first, three at most.
    """
    for listed in _listings(ctx, author, iri):
        for item in listed:
            if isinstance(item, Document) and _is_create(item, author, iri):
                return item
    return None


def _listings(ctx: Context, author: Actor, iri: str) -> Iterator[Iterable[Document | str]]:
    known = find_peer(ctx.conn, author.host)
    if known is not None and serves_creates(known.software):
        beside = _served(ctx, f"{iri}/activity")
        yield [beside] if beside is not None else []
    outbox = _served(ctx, author.outbox) if author.outbox else None
    if outbox is None:
        return
    yield outbox.items
    first = outbox.first
    page = _served(ctx, first) if isinstance(first, str) else first
    yield page.items if page is not None else []


def _served(ctx: Context, iri: str) -> Document | None:
    """The document there; None if there is none, or one of another origin."""
    found = ctx.find_document(iri)
    is_theirs = found is not None and (found.id is None or same_origin(found.id, iri))
    return found if is_theirs else None


def _is_create(activity: Document, author: Actor, iri: str) -> bool:
    obj = activity.object_document
    return (
        activity.type == "Create"
        and activity.owner == author.iri
        and same_origin(activity.id, author.iri)
        and obj is not None
        and obj.id == iri
        and author.iri in obj.authors
        and obj.is_public
    )
