"""Reports one by one: whose, in which order, and how many are open."""

from itertools import count

from sqlalchemy import insert, update

from fedcom.models.moderation import moderator, report
from fedcom.views.paging import PageNumber
from fedcom.views.report_entry import EntryQuery, count_open, list_entries
from tests.support.rows import NOON, Rows

_NUMBERS = count()


def reported(rows: Rows, by: int, place: int | None, **about: int) -> int:
    """A report; its row id."""
    values = {"iri": f"https://forum.example/flag/{next(_NUMBERS)}"}
    values |= {"reporter_id": by, "community_id": place, "reason": "no", "reported_text": "text"}
    row = insert(report).values(**values, created_at=NOON, **about).returning(report.c.id)
    return int(rows.conn.execute(row).scalar_one())


def ids(rows: Rows, viewer: int, **wanted: object) -> list[int]:
    query = EntryQuery(**{"subject": "post", "viewer_id": viewer, "is_admin": False, **wanted})
    return [one.id for one in list_entries(rows.conn, query).items]


def test_each_report_is_listed_for_those_who_judge_it(rows: Rows) -> None:
    cats, dogs = rows.community("cats"), rows.community("dogs")
    mia, eve = rows.person("mia"), rows.person("eve")
    rows.conn.execute(insert(moderator).values(community_id=cats, person_id=mia, appointed_at=NOON))
    here, there = rows.post(cats, eve), rows.post(dogs, eve)
    first = reported(rows, eve, cats, post_id=here)
    second = reported(rows, mia, cats, post_id=here)
    other = reported(rows, mia, dogs, post_id=there)
    below = reported(rows, mia, cats, comment_id=rows.comment(here, eve).id)

    assert ids(rows, mia) == [second, first]
    assert ids(rows, eve) == []
    assert ids(rows, eve, is_admin=True) == [other, second, first]
    assert ids(rows, eve, is_admin=True, community_id=dogs) == [other]
    assert ids(rows, mia, target_id=there) == []
    assert ids(rows, mia, subject="comment") == [below]
    assert ids(rows, mia, unresolved=True) == [first, second]
    assert ids(rows, mia, unresolved=True, limit=1, after=PageNumber(2)) == [second]

    counted = count_open(rows.conn, mia, is_admin=False)
    assert (counted.posts, counted.comments, counted.messages) == (2, 1, 0)
    rows.conn.execute(update(report).where(report.c.id == first).values(resolved_at=NOON))
    assert ids(rows, mia, unresolved=True) == [second]
    assert count_open(rows.conn, mia, is_admin=False, community_id=cats).posts == 1
    assert count_open(rows.conn, eve, is_admin=True).posts == 2
