"""Reports, each by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fedcom.api.endpoint import Shape
from fedcom.api.proxied import MarkdownText
from fedcom.api.v3.shapes.comment import Comment, CommentAggregates, CommentView
from fedcom.api.v3.shapes.community import Community, SubscribedType
from fedcom.api.v3.shapes.message import PrivateMessage, private_message
from fedcom.api.v3.shapes.person import Person, person
from fedcom.api.v3.shapes.post import Post, PostAggregates, PostView
from fedcom.models.moderation import ReportRow
from fedcom.views.full import FullPerson
from fedcom.views.message import MessageSource


class PostReport(Shape):
    """A report of a post, with its title, link and text at that time."""

    id: int
    creator_id: int
    post_id: int
    original_post_name: str
    original_post_url: str | None = None
    original_post_body: MarkdownText | None = None
    reason: str
    resolved: bool
    resolver_id: int | None = None
    published: datetime
    updated: datetime | None = None


class PostReportView(Shape):
    """A report with the post as it is now; `creator` is who reported it."""

    post_report: PostReport
    post: Post
    community: Community
    creator: Person
    post_creator: Person
    creator_banned_from_community: bool
    creator_is_moderator: bool
    creator_is_admin: bool
    subscribed: SubscribedType
    saved: bool
    read: bool
    hidden: bool
    creator_blocked: bool
    my_vote: int | None = None
    unread_comments: int
    counts: PostAggregates
    resolver: Person | None = None


class CommentReport(Shape):
    """A report of a comment, with its text at that time."""

    id: int
    creator_id: int
    comment_id: int
    original_comment_text: MarkdownText
    reason: str
    resolved: bool
    resolver_id: int | None = None
    published: datetime
    updated: datetime | None = None


class CommentReportView(Shape):
    """A report with the comment as it is now; `creator` is who reported it."""

    comment_report: CommentReport
    comment: Comment
    post: Post
    community: Community
    creator: Person
    comment_creator: Person
    counts: CommentAggregates
    creator_banned_from_community: bool
    creator_is_moderator: bool
    creator_is_admin: bool
    creator_blocked: bool
    subscribed: SubscribedType
    saved: bool
    my_vote: int | None = None
    resolver: Person | None = None


class PrivateMessageReport(Shape):
    """A report of a private message, with its text at that time."""

    id: int
    creator_id: int
    private_message_id: int
    original_pm_text: MarkdownText
    reason: str
    resolved: bool
    resolver_id: int | None = None
    published: datetime
    updated: datetime | None = None


class PrivateMessageReportView(Shape):
    """A report with the message; `creator` is who reported it."""

    private_message_report: PrivateMessageReport
    private_message: PrivateMessage
    private_message_creator: Person
    creator: Person
    resolver: Person | None = None


@dataclass(frozen=True, slots=True)
class Involved:
    """The people of some reports, by row id."""

    people: Mapping[int, FullPerson]
    now: datetime

    def person(self, number: int) -> Person:
        """One of them."""
        return person(self.people[number], self.now)

    def resolver(self, of: ReportRow) -> Person | None:
        """Who resolved the report."""
        return None if of.resolver_id is None else self.person(of.resolver_id)


def post_report(of: ReportRow, post_id: int) -> PostReport:
    """A report of a post. Title, link and text were stored as paragraphs of one text."""
    name, _, rest = of.reported_text.partition("\n\n")
    url, _, body = rest.partition("\n\n")
    if not url.startswith(("http://", "https://")) or len(url.split()) != 1:
        url, body = "", rest
    return PostReport(
        id=of.id,
        creator_id=of.reporter_id,
        post_id=post_id,
        original_post_name=name,
        original_post_url=url or None,
        original_post_body=body or None,
        reason=of.reason,
        resolved=of.resolved_at is not None,
        resolver_id=of.resolver_id,
        published=of.created_at,
        updated=of.resolved_at,
    )


def post_report_view(of: ReportRow, about: PostView, involved: Involved) -> PostReportView:
    """A report with its post."""
    return PostReportView(
        post_report=post_report(of, about.post.id),
        post=about.post,
        community=about.community,
        creator=involved.person(of.reporter_id),
        post_creator=about.creator,
        creator_banned_from_community=about.creator_banned_from_community,
        creator_is_moderator=about.creator_is_moderator,
        creator_is_admin=about.creator_is_admin,
        subscribed=about.subscribed,
        saved=about.saved,
        read=about.read,
        hidden=about.hidden,
        creator_blocked=about.creator_blocked,
        my_vote=about.my_vote,
        unread_comments=about.unread_comments,
        counts=about.counts,
        resolver=involved.resolver(of),
    )


def comment_report_view(of: ReportRow, about: CommentView, involved: Involved) -> CommentReportView:
    """A report with its comment."""
    return CommentReportView(
        comment_report=CommentReport(
            id=of.id,
            creator_id=of.reporter_id,
            comment_id=about.comment.id,
            original_comment_text=of.reported_text,
            reason=of.reason,
            resolved=of.resolved_at is not None,
            resolver_id=of.resolver_id,
            published=of.created_at,
            updated=of.resolved_at,
        ),
        comment=about.comment,
        post=about.post,
        community=about.community,
        creator=involved.person(of.reporter_id),
        comment_creator=about.creator,
        counts=about.counts,
        creator_banned_from_community=about.creator_banned_from_community,
        creator_is_moderator=about.creator_is_moderator,
        creator_is_admin=about.creator_is_admin,
        creator_blocked=about.creator_blocked,
        subscribed=about.subscribed,
        saved=about.saved,
        my_vote=about.my_vote,
        resolver=involved.resolver(of),
    )


def message_report_view(
    of: ReportRow, about: MessageSource, involved: Involved
) -> PrivateMessageReportView:
    """A report with its message, of which the text in the report is all that is shown."""
    message = private_message(about)
    message.content = of.reported_text
    return PrivateMessageReportView(
        private_message_report=PrivateMessageReport(
            id=of.id,
            creator_id=of.reporter_id,
            private_message_id=about.id,
            original_pm_text=of.reported_text,
            reason=of.reason,
            resolved=of.resolved_at is not None,
            resolver_id=of.resolver_id,
            published=of.created_at,
            updated=of.resolved_at,
        ),
        private_message=message,
        private_message_creator=involved.person(about.author_id),
        creator=involved.person(of.reporter_id),
        resolver=involved.resolver(of),
    )
