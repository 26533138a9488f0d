"""Pages of a collection: `?page=1` and so on, at the address of the collection itself."""

from fedcom.errors import NotFound


def page_iri(iri: str, page: int) -> str:
    """The id of a page of the collection `iri`."""
    return f"{iri}?page={page}"


def next_page(iri: str, page: int, total: int, size: int) -> str | None:
    """The id of the page after this one, None after the last; each page has `size` items."""
    return page_iri(iri, page + 1) if page < count_pages(total, size) else None


def previous_page(iri: str, page: int) -> str | None:
    """The id of the page before this one, None before the first."""
    return page_iri(iri, page - 1) if page > 1 else None


def count_pages(total: int, size: int) -> int:
    """The number of pages: at least one, which may be empty."""
    return max(1, -(-total // size))


def check_page(page: int, total: int, size: int) -> None:
    """Raise NotFound for a page after the last."""
    if page > count_pages(total, size):
        raise NotFound("couldnt_find_page", "The collection has fewer pages.")
