"""What an action is given, where it is more than a value."""

import pytest

from activitypub.document import Document
from activitypub.errors import Malformed
from inbox.ports import ReceivedActivity
from tests.support.documents import activity, note

KIM, NOTE = "https://kim.example/u/kim", "https://kim.example/note/1"


def test_what_is_carried_whole_is_read_and_what_is_only_named_is_refused() -> None:
    whole = ReceivedActivity(Document(activity("Create", KIM, note(NOTE, KIM))), KIM)
    named = ReceivedActivity(Document(activity("Create", KIM, NOTE)), KIM)

    assert whole.object.id == NOTE
    with pytest.raises(Malformed) as caught:
        _ = named.object
    assert caught.value.code == "object_missing"
    assert "Create" in caught.value.detail
