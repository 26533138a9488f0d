from datetime import timedelta
from typing import Any, get_args

import pytest

from fedcom.errors import Invalid
from fedcom.models.moderation import community_ban, moderator
from fedcom.models.personal import actor_block, host_block
from fedcom.views.community import (
    CommunityQuery,
    Sort,
    list_communities,
    list_writable,
    read_community_cursor,
)
from tests.support.rows import NOON, Rows


def test_communities_come_by_followers_with_the_viewers_follow(rows: Rows) -> None:
    me = rows.person()
    small = rows.community("small", subscribers=1)
    large = rows.community("large", subscribers=9, host="peer.example")
    rows.community("closed", removed_at=NOON)
    rows.community("gone", deleted_at=NOON)
    rows.follow(me, large, "pending")

    everything = list_communities(rows.conn, viewer_id=me).items
    assert [(line.id, line.follow) for line in everything] == [
        (large, "pending"),
        (small, None),
    ]
    assert [line.id for line in list_communities(rows.conn, CommunityQuery("local")).items] == [
        small
    ]
    mine = list_communities(rows.conn, CommunityQuery("subscribed"), viewer_id=me).items
    assert [line.id for line in mine] == [large]
    assert list_communities(rows.conn, CommunityQuery("subscribed")).items == ()


def test_the_communities_that_the_viewer_moderates_are_a_list(rows: Rows) -> None:
    me, own = rows.person(), rows.community("own")
    rows.community("other")
    rows.insert(moderator, community_id=own, person_id=me, appointed_at=NOON)

    mine = list_communities(rows.conn, CommunityQuery("moderated"), viewer_id=me).items
    assert [line.id for line in mine] == [own]
    assert list_communities(rows.conn, CommunityQuery("moderated")).items == ()


@pytest.mark.parametrize("sort", get_args(Sort))
def test_communities_come_in_the_order_that_is_asked_for(rows: Rows, sort: Sort) -> None:
    made = [
        rows.community(
            "followed", subscribers=9, comments=1, users_active_month=2, users_active_half_year=9
        ),
        rows.community("active", comments=3, users_active_month=5),
        rows.community("quiet", subscribers=4, comments=7, users_active_day=3),
        rows.community("new", subscribers=1, comments=1, users_active_week=8),
    ]
    expected = {
        "subscribers": ["followed", "quiet", "new", "active"],
        "active": ["active", "followed", "new", "quiet"],
        "new": ["new", "quiet", "active", "followed"],
        "old": ["followed", "active", "quiet", "new"],
        "comments": ["quiet", "active", "new", "followed"],
        "active_day": ["quiet", "new", "active", "followed"],
        "active_week": ["new", "quiet", "active", "followed"],
        "active_half_year": ["followed", "new", "quiet", "active"],
    }

    seen: list[str] = []
    after = None
    for _ in made:
        page = list_communities(rows.conn, CommunityQuery(sort=sort, after=after, limit=1))
        seen += [line.name for line in page.items]
        after = page.next

    assert (seen, after) == (expected[sort], None)


def test_sensitive_and_blocked_communities_are_left_out_where_that_is_asked_for(
    rows: Rows,
) -> None:
    me = rows.person()
    away = rows.community("away", host="gone.example")
    cats, dogs = rows.community("cats"), rows.community("dogs")
    adult = rows.community("adult", nsfw=True)
    rows.insert(actor_block, person_id=me, blocked_id=dogs, blocked_at=NOON)
    rows.insert(host_block, person_id=me, host="gone.example", blocked_at=NOON)

    def listed(viewer: int = me, **more: bool) -> list[int]:
        wanted = CommunityQuery(sort="old", **more)
        return [one.id for one in list_communities(rows.conn, wanted, viewer_id=viewer).items]

    assert listed() == [away, cats, dogs, adult]
    assert listed(nsfw=False) == [away, cats, dogs]
    assert listed(blocked=False) == [cats, adult]
    assert listed(nsfw=False, blocked=False) == [cats]
    assert listed(viewer=0, blocked=False) == [away, cats, dogs, adult]


def test_the_larger_of_known_and_claimed_followers_decides_the_order(rows: Rows) -> None:
    peer = {"host": "peer.example"}
    rows.community("claimed", subscribers=1, claimed_followers=2**53 - 1, **peer)
    rows.community("known", subscribers=7, claimed_followers=3, **peer)
    rows.community("unsaid", subscribers=5, **peer)
    rows.community("ours", subscribers=6)

    seen: list[tuple[str, int, int | None]] = []
    after = None
    for _ in range(4):
        page = list_communities(rows.conn, CommunityQuery(after=after, limit=1))
        seen += [(one.name, one.subscribers, one.claimed_followers) for one in page.items]
        after = page.next

    assert seen == [
        ("claimed", 1, 2**53 - 1),
        ("known", 7, 3),
        ("ours", 6, None),
        ("unsaid", 5, None),
    ]


