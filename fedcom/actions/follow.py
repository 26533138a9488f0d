"""Follow and Unfollow, and the response to a follow request: Accept or Reject."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, update

from activitypub.document import Document
from activitypub.parse import parse
from activitypub.vocab.activities import accept, follow as follow_activity, reject, undo
from database.inserts import upsert
from fedcom.actions.base import Activity, Audience, Federated, Readers, Response
from fedcom.context import Context
from fedcom.effects.counts import count_subscribers
from fedcom.effects.follows import notify_rejected
from fedcom.effects.tombstones import record_undone
from fedcom.errors import Invalid, NotFound
from fedcom.models.actor import Actor, Community, Person
from fedcom.models.follow import FollowRow, follow
from fedcom.queries.actors import find_actor, get_actor
from fedcom.queries.follows import find_follow, find_follow_by_iri, get_follow
from fedcom.queries.located import standing_in
from fedcom.remote.actors import actor_at
from fedcom.remote.peers import find_peer
from fedcom.rules.dialects import reads_rejects
from fedcom.rules.permissions import may_act, may_take_part, must_be_open
from inbox.ports import ReceivedActivity
from outbox.publish import find_issued


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow(Federated[FollowRow]):
    """Ask to receive the publications of a community or a person.

    `by` may be a remote community: NodeBB's categories follow local ones.
    """

    by: Person | Community
    target: Community | Person
    # The id of a peer's Follow; a local one gets its id when it is created.
    iri: str | None = None

    def check(self, ctx: Context) -> None:
        """Anyone who is not banned may follow, except deleted actors and themselves."""
        _may_act(self.by, ctx.now)
        if isinstance(self.target, Community):
            must_be_open(self.target)
            if isinstance(self.by, Person):
                mine = standing_in(ctx, self.by, self.target)
                may_take_part(self.by, self.target, mine, ctx.now)
        if self.target.deleted_at is not None or self.target.id == self.by.id:
            raise Invalid("cannot_follow", "%(name)s cannot be followed.", name=self.target.handle)

    def apply(self, ctx: Context) -> FollowRow:
        """Accepted at once by local actors; pending until a remote actor responds."""
        known = find_follow(ctx.conn, self.by.id, self.target.id)
        accepted = self.target.local or (known is not None and known.state == "accepted")
        row = {
            "follower_id": self.by.id,
            "target_id": self.target.id,
            "iri": self.iri or ctx.new_iri("follow"),
            "state": "accepted" if accepted else "pending",
            "created_at": ctx.now,
        }
        upsert(ctx.conn, follow, row, key=["follower_id", "target_id"], keep=["created_at"])
        count_subscribers(ctx, self.target.id)
        return get_follow(ctx.conn, self.by.id, self.target.id)

    def to_activity(self, ctx: Context, result: FollowRow) -> Activity:
        """Follow."""
        return follow_activity(result.iri, self.by.iri, self.target.iri)

    def audience(self, ctx: Context, result: FollowRow) -> Audience:
        """Only the followed actor."""
        return Audience(subject=_subject(self.by, self.target), people=(self.target,))

    def responses(self, ctx: Context, result: FollowRow) -> tuple[Response, ...]:
        """The Accept, every time: Mastodon asks again when it has lost the first.

        It contains the whole Follow, because Lemmy 0.19, Misskey and GoToSocial need that.
        """
        asked = follow_activity(result.iri, self.by.iri, self.target.iri)
        return (
            Response(
                actor=self.target.iri,
                activity=accept(ctx.new_iri("accept"), self.target.iri, asked),
                to=self.by,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseFollow(Federated[None]):
    """A peer's Follow by a banned person, which is answered with a Reject.

    An HTTP error alone means nothing to Mastodon, which would keep showing the follow as
    requested.
    """

    by: Person
    target: Community | Person
    # None for a Follow without an id.
    iri: str | None

    def check(self, ctx: Context) -> None:
        """Anyone may ask."""

    def apply(self, ctx: Context) -> None:
        """End a follow that a ban has interrupted, because the Reject ends it there too."""
        mine = follow.c.follower_id == self.by.id
        ctx.conn.execute(delete(follow).where(mine, follow.c.target_id == self.target.id))
        count_subscribers(ctx, self.target.id)

    def to_activity(self, ctx: Context, result: None) -> Activity:
        """The Follow."""
        return follow_activity(self.iri or ctx.new_iri("follow"), self.by.iri, self.target.iri)

    def audience(self, ctx: Context, result: None) -> Audience:
        """Only the requester, who gets the response."""
        return Audience(subject=_subject(self.by, self.target))

    def responses(self, ctx: Context, result: None) -> tuple[Response, ...]:
        """The Reject, with the whole Follow inside."""
        refusal = reject(ctx.new_iri("reject"), self.target.iri, self.to_activity(ctx, result))
        return (Response(actor=self.target.iri, activity=refusal, to=self.by),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfollow(Federated[FollowRow]):
    """Undo{Follow}."""

    by: Person | Community
    target: Community | Person

    def check(self, ctx: Context) -> None:
        """There must be a follow. Even banned people may leave."""
        get_follow(ctx.conn, self.by.id, self.target.id)

    def apply(self, ctx: Context) -> FollowRow:
        """Delete the follow, and remember that a peer's was undone."""
        asked = get_follow(ctx.conn, self.by.id, self.target.id)
        if not self.by.local:
            record_undone(ctx, asked.iri, self.by.iri)
        ctx.conn.execute(
            delete(follow).where(
                follow.c.follower_id == self.by.id, follow.c.target_id == self.target.id
            )
        )
        count_subscribers(ctx, self.target.id)
        return asked

    def to_activity(self, ctx: Context, result: FollowRow) -> Activity:
        """Undo{Follow} with the id that was sent: some peers look the follow up by it."""
        asked = follow_activity(result.iri, self.by.iri, self.target.iri)
        return undo(ctx.new_iri("undo"), asked)

    def audience(self, ctx: Context, result: FollowRow) -> Audience:
        """Only the formerly followed actor."""
        return Audience(subject=_subject(self.by, self.target), people=(self.target,))


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFollow(Federated[None]):
    """Accept or Reject of a Follow: a peer's response to a local one, or ours that ends a
    peer's.
    """

    by: Person | Community
    asked: FollowRow
    accepted: bool

    def check(self, ctx: Context) -> None:
        """Only the followed actor may respond."""
        if self.asked.target_id != self.by.id:
            raise Invalid(
                "not_the_followed",
                "There is no follow request to %(person)s.",
                person=self.by.handle,
            )

    def apply(self, ctx: Context) -> None:
        """Mark the follow accepted, or delete it, and notify a member who asked."""
        mine = follow.c.id == self.asked.id
        if self.accepted:
            ctx.conn.execute(update(follow).where(mine).values(state="accepted"))
        else:
            ctx.conn.execute(delete(follow).where(mine))
            notify_rejected(ctx, self.asked.follower_id, self.by)
        count_subscribers(ctx, self.by.id)

    def to_activity(self, ctx: Context, result: None) -> Activity:
        """Accept or Reject of the Follow."""
        follower = get_actor(ctx.conn, self.asked.follower_id)
        asked = follow_activity(self.asked.iri, follower.iri, self.by.iri)
        build = accept if self.accepted else reject
        return build(ctx.new_iri("accept" if self.accepted else "reject"), self.by.iri, asked)

    def audience(self, ctx: Context, result: None) -> Audience:
        """Only the follower."""
        follower = get_actor(ctx.conn, self.asked.follower_id)
        return Audience(subject=_subject(follower, self.by), people=(follower,))


