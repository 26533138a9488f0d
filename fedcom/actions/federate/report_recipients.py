"""Who is told of a report: moderators or admins here, and the servers of remote moderators.

Nobody else learns who reported what, not even those who follow the community.
"""

from dataclasses import replace

from activitypub.vocab.activities import announce
from fedcom.actions.base import Activity, Response
from fedcom.context import Context
from fedcom.models.actor import Actor, Community, Person
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.queries.actors import find_moderators, list_admins
from fedcom.queries.located import locate
from fedcom.queries.reports import Reportable
from fedcom.remote.peers import find_peer
from fedcom.rules.dialects import Dialect, dialect_of, reads_announced_flags


def moderating_community(ctx: Context, target: Reportable) -> Community | None:
    """The community whose moderators resolve it; None for what only admins resolve."""
    return locate(ctx, target).community if isinstance(target, Post | Comment) else None


def moderators_here(ctx: Context, community: Community) -> list[int]:
    """The moderators who are local members."""
    return [person.id for person in find_moderators(ctx.conn, community) if person.local]


def reviewers(ctx: Context, target: Reportable, community: Community | None) -> list[int]:
    """Moderators who are local members; the admins where no moderator is local."""
    moderators = moderators_here(ctx, community) if community else []
    author = _author(ctx, target)
    is_members = author is not None and author.local and not (community and community.local)
    if moderators and not is_members:
        return moderators
    return list(dict.fromkeys([*moderators, *list_admins(ctx.conn)]))


def servers(ctx: Context, target: Reportable) -> tuple[Actor, ...]:
    """The recipients of the reporter's own Flag: one per server."""
    community, author = moderating_community(ctx, target), _author(ctx, target)
    recipients: list[Actor] = [community] if community is not None else []
    if author is not None and not author.local and _is_forum(ctx, author):
        recipients.append(author)
    if community is not None and community.local:
        moderators = find_moderators(ctx.conn, community)
        recipients += [
            recipient for recipient in moderators if not _reads_announced(ctx, recipient)
        ]
    return tuple({recipient.host: _server(recipient) for recipient in recipients}.values())


def microblog_of_author(ctx: Context, target: Reportable) -> Actor | None:
    """The author, if their server is a microblog, which gets reports from our instance actor."""
    author = _author(ctx, target)
    if author is None or author.local or _is_forum(ctx, author):
        return None
    return _server(author)


def to_moderators_elsewhere(
    ctx: Context, by: Person, target: Reportable, activity: Activity
) -> tuple[Response, ...]:
    """Forward it from a local community to its moderators' servers, as PieFed and Mbin do.

    Not to a server that has it from the reporter: the reporter's own, and any a member here
    reported it to; where a remote reporter sent it is unknown. It is addressed to Public, as Lemmy
    requires of every Announce, but only these servers get it.
    """
    community = moderating_community(ctx, target)
    if community is None or not community.local:
        return ()
    served = {ctx.host, by.host}
    if by.local:
        served |= {recipient.host for recipient in servers(ctx, target)}
    there = {
        _server(recipient).inbox: recipient
        for recipient in find_moderators(ctx.conn, community)
        if recipient.host not in served and _reads_announced(ctx, recipient)
    }
    return tuple(
        Response(
            community.iri,
            announce(
                ctx.new_iri("announce"),
                community.iri,
                activity,
                followers=community.followers_iri,
                published=ctx.now,
            ),
            _server(recipient),
            private=True,
        )
        for recipient in there.values()
    )


def _author(ctx: Context, target: Reportable) -> Person | None:
    """The author that other servers are told."""
    return locate(ctx, target).author if isinstance(target, Post | Comment) else None


def _reads_announced(ctx: Context, contact: Person) -> bool:
    """Whether the community can forward a report to this moderator's server; a local member does
    not need it.
    """
    known = find_peer(ctx.conn, contact.host)
    if contact.local or known is None:
        return True
    return reads_announced_flags(known.software, known.version)


def _server(contact: Actor) -> Actor:
    """The actor through which the server is reached: never at that actor's own inbox if it has
    another one, since the actor is not the recipient.
    """
    return replace(contact, inbox=contact.shared_inbox or contact.inbox)


def _is_forum(ctx: Context, contact: Actor) -> bool:
    peer = find_peer(ctx.conn, contact.host)
    return peer is not None and dialect_of(peer.software, reached=peer.reached) is Dialect.FORUM
