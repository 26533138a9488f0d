"""The modlog: its links, filters and pages, in one statement."""

from typing import Any

from sqlalchemy import event, insert

from fedcom.models.moderation import modlog
from fedcom.views.modlog import LogFilter, LogGroup, list_modlog
from fedcom.views.paging import PageNumber, Start
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


def test_entries_of_some_kinds_are_those_about_the_same_thing(rows: Rows) -> None:
    cats, mia = rows.community("cats"), rows.person("mia")
    on = rows.post(cats, mia)
    below = rows.comment(on, mia).iri
    for kind in ("remove", "lock", "restore", "remove", "restore"):
        write(rows, cats, mia, post_iri(on), kind=kind, about="post")
        write(rows, cats, mia, below, kind=kind, about="comment")
    write(rows, cats, mia, post_iri(on + 100), kind="remove", about="post")
    write(rows, cats, mia, "https://forum.example/u/eve", kind="ban", about="community")
    write(rows, None, mia, "https://forum.example/u/eve", kind="ban", about="instance")
    removals, bans = ("remove", "restore"), ("ban", "unban")

    def shown(*groups: LogGroup, after: Start = None, limit: int = 20, **wanted: Any) -> list[str]:
        wanted_entries = LogFilter(groups=groups, **wanted)
        found = list_modlog(rows.conn, wanted_entries, after=after, limit=limit).items
        return [f"{one.kind} {one.target_iri.rpartition('/')[2]}" for one in found]

    of_post = LogGroup(removals, "post")
    four = [f"{kind} {on}" for kind in ("restore", "remove", "restore", "remove")]
    assert shown(of_post) == shown(of_post, moderator_id=mia) == four
    assert shown(LogGroup(removals, "comment")) == [f"{one.split()[0]} {below[-1]}" for one in four]
    assert shown(LogGroup(bans, "instance")) == ["ban eve"]
    assert shown(LogGroup(bans)) == ["ban eve"] * 2
    assert shown(of_post, LogGroup(bans, "community")) == ["ban eve", *four]
    pages = [shown(of_post, after=PageNumber(number), limit=3) for number in (1, 2, 3)]
    assert pages == [four[:3], four[3:], []]
    page = list_modlog(rows.conn, LogFilter(groups=(of_post,)), limit=3)
    assert shown(of_post, after=page.next) == four[3:]


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
