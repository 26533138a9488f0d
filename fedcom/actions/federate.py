"""Who is told of an action, and in which words.

                              done here                          heard
    community is ours         it announces the action            it announces the original
    community is a peer's     sent to the community              NOTHING
    no community              sent to whom it concerns           nothing

The empty cell is the one to get wrong. It asks whether the action was *heard*, not whether its
author is local: an action of ours that a peer's community announces back to us is heard, and must
not go out again. Besides this table, an action done here is told directly to the people it concerns
(microblog servers do not follow what a community announces).
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import update

from activitypub.document import Document
from activitypub.iri import host_of
from activitypub.vocab.activities import announce, announce_of, undo
from activitypub.vocab.base import dump
from fedcom.actions.base import Action, Activity, Answer, Audience, Microblogs, Part
from fedcom.actions.originals import find_create
from fedcom.context import Context
from fedcom.effects.restrictions import find_restrictions
from fedcom.models.actor import Actor, Community
from fedcom.models.post import Post, post
from fedcom.queries.follows import (
    FollowerHost,
    follower_hosts,
    known_hosts,
    reader_hosts,
    server_of,
)
from fedcom.remote.peers import blocked_among, find_peer
from fedcom.rules.dialects import (
    Dialect,
    dialect_of,
    hears_of_profiles,
    reads_announced_ids,
    refuses_own,
)
from fedcom.wire.addressing import announce_iri, create_iri
from inbox.ports import ReceivedActivity
from outbox.address import fold
from outbox.peers import gone_hosts
from outbox.publish import publish

_UNBOOSTING = frozenset({Microblogs.UNBOOST, Microblogs.ERASE})
_THE_AUTHORS_OWN = frozenset({Microblogs.THE_ACTIVITY, Microblogs.ERASE})


def federate(
    ctx: Context, action: Action[Any], result: Any, received: ReceivedActivity | None
) -> None:
    """Write the deliveries that the action causes, in the caller's transaction."""
    audience = action.audience(ctx, result)
    community = audience.community
    followers: list[FollowerHost] = []
    if community is not None and community.local:
        followers = _told_by(ctx, community, audience)
    if received is None:
        _tell_of_done(ctx, action, result, audience, followers)
        return
    if community is not None and community.local:
        _tell_of_heard(ctx, community, action, received, audience, followers)
        if audience.microblogs is Microblogs.THE_COMMUNITY:
            _say_as_community(ctx, community, action.to_activity(ctx, result), followers)
    for answer in action.answers(ctx, result):
        _say(ctx, answer, audience.subject)


def _tell_of_done(
    ctx: Context,
    action: Action[Any],
    result: Any,
    audience: Audience,
    followers: list[FollowerHost],
) -> None:
    community, activity = audience.community, action.to_activity(ctx, result)
    if community is not None and community.local:
        inner = dump(ctx.proven(action.by.iri, activity))
        is_new = activity["id"] == create_iri(audience.subject)
        iri = _announce_iri(ctx, audience, is_new=is_new)
        _announce(ctx, community, audience.subject, inner, followers, iri)
    told = _told_directly(ctx, action.by, audience, followers)
    _send(ctx, action, result, audience, activity, told)
    if community is not None and community.local:
        # Behind the author's own words: who gets both must not fetch what is on its way.
        _boost(ctx, community, audience, followers)
        if audience.microblogs is Microblogs.THE_COMMUNITY:
            _say_as_community(ctx, community, activity, followers)
    for answer in action.beside(ctx, result):
        _say(ctx, answer, audience.subject)
    _send_parts(ctx, audience, action.parts(ctx, result))


def _tell_of_heard(
    ctx: Context,
    community: Community,
    action: Action[Any],
    received: ReceivedActivity,
    audience: Audience,
    followers: list[FollowerHost],
) -> None:
    """Announce in `community`, a community of ours, what others did there."""
    if received.relayable_body is not None:
        told = [host for host in followers if not _is_refused_echo(received.activity, host)]
        iri = _announce_iri(ctx, audience, is_new=received.activity.type == "Create")
        _announce(ctx, community, audience.subject, received.relayable_body, told, iri)
        _pass_on(ctx, community, audience, received, followers)
    elif action.is_content:
        _announce_fetched(ctx, community, action.by, audience, followers)
    _boost(ctx, community, audience, followers)


def _told_by(ctx: Context, community: Community, audience: Audience) -> list[FollowerHost]:
    followers = list(follower_hosts(ctx.conn, community.id, ctx.now))
    if audience.forums_only:
        followers = [host for host in followers if _dialect(host) is Dialect.FORUM]
    hosts = {host.host for host in followers}
    also = [person for person in audience.announced_to if person.host not in hosts]
    return followers + [server_of(ctx.conn, person) for person in also if not person.local]


def _announce_iri(ctx: Context, audience: Audience, *, is_new: bool) -> str:
    """Of a new post one that follows from its own: the outbox lists it for good."""
    if is_new and audience.post is not None:
        return announce_iri(ctx.origin, audience.post.id)
    return ctx.new_iri("announce")


