"""A member's drafts, on both databases."""

import json
from datetime import timedelta

from sqlalchemy import insert

from fedcom.models.personal import draft
from fedcom.views.draft import EXCERPT, DraftView, list_drafts
from tests.support.rows import NOON, Rows


def put(rows: Rows, person: int, place: str, fields: str, hours: int = 0) -> None:
    at = NOON + timedelta(hours=hours)
    row = {"person_id": person, "form": place, "fields": fields, "updated_at": at}
    rows.conn.execute(insert(draft).values(row))


def test_drafts_come_newest_first_and_are_the_members_own(rows: Rows) -> None:
    bob, eve = rows.person(), rows.person("eve")
    put(rows, bob, "post/7", json.dumps({"body": "A comment"}), hours=1)
    put(rows, bob, "submit", json.dumps({"title": "Cats", "body": "x" * 300, "url": "y"}), hours=2)
    put(rows, bob, "comment/9", json.dumps({"body": "A reply"}), hours=1)
    put(rows, eve, "submit", json.dumps({"title": "Dogs"}))

    at = NOON + timedelta(hours=1)
    assert list_drafts(rows.conn, bob) == [
        DraftView("submit", "Cats", "x" * EXCERPT, NOON + timedelta(hours=2)),
        DraftView("comment/9", "", "A reply", at),
        DraftView("post/7", "", "A comment", at),
    ]
    assert [one.title for one in list_drafts(rows.conn, eve)] == ["Dogs"]


def test_a_draft_that_cannot_be_read_is_listed_without_words(rows: Rows) -> None:
    bob = rows.person()
    for number, broken in enumerate(("no JSON", "[]", '{"title": 7, "body": null}')):
        put(rows, bob, f"post/{number}", broken)

    assert list_drafts(rows.conn, bob) == [
        DraftView(f"post/{number}", "", "", NOON) for number in range(3)
    ]
