"""Undoes a moderator's action, or a Follow, that the community's own server has refused.

The action took effect here at once, and nowhere else. It is undone, and the moderator is notified.
Called in the transaction that records the refusal.
"""

from typing import Any

import structlog
from sqlalchemy import update

from activitypub.authority import is_moderators_act
from activitypub.document import Document
from activitypub.errors import ProtocolError
from activitypub.parse import parse
from fedcom.context import Context
from fedcom.effects.follows import notify_rejected
from fedcom.effects.notify import NotificationEvent, notify
from fedcom.errors import FedcomError, NeedsFetch
from fedcom.federation.listeners import activity_routes, reader_of
from fedcom.models.actor import Community, Person, actor
from fedcom.queries.actors import find_actor
from fedcom.queries.comments import find_comment
from fedcom.queries.posts import find_post
from fedcom.remote.actors import FRESH
from fedcom.text.plain import clean_title
from inbox.ports import ReceivedActivity
from outbox.ports import RefusedDelivery
from outbox.publish import find_issued

logger = structlog.get_logger(__name__)

REASON = "The community's server refused it."

MAX_ANSWER = 200
"""Characters of the server's response that the moderator is shown."""

_OPPOSITES = {"Add": "Remove", "Remove": "Add"}
_ROUTES = activity_routes()


def undo_refused(ctx: Context, refusal: RefusedDelivery) -> None:
    """Undo a local moderator's action in a remote community, and notify them. A member whose Follow
    was refused is notified.

    Other refused activities (a vote, a post) keep their effect here.
    """
    activity = Document(parse(refusal.body))
    by = find_actor(ctx.conn, refusal.actor)
    if activity.type == "Follow" and isinstance(by, Person):
        notify_rejected(ctx, by.id, find_actor(ctx.conn, activity.object_id or ""))
        return
    community = _community_of(ctx, activity)
    if (
        community is None
        or community.host != refusal.host
        or not isinstance(by, Person)
        or not by.local
    ):
        return
    if activity.shape[:2] == ("Update", "Group"):
        _read_again(ctx, community)
    else:
        _apply_opposite(ctx, activity, by, community)
    _notify(ctx, activity, by, community, refusal)


def _community_of(ctx: Context, activity: Document) -> Community | None:
    """The remote community that `activity` moderates; None for other activities."""
    act = activity.object_document if activity.type == "Undo" else activity
    if act is None:
        return None
    is_edit = act.shape[:2] == ("Update", "Group")
    is_removal = act.type == "Delete" and isinstance(act.get("summary"), str)
    if not (is_edit or is_removal or is_moderators_act(act)):
        return None
    found = find_actor(ctx.conn, (act.object_id if is_edit else act.audience) or "")
    return found if isinstance(found, Community) and not found.local else None


def _apply_opposite(ctx: Context, activity: Document, by: Person, community: Community) -> None:
    """Do the opposite, here only, unless it was undone already.

    The moderator's permission is not checked: they may have been removed since.
    """
    opposite = Document(_opposite(ctx, activity))
    received = ReceivedActivity(opposite, by.iri, via=community.iri)
    try:
        with ctx.conn.begin_nested():
            action = reader_of(_ROUTES, opposite)(ctx, received)
            if action is not None:
                action.apply(ctx)
    except (FedcomError, ProtocolError, NeedsFetch) as error:
        logger.warning("refused_action_not_reverted", activity=activity.id, error=str(error))


def _opposite(ctx: Context, activity: Document) -> dict[str, Any]:
    """The activity that undoes `activity`, with the reason that the modlog shows."""
    raw = activity.raw
    if activity.type in _OPPOSITES:
        return raw | {"type": _OPPOSITES[activity.type]}
    if activity.type != "Undo":
        restores = raw.get("removeData") is True
        return {"type": "Undo", "object": raw | {"summary": REASON}, "restoreData": restores}
    issued = find_issued(ctx.conn, activity.object_id or "")
    taken_back = raw["object"] if issued is None else dict(parse(issued.body))
    # A ban returns with its own reason and end; content removed with it stays removed.
    own = taken_back.get("summary") if taken_back.get("type") == "Block" else None
    return dict(taken_back) | {"summary": own or REASON, "removeData": False}


def _read_again(ctx: Context, community: Community) -> None:
    """Have the community fetched with its server's next activity: its old state is not stored."""
    stale = ctx.now - 2 * FRESH
    ctx.conn.execute(update(actor).where(actor.c.id == community.id).values(fetched_at=stale))


def _notify(
    ctx: Context, activity: Document, by: Person, community: Community, refusal: RefusedDelivery
) -> None:
    iri = activity.subject_id or ""
    post, comment = find_post(ctx.conn, iri), find_comment(ctx.conn, iri)
    event = NotificationEvent(
        kind="moderation",
        community_id=community.id,
        post_id=post.id if post else comment.post_id if comment else None,
        comment_id=comment.id if comment else None,
        detail="refused",
        reason=clean_title(f"{refusal.status} {refusal.text}"[: 2 * MAX_ANSWER], MAX_ANSWER),
    )
    notify(ctx, by.id, event)
