"""Flag and Undo{Flag}: a report to the moderators, and its withdrawal.

Only moderators and admins can read who reported what: a Flag is announced to the servers of
moderators alone, has no proof, is served at no URL, and is in no collection and no modlog.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import insert, or_, select, update

from activitypub.document import Document
from activitypub.vocab.activities import flag, undo
from fedcom.actions.base import Activity, Audience, Federated, Readers, Response
from fedcom.actions.federate.report_recipients import (
    microblog_of_author,
    moderating_community,
    moderators_here,
    reviewers,
    servers,
    to_moderators_elsewhere,
)
from fedcom.context import Context
from fedcom.effects.mail_admins import mail_admins
from fedcom.effects.notify import NotificationEvent, notify
from fedcom.errors import Conflict, Denied, Invalid, NotFound, TooMany
from fedcom.models.actor import Actor, Community, Person, actor
from fedcom.models.comment import Comment
from fedcom.models.message import Message
from fedcom.models.moderation import ReportRow, report
from fedcom.models.post import Post
from fedcom.models.site import site
from fedcom.queries.actors import find_actor, get_person
from fedcom.queries.comments import find_comment, get_comment
from fedcom.queries.content import Content, Reference, placed, reference_to
from fedcom.queries.located import locate, standing_in
from fedcom.queries.messages import find_message, get_message
from fedcom.queries.posts import find_post, get_post
from fedcom.queries.reports import (
    Reportable,
    count_reports_by,
    count_reports_from,
    find_assignment,
    find_report,
    get_report,
    is_reported,
    text_of,
)
from fedcom.remote.actors import participant_at
from fedcom.remote.vouching import check_vouched
from fedcom.rules.limits import MAX_REPORT, check_report
from fedcom.rules.permissions import may_act, may_take_part
from inbox.ports import ReceivedActivity

BY_ONE = 20
"""Reports per hour that one person may make."""

FROM_HOST = 60
"""Reports per hour accepted from one other server, which can create people at no cost."""

MAX_OBJECTS = 30
"""Objects that one Flag may name; Mastodon's names an account and any number of its posts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Federated[ReportRow]):
    """An actor asks the moderators, or the admins, to look at something."""

    # A person, or the server actor that reports for one of its people (Mastodon).
    by: Person
    target: Reportable
    reason: str
    # Further objects of the same Flag.
    others: tuple[Reportable, ...] = ()
    # The id of the received Flag; "" for a local report.
    iri: str = ""

    def check(self, ctx: Context) -> None:
        """The target must be visible to the reporter and have no open report of theirs; rate
        limited.
        """
        may_act(self.by, ctx.now)
        if not self.iri:
            check_report(self.reason)
        for target in self._targets():
            _check_target(ctx, self.by, target)
        if not self._fresh(ctx):
            raise Conflict(
                "already_reported", "You have already reported this. A moderator will look at it."
            )
        _check_pace(ctx, self.by)

    def apply(self, ctx: Context) -> ReportRow:
        """Insert one row per object, with its current text, and notify the responsible
        moderators.
        """
        # One at a time per reporter, so that two concurrent reports do not produce duplicates.
        ctx.conn.execute(select(actor.c.id).where(actor.c.id == self.by.id).with_for_update())
        iri = self.iri or ctx.new_iri("flag")
        fresh = self._fresh(ctx)
        if not fresh:
            raise Conflict(
                "already_reported", "You have already reported this. A moderator will look at it."
            )
        numbers = [
            self._write(ctx, target, iri if position == 1 else f"{iri}#{position}")
            for position, target in enumerate(fresh, start=1)
        ]
        mail_admins(ctx, "report")
        return get_report(ctx.conn, numbers[0])

    def _targets(self) -> tuple[Reportable, ...]:
        return (self.target, *self.others)

    def _fresh(self, ctx: Context) -> list[Reportable]:
        """The objects that this reporter has not reported yet."""
        known = [is_reported(ctx.conn, self.by.id, target) for target in self._targets()]
        return [target for target, was in zip(self._targets(), known, strict=True) if not was]

    def _write(self, ctx: Context, target: Reportable, iri: str) -> int:
        community = moderating_community(ctx, target)
        reference = location = Reference(post_id=None, comment_id=None)
        if isinstance(target, Post | Comment):
            reference, location = reference_to(target), placed(target)
        message_id = target.id if isinstance(target, Message) else None
        # It goes to whoever has the others about the same thing.
        given = find_assignment(ctx.conn, target)
        row = insert(report).values(
            iri=iri,
            reporter_id=self.by.id,
            community_id=community.id if community else None,
            **reference,
            message_id=message_id,
            person_id=target.id if isinstance(target, Actor) else target.author_id,
            reason=self.reason,
            reported_text=text_of(target),
            created_at=ctx.now,
            assignee_id=given.assignee_id,
            for_admins=given.for_admins,
        )
        report_id = ctx.conn.execute(row.returning(report.c.id)).scalar_one()
        event = NotificationEvent(
            kind="report",
            by_id=self.by.id,
            community_id=community.id if community else None,
            **location,
            reason=self.reason,
        )
        for reviewer_id in reviewers(ctx, target, community):
            notify(ctx, reviewer_id, event)
        return int(report_id)

    def to_activity(self, ctx: Context, result: ReportRow) -> Activity:
        """Flag with the id alone, as Lemmy sends it."""
        return _flag(ctx, result.iri, self.by, self.target, self.reason)

    def audience(self, ctx: Context, result: ReportRow) -> Audience:
        """The server of the community and that of the author, if these are remote."""
        return Audience(subject=self.target.iri, people=servers(ctx, self.target), private=True)

    def copies(self, ctx: Context, result: ReportRow) -> tuple[Response, ...]:
        """To a microblog our server actor sends it, with the author's id first (Mastodon)."""
        passed_on = to_moderators_elsewhere(
            ctx, self.by, self.target, self.to_activity(ctx, result)
        )
        microblog = microblog_of_author(ctx, self.target)
        if microblog is None:
            return passed_on
        instance = get_person(ctx.conn, ctx.conn.execute(select(site.c.actor_id)).scalar_one())
        activity = _flag(ctx, ctx.new_iri("flag"), instance, self.target, self.reason)
        activity["object"] = [microblog.iri, self.target.iri]
        return (Response(instance.iri, activity, microblog), *passed_on)

    def responses(self, ctx: Context, result: ReportRow) -> tuple[Response, ...]:
        """A report to a local community goes to its remote moderators too."""
        activity = self.to_activity(ctx, result)
        here = moderating_community(ctx, self.target)
        objects = [
            target.iri for target in self._targets() if moderating_community(ctx, target) == here
        ]
        activity["object"] = objects if len(objects) > 1 else objects[0]
        return to_moderators_elsewhere(ctx, self.by, self.target, activity)


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawReport(Federated[None]):
    """The reporter withdraws a report."""

    by: Person
    report: ReportRow

    def check(self, ctx: Context) -> None:
        """Only the reporter's own, while it is open."""
        if self.report.reporter_id != self.by.id:
            raise Denied("not_the_reporter", "Only the reporter can withdraw the report.")
        if self.report.resolved_at is not None:
            raise Conflict("already_resolved", "It is already resolved.")

    def apply(self, ctx: Context) -> None:
        """Mark it resolved by the reporter, together with the other objects of the same Flag."""
        mine = or_(
            report.c.iri == self.report.iri,
            report.c.iri.startswith(f"{self.report.iri}#", autoescape=True),
        )
        ctx.conn.execute(
            update(report)
            .where(mine, report.c.reporter_id == self.by.id, report.c.resolved_at.is_(None))
            .values(resolved_at=ctx.now, resolver_id=self.by.id)
        )

    def to_activity(self, ctx: Context, result: None) -> Activity:
        """Undo{Flag}."""
        target = _reported(ctx, self.report)
        activity = _flag(ctx, self.report.iri, self.by, target, self.report.reason)
        return undo(ctx.new_iri("undo"), activity)

    def audience(self, ctx: Context, result: None) -> Audience:
        """Everyone who was sent the report."""
        target = _reported(ctx, self.report)
        return Audience(subject=target.iri, people=servers(ctx, target), private=True)

    def copies(self, ctx: Context, result: None) -> tuple[Response, ...]:
        """The remote moderators who were told."""
        target = _reported(ctx, self.report)
        return to_moderators_elsewhere(ctx, self.by, target, self.to_activity(ctx, result))

    def responses(self, ctx: Context, result: None) -> tuple[Response, ...]:
        """The same for a received withdrawal."""
        return self.copies(ctx, result)


