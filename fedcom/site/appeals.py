"""Appeals against removals and bans: a conversation, and its end.

This is no action, because no peer is told of it; undoing a decision is
(docs/decisions/0056).
"""

from contextlib import suppress

from sqlalchemy import insert, select, update

from fedcom.accounts.rate_limits import APPEALS, MODERATION, act, count_action
from fedcom.actions.unban import Unban
from fedcom.context import Context
from fedcom.effects.notify import NotificationEvent, notify
from fedcom.errors import Conflict, Denied, Invalid, NotFound
from fedcom.models.actor import Person, actor
from fedcom.models.appeal import (
    Appeal,
    MessageKind,
    ModerationDecision,
    Outcome,
    appeal,
    appeal_message,
)
from fedcom.models.notification import notification
from fedcom.queries.actors import get_community, get_person
from fedcom.queries.appeals import (
    find_appeal,
    find_content,
    get_decision,
    list_judges,
    may_be_appealed,
    may_judge,
)
from fedcom.rules.limits import MAX_APPEAL, check_body
from fedcom.rules.permissions import may_act
from fedcom.site.removal import restore_content


def write(ctx: Context, by: Person, decision_id: int, text: str) -> Appeal:
    """A message about a decision: of its person, whose first one opens the appeal, or of those who
    judge it.

    The person may be banned. Raises Denied("not_your_decision") for everyone else, Conflict if the
    appeal is closed or there is nothing to appeal against, Invalid and TooMany.
    """
    decision = _locked(ctx, decision_id)
    text = check_body(text, MAX_APPEAL)
    if not text:
        raise Invalid("body_empty", "Please write something first.")
    opened = find_appeal(ctx.conn, decision_id)
    if by.id == decision.person_id:
        count_action(ctx, by, APPEALS)
        if opened is None:
            opened = _open(ctx, decision)
    else:
        _check_judge(ctx, by, decision)
        count_action(ctx, by, MODERATION)
        opened = _get_opened(ctx, decision_id)
    _check_open(opened)
    _add(ctx, opened, by, "words", text)
    if by.id == decision.person_id:
        for judge in list_judges(ctx.conn, decision):
            _notify(ctx, judge, by, decision, "appeal")
    else:
        _notify(ctx, decision.person_id, by, decision, "appeal_answered")
    return opened


def uphold(ctx: Context, by: Person, decision_id: int, text: str) -> None:
    """The decision stays, and the conversation ends. Raises Denied, Conflict, Invalid, TooMany."""
    count_action(ctx, by, MODERATION)
    _end(ctx, by, decision_id, "upheld", text)


def undo(
    ctx: Context, by: Person, decision_id: int, text: str, *, restores_content: bool = False
) -> None:
    """Restore the content or lift the ban, and end the conversation.

    Raises Denied, Conflict, Invalid, TooMany, and what the actions raise.
    """
    decision = _end(ctx, by, decision_id, "undone", text)
    with suppress(Conflict):  # it was undone in the meantime
        content = find_content(ctx.conn, decision)
        if content is not None:
            restore_content(ctx, by, content)
        elif decision.kind == "ban":
            place = decision.community_id
            lift = Unban(
                by=by,
                person=get_person(ctx.conn, decision.person_id),
                community=None if place is None else get_community(ctx.conn, place),
                restores_content=restores_content,
            )
            act(ctx, lift)


def _locked(ctx: Context, decision_id: int) -> ModerationDecision:
    """The decision, with its person locked, so that what happens to an appeal happens in a row."""
    decision = get_decision(ctx.conn, decision_id)
    whose = select(actor.c.id).where(actor.c.id == decision.person_id)
    ctx.conn.execute(whose.with_for_update())
    return decision


def _open(ctx: Context, decision: ModerationDecision) -> Appeal:
    if not may_be_appealed(ctx.conn, decision, ctx.now):
        raise Conflict(
            "not_appealable", "This decision is no longer in force, or was made on another server."
        )
    ctx.conn.execute(
        insert(appeal).values(
            decision_id=decision.id, person_id=decision.person_id, created_at=ctx.now
        )
    )
    return _get_opened(ctx, decision.id)


def _get_opened(ctx: Context, decision_id: int) -> Appeal:
    found = find_appeal(ctx.conn, decision_id)
    if found is None:
        raise NotFound("couldnt_find_appeal", "Nobody has appealed against this decision.")
    return found


def _check_judge(ctx: Context, by: Person, decision: ModerationDecision) -> None:
    may_act(by, ctx.now)
    if not may_judge(ctx.conn, by, decision) or by.id == decision.person_id:
        raise Denied(
            "not_your_decision",
            "Only the person concerned, the moderators and the admins can see this.",
        )


def _check_open(opened: Appeal) -> None:
    if opened.resolved_at is not None:
        raise Conflict("already_resolved", "This appeal has been decided.")


def _end(
    ctx: Context, by: Person, decision_id: int, outcome: Outcome, text: str
) -> ModerationDecision:
    decision = _locked(ctx, decision_id)
    _check_judge(ctx, by, decision)
    opened = _get_opened(ctx, decision_id)
    _check_open(opened)
    _add(ctx, opened, by, outcome, check_body(text, MAX_APPEAL))
    ctx.conn.execute(
        update(appeal)
        .where(appeal.c.id == opened.id)
        .values(resolved_at=ctx.now, resolver_id=by.id, outcome=outcome)
    )
    # Nobody else has to look at it any more.
    sent = select(appeal_message.c.created_at).where(
        appeal_message.c.appeal_id == opened.id, appeal_message.c.author_id == decision.person_id
    )
    ctx.conn.execute(
        update(notification)
        .where(
            notification.c.actor_id == decision.person_id,
            notification.c.detail == "appeal",
            notification.c.created_at.in_(sent),
            notification.c.read_at.is_(None),
        )
        .values(read_at=ctx.now)
    )
    _notify(ctx, decision.person_id, by, decision, f"appeal_{outcome}")
    return decision


def _add(ctx: Context, opened: Appeal, by: Person, kind: MessageKind, text: str) -> None:
    values = {"appeal_id": opened.id, "author_id": by.id, "kind": kind, "text": text}
    ctx.conn.execute(insert(appeal_message).values(**values, created_at=ctx.now))


def _notify(ctx: Context, to: int, by: Person, decision: ModerationDecision, detail: str) -> None:
    event = NotificationEvent(
        kind="moderation", by_id=by.id, community_id=decision.community_id, detail=detail
    )
    notify(ctx, to, event)