def _announce(
    ctx: Context,
    community: Community,
    subject: str,
    inner: bytes,
    followers: list[FollowerHost],
    iri: str,
) -> None:
    """Announce an activity, byte for byte as it is."""
    told = [host for host in followers if _dialect(host).takes_activities]
    envelope = announce_of(
        inner,
        iri,
        community.iri,
        followers=_followers_of(community),
        published=ctx.now,
        prove=lambda announce: ctx.proven(community.iri, announce),
    )
    _publish_bytes(ctx, iri, community.iri, envelope, subject, told)


def _is_refused_echo(activity: Document, host: FollowerHost) -> bool:
    """Whether `host` would get back what it sent, and refuses to hear it from others."""
    is_written = activity.type in ("Create", "Update")
    return is_written and refuses_own(host.software) and _is_on(host, activity.object_id)


def _is_on(host: FollowerHost, iri: str | None) -> bool:
    return iri is not None and host_of(iri) == host.host


def _announce_fetched(
    ctx: Context,
    community: Community,
    author: Actor,
    audience: Audience,
    followers: list[FollowerHost],
) -> None:
    """Announce what was only fetched: by its id, so that peers fetch it from its origin as we did,
    or within its author's Create where an id says nothing.

    Whoever gets a boost of it needs no second one.
    """
    iri, is_boosted = audience.subject, audience.microblogs is Microblogs.BOOST
    told = [
        host
        for host in followers
        if _dialect(host).takes_activities and not (is_boosted and _dialect(host).takes_boosts)
    ]
    embedding = [host for host in told if not reads_announced_ids(host.software)]
    by_id = [host for host in told if host not in embedding]
    wanting = [host for host in embedding if not _is_on(host, iri)]
    create = find_create(ctx, author, iri) if wanting else None
    if create is not None:
        _announce(ctx, community, iri, dump(create.raw), wanting, ctx.new_iri("announce"))
    _publish(ctx, community.iri, _boost_activity(ctx, community, iri), iri, by_id)


def _boost(
    ctx: Context, community: Community, audience: Audience, followers: list[FollowerHost]
) -> None:
    """Tell microblogs by a boost that a post is there, or by its Undo that it is gone.

    What its author gives again may still be removed, and what is restored still deleted.
    """
    about = audience.post
    if about is None:
        return
    if audience.microblogs is Microblogs.BOOST and _may_be_boosted(ctx, about):
        activity = _boost_activity(ctx, community, about.iri)
        _remember_boost(ctx, about, activity["id"])
    elif audience.microblogs in _UNBOOSTING and about.announce_iri is not None:
        activity = _unboost_activity(ctx, community, about)
        _remember_boost(ctx, about, None)
    else:
        return
    told = [host for host in followers if _dialect(host).takes_boosts]
    _publish(ctx, community.iri, activity, about.iri, told)


def _may_be_boosted(ctx: Context, about: Post) -> bool:
    """Whether it is not boosted yet, is there to see, and its author has nothing against it."""
    if about.announce_iri is not None or not about.is_shown:
        return False
    return about.local or not find_restrictions(ctx, about.iri).no_boosts


def _pass_on(
    ctx: Context,
    community: Community,
    audience: Audience,
    received: ReceivedActivity,
    followers: list[FollowerHost],
) -> None:
    """Give microblogs the edit or the deletion of what was boosted, as its author signed it.

    They know it from its origin and read nothing that is inside an Announce. What does not carry
    its author's signature counts for nothing from us (Mastodon 4.6), so that it is not sent.
    """
    iri = received.activity.id
    if (
        audience.microblogs not in _THE_AUTHORS_OWN
        or iri is None
        or received.relayable_body is None
    ):
        return
    if not received.activity.is_signed:
        return
    told = [
        host
        for host in followers
        if _dialect(host) is Dialect.MICROBLOG and host.host != host_of(received.actor)
    ]
    _publish_bytes(ctx, iri, community.iri, received.relayable_body, audience.subject, told)


def _say_as_community(
    ctx: Context, community: Community, activity: Activity, followers: list[FollowerHost]
) -> None:
    """Tell microblogs in the name of a community of ours what its moderator has changed."""
    told = [host for host in followers if _dialect(host).takes_boosts]
    own = activity | {"id": ctx.new_iri("update"), "actor": community.iri}
    _publish(ctx, community.iri, own, community.iri, told)


def boost_anew(
    ctx: Context, community: Community, posts: Iterable[Post], microblogs: Microblogs
) -> None:
    """BOOST or UNBOOST posts of a community of ours, for an action that is about many of them."""
    followers = list(follower_hosts(ctx.conn, community.id, ctx.now))
    for about in posts:
        audience = Audience(subject=about.iri, microblogs=microblogs, post=about)
        _boost(ctx, community, audience, followers)


def _boost_activity(ctx: Context, community: Community, iri: str) -> Activity:
    return announce(
        ctx.new_iri("announce"),
        community.iri,
        iri,
        followers=_followers_of(community),
        published=ctx.now,
    )


