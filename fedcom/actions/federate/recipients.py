"""Who receives an action, and with which activity.

                          done here                          received
  community is local        it announces the action            it announces the original
  community is remote       sent to the community              NOTHING
  no community              sent to the people concerned       nothing

The NOTHING cell is the easy one to get wrong. It depends on whether the action was *received*, not
on whether its author is local: a local action that a remote community announces back to us is
received, and must not go out again. Besides this table, an action done here is sent directly to the
people it concerns (microblog servers do not follow what a community announces).
"""

from collections.abc import Iterable
from typing import Any

from activitypub.document import Document
from activitypub.iri import host_of
from activitypub.vocab.activities import announce_of
from activitypub.vocab.base import dump
from fedcom.actions.base import Audience, Fallback, Federated, Microblogs, Response
from fedcom.actions.federate.microblogs import (
    THE_AUTHORS_OWN,
    boost,
    boost_activity,
    pass_on,
    update_as_community,
)
from fedcom.actions.federate.outgoing import Outgoing, dialect, own_inbox, shared_inbox
from fedcom.context import Context
from fedcom.models.actor import Actor, Community
from fedcom.queries.follows import (
    FollowerHost,
    follower_hosts,
    known_hosts,
    reader_hosts,
    server_of,
)
from fedcom.remote.originals import find_create
from fedcom.remote.peers import find_peer
from fedcom.rules.dialects import (
    Dialect,
    reads_announced_ids,
    reads_profile_updates,
    refuses_own,
)
from fedcom.wire.addressing import announce_iri, create_iri
from inbox.ports import ReceivedActivity


def federate(
    ctx: Context, action: Federated[Any], result: Any, received: ReceivedActivity | None
) -> None:
    """Write the deliveries for the action, in the caller's transaction."""
    out = Outgoing(ctx, transient=action.is_transient)
    audience = action.audience(ctx, result)
    community = audience.community
    followers: list[FollowerHost] = []
    if community is not None and community.local:
        followers = _follower_hosts(ctx, community, audience)
    if received is None:
        _federate_own(out, action, result, audience, followers)
    else:
        _federate_received(out, action, result, received, audience, followers)
    out.publish()


def _federate_own(
    out: Outgoing,
    action: Federated[Any],
    result: Any,
    audience: Audience,
    followers: list[FollowerHost],
) -> None:
    ctx, community = out.ctx, audience.community
    activity = action.to_activity(ctx, result)
    # Without a proof, with which a recipient could show others who wrote it.
    document = activity if audience.private else ctx.proven(action.by.iri, activity)
    body = dump(document)
    if community is not None and community.local:
        is_new = activity["id"] == create_iri(audience.subject)
        iri = _announce_iri(ctx, audience, is_new=is_new)
        _announce(out, community, audience.subject, body, followers, iri)
    hosts = _direct_recipients(ctx, action.by, audience, followers)
    if not audience.private:
        hosts = _send_to_microblogs(out, action, result, audience, hosts)
    if hosts or not audience.private:
        out.add_bytes(activity["id"], action.by.iri, body, audience.subject, hosts)
    if community is not None and community.local:
        # After the author's own activity: a server that gets both must not fetch what is on its
        # way.
        boost(out, community, audience, followers)
        if audience.microblogs is Microblogs.THE_COMMUNITY:
            update_as_community(out, community, activity, followers)
    for copy in action.copies(ctx, result):
        _respond(out, copy, audience.subject)
    _send_fallbacks(out, audience, action.fallbacks(ctx, result))


def _federate_received(
    out: Outgoing,
    action: Federated[Any],
    result: Any,
    received: ReceivedActivity,
    audience: Audience,
    followers: list[FollowerHost],
) -> None:
    community = audience.community
    if community is not None and community.local:
        _forward_received(out, community, action, received, audience, followers)
        if audience.microblogs is Microblogs.THE_COMMUNITY:
            update_as_community(out, community, action.to_activity(out.ctx, result), followers)
    for response in action.responses(out.ctx, result):
        _respond(out, response, audience.subject)


def _forward_received(
    out: Outgoing,
    community: Community,
    action: Federated[Any],
    received: ReceivedActivity,
    audience: Audience,
    followers: list[FollowerHost],
) -> None:
    """Announce in the local `community` what other actors did there."""
    if received.relayable_body is not None:
        hosts = [host for host in followers if not _is_refused_echo(received.activity, host)]
        iri = _announce_iri(out.ctx, audience, is_new=received.activity.type == "Create")
        _announce(out, community, audience.subject, received.relayable_body, hosts, iri)
        pass_on(out, community, audience, received, followers)
    elif action.is_fetchable:
        _announce_fetched(out, community, action.by, audience, followers)
    boost(out, community, audience, followers)


def _follower_hosts(ctx: Context, community: Community, audience: Audience) -> list[FollowerHost]:
    hosts = list(follower_hosts(ctx.conn, community.id, ctx.now))
    names = {host.host for host in hosts}
    also = [person for person in audience.announced_to if person.host not in names]
    hosts += [server_of(ctx.conn, person) for person in also if not person.local]
    if audience.forums_only:
        return [host for host in hosts if dialect(host) is Dialect.FORUM]
    return hosts


def _announce_iri(ctx: Context, audience: Audience, *, is_new: bool) -> str:
    """For a new post, one derived from the post's id: the outbox collection lists it
    permanently.
    """
    if is_new and audience.post is not None:
        return announce_iri(ctx.origin, audience.post.id)
    return ctx.new_iri("announce")


