"""What an action is given, where it is more than a value."""

import pytest

from activitypub.document import Document
from activitypub.errors import Malformed
from inbox.ports import ReceivedActivity
from tests.support.documents import activity, note

KIM, NOTE = "https://kim.example/u/kim", "https://kim.example/note/1"


def test_embedded_objects_are_read_and_bare_ids_are_refused() -> None:
    whole = ReceivedActivity(Document(activity("Create", KIM, note(NOTE, KIM))), KIM)
    named = ReceivedActivity(Document(activity("Create", KIM, NOTE)), KIM)

    assert whole.object.id == NOTE
    with pytest.raises(Malformed) as caught:
        _ = named.object
    assert caught.value.code == "object_missing"
    assert "Create" in caught.value.detail
