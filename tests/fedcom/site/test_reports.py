"""Who may resolve a report, and what is resolved with it."""

import pytest

from fedcom.actions.message import SendMessage
from fedcom.actions.moderators import AddModerator
from fedcom.actions.report import Report
from fedcom.errors import FedcomError
from fedcom.models.actor import Person
from fedcom.models.moderation import report
from fedcom.models.notification import notification
from fedcom.site.reports import hand_over, reopen, resolve
from fedcom.views.report import ReportQuery, list_reports
from fedcom.wire.body import Body
from tests.support.people import Home


def unread(home: Home) -> list[str]:
    """The reasons of the reports with an unread notification."""
    rows = [row for row in home.rows(notification) if row["kind"] == "report" and not row["detail"]]
    return [row["reason"] for row in rows if row["read_at"] is None]


def open_reports(home: Home) -> list[str]:
    return [row["reason"] for row in home.rows(report) if row["resolved_at"] is None]


def test_reports_of_an_account_and_of_a_message_are_resolved_separately(home: Home) -> None:
    eve, bob = home.member("eve"), home.bob
    message = home.perform(SendMessage(by=bob, to=eve, body=Body.of_markdown("Psst")))
    reports = []
    for target in (message, bob, home.cats):
        home.clock.advance(seconds=1)
        reason = f"Report {len(reports)}"
        reports.append(home.perform(Report(by=eve, target=target, reason=reason)))
    assert unread(home) == open_reports(home) == ["Report 0", "Report 1", "Report 2"]

    home(lambda ctx: resolve(ctx, reports[1], home.ann))
    assert unread(home) == open_reports(home) == ["Report 0", "Report 2"]

    home(lambda ctx: resolve(ctx, reports[0], home.ann))
    assert unread(home) == open_reports(home) == ["Report 2"]


def test_reopening_opens_a_single_report(home: Home) -> None:
    post = home.post()
    reports = [
        home.perform(Report(by=home.member(name), target=post, reason=name))
        for name in ("eve", "mia")
    ]
    home(lambda ctx: resolve(ctx, reports[0], home.ann))
    assert open_reports(home) == []

    home(lambda ctx: reopen(ctx.conn, reports[1]))

    assert open_reports(home) == ["mia"]


def test_a_reporters_notification_stays_unread_when_another_report_is_resolved(home: Home) -> None:
    post = home.post()
    for name in ("eve", "mia"):
        made = home.perform(Report(by=home.member(name), target=post, reason=name))
        home(lambda ctx, made=made: resolve(ctx, made, home.ann))

    notices = [row for row in home.rows(notification) if row["detail"] == "dismissed"]
    assert [row["read_at"] for row in notices] == [None, None]


def test_a_report_is_handed_over_and_its_recipients_are_told(home: Home) -> None:
    mia, eve = home.member("mia"), home.member("eve")
    home.perform(AddModerator(by=home.ann, community=home.cats, person=mia))
    post = home.post()
    made = home.perform(Report(by=eve, target=post, reason="First"))

    def given() -> list[tuple[int | None, bool]]:
        return [(row["assignee_id"], row["for_admins"]) for row in home.rows(report)]

    def told() -> list[int]:
        rows = home.rows(notification)
        return [row["recipient_id"] for row in rows if row["detail"] == "handed_over"]

    def mine(viewer: Person, *, is_admin: bool) -> int:
        queue = ReportQuery(viewer_id=viewer.id, is_admin=is_admin, mine=True)
        return len(home(lambda ctx: list_reports(ctx.conn, queue)).items)

    home(lambda ctx: hand_over(ctx, made, mia, mia))
    assert (given(), told(), mine(mia, is_admin=False)) == ([(mia.id, False)], [], 1)
    # A later report about the same thing goes to the same person.
    home.perform(Report(by=home.member("kim"), target=post, reason="Second"))
    assert given() == [(mia.id, False)] * 2
    home(lambda ctx: hand_over(ctx, made, mia, None, to_admins=True))
    assert (given(), told()) == ([(None, True)] * 2, [home.ann.id])
    assert (mine(mia, is_admin=False), mine(home.ann, is_admin=True)) == (0, 1)
    home(lambda ctx: hand_over(ctx, made, home.ann, mia))
    assert told() == [home.ann.id, mia.id]

    for code, by, to in (("assignee_unknown", mia, eve), ("not_a_moderator", eve, mia)):
        with pytest.raises(FedcomError) as caught:
            home(lambda ctx, by=by, to=to: hand_over(ctx, made, by, to))
        assert caught.value.code == code
    home(lambda ctx: resolve(ctx, made, mia))
    unread = [row for row in home.rows(notification) if row["detail"] == "handed_over"]
    assert all(row["read_at"] for row in unread)
    with pytest.raises(FedcomError, match="already resolved"):
        home(lambda ctx: hand_over(ctx, made, mia, None))
