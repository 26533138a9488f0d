from datetime import UTC, datetime, timedelta, timezone

import pytest

from activitypub.context import OBJECT_CONTEXT
from activitypub.document import to_datetime
from activitypub.parse import parse
from activitypub.vocab.base import distinct, dump, markdown, present, some, timestamp, with_context


def test_absent_values_are_left_out_and_empty_ones_are_kept():
    assert present(a=None, b=False, c=[], d="") == {"b": False, "c": [], "d": ""}


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 22, 3, 58, 38, tzinfo=UTC), "2026-11-22T03:58:38Z"),
        (datetime(2026, 11, 22, 3, 58, 38, 5, UTC), "2026-11-22T03:58:38.000005Z"),
        (
            datetime(2026, 11, 22, 3, 58, 38, tzinfo=timezone(timedelta(hours=2))),
            "2026-11-22T01:58:38Z",
        ),
    ],
)
def test_times_are_sent_in_utc_and_read_back(moment, text):
    assert timestamp(moment) == text
    assert to_datetime(text) == moment


def test_no_time_is_no_text():
    assert timestamp(None) is None


def test_an_audience_names_everybody_once():
    assert distinct("a", None, "b", "a") == ["a", "b"]


def test_an_empty_list_can_be_left_out():
    assert some([]) is None
    assert some(("a",)) == ["a"]


def test_markdown_travels_beside_the_html():
    assert markdown("*x*") == {"content": "*x*", "mediaType": "text/markdown"}
    assert markdown(None) is None


def test_the_context_is_first_and_only_at_the_top():
    document = {"type": "Create", "object": {"type": "Page"}}
    sent = parse(dump(document))
    assert next(iter(sent)) == "@context"
    assert sent["@context"] == OBJECT_CONTEXT
    assert "@context" not in sent["object"]
    assert document == {"type": "Create", "object": {"type": "Page"}}


def test_an_existing_context_is_kept():
    assert with_context({"@context": "x", "type": "Note"}) == {"@context": "x", "type": "Note"}
