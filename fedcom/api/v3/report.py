"""Reports of posts, comments and private messages, for moderators and admins.

In Lemmy each report is resolved by itself. Here all open reports of the same thing are resolved
together, because the decision is about the thing; a reopened one is reopened alone.
"""

from collections.abc import Sequence

from fedcom.actions.report import Report
from fedcom.api.caller import Caller
from fedcom.api.endpoint import Parameters, Resource, Shape
from fedcom.api.v3.known import comment_views, post_views
from fedcom.api.v3.params import Id, Limit, PageAt, page_of
from fedcom.api.v3.shapes.report import (
    CommentReportView,
    Involved,
    PostReportView,
    PrivateMessageReportView,
    comment_report_view,
    message_report_view,
    post_report_view,
)
from fedcom.errors import Denied, NotFound
from fedcom.models.moderation import ReportRow
from fedcom.queries.comments import get_comment
from fedcom.queries.messages import get_own_message
from fedcom.queries.posts import get_post
from fedcom.queries.reports import get_report, moderates_anything
from fedcom.site.reports import get_report_for, reopen, resolve
from fedcom.views.comment import find_comment_views
from fedcom.views.full import find_people
from fedcom.views.message import find_reported_messages
from fedcom.views.report_entry import EntryQuery, Subject, count_open, list_entries

resource = Resource()


class CreatePostReport(Parameters):
    """A post, and what is wrong with it."""

    post_id: Id
    reason: str


class PostReportResponse(Shape):
    """A report after a change."""

    post_report_view: PostReportView


@resource.writes("POST", "/post/report")
def report_post(caller: Caller, wanted: CreatePostReport) -> PostReportResponse:
    """Report a post to its moderators."""
    post = get_post(caller.conn, wanted.post_id)
    made = caller.act(Report(by=caller.person, target=post, reason=wanted.reason))
    return PostReportResponse(post_report_view=_of_posts(caller, [made])[0])


class ResolveReport(Parameters):
    """Resolve, or reopen."""

    report_id: Id
    resolved: bool


@resource.writes("PUT", "/post/report/resolve")
def resolve_post_report(caller: Caller, wanted: ResolveReport) -> PostReportResponse:
    """Resolve all open reports of the post, or reopen this one."""
    found = _decide(caller, "post", wanted)
    return PostReportResponse(post_report_view=_of_posts(caller, [found])[0])


class ListReports(Parameters):
    """All reports that the caller may judge, or the unresolved ones."""

    page: PageAt | None = None
    limit: Limit = 10
    unresolved_only: bool = False


class ListPostReports(ListReports):
    """All reports of posts that the caller may judge, or some."""

    community_id: Id | None = None
    post_id: Id | None = None


class ListPostReportsResponse(Shape):
    """A page of reports."""

    post_reports: list[PostReportView]


@resource.reads("/post/report/list")
def list_post_reports(caller: Caller, wanted: ListPostReports) -> ListPostReportsResponse:
    """Reports of posts, newest first; unresolved ones alone oldest first."""
    _check_judge(caller)
    found = _list(caller, "post", wanted, wanted.community_id, wanted.post_id)
    return ListPostReportsResponse(post_reports=_of_posts(caller, found))


class CreateCommentReport(Parameters):
    """A comment, and what is wrong with it."""

    comment_id: Id
    reason: str


class CommentReportResponse(Shape):
    """A report after a change."""

    comment_report_view: CommentReportView


@resource.writes("POST", "/comment/report")
def report_comment(caller: Caller, wanted: CreateCommentReport) -> CommentReportResponse:
    """Report a comment to its moderators."""
    comment = get_comment(caller.conn, wanted.comment_id)
    made = caller.act(Report(by=caller.person, target=comment, reason=wanted.reason))
    return CommentReportResponse(comment_report_view=_of_comments(caller, [made])[0])


@resource.writes("PUT", "/comment/report/resolve")
def resolve_comment_report(caller: Caller, wanted: ResolveReport) -> CommentReportResponse:
    """Resolve all open reports of the comment, or reopen this one."""
    found = _decide(caller, "comment", wanted)
    return CommentReportResponse(comment_report_view=_of_comments(caller, [found])[0])


class ListCommentReports(ListReports):
    """All reports of comments that the caller may judge, or some."""

    community_id: Id | None = None
    comment_id: Id | None = None


class ListCommentReportsResponse(Shape):
    """A page of reports."""

    comment_reports: list[CommentReportView]


@resource.reads("/comment/report/list")
def list_comment_reports(caller: Caller, wanted: ListCommentReports) -> ListCommentReportsResponse:
    """Reports of comments, newest first; unresolved ones alone oldest first."""
    _check_judge(caller)
    found = _list(caller, "comment", wanted, wanted.community_id, wanted.comment_id)
    return ListCommentReportsResponse(comment_reports=_of_comments(caller, found))


class CreatePrivateMessageReport(Parameters):
    """A message that one received, and what is wrong with it."""

    private_message_id: Id
    reason: str


class PrivateMessageReportResponse(Shape):
    """A report after a change."""

    private_message_report_view: PrivateMessageReportView


