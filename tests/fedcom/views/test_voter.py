"""The lists of voters: who may read them, and their pages."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from fedcom.errors import Denied
from fedcom.models.account import account
from fedcom.models.moderation import community_ban, moderator
from fedcom.queries.actors import get_person
from fedcom.queries.comments import get_comment
from fedcom.queries.posts import get_post
from fedcom.views.paging import PageNumber, Start
from fedcom.views.voter import PAGE, list_voters
from tests.support.rows import NOON, Rows


class Voted:
    """A post and a comment by bob with votes, in a community that mia moderates."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.cats, self.bob = rows.community(), rows.person()
        self.mia, self.ann = rows.person("mia"), rows.person("ann")
        self.kim = rows.person("kim", host="peer.example")
        rows.insert(moderator, community_id=self.cats, person_id=self.mia, appointed_at=NOON)
        rows.insert(
            account,
            actor_id=self.ann,
            password_hash="",
            role="admin",
            state="active",
            created_at=NOON,
        )
        post = rows.post(self.cats, self.bob)
        comment = rows.comment(post, self.bob)
        for voter, score in ((self.bob, 1), (self.mia, -1), (self.kim, 1)):
            rows.vote(voter, score, post=post)
        rows.vote(self.kim, -1, comment=comment.id)
        rows.vote(self.kim, 1, post=rows.post(self.cats, self.bob))
        self.post, self.comment = get_post(rows.conn, post), get_comment(rows.conn, comment.id)

    def seen(
        self, viewer: int, *, after: Start = None, limit: int = PAGE
    ) -> list[tuple[str, int, bool]]:
        who = get_person(self.rows.conn, viewer)
        found = list_voters(self.rows.conn, self.post, who, NOON, after=after, limit=limit)
        return [(one.person.name, one.score, one.is_banned) for one in found.items]


def test_moderators_and_admins_see_who_voted_and_how(rows: Rows) -> None:
    there = Voted(rows)
    mia = get_person(rows.conn, there.mia)

    votes = [("bob", 1, False), ("mia", -1, False), ("kim", 1, False)]
    assert there.seen(there.mia) == there.seen(there.ann) == votes
    (below,) = list_voters(rows.conn, there.comment, mia, NOON).items
    assert (below.person.slug, below.score) == ("kim@peer.example", -1)


def test_others_do_not_see_who_voted(rows: Rows) -> None:
    there = Voted(rows)

    for viewer in (there.bob, there.kim):
        with pytest.raises(Denied, match="not_a_mod_or_admin"):
            there.seen(viewer)


def test_voters_banned_from_the_community_are_marked_while_the_ban_lasts(rows: Rows) -> None:
    there = Voted(rows)
    for person, ends in ((there.bob, None), (there.kim, NOON - timedelta(days=1))):
        rows.conn.execute(
            insert(community_ban).values(
                community_id=there.cats,
                person_id=person,
                reason="",
                created_at=NOON - timedelta(days=2),
                expires_at=ends,
            )
        )

    assert [banned for _, _, banned in there.seen(there.mia)] == [True, False, False]


def test_the_pages_of_voters_follow_each_other(rows: Rows) -> None:
    there = Voted(rows)
    mia = get_person(rows.conn, there.mia)

    first = list_voters(rows.conn, there.post, mia, NOON, limit=2)
    rest = list_voters(rows.conn, there.post, mia, NOON, limit=2, after=first.next)

    assert [one.person.name for one in (*first.items, *rest.items)] == ["bob", "mia", "kim"]
    assert rest.next is None
    assert there.seen(there.mia, limit=2, after=PageNumber(2)) == [("kim", 1, False)]
