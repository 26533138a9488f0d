"""Finds the reader for an activity by its shape; the most specific registration wins."""

from typing import Generic, TypeVar

from activitypub.document import Document

H = TypeVar("H")

Shape = tuple[str, ...]


class Routes(Generic[H]):
    """A table from shapes such as `("Undo", "Like")` to readers of whatever kind the host uses.

    `("Undo",)` is for every Undo without a more specific reader.
    """

    def __init__(self) -> None:
        self._readers: dict[Shape, H] = {}

    def add(self, shape: Shape, reader: H) -> None:
        """Register `reader` for `shape`.

        Raises ValueError when the shape is empty or taken, so that a conflict shows when the server
        starts and not when the first activity arrives.
        """
        if not shape:
            raise ValueError(f"{reader!r} claims an empty shape")
        if shape in self._readers:
            holder = self._readers[shape]
            raise ValueError(f"{holder!r} and {reader!r} both claim {' '.join(shape)}")
        self._readers[shape] = reader

    def find(self, document: Document) -> H | None:
        """The reader of the longest registered prefix of the document's shape, or None."""
        shape = document.shape
        for length in range(len(shape), 0, -1):
            reader = self._readers.get(shape[:length])
            if reader is not None:
                return reader
        return None

    def shapes(self) -> list[Shape]:
        """Every registered shape, sorted: what this server understands."""
        return sorted(self._readers)
