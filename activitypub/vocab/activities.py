"""Builders for activities: Create … Announce.

Every builder takes the activity's own id and its actor, and returns a dict without @context, so
that it can be embedded; `base.dump` adds the @context to the outermost one. Activity and object
repeat the addressing, because Lemmy needs both.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

import orjson

from activitypub.iri import PUBLIC
from activitypub.parse import parse
from activitypub.vocab.base import Json, distinct, present, timestamp, with_context


def create(iri: str, actor: str, obj: Json) -> Json:
    """`actor` created `obj`; to, cc, audience and time are those of the object."""
    return _about(iri, "Create", actor, obj) | present(published=obj.get("published"))


def update(iri: str, actor: str, obj: Json, *, cc: Sequence[str] = ()) -> Json:
    """`actor` changed `obj`. An actor document has no audience: it goes to Public and `cc`."""
    activity = _about(iri, "Update", actor, obj)
    if "to" not in obj:
        activity |= {"to": [PUBLIC], "cc": distinct(*cc)}
    return activity


def delete(  # noqa: PLR0913 - one argument for each field that a peer reads
    iri: str,
    actor: str,
    obj: str | Json,
    *,
    community: str | None = None,
    cc: Sequence[str] = (),
    to: Sequence[str] = (PUBLIC,),
    reason: str | None = None,
    remove_data: bool | None = None,
) -> Json:
    """`actor` deletes an object, by id or as a Tombstone; with `reason`, a moderator does (Lemmy).

    `remove_data` goes with the deletion of an account.
    """
    return present(
        id=iri,
        type="Delete",
        actor=actor,
        object=obj,
        to=list(to),
        cc=distinct(community, *cc),
        audience=community,
        summary=reason,
        removeData=remove_data,
    )


def undo(iri: str, activity: Json, *, restore_data: bool | None = None) -> Json:
    """The actor of `activity` undoes it, for the same audience; the whole activity is embedded."""
    return present(
        id=iri,
        type="Undo",
        actor=activity["actor"],
        object=_bare(activity),
        to=activity.get("to"),
        cc=activity.get("cc"),
        audience=activity.get("audience"),
        restoreData=restore_data,
    )


def like(iri: str, actor: str, object_id: str, *, community: str | None = None) -> Json:
    """An upvote. Votes have no to or cc, as in Lemmy and Mastodon."""
    return present(id=iri, type="Like", actor=actor, object=object_id, audience=community)


def dislike(iri: str, actor: str, object_id: str, *, community: str | None = None) -> Json:
    """A downvote."""
    return present(id=iri, type="Dislike", actor=actor, object=object_id, audience=community)


def follow(iri: str, actor: str, object_id: str) -> Json:
    """`actor` asks to follow `object_id`."""
    return {"id": iri, "type": "Follow", "actor": actor, "object": object_id, "to": [object_id]}


def accept(iri: str, actor: str, follow_activity: Json) -> Json:
    """`actor` accepts a follower; the Follow is embedded (Lemmy 0.19 and Misskey need it)."""
    return _answer(iri, "Accept", actor, follow_activity)


def reject(iri: str, actor: str, follow_activity: Json) -> Json:
    """`actor` refuses or dismisses a follower."""
    return _answer(iri, "Reject", actor, follow_activity)


def announce(
    iri: str,
    actor: str,
    obj: str | Json,
    *,
    followers: str,
    published: datetime,
    cc: Sequence[str] = (),
) -> Json:
    """A Group passes on an activity (FEP-1b12) or an object's id (a boost to microblogs).

    `published` must not be earlier than the object's: Misskey drops such an Announce.
    """
    return _envelope(iri, actor, distinct(followers, *cc), published) | {"object": obj}


def announce_of(  # noqa: PLR0913 - one argument for each field that a peer reads, and the proof
    raw: bytes,
    iri: str,
    actor: str,
    *,
    followers: str,
    published: datetime,
    cc: Sequence[str] = (),
    prove: Callable[[Json], Json] = lambda envelope: envelope,
) -> bytes:
    """The bytes of an Announce of `raw`, a received activity, which is kept byte for byte.

    A proof inside covers its exact form (FEP-1b12: "preserved exactly"). `prove` adds the
    announcer's own proof to the whole. Raises `Malformed` unless `raw` is a single JSON object,
    since anything else would break the envelope.
    """
    envelope = with_context(_envelope(iri, actor, distinct(followers, *cc), published))
    proven = prove(envelope | {"object": parse(raw)})
    outside = {name: value for name, value in proven.items() if name != "object"}
    return orjson.dumps(outside)[:-1] + b',"object":' + raw + b"}"


def add(iri: str, actor: str, object_id: str, target: str, *, community: str) -> Json:
    """A moderator adds something to a collection of the community: featured or moderators."""
    return _moderation(iri, "Add", actor, object_id, community) | {"target": target}


def remove(iri: str, actor: str, object_id: str, target: str, *, community: str) -> Json:
    """A moderator removes something from a collection of the community."""
    return _moderation(iri, "Remove", actor, object_id, community) | {"target": target}


def lock(
    iri: str, actor: str, object_id: str, *, community: str, reason: str | None = None
) -> Json:
    """A moderator closes a post or a comment to replies (Lemmy); undone by `undo`."""
    return _moderation(iri, "Lock", actor, object_id, community) | present(summary=reason)


def move(
    iri: str, actor: str, object_id: str, way: tuple[str, str], *, reason: str | None = None
) -> Json:
    """A post or thread moves between two communities of a server (NodeBB, PieFed).

    `way` holds the ids of the old and the new community.
    """
    origin, target = way
    return present(
        id=iri,
        type="Move",
        actor=actor,
        to=[PUBLIC],
        cc=[origin, target],
        object=object_id,
        origin=origin,
        target=target,
        summary=reason,
    )


def block(  # noqa: PLR0913 - one argument for each field that a peer reads
    iri: str,
    actor: str,
    person: str,
    target: str | None,
    *,
    audience: str | None = None,
    cc: Sequence[str] = (),
    reason: str | None = None,
    ends_at: datetime | None = None,
    remove_data: bool = False,
) -> Json:
    """`actor` bans `person` from `target`, a community or a whole site (Lemmy); without a target
    `actor` blocks them personally (Mastodon).

    The end is sent as `endTime` and as `expires`, which older Lemmy and Mbin read.
    """
    return present(
        id=iri,
        type="Block",
        actor=actor,
        object=person,
        target=target,
        to=[PUBLIC],
        cc=distinct(*cc),
        audience=audience,
        summary=reason,
        removeData=remove_data,
        endTime=timestamp(ends_at),
        expires=timestamp(ends_at),
    )


def flag(
    iri: str, actor: str, objects: str | Sequence[str], *, community: str, reason: str
) -> Json:
    """A report to the community's moderators.

    One id for Lemmy, PieFed and Mbin; [account, object] for Mastodon, which needs an array. The
    reason is `summary` with Lemmy and `content` with Mastodon.
    """
    return {
        "id": iri,
        "type": "Flag",
        "actor": actor,
        "object": objects if isinstance(objects, str) else list(objects),
        "to": [community],
        "audience": community,
        "summary": reason,
        "content": reason,
    }


def warn(
    iri: str, actor: str, object_id: str, *, person: str, community: str | None, reason: str
) -> Json:
    """A moderator warns the author of a post or comment (Lemmy 1.0; to nobody else)."""
    return present(
        id=iri,
        type="Warn",
        actor=actor,
        to=[person],
        object=object_id,
        summary=reason,
        audience=community,
    )


def _about(iri: str, kind: str, actor: str, obj: Json) -> Json:
    return present(
        id=iri,
        type=kind,
        actor=actor,
        object=obj,
        to=obj.get("to"),
        cc=obj.get("cc"),
        audience=obj.get("audience"),
    )


def _answer(iri: str, kind: str, actor: str, follow_activity: Json) -> Json:
    return {
        "id": iri,
        "type": kind,
        "actor": actor,
        "object": _bare(follow_activity),
        "to": [follow_activity["actor"]],
    }


def _bare(activity: Json) -> Json:
    """The activity without the @context with which it may have been received or stored."""
    return {name: value for name, value in activity.items() if name != "@context"}


def _moderation(iri: str, kind: str, actor: str, object_id: str, community: str) -> Json:
    return {
        "id": iri,
        "type": kind,
        "actor": actor,
        "object": object_id,
        "to": [PUBLIC],
        "cc": [community],
        "audience": community,
    }


def _envelope(iri: str, actor: str, cc: list[str], published: datetime) -> Json:
    return {
        "id": iri,
        "type": "Announce",
        "actor": actor,
        "to": [PUBLIC],
        "cc": cc,
        "published": timestamp(published),
    }