def _announce(
    out: Outgoing,
    community: Community,
    subject: str,
    inner: bytes,
    followers: list[FollowerHost],
    iri: str,
) -> None:
    """Announce an activity, byte for byte unchanged."""
    ctx = out.ctx
    hosts = [host for host in followers if dialect(host).takes_activities]
    envelope = announce_of(
        inner,
        iri,
        community.iri,
        followers=community.followers_iri,
        published=ctx.now,
        prove=lambda announce: ctx.proven(community.iri, announce),
    )
    out.add_bytes(iri, community.iri, envelope, subject, hosts, transient=out.transient)


def _is_refused_echo(activity: Document, host: FollowerHost) -> bool:
    """Whether `host` would get back its own activity, and refuses it from others."""
    is_written = activity.type in ("Create", "Update")
    return is_written and refuses_own(host.software) and _is_on(host, activity.object_id)


def _is_on(host: FollowerHost, iri: str | None) -> bool:
    return iri is not None and host_of(iri) == host.host


def _announce_fetched(
    out: Outgoing,
    community: Community,
    author: Actor,
    audience: Audience,
    followers: list[FollowerHost],
) -> None:
    """Announce an object that was only fetched: by its id, so that peers fetch it from its origin
    as we did, or inside its author's Create where the id is not enough.

    Servers that get a boost of it do not need a second one.
    """
    ctx, iri = out.ctx, audience.subject
    is_boosted = audience.microblogs is Microblogs.BOOST
    hosts = [
        host
        for host in followers
        if dialect(host).takes_activities and not (is_boosted and dialect(host).takes_boosts)
    ]
    embedding = [host for host in hosts if not reads_announced_ids(host.software)]
    by_id = [host for host in hosts if host not in embedding]
    wanting = [host for host in embedding if not _is_on(host, iri)]
    create = find_create(ctx, author, iri) if wanting else None
    if create is not None:
        _announce(out, community, iri, dump(create.raw), wanting, ctx.new_iri("announce"))
    out.add(community.iri, boost_activity(ctx, community, iri), iri, by_id)


def _direct_recipients(
    ctx: Context, by: Actor, audience: Audience, followers: list[FollowerHost]
) -> list[FollowerHost]:
    """Who gets the acting person's own activity: those who did not get it inside an Announce."""
    community = audience.community
    people = [person for person in audience.people if not person.local]
    # Follows and their responses go to the one inbox they concern; content may share an inbox.
    reached = [
        own_inbox(person) if community is None else server_of(ctx.conn, person) for person in people
    ]
    if community is not None and not community.local:
        reached.append(shared_inbox(community))
    if audience.to_followers:
        reached.extend(follower_hosts(ctx.conn, by.id, ctx.now))
    if audience.to_readers:
        readers = reader_hosts(ctx.conn, by.id, ctx.now)
        reached.extend(host for host in readers if reads_profile_updates(host.software))
    if audience.to_all:
        reached.extend(known_hosts(ctx.conn))
    elif audience.everywhere:
        known = known_hosts(ctx.conn)
        reached.extend(host for host in known if dialect(host).takes_activities)
    if audience.microblogs in THE_AUTHORS_OWN:
        reached.extend(host for host in followers if dialect(host).takes_boosts)
    announced_at = {host.host for host in followers if dialect(host).takes_activities}
    return [host for host in reached if host.host not in announced_at]


def _send_to_microblogs(
    out: Outgoing,
    action: Federated[Any],
    result: Any,
    audience: Audience,
    hosts: list[FollowerHost],
) -> list[FollowerHost]:
    """Send microblog servers the action in their form. Returns who gets the activity itself."""
    microblogs = [host for host in hosts if dialect(host) is Dialect.MICROBLOG]
    status = action.to_microblogs(out.ctx, result) if microblogs else None
    if status is None:
        return hosts
    out.add(action.by.iri, status, audience.subject, microblogs)
    return [host for host in hosts if host not in microblogs]


def _send_fallbacks(out: Outgoing, audience: Audience, fallbacks: Iterable[Fallback]) -> None:
    ctx = out.ctx
    hosts_of: dict[int, list[FollowerHost]] = {}
    for fallback in fallbacks:
        community, actor = fallback.community, fallback.activity["actor"]
        if community.id not in hosts_of:
            hosts_of[community.id] = (
                _follower_hosts(ctx, community, audience)
                if community.local
                else [server_of(ctx.conn, community)]
            )
        needing = [host for host in hosts_of[community.id] if _is_needed(ctx, fallback, host)]
        if community.local and any(dialect(host).takes_activities for host in needing):
            inner = dump(ctx.proven(actor, fallback.activity))
            _announce(out, community, fallback.subject, inner, needing, ctx.new_iri("announce"))
        elif not community.local and needing:
            out.add(actor, fallback.activity, fallback.subject, needing)


def _is_needed(ctx: Context, fallback: Fallback, host: FollowerHost) -> bool:
    known = find_peer(ctx.conn, host.host)
    return fallback.is_needed(host.software, known.version if known is not None else None)


def _respond(out: Outgoing, response: Response, subject: str) -> None:
    actor, activity = response.actor, response.activity
    document = activity if response.private else out.ctx.proven(actor, activity)
    out.add_bytes(activity["id"], actor, dump(document), subject, [own_inbox(response.to)])
