"""Builders for collections: followers, outbox, featured, moderators, replies."""

from collections.abc import Sequence

from activitypub.vocab.base import Json, present


def collection(
    iri: str,
    total: int,
    *,
    items: Sequence[str | Json] | None = None,
    first: str | Json | None = None,
) -> Json:
    """A Collection of `total` items: all in `items`, a `first` page, or the count alone.

    `first` is the id of the page, or the page itself, whose replies Mastodon reads at once.
    """
    return present(id=iri, type="Collection", totalItems=total, items=_list(items), first=first)


def collection_page(
    iri: str, part_of: str, items: Sequence[str | Json], *, next_page: str | None = None
) -> Json:
    """One page of the Collection `part_of`."""
    return present(
        id=iri, type="CollectionPage", partOf=part_of, items=_list(items), next=next_page
    )


def ordered_collection(  # noqa: PLR0913 - one argument for each field that a peer reads
    iri: str,
    total: int,
    *,
    items: Sequence[str | Json] | None = None,
    first: str | Json | None = None,
    last: str | None = None,
    owner: str | None = None,
    audience: str | None = None,
) -> Json:
    """An OrderedCollection; `owner` becomes `attributedTo`, which makes it trusted (FEP-fe34)."""
    return present(
        id=iri,
        type="OrderedCollection",
        attributedTo=owner,
        audience=audience,
        totalItems=total,
        orderedItems=_list(items),
        first=first,
        last=last,
    )


def ordered_collection_page(
    iri: str,
    part_of: str,
    items: Sequence[str | Json],
    *,
    total: int | None = None,
    next_page: str | None = None,
    previous_page: str | None = None,
) -> Json:
    """One page of the OrderedCollection `part_of`."""
    return present(
        id=iri,
        type="OrderedCollectionPage",
        partOf=part_of,
        totalItems=total,
        orderedItems=_list(items),
        next=next_page,
        prev=previous_page,
    )


def _list(items: Sequence[str | Json] | None) -> list[str | Json] | None:
    return None if items is None else list(items)
