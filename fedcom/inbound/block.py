"""Block and Undo{Block}: a ban from a community or a server, or a personal block."""

from activitypub.document import Document
from fedcom.actions.ban import Ban
from fedcom.actions.base import Readers
from fedcom.actions.personal_block import BlockPerson
from fedcom.actions.unban import Unban
from fedcom.context import Context
from fedcom.effects.modlog import reason_of
from fedcom.errors import NotFound
from fedcom.models.actor import Community, Person
from fedcom.queries.actors import find_actor
from fedcom.queries.bans import banned_since, is_site
from fedcom.queries.purged import is_being_purged
from fedcom.remote.actors import actor_at, if_served, participant_at, person_at
from fedcom.remote.vouching import check_vouched
from inbox.ports import ReceivedActivity


def _read_block(ctx: Context, received: ReceivedActivity) -> Ban | BlockPerson | None:
    """A ban from a community or a server; without a `target`, one person's block of another."""
    activity = received.activity
    if activity.target is None:
        return _personal(ctx, received, activity, blocked=True)
    community = _community_named(ctx, received, activity)
    person = _person_named(ctx, activity, fetching=community is not None)
    ends_at = activity.ends_at
    if person is None or (ends_at is not None and ends_at <= ctx.now):
        return None
    return Ban(
        by=person_at(ctx, received.actor),
        person=person,
        community=community,
        reason=reason_of(activity),
        expires_at=ends_at,
        removes_content=activity.get("removeData") is True,
    )


def _personal(
    ctx: Context, received: ReceivedActivity, activity: Document, *, blocked: bool
) -> BlockPerson | None:
    member = find_actor(ctx.conn, activity.object_id or "")
    if received.via is not None or not isinstance(member, Person) or not member.local:
        return None
    return BlockPerson(by=participant_at(ctx, received.actor), person=member, blocked=blocked)


def _read_undo(ctx: Context, received: ReceivedActivity) -> Unban | BlockPerson | None:
    """The end of a ban, or of a personal block."""
    activity = received.object
    if activity.target is None:
        return _personal(ctx, received, activity, blocked=False)
    community, person = _community_named(ctx, received, activity), _person_named(ctx, activity)
    if person is None:
        return None
    is_theirs = community is None and person.local and not ctx.is_ours(received.actor)
    if not is_theirs and banned_since(ctx.conn, person, community, ctx.now) is None:
        return None
    return Unban(
        by=person_at(ctx, received.actor),
        person=person,
        community=community,
        reason=reason_of(activity),
        restores_content=received.activity.get("restoreData") is True,
    )


def _community_named(
    ctx: Context, received: ReceivedActivity, activity: Document
) -> Community | None:
    """The community from which the person is banned, None for a whole server."""
    target = activity.target or ""
    found = find_actor(ctx.conn, target)
    if isinstance(found, Community):
        check_vouched(ctx, received, found)
        return found
    if not is_site(ctx.conn, target):
        raise NotFound(
            "couldnt_find_community",
            "%(target)s is not a community or server known here.",
            target=target,
        )
    return None


def _person_named(ctx: Context, activity: Document, *, fetching: bool = False) -> Person | None:
    """The banned person; an unknown one is fetched if `fetching`.

    A community's log and list of bans are the same everywhere. Most of the people that servers ban
    are unknown here, and do not need to be banned from anything; nor do members who were purged, of
    whom only the key is left.
    """
    iri = activity.object_id or ""
    found = find_actor(ctx.conn, iri)
    if found is None and fetching:
        found = if_served(actor_at, ctx, iri)
    if not isinstance(found, Person) or is_being_purged(ctx.conn, "person", found.id):
        return None
    return found


READERS: Readers = {("Block",): _read_block, ("Undo", "Block"): _read_undo}
