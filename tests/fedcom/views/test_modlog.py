"""The modlog: its links, filters and pages, in one statement."""

from typing import Any

from sqlalchemy import event, insert

from fedcom.models.moderation import modlog
from fedcom.views.modlog import LogFilter, list_modlog
from tests.support.rows import NOON, Rows


def write(rows: Rows, place: int | None, by: int | None, target: str, **values: Any) -> None:
    row = {"kind": "remove", "reason": "", "created_at": NOON, **values}
    row |= {"community_id": place, "moderator_id": by, "target_iri": target}
    rows.conn.execute(insert(modlog).values(**row))


def post_iri(number: int) -> str:
    return f"https://forum.example/post/{number}"


def test_log_entries_link_to_their_subjects(rows: Rows) -> None:
    cats, mia = rows.community("cats"), rows.person("mia")
    on = rows.post(cats, mia)
    below = rows.comment(on, mia)
    targets = [
        (post_iri(on), f"/post/{on}", "mia"),
        (below.iri, f"/comment/{below.id}", "mia"),
        ("https://forum.example/u/mia", "/u/mia", "mia"),
        ("https://forum.example/c/cats", "/c/cats", "cats"),
        ("spam.example", None, None),
    ]
    for iri, _, name in targets:
        write(rows, cats, mia, iri, person_id=mia if name == "mia" else None)

    found = list_modlog(rows.conn, LogFilter(community_id=cats)).items

    assert [
        (one.target_iri, one.path, one.subject and one.subject.name) for one in reversed(found)
    ] == targets
    assert {one.moderator and one.moderator.name for one in found} == {"mia"}
    assert {one.community and one.community.name for one in found} == {"cats"}
    assert found[-1].title == found[-2].title
    assert found[-1].title


def test_the_title_of_a_deleted_post_is_not_shown(rows: Rows) -> None:
    cats, mia = rows.community(), rows.person("mia")
    on = rows.post(cats, mia, deleted_at=NOON)
    write(rows, cats, None, post_iri(on))

    (line,) = list_modlog(rows.conn, LogFilter()).items

    assert (line.title, line.path) == (None, f"/post/{on}")
    assert line.moderator is None


def test_the_log_can_be_filtered(rows: Rows) -> None:
    cats, dogs = rows.community("cats"), rows.community("dogs")
    mia, max_, eve = rows.person("mia"), rows.person("max"), rows.person("eve")
    on = rows.post(cats, eve)
    write(rows, cats, mia, post_iri(on), person_id=eve)
    write(rows, cats, max_, "https://forum.example/u/eve", kind="ban", person_id=eve)
    write(rows, dogs, mia, "https://forum.example/u/max", kind="ban", person_id=max_)
    write(rows, None, mia, "https://forum.example/u/eve", kind="ban", person_id=eve)

    def ids(**wanted: Any) -> list[int]:
        found = list_modlog(rows.conn, LogFilter(**wanted)).items
        first = list_modlog(rows.conn, LogFilter()).items[-1].id
        return sorted(one.id - first for one in found)

    assert ids() == [0, 1, 2, 3]
    assert ids(community_id=cats) == [0, 1]
    assert ids(moderator_id=mia) == [0, 2, 3]
    assert ids(person_id=eve) == [0, 1, 3]
    assert ids(kind="ban") == [1, 2, 3]
    assert ids(kind="ban", person_id=eve, moderator_id=mia) == [3]


def test_a_long_log_is_read_page_by_page_in_one_statement_each(rows: Rows) -> None:
    cats = rows.community()
    for number in range(5):
        write(rows, cats, None, f"https://x/{number}")
    statements: list[str] = []

    def note(*args: Any) -> None:
        statements.append(args[2])

    event.listen(rows.conn.engine, "before_cursor_execute", note)
    try:
        first = list_modlog(rows.conn, LogFilter(), limit=3)
        second = list_modlog(rows.conn, LogFilter(), after=first.next, limit=3)
    finally:
        event.remove(rows.conn.engine, "before_cursor_execute", note)

    shown = [one.target_iri for one in (*first.items, *second.items)]
    assert shown == [f"https://x/{number}" for number in (4, 3, 2, 1, 0)]
    assert second.next is None
    assert len(statements) == 2
