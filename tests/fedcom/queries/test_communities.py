import pytest
from fedcom.errors import Invalid
from tests.fedcom.queries.rows import NOON, Rows

from fedcom.queries.communities import list_communities, list_writable


def test_communities_come_by_followers_with_the_viewers_follow(rows: Rows) -> None:
    me = rows.person()
    small = rows.community("small", subscribers=1)
    large = rows.community("large", subscribers=9, host="peer.example")
    rows.community("closed", removed_at=NOON)
    rows.community("gone", deleted_at=NOON)
    rows.follow(me, large, "pending")

    everything = list_communities(rows.conn, viewer_id=me).lines
    assert [(line.name.id, line.follow) for line in everything] == [
        (large, "pending"),
        (small, None),
    ]
    assert [line.name.id for line in list_communities(rows.conn, "local").lines] == [small]
    mine = list_communities(rows.conn, "subscribed", viewer_id=me).lines
    assert [line.name.id for line in mine] == [large]
    assert list_communities(rows.conn, "subscribed").lines == ()


def test_pages_of_communities_follow_each_other(rows: Rows) -> None:
    made = {rows.community(f"c{number}", subscribers=number // 2) for number in range(7)}

    seen: list[int] = []
    after = ""
    for _ in range(4):
        page = list_communities(rows.conn, after=after, limit=2)
        seen += [line.name.id for line in page.lines]
        after = page.next
    assert after == ""
    assert set(seen) == made
    assert len(seen) == 7


@pytest.mark.parametrize(
    "text", ["x", "1", "1_", "_1", "-1_1", "1_0", "99999999999_1", f"1_{2**60}"]
)
def test_a_cursor_that_no_page_gave_is_refused(rows: Rows, text: str) -> None:
    with pytest.raises(Invalid):
        list_communities(rows.conn, after=text)


def test_one_may_want_to_write_where_one_follows_and_in_what_is_local(rows: Rows) -> None:
    me = rows.person()
    here = rows.community("aaa")
    followed = rows.community("zzz", host="peer.example")
    rows.community("unknown", host="peer.example")
    rows.community("closed", removed_at=NOON)
    rows.follow(me, followed)

    assert [name.id for name in list_writable(rows.conn, me)] == [followed, here]
