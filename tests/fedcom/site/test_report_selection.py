"""One decision about several reports: which ones it reaches, and what it does with each."""

import pytest

from fedcom.actions.report import Report
from fedcom.errors import FedcomError
from fedcom.models.actor import Person
from fedcom.models.comment import Comment
from fedcom.models.moderation import ReportRow, report
from fedcom.models.post import Post
from fedcom.queries.bans import find_ban
from fedcom.queries.reports import Reach
from fedcom.site.report_selection import Deed, Judgement, judge, select_reports
from tests.support.people import Home


def flag(home: Home, *targets: Post | Comment) -> list[ReportRow]:
    eve = home.member("eve")
    return [home.perform(Report(by=eve, target=target, reason="Rude")) for target in targets]


def chosen(home: Home, by: Person, first: ReportRow, reach: Reach) -> list[int]:
    found = home(lambda ctx: select_reports(ctx.conn, by, [first.id], reach))
    return [one.id for one in found]


def decide(home: Home, by: Person, reports: list[ReportRow], deed: Deed, *, all_: bool) -> None:
    judgement = Judgement(deed, "Rule 1", days=3, removes_content=all_)
    for one in reports:
        home(lambda ctx, one=one: judge(ctx, by, one.id, judgement))


def open_reports(home: Home) -> int:
    return sum(row["resolved_at"] is None for row in home.rows(report))


def test_a_decision_reaches_the_same_authors_or_posts_but_no_other_community(home: Home) -> None:
    mia = home.member("mia")
    dogs = home.community("dogs", by=mia)
    post = home.post()
    theirs, elsewhere = home.post(by=home.bob, community=dogs), home.comment(post, by=mia)
    one, in_dogs, below = flag(home, post, theirs, elsewhere)

    assert chosen(home, home.ann, one, "these") == [one.id]
    assert chosen(home, home.ann, one, "authors") == [one.id, in_dogs.id]
    assert chosen(home, home.ann, one, "posts") == [one.id, below.id]
    # mia moderates only !dogs.
    assert chosen(home, mia, in_dogs, "authors") == [in_dogs.id]
    for number, code in (([], "none_selected"), ([one.id], "not_a_moderator")):
        with pytest.raises(FedcomError) as caught:
            home(lambda ctx, number=number: select_reports(ctx.conn, mia, number, "these"))
        assert caught.value.code == code


def test_several_are_removed_or_dismissed(home: Home) -> None:
    post = home.post()
    removed = flag(home, post, home.comment(post))
    decide(home, home.ann, removed[:1], "remove", all_=False)
    decide(home, home.ann, removed[1:], "resolve", all_=False)
    assert (home.fresh(post).removed_at is None, open_reports(home)) == (False, 0)


def test_authors_are_banned_once_with_their_reports_resolved(home: Home) -> None:
    posts = [home.post(), home.post()]
    reports = flag(home, *posts)
    decide(home, home.ann, reports, "ban", all_=True)
    ban = home(lambda ctx: find_ban(ctx.conn, home.cats.id, home.bob.id))
    assert (ban and ban.reason, open_reports(home)) == ("Rule 1", 0)
    assert all(home.fresh(post).removed_at is not None for post in posts)