def _check_target(ctx: Context, by: Person, target: Reportable) -> None:
    if target.id == by.id and isinstance(target, Person):
        raise Invalid("own_content", "You can't report yourself.")
    if isinstance(target, Message):
        if not _received(ctx, by, target):
            raise NotFound("couldnt_find_private_message", "Message not found.")
        if target.deleted_at is not None:
            raise Denied("deleted", "This has been deleted, so it cannot be reported.")
    elif isinstance(target, Post | Comment):
        if target.author_id == by.id:
            raise Invalid("own_content", "You can't report your own content. Delete it instead.")
        community = locate(ctx, target).community
        may_take_part(by, community, standing_in(ctx, by, community), ctx.now)
        if not target.is_shown:
            raise Denied("deleted", "This has been deleted, so it cannot be reported.")


def _received(ctx: Context, by: Person, reference: Message) -> bool:
    """Whether the message went to the reporter, or to a person for whom their server reports."""
    if reference.recipient_id == by.id:
        return True
    to = get_person(ctx.conn, reference.recipient_id)
    return by.kind == "Application" and not by.local and to.host == by.host


def _check_pace(ctx: Context, by: Person) -> None:
    """Raises TooMany. A server that reports for its people may report as much as all of them."""
    since = ctx.now - timedelta(hours=1)
    alone = by.kind != "Application" and count_reports_by(ctx.conn, by.id, since) >= BY_ONE
    if alone or (not by.local and count_reports_from(ctx.conn, by.host, since) >= FROM_HOST):
        raise TooMany(
            "rate_limit_error",
            "Too many reports. Try again in an hour.",
            retry_after=3600.0,
        )


