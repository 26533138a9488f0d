"""What followers on microblog servers are sent in place of a community's announcements.

Boosts of its posts, and activities in its own name.
"""

from collections.abc import Iterable

from sqlalchemy import update

from activitypub.iri import host_of
from activitypub.vocab.activities import announce, undo
from fedcom.actions.base import Activity, Audience, Microblogs
from fedcom.actions.federate.outgoing import Outgoing, dialect
from fedcom.context import Context
from fedcom.effects.restrictions import find_restrictions
from fedcom.models.actor import Community
from fedcom.models.post import Post, post
from fedcom.queries.follows import (
    FollowerHost,
    follower_hosts,
)
from fedcom.rules.dialects import (
    Dialect,
)
from inbox.ports import ReceivedActivity

_UNBOOSTING = frozenset({Microblogs.UNBOOST, Microblogs.ERASE})


THE_AUTHORS_OWN = frozenset({Microblogs.THE_ACTIVITY, Microblogs.ERASE})


def boost_anew(
    ctx: Context, community: Community, posts: Iterable[Post], microblogs: Microblogs
) -> None:
    """BOOST or UNBOOST posts of a local community, for an action that affects many of them."""
    followers, out = list(follower_hosts(ctx.conn, community.id, ctx.now)), Outgoing(ctx)
    for content in posts:
        audience = Audience(subject=content.iri, microblogs=microblogs, post=content)
        boost(out, community, audience, followers)
    out.publish()


def boost(
    out: Outgoing, community: Community, audience: Audience, followers: list[FollowerHost]
) -> None:
    """Boost a visible post for microblog servers, or undo the boost of one that is gone.

    A post that its author restores may still be removed, and a restored one still deleted.
    """
    ctx, content = out.ctx, audience.post
    if content is None:
        return
    if audience.microblogs is Microblogs.BOOST and _may_be_boosted(ctx, content):
        activity = boost_activity(ctx, community, content.iri)
        _remember_boost(ctx, content, activity["id"])
    elif audience.microblogs in _UNBOOSTING and content.announce_iri is not None:
        activity = _unboost_activity(ctx, community, content)
        _remember_boost(ctx, content, None)
    else:
        return
    hosts = [host for host in followers if dialect(host).takes_boosts]
    out.add(community.iri, activity, content.iri, hosts)


def _may_be_boosted(ctx: Context, content: Post) -> bool:
    """Whether it is not boosted yet, is visible, and its author allows it."""
    if content.announce_iri is not None or not content.is_shown:
        return False
    return content.local or not find_restrictions(ctx, content.iri).no_boosts


def pass_on(
    out: Outgoing,
    community: Community,
    audience: Audience,
    received: ReceivedActivity,
    followers: list[FollowerHost],
) -> None:
    """Forward the edit or deletion of a boosted post to microblog servers, with its author's proof.

    They know the post from its origin and read nothing inside an Announce. Without the author's
    signature they do not accept it from us (Mastodon 4.6), so it is not sent.
    """
    iri = received.activity.id
    if audience.microblogs not in THE_AUTHORS_OWN or iri is None or received.relayable_body is None:
        return
    if not received.activity.is_signed:
        return
    hosts = [
        host
        for host in followers
        if dialect(host) is Dialect.MICROBLOG and host.host != host_of(received.actor)
    ]
    out.add_bytes(iri, community.iri, received.relayable_body, audience.subject, hosts)


def update_as_community(
    out: Outgoing, community: Community, activity: Activity, followers: list[FollowerHost]
) -> None:
    """Send microblog servers a moderator's change in the name of a local community."""
    hosts = [host for host in followers if dialect(host).takes_boosts]
    own = activity | {"id": out.ctx.new_iri("update"), "actor": community.iri}
    out.add(community.iri, own, community.iri, hosts)


def boost_activity(ctx: Context, community: Community, iri: str) -> Activity:
    return announce(
        ctx.new_iri("announce"),
        community.iri,
        iri,
        followers=community.followers_iri,
        published=ctx.now,
    )


def _unboost_activity(ctx: Context, community: Community, content: Post) -> Activity:
    boost = announce(
        content.announce_iri or "",
        community.iri,
        content.iri,
        followers=community.followers_iri,
        published=ctx.now,
    )
    return undo(ctx.new_iri("undo"), boost)


def _remember_boost(ctx: Context, content: Post, iri: str | None) -> None:
    ctx.conn.execute(update(post).where(post.c.id == content.id).values(announce_iri=iri))
