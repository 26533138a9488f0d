from fedcom.queries.people import list_comments_of
from tests.fedcom.queries.rows import NOON, Rows


def test_somebodys_comments_come_newest_first_with_their_posts(rows: Rows) -> None:
    cats, bob, eve = rows.community(), rows.person(), rows.person("eve")
    on = rows.post(cats, bob, title="About cats")
    made = [rows.comment(on, bob) for _ in range(3)]
    rows.comment(on, eve)
    rows.vote(eve, 1, comment=made[0].id)

    first = list_comments_of(rows.conn, bob, viewer_id=eve, limit=2)
    rest = list_comments_of(rows.conn, bob, viewer_id=eve, limit=2, before=first.next_before)

    listed = [*first.lines, *rest.lines]
    assert [line.id for line in listed] == [one.id for one in reversed(made)]
    assert rest.next_before is None
    assert listed[0].post_title == "About cats"
    assert listed[0].community.slug == "cats"
    assert [line.vote for line in listed] == [0, 0, 1]


def test_comments_that_are_not_shown_are_not_listed(rows: Rows) -> None:
    cats, bob = rows.community(), rows.person()
    on = rows.post(cats, bob)
    rows.comment(on, bob, deleted_at=NOON)
    rows.comment(on, bob, removed_at=NOON)
    rows.comment(rows.post(cats, bob, removed_at=NOON), bob)
    rows.comment(rows.post(cats, bob, deleted_at=NOON), bob)

    assert list_comments_of(rows.conn, bob).lines == ()