def _unboost_activity(ctx: Context, community: Community, about: Post) -> Activity:
    boost = announce(
        about.announce_iri or "",
        community.iri,
        about.iri,
        followers=_followers_of(community),
        published=ctx.now,
    )
    return undo(ctx.new_iri("undo"), boost)


def _remember_boost(ctx: Context, about: Post, iri: str | None) -> None:
    ctx.conn.execute(update(post).where(post.c.id == about.id).values(announce_iri=iri))


def _told_directly(
    ctx: Context, by: Actor, audience: Audience, followers: list[FollowerHost]
) -> list[FollowerHost]:
    """Who gets the acting person's own activity: those who did not get it inside an Announce."""
    community = audience.community
    people = [person for person in audience.people if not person.local]
    # Follows and answers go to the one inbox they concern; content may share an inbox.
    reached = [
        _own_inbox(person) if community is None else server_of(ctx.conn, person)
        for person in people
    ]
    if community is not None and not community.local:
        reached.append(_shared_inbox(community))
    if audience.to_followers:
        reached.extend(follower_hosts(ctx.conn, by.id, ctx.now))
    if audience.to_readers:
        readers = reader_hosts(ctx.conn, by.id, ctx.now)
        reached.extend(host for host in readers if hears_of_profiles(host.software))
    if audience.to_all:
        reached.extend(known_hosts(ctx.conn))
    elif audience.everywhere:
        known = known_hosts(ctx.conn)
        reached.extend(host for host in known if _dialect(host).takes_activities)
    if audience.microblogs in _THE_AUTHORS_OWN:
        reached.extend(host for host in followers if _dialect(host).takes_boosts)
    announced_at = {host.host for host in followers if _dialect(host).takes_activities}
    return [host for host in reached if host.host not in announced_at]


def _send(
    ctx: Context,
    action: Action[Any],
    result: Any,
    audience: Audience,
    activity: Activity,
    to: list[FollowerHost],
) -> None:
    """Send the acting person's own activity, to microblogs in their words."""
    by = action.by.iri
    if audience.private:
        if to:
            # Without a proof, by which whoever gets it could show others who wrote it.
            _publish_bytes(ctx, activity["id"], by, dump(activity), audience.subject, to)
        return
    microblogs = [host for host in to if _dialect(host) is Dialect.MICROBLOG]
    status = action.to_microblogs(ctx, result) if microblogs else None
    if status is not None:
        _publish(ctx, by, status, audience.subject, microblogs)
        to = [host for host in to if host not in microblogs]
    _publish(ctx, by, activity, audience.subject, to)


def _send_parts(ctx: Context, audience: Audience, parts: Iterable[Part]) -> None:
    hosts: dict[int, list[FollowerHost]] = {}
    for part in parts:
        community, actor = part.community, part.activity["actor"]
        if community.id not in hosts:
            told = (
                _told_by(ctx, community, audience)
                if community.local
                else [server_of(ctx.conn, community)]
            )
            hosts[community.id] = told
        needing = [host for host in hosts[community.id] if _is_needed(ctx, part, host)]
        if community.local and any(_dialect(host).takes_activities for host in needing):
            inner = dump(ctx.proven(actor, part.activity))
            _announce(ctx, community, part.subject, inner, needing, ctx.new_iri("announce"))
        elif not community.local and needing:
            _publish(ctx, actor, part.activity, part.subject, needing)


def _is_needed(ctx: Context, part: Part, host: FollowerHost) -> bool:
    known = find_peer(ctx.conn, host.host)
    return part.is_needed(host.software, known.version if known is not None else None)


def _say(ctx: Context, answer: Answer, subject: str) -> None:
    activity = answer.activity if answer.private else ctx.proven(answer.actor, answer.activity)
    to = [_own_inbox(answer.to)]
    _publish_bytes(ctx, activity["id"], answer.actor, dump(activity), subject, to)


def _publish(
    ctx: Context, actor: str, activity: Activity, subject: str, to: list[FollowerHost]
) -> None:
    body = dump(ctx.proven(actor, activity))
    _publish_bytes(ctx, activity["id"], actor, body, subject, to)


def _publish_bytes(
    ctx: Context, iri: str, actor: str, body: bytes, subject: str, to: list[FollowerHost]
) -> None:
    """Rows for one activity; with nobody to send it to it is still kept, to be served at its id."""
    skipped = blocked_among(ctx.conn, {host.host for host in to}) | gone_hosts(ctx.conn)
    publish(
        ctx.conn,
        activity_id=iri,
        actor=actor,
        body=body,
        subject=subject,
        inboxes=fold([host.inbox for host in to], own_host=ctx.host, skip_hosts=skipped),
        now=ctx.now.timestamp(),
    )


def _followers_of(community: Community) -> str:
    return community.followers or f"{community.iri}/followers"


def _dialect(host: FollowerHost) -> Dialect:
    return dialect_of(host.software, reached=host.reached)


def _own_inbox(someone: Actor) -> FollowerHost:
    return FollowerHost(someone.inbox, someone.host, None, reached=False)


def _shared_inbox(someone: Actor) -> FollowerHost:
    return FollowerHost(someone.shared_inbox or someone.inbox, someone.host, None, reached=False)