def _flag(ctx: Context, iri: str, by: Person, target: Reportable, reason: str) -> Activity:
    community = moderating_community(ctx, target)
    return flag(
        iri, by.iri, target.iri, community=community.iri if community else ctx.origin, reason=reason
    )


def _reported(ctx: Context, row: ReportRow) -> Reportable:
    """The object of a report."""
    if row.comment_id is not None:
        return get_comment(ctx.conn, row.comment_id)
    if row.post_id is not None:
        return get_post(ctx.conn, row.post_id)
    if row.message_id is not None:
        return get_message(ctx.conn, row.message_id)
    found = find_actor(ctx.conn, row.reported_text)
    if found is None:
        raise NotFound("couldnt_find_person", "User not found.")
    return found


def _read_flag(ctx: Context, received: ReceivedActivity) -> Report | None:
    activity = received.activity
    found = list(_named(ctx, activity))
    if not found:
        raise _elsewhere()
    by = participant_at(ctx, received.actor)
    # A reporter who names an object besides the account means the object.
    contents = [target for target in found if isinstance(target, Post | Comment)]
    messages = [
        target for target in found if isinstance(target, Message) and _received(ctx, by, target)
    ]
    accounts = [
        target for target in found if isinstance(target, Person | Community) and target.local
    ]
    for content in contents:
        if received.via is not None:
            check_vouched(ctx, received, locate(ctx, content).community)
    ours: list[Reportable] = [target for target in contents if _is_reviewed_here(ctx, target)]
    targets = [*ours, *messages] or accounts
    if not targets:
        raise _elsewhere()
    fresh = [
        target
        for target in targets
        if _is_there(target) and not is_reported(ctx.conn, by.id, target)
    ]
    if not fresh or (activity.id is not None and find_report(ctx.conn, activity.id) is not None):
        return None
    return Report(
        by=by,
        target=fresh[0],
        others=tuple(fresh[1:]),
        reason=_reason(activity),
        iri=activity.id or ctx.new_iri("flag"),
    )


def _elsewhere() -> Denied:
    # The same for all, so that nobody learns which private messages exist.
    return Denied(
        "report_elsewhere", "The report concerns nothing that is moderated on this server."
    )


def _named(ctx: Context, activity: Document) -> Iterator[Reportable]:
    named = [item if isinstance(item, str) else item.id for item in activity.objects[:MAX_OBJECTS]]
    for iri in dict.fromkeys(item for item in named if item is not None):
        found = (
            find_post(ctx.conn, iri)
            or find_comment(ctx.conn, iri)
            or find_message(ctx.conn, iri)
            or find_actor(ctx.conn, iri)
        )
        if found is not None:
            yield found


def _is_reviewed_here(ctx: Context, content: Content) -> bool:
    """It is in a local community, or by a member, or in a community that a member moderates."""
    community = locate(ctx, content).community
    if community.local or locate(ctx, content).author.local:
        return True
    return bool(moderators_here(ctx, community))


def _is_there(target: Reportable) -> bool:
    return target.deleted_at is None if isinstance(target, Actor) else target.is_shown


def _reason(activity: Document) -> str:
    """`content` with Mastodon, `summary` with Lemmy; Mbin may send neither."""
    return (activity.content or activity.summary or "").strip()[:MAX_REPORT]


def _read_undo(ctx: Context, received: ReceivedActivity) -> WithdrawReport | None:
    found = find_report(ctx.conn, received.object.id or "")
    if found is None or found.resolved_at is not None:
        return None
    return WithdrawReport(by=participant_at(ctx, received.actor), report=found)


READERS: Readers = {("Flag",): _read_flag, ("Undo", "Flag"): _read_undo}
