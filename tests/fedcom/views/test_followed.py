from datetime import timedelta

from sqlalchemy import update

from fedcom.models.follow import follow
from fedcom.personal.visits import note_community_visit
from fedcom.views.followed import MOST, list_followed
from tests.support.rows import NOON, Rows


def test_the_new_posts_since_the_last_visit_are_counted_for_each(rows: Rows) -> None:
    me, ann = rows.person("me"), rows.person("ann")
    cats, dogs, birds = (rows.community(name) for name in ("cats", "dogs", "birds"))
    for one in (cats, dogs):
        rows.follow(me, one)
    rows.follow(me, birds, "pending")
    rows.follow(me, rows.community("closed", removed_at=NOON))
    rows.follow(ann, birds)
    rows.conn.execute(update(follow).values(created_at=NOON))
    for minute, place in enumerate((dogs, cats, cats, birds), 1):
        rows.post(place, ann, published_at=NOON + timedelta(minutes=minute))
    rows.post(dogs, ann, ranked=False)  # as when it was removed
    rows.post(dogs, ann, published_at=NOON - timedelta(days=1))

    found = list_followed(rows.conn, me)
    assert [(one.community.id, one.new_posts) for one in found] == [
        (birds, 1),
        (cats, 2),
        (dogs, 1),
    ]

    note_community_visit(rows.conn, me, cats, NOON + timedelta(minutes=2))
    note_community_visit(rows.conn, me, birds, NOON + timedelta(days=1))
    found = list_followed(rows.conn, me)
    assert [(one.community.id, one.new_posts) for one in found] == [
        (birds, 0),
        (cats, 1),
        (dogs, 1),
    ]
    assert [one.new_posts for one in list_followed(rows.conn, ann)] == [1], "each their own"


def test_those_with_the_newest_posts_come_first_and_many_posts_count_as_many(rows: Rows) -> None:
    me = rows.person("me")
    made = [rows.community(f"group{number}") for number in range(4)]
    for one in made:
        rows.follow(me, one)
    rows.conn.execute(update(follow).values(created_at=NOON - timedelta(days=9)))
    for number in range(MOST + 3):
        rows.post(made[2], me, published_at=NOON - timedelta(days=1, minutes=number))
    rows.post(made[1], me)

    found = list_followed(rows.conn, me, 2)
    assert [(one.community.id, one.new_posts) for one in found] == [(made[1], 1), (made[2], MOST)]
    rows.conn.execute(update(follow).values(visited_at=NOON + timedelta(days=1)))
    assert [one.new_posts for one in list_followed(rows.conn, me)] == [0] * 4