def _may_act(follower: Person | Community, now: datetime) -> None:
    if isinstance(follower, Person):
        may_act(follower, now)
    else:
        must_be_open(follower)


def _subject(by: Actor, target: Actor) -> str:
    return f"{by.iri} follows {target.iri}"


def _read_follow(ctx: Context, received: ReceivedActivity) -> Follow | RefuseFollow:
    """A request to follow a community or a member."""
    target = find_actor(ctx.conn, received.activity.object_id or "")
    if target is None or not target.local:
        raise NotFound(
            "couldnt_find_object",
            "There is no local actor with the id %(iri)s.",
            iri=received.activity.object_id,
        )
    by = actor_at(ctx, received.actor)
    if isinstance(by, Person) and _is_banned(ctx, by, target) and _reads_rejects(ctx, by):
        return RefuseFollow(by=by, target=target, iri=received.activity.id)
    return Follow(by=by, target=target, iri=received.activity.id)


def _is_banned(ctx: Context, person: Person, target: Person | Community) -> bool:
    """From this server, or from the community that they ask to follow."""
    if person.is_banned(ctx.now):
        return True
    return isinstance(target, Community) and standing_in(ctx, person, target).is_banned(ctx.now)


def _reads_rejects(ctx: Context, person: Person) -> bool:
    known = find_peer(ctx.conn, person.host)
    return known is None or reads_rejects(known.software, known.version)


