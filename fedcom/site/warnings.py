"""Warnings: a moderator tells a member what they must not do again.

This is no action, because no peer is told of it (docs/decisions/0056).
"""

from fedcom.accounts.rate_limits import MODERATION, count_action
from fedcom.actions.ban import check_power
from fedcom.context import Context
from fedcom.effects.modlog import LogEntry, log_content, log_person
from fedcom.errors import Denied, Invalid
from fedcom.models.actor import Community, Person
from fedcom.queries.content import Content, community_of
from fedcom.rules.limits import MAX_REASON, check_body


def warn(
    ctx: Context,
    by: Person,
    person: Person,
    community: Community | None,
    reason: str,
    about: Content | None = None,
) -> None:
    """Notify a member of this server and write the modlog; `about` is what they wrote in the
    community. Without a community, an admin warns them.

    Raises Denied, Invalid (`reason_empty`, `body_…`) and TooMany.
    """
    check_power(ctx, by, person, community)
    if person.id == by.id:
        raise Denied("own_content", "You can't warn yourself.")
    if not person.local:
        raise Denied(
            "not_a_member",
            "%(person)s would not see a warning from here. Write a message instead.",
            person=person.handle,
        )
    reason = check_body(reason, MAX_REASON)
    if not reason:
        raise Invalid("reason_empty", "Please say what the warning is for.")
    count_action(ctx, by, MODERATION)
    if about is None:
        entry = LogEntry(by=by, kind="warn", community=community, reason=reason)
        log_person(ctx, entry, person)
        return
    where = community_of(ctx.conn, about)
    if about.author_id != person.id or community is None or where.id != community.id:
        raise Invalid("about_unknown", "This was not written by them in this community.")
    log_content(ctx, by, about, "warn", reason)
