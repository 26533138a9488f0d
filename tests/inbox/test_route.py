import pytest

from activitypub.document import Document
from inbox.route import Routes


def routes(*shapes: tuple[str, ...]) -> Routes[str]:
    table: Routes[str] = Routes()
    for shape in shapes:
        table.add(shape, " ".join(shape))
    return table


UNDO_LIKE = Document({"type": "Undo", "actor": "a", "object": {"type": "Like", "id": "x"}})
UNDO_BARE = Document({"type": "Undo", "actor": "a", "object": "x"})


@pytest.mark.parametrize(
    ("claimed", "document", "reader"),
    [
        ([("Undo",), ("Undo", "Like")], UNDO_LIKE, "Undo Like"),
        ([("Undo",), ("Undo", "Follow")], UNDO_LIKE, "Undo"),
        ([("Undo",), ("Undo", "Like")], UNDO_BARE, "Undo"),
        ([("Undo", "Like")], UNDO_BARE, None),
        ([("Like",)], UNDO_LIKE, None),
        ([], UNDO_LIKE, None),
    ],
)
def test_the_most_specific_route_wins(
    claimed: list[tuple[str, ...]], document: Document, reader: str | None
) -> None:
    assert routes(*claimed).find(document) == reader
    assert routes(*reversed(claimed)).find(document) == reader


def test_duplicate_routes_fail_at_once_and_both_are_named() -> None:
    table = routes(("Undo", "Like"))
    with pytest.raises(ValueError, match="'Undo Like' and 'votes' both claim Undo Like"):
        table.add(("Undo", "Like"), "votes")


def test_a_route_for_everything_is_refused() -> None:
    with pytest.raises(ValueError, match="empty shape"):
        routes(())


def test_the_supported_shapes_can_be_listed() -> None:
    assert routes(("Like",), ("Create", "Note")).shapes() == [("Create", "Note"), ("Like",)]
