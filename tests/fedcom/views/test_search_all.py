"""A search in every kind at once, on both databases."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from fedcom.errors import Invalid
from fedcom.models.actor import community
from fedcom.queries.search_words import widen
from fedcom.text.search_terms import parse_terms
from fedcom.views import search_all
from fedcom.views.search import SearchQuery, Viewer
from fedcom.views.search_all import COUNTED, KINDS, Mixed, count_kinds, search_kind, suggest
from fedcom.views.search_statement import Kind, Sort
from tests.support.rows import NOON, Rows

GUEST = Viewer()


def query(rows: Rows, text: str, **more: Any) -> SearchQuery:
    return SearchQuery(widen(rows.conn, parse_terms(text)), **more)


def search(rows: Rows, text: str, after: str = "", **more: Any) -> Mixed:
    return search_all.search_all(rows.conn, KINDS, query(rows, text, **more), GUEST, after)


def found(page: Mixed) -> list[tuple[Kind, int]]:
    return [(result.kind, result.hit.view.id) for result in page.items]


def suggested(rows: Rows, text: str, viewer: Viewer = GUEST, **more: Any) -> str | None:
    return suggest(rows.conn, text, KINDS, query(rows, text, **more), viewer)


def counted(rows: Rows, text: str, viewer: Viewer = GUEST) -> list[int]:
    wanted = query(rows, text)
    counts = count_kinds(rows.conn, KINDS, wanted, viewer, {})
    # What a page knows of it.
    page = search_all.search_all(rows.conn, KINDS, replace(wanted, limit=2), viewer, "")
    assert page.counts.items() <= counts.items()
    return [*counts.values()]


def test_all_kinds_are_in_one_list_and_counted(rows: Rows) -> None:
    cats, bob = rows.community("cats"), rows.person("bob", title="Likes cats")
    made = [rows.post(cats, bob, title=title) for title in ("cats cats", "Some other cats", "dogs")]
    below = rows.comment(made[2], bob, body_html="<p>I prefer cats</p>").id

    # The community has the very name; then the best of each kind in turn.
    (first, *rest), expected = found(search(rows, "Cats")), [("comments", below), ("people", bob)]
    assert first == ("communities", cats)
    assert rest[1:3] == expected
    assert {rest[0], rest[3]} == {("posts", made[0]), ("posts", made[1])}
    assert found(search(rows, "cats", sort="new")) == [
        *(("comments", below), ("posts", made[1]), ("posts", made[0])),
        *(("communities", cats), ("people", bob)),
    ]
    assert counted(rows, "cats") == [2, 1, 1, 1]
    assert counted(rows, "author:bob") == [3, 1, 0, 0]


@pytest.mark.parametrize("sort", ["relevance", "new"])
def test_pages_of_all_kinds_have_no_gap_and_no_repetition(rows: Rows, sort: Sort) -> None:
    cats, bob = rows.community("needle"), rows.person("bob")
    *_, on = (rows.post(cats, bob, title="needle") for _ in range(9))
    expected = {("communities", cats)}
    expected |= {("comments", rows.comment(on, bob, body_html="needle").id) for _ in range(4)}
    expected |= {("people", rows.person(f"p{number}", title="needle")) for number in range(2)}

    seen: list[tuple[Kind, int]] = []
    after: str | None = ""
    while after is not None:
        page = search(rows, "needle", after, sort=sort, limit=3)
        seen += found(page)
        after = page.next
    assert len(seen) == len({*seen}) == 16
    assert expected <= {*seen}


def test_the_pages_of_one_kind_are_its_own_list(rows: Rows) -> None:
    cats, bob = rows.community(), rows.person()
    made = [rows.post(cats, bob, title="needle") for _ in range(3)]

    first = search_kind(rows.conn, "posts", query(rows, "needle", sort="new", limit=2), GUEST, "")
    assert first.next is not None
    rest = search_kind(
        rows.conn, "posts", query(rows, "needle", sort="new", limit=2), GUEST, first.next
    )
    assert [*found(first), *found(rest)] == [("posts", one) for one in reversed(made)]
    assert rest.next is None


def test_an_invalid_place_is_no_server_error(rows: Rows) -> None:
    rows.community("cats")
    for after in ("x", "~", "1_1~~~~", "x~~~", "nan_1~~~"):
        with pytest.raises(Invalid):
            search(rows, "cats", after)
    assert len(search(rows, "cats", "~~~").items) == 1
    assert search(rows, "cats", "-~-~-~-") == Mixed()


def test_many_results_are_counted_up_to_a_bound(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_all, "COUNTED", 3)
    cats, bob = rows.community(), rows.person()
    for number in range(5):
        rows.post(cats, bob, title="needle", nsfw=number < 2)

    assert counted(rows, "needle") == [3, 0, 0, 0]
    assert counted(rows, "needle", Viewer(bob, show_nsfw=True)) == [4, 0, 0, 0]
    assert COUNTED == 100


def test_another_spelling_is_suggested_if_that_finds_more(rows: Rows) -> None:
    cats, bob = rows.community("cats"), rows.person("bob", title="Robert Müller")
    made = rows.post(cats, bob, title="The receipts are necessary")
    rows.comment(made, bob, body_html="bicycles, bicycles")
    rows.read_words()

    assert suggested(rows, "recipts") == "receipts"
    assert suggested(rows, "Recipts -dogs author:bob") == "receipts -dogs author:bob"
    assert suggested(rows, "neccessary recipts") == "necessary receipts"
    assert suggested(rows, "bicylces") == "bicycles"
    assert suggested(rows, "Muler") == "müller"
    # It is spelled so, or nothing is like it, or it is meant as it is.
    for text in ("receipts", "receipt", "zebra", '"recipts"', "recipts zebra", "-recipts", ""):
        assert suggested(rows, text) is None, text


def test_no_word_is_suggested_that_the_viewer_cannot_find(rows: Rows) -> None:
    cats, bob = rows.community("cats"), rows.person("bob")
    dogs = rows.community("dogs")
    rows.post(dogs, bob, title="confidential confidentially")
    rows.post(cats, bob, title="uncovered", nsfw=True)
    # The word itself is nowhere else, only a longer one.
    rows.post(cats, bob, title="confidentialities")
    rows.read_words()
    assert suggested(rows, "confidentiel") == "confidential"

    rows.conn.execute(update(community).where(community.c.actor_id == dogs).values(removed_at=NOON))
    assert suggested(rows, "confidentiel") is None
    assert suggested(rows, "uncoverd") is None
    assert suggested(rows, "uncoverd", Viewer(bob, show_nsfw=True)) == "uncovered"
    assert suggested(rows, "confidentiel", scope="community", community_id=dogs) is None
