"""Members' follows that change by another actor's activity: accepted or refused."""

from sqlalchemy import select, update

from fedcom.context import Context
from fedcom.effects.counts import count_subscribers
from fedcom.effects.notify import NotificationEvent, notify
from fedcom.models.actor import Actor, Community, actor
from fedcom.models.follow import follow


def accept_by_announce(ctx: Context, community: Community) -> bool:
    """Treat an Announce from `community` as the Accept of our members' pending follows.

    Lemmy 0.19 does not send a newly discovered server anything from before the discovery, including
    the first Accept. If a follow is accepted already, it explains the Announce.
    Returns whether a follow was pending.
    """
    ours = select(actor.c.id).where(actor.c.local.is_(True))
    mine = (follow.c.target_id == community.id) & follow.c.follower_id.in_(ours)
    states = set(ctx.conn.execute(select(follow.c.state).where(mine).distinct()).scalars())
    if states != {"pending"}:
        return False
    ctx.conn.execute(update(follow).where(mine).values(state="accepted"))
    count_subscribers(ctx, community.id)
    return True


def notify_rejected(ctx: Context, follower_id: int, target: Actor | None) -> None:
    """Notify a member that an actor refused their follow."""
    community = target.id if isinstance(target, Community) else None
    notify(
        ctx,
        follower_id,
        NotificationEvent(kind="moderation", community_id=community, detail="follow_rejected"),
    )