def _read_unfollow(ctx: Context, received: ReceivedActivity) -> Unfollow | None:
    """The end of a follow."""
    by, asked = actor_at(ctx, received.actor), received.activity.object_document
    target = find_actor(ctx.conn, asked.object_id or "") if asked is not None else None
    if target is None:
        known = find_follow_by_iri(ctx.conn, received.activity.object_id or "")
        target = None if known is None else get_actor(ctx.conn, known.target_id)
    if target is None or find_follow(ctx.conn, by.id, target.id) is None:
        return None
    return Unfollow(by=by, target=target)


def _read_answer(ctx: Context, received: ReceivedActivity) -> AnswerFollow:
    """The answer to a follow request sent from here."""
    asked = _find_asked(ctx, received)
    if asked is None:
        raise NotFound(
            "couldnt_find_follow", "Nobody on this server has requested to follow this actor."
        )
    return AnswerFollow(
        by=actor_at(ctx, received.actor), asked=asked, accepted=received.activity.type == "Accept"
    )


def find_answered(ctx: Context, iri: str) -> FollowRow | None:
    """The member's follow that was requested with this id, now or earlier: it is requested again
    with a new id while there is no response, and the response may be to the first.
    """
    known = find_follow_by_iri(ctx.conn, iri)
    issued = find_issued(ctx.conn, iri) if known is None and ctx.is_ours(iri) else None
    if issued is None:
        return known
    asked = Document(parse(issued.body))
    follower, target = (
        find_actor(ctx.conn, issued.actor),
        find_actor(ctx.conn, asked.object_id or ""),
    )
    if asked.type != "Follow" or follower is None or target is None or not follower.local:
        return None
    return find_follow(ctx.conn, follower.id, target.id)


def _find_asked(ctx: Context, received: ReceivedActivity) -> FollowRow | None:
    """The follow responded to: by its id (PieFed, a.gup.pe send only that), else by the actors."""
    known = find_answered(ctx, received.activity.object_id or "")
    if known is not None:
        return known
    inner = received.activity.object_document
    if inner is None or inner.actor is None:
        return None
    follower, target = find_actor(ctx.conn, inner.actor), find_actor(ctx.conn, received.actor)
    if follower is None or target is None or not follower.local:
        return None
    return find_follow(ctx.conn, follower.id, target.id)


READERS: Readers = {
    ("Follow",): _read_follow,
    ("Undo", "Follow"): _read_unfollow,
    ("Accept", "Follow"): _read_answer,
    ("Accept",): _read_answer,
    ("Reject", "Follow"): _read_answer,
    ("Reject",): _read_answer,
}
