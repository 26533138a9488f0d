"""The replies embedded in a Note: the first page of them, and the address of the rest."""

import pytest

from fedcom.queries import replies
from fedcom.queries.replies import first_replies
from tests.support.people import Home


@pytest.fixture
def dialect() -> str:
    """The statements are tested where the collections are served."""
    return "sqlite"


@pytest.mark.parametrize("number", [0, 2, 3])
def test_replies_beyond_the_first_page_are_counted_and_on_the_next(
    home: Home, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(replies, "PAGE", 2)
    post = home.post()
    above = home.comment(post)
    answers = [home.comment(post, parent=above).iri for _ in range(number)]

    listed = home(lambda ctx: first_replies(ctx, above))

    assert listed["totalItems"] == number
    assert listed["first"]["items"] == answers[:2]
    assert listed["first"].get("next") == (f"{above.iri}/replies?page=2" if number > 2 else None)
