"""Who may resolve a report, and what is resolved with it."""

from fedcom.actions.message import SendMessage
from fedcom.actions.report import Report
from fedcom.models.moderation import report
from fedcom.models.notification import notification
from fedcom.site.reports import reopen, resolve
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
