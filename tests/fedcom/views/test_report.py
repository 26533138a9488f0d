"""The report queue: what is grouped, and which communities one may choose from."""

from sqlalchemy import insert, select

from fedcom.actions.message import SendMessage
from fedcom.actions.report import Report
from fedcom.models.moderation import report
from fedcom.views.report import LATEST, ReportQuery, list_queues, list_reports
from fedcom.wire.body import Body
from tests.support.people import Home


def test_reports_are_grouped_by_what_they_are_about_and_nothing_else(home: Home) -> None:
    eve, mia, bob = home.member("eve"), home.member("mia"), home.bob
    post = home.post()
    comment = home.comment(post)
    message = home.perform(SendMessage(by=bob, to=eve, body=Body.of_markdown("Psst")))
    for target in (post, comment, bob, home.cats):
        for who in (eve, mia):
            home.clock.advance(seconds=1)
            home.perform(Report(by=who, target=target, reason=who.name))
    home.perform(Report(by=eve, target=message, reason="eve"))

    queue = ReportQuery(viewer_id=home.ann.id, is_admin=True)
    found = home(lambda ctx: list_reports(ctx.conn, queue)).items
    grouped = [[made.reason for made in one.complaints] for one in found]
    assert grouped == [["eve"], *(4 * [["mia", "eve"]])]


def test_admins_choose_from_the_communities_of_the_latest_reports(home: Home) -> None:
    eve = home.member("eve")
    dogs = home.community("dogs", by=home.bob)
    home.perform(Report(by=eve, target=home.post(), reason="first"))
    home.perform(Report(by=eve, target=home.post(by=home.bob, community=dogs), reason="second"))

    def queues(viewer_id: int, *, is_admin: bool) -> list[str]:
        rows = home(lambda ctx: list_queues(ctx.conn, viewer_id, is_admin=is_admin))
        return [one.name for one in rows]

    assert queues(home.ann.id, is_admin=True) == ["cats", "dogs"]
    assert queues(home.bob.id, is_admin=False) == ["dogs"]
    columns = [column for column in report.c if column.name not in {"id", "iri"}]
    (row,) = home(
        lambda ctx: ctx.conn.execute(select(*columns).order_by(report.c.id.desc()).limit(1)).all()
    )
    later = [{**row._mapping, "iri": f"urn:{number}"} for number in range(LATEST)]
    home(lambda ctx: ctx.conn.execute(insert(report), later))
    assert queues(home.ann.id, is_admin=True) == ["dogs"]