def test_communities_are_found_by_a_part_of_their_name_or_title(rows: Rows) -> None:
    rows.community("big_cats", title="Lions")
    rows.community("bigcats", title="100% Tigers")
    rows.community("dogs")

    def found(name: str) -> set[str]:
        return {line.name for line in list_communities(rows.conn, CommunityQuery(name=name)).items}

    assert found("CATS") == {"big_cats", "bigcats"}
    assert found("_") == {"big_cats"}
    assert found("%") == found("tiger") == {"bigcats"}
    assert found("lion") == {"big_cats"}
    assert found("~") == found("x' OR 1=1 --") == set()


def test_pages_of_communities_follow_each_other(rows: Rows) -> None:
    made = {rows.community(f"c{number}", subscribers=number // 2) for number in range(7)}

    seen: list[int] = []
    after = None
    for _ in range(4):
        page = list_communities(rows.conn, CommunityQuery(after=after, limit=2))
        seen += [line.id for line in page.items]
        after = page.next
    assert after is None
    assert set(seen) == made
    assert len(seen) == 7


@pytest.mark.parametrize("text", ["x", "1", "1_", "_1", "-1_1", "1_0", f"{2**53}_1", f"1_{2**60}"])
def test_a_cursor_that_no_page_gave_is_refused(rows: Rows, text: str) -> None:
    with pytest.raises(Invalid):
        read_community_cursor(text)


def test_followed_and_local_communities_are_offered_for_posts(rows: Rows) -> None:
    me = rows.person()
    here = rows.community("aaa")
    followed = rows.community("zzz", host="peer.example")
    rows.community("unknown", host="peer.example")
    rows.community("closed", removed_at=NOON)
    rows.follow(me, followed)

    assert [name.id for name in list_writable(rows.conn, me, NOON)] == [followed, here]


def test_only_communities_that_take_the_members_posts_are_offered(rows: Rows) -> None:
    me, other = rows.person(), rows.person("other")
    rows.community("closed", removed_at=NOON)
    mods_only, blocked = rows.community("mods_only", posting_restricted=True), rows.community("bad")
    rows.insert(actor_block, person_id=me, blocked_id=blocked, blocked_at=NOON)
    banned, was_banned = rows.community("banned"), rows.community("was_banned")
    for where, until in ((banned, NOON + timedelta(hours=1)), (was_banned, NOON)):
        ban = {"community_id": where, "person_id": me, "created_at": NOON - timedelta(hours=1)}
        rows.insert(community_ban, **ban, reason="", expires_at=until)

    def offered(who: int, text: str = "") -> list[int]:
        return [one.id for one in list_writable(rows.conn, who, NOON, text=text)]

    assert offered(me) == offered(me, "a") == [was_banned]
    assert offered(other) == [blocked, banned, was_banned]
    rows.insert(moderator, community_id=mods_only, person_id=me, appointed_at=NOON)
    assert offered(me) == [mods_only, was_banned]


def test_communities_for_posts_are_found_by_name_title_and_handle(rows: Rows) -> None:
    me = rows.person()
    here = rows.community("knitting", title="Needles & More")
    far = rows.community("sewing", host="needle.example", title="Sewing")
    followed = rows.community("needlework", host="far.example", title="100%")
    rows.follow(me, followed)

    def found(text: str) -> list[int]:
        return [one.id for one in list_writable(rows.conn, me, NOON, text=text)]

    assert found("needle") == [followed, here, far]
    assert found(" NEEDLES ") == [here]
    assert found("!sewing@needle") == found("sewing") == [far]
    assert found("knitting") == [here]
    assert found("%") == [followed]
    assert found("_") == []


def test_hidden_communities_are_found_by_followers_and_where_asked_for(rows: Rows) -> None:
    cats, bob, eve = rows.community(hidden_at=NOON), rows.person(), rows.person("eve")
    rows.follow(eve, cats)

    def found(viewer: int, **more: Any) -> list[int]:
        wanted = CommunityQuery(**more)
        return [one.id for one in list_communities(rows.conn, wanted, viewer_id=viewer).items]

    assert found(0) == found(bob) == found(bob, scope="local") == []
    assert found(eve) == found(eve, name="cat") == found(bob, hidden=True) == [cats]
    assert list_writable(rows.conn, bob, NOON) == ()
    assert [one.id for one in list_writable(rows.conn, eve, NOON)] == [cats]