@resource.writes("POST", "/private_message/report")
def report_private_message(
    caller: Caller, wanted: CreatePrivateMessageReport
) -> PrivateMessageReportResponse:
    """Report a message to the admins, who then can read its present text."""
    message = get_own_message(caller.conn, wanted.private_message_id, caller.person.id)
    made = caller.act(Report(by=caller.person, target=message, reason=wanted.reason))
    return PrivateMessageReportResponse(private_message_report_view=_of_messages(caller, [made])[0])


@resource.writes("PUT", "/private_message/report/resolve")
def resolve_private_message_report(
    caller: Caller, wanted: ResolveReport
) -> PrivateMessageReportResponse:
    """Resolve all open reports of the message as an admin, or reopen this one."""
    caller.check_admin()
    found = _decide(caller, "message", wanted)
    return PrivateMessageReportResponse(
        private_message_report_view=_of_messages(caller, [found])[0]
    )


class ListPrivateMessageReportsResponse(Shape):
    """A page of reports."""

    private_message_reports: list[PrivateMessageReportView]


@resource.reads("/private_message/report/list")
def list_private_message_reports(
    caller: Caller, wanted: ListReports
) -> ListPrivateMessageReportsResponse:
    """Reports of messages for admins, newest first; unresolved ones alone oldest first."""
    caller.check_admin()
    found = _list(caller, "message", wanted)
    return ListPrivateMessageReportsResponse(private_message_reports=_of_messages(caller, found))


class GetReportCount(Parameters):
    """Of all communities that the caller may judge, or of one."""

    community_id: Id | None = None


class GetReportCountResponse(Shape):
    """How many reports are open; those of messages only for admins."""

    community_id: int | None = None
    comment_reports: int
    post_reports: int
    private_message_reports: int | None = None


@resource.reads("/user/report_count")
def count_reports(caller: Caller, wanted: GetReportCount) -> GetReportCountResponse:
    """How many reports wait for the caller."""
    _check_judge(caller)
    found = count_open(
        caller.conn,
        caller.viewer_id,
        is_admin=caller.is_admin,
        community_id=wanted.community_id or 0,
    )
    is_whole = caller.is_admin and wanted.community_id is None
    return GetReportCountResponse(
        community_id=wanted.community_id,
        comment_reports=found.comments,
        post_reports=found.posts,
        private_message_reports=found.messages if is_whole else None,
    )


def _check_judge(caller: Caller) -> None:
    """Raises BadRequest for guests, and Denied for members who judge nothing."""
    if not (caller.member.is_admin or moderates_anything(caller.conn, caller.viewer_id)):
        raise Denied("not_a_mod_or_admin", "Only moderators and admins can see reports.")


def _list(
    caller: Caller,
    subject: Subject,
    wanted: ListReports,
    community_id: int | None = None,
    target_id: int | None = None,
) -> Sequence[ReportRow]:
    query = EntryQuery(
        subject=subject,
        viewer_id=caller.viewer_id,
        is_admin=caller.is_admin,
        unresolved=wanted.unresolved_only,
        community_id=community_id or 0,
        target_id=target_id or 0,
        after=page_of(wanted.page),
        limit=wanted.limit,
    )
    return list_entries(caller.conn, query).items


def _decide(caller: Caller, subject: Subject, wanted: ResolveReport) -> ReportRow:
    """Resolve or reopen. Raises NotFound for a report of something else, and Denied."""
    found = get_report_for(caller.conn, wanted.report_id, caller.person)
    if _target_id(subject, found) is None:
        kind = "private_message" if subject == "message" else subject
        raise NotFound(f"couldnt_find_{kind}_report", "Report not found.")
    if wanted.resolved:
        resolve(caller.ctx, found, caller.person)
    else:
        reopen(caller.conn, found)
    return get_report(caller.conn, found.id)


def _target_id(subject: Subject, of: ReportRow) -> int | None:
    return {"post": of.post_id, "comment": of.comment_id, "message": of.message_id}[subject]


def _involved(caller: Caller, reports: Sequence[ReportRow], *others: int) -> Involved:
    ids = {number for one in reports for number in (one.reporter_id, one.resolver_id) if number}
    return Involved(find_people(caller.conn, {*ids, *others}), caller.now)


def _of_posts(caller: Caller, reports: Sequence[ReportRow]) -> list[PostReportView]:
    ids = [one.post_id for one in reports if one.post_id]
    views = {one.post.id: one for one in post_views(caller, ids)}
    involved = _involved(caller, reports)
    return [post_report_view(one, views[one.post_id], involved) for one in reports if one.post_id]


def _of_comments(caller: Caller, reports: Sequence[ReportRow]) -> list[CommentReportView]:
    ids = [one.comment_id for one in reports if one.comment_id]
    found = find_comment_views(caller.conn, ids, viewer_id=caller.viewer_id, now=caller.now)
    views = {one.comment.id: one for one in comment_views(caller, list(found.values()))}
    involved = _involved(caller, reports)
    return [
        comment_report_view(one, views[one.comment_id], involved)
        for one in reports
        if one.comment_id
    ]


def _of_messages(caller: Caller, reports: Sequence[ReportRow]) -> list[PrivateMessageReportView]:
    ids = [one.message_id for one in reports if one.message_id]
    found = find_reported_messages(caller.conn, ids)
    involved = _involved(caller, reports, *(one.author_id for one in found.values()))
    return [
        message_report_view(one, found[one.message_id], involved)
        for one in reports
        if one.message_id
    ]
