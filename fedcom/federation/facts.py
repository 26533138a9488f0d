"""The stored facts about one activity, by which the authority judges it."""

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import or_, select

from activitypub.authority import (
    Known,
)
from activitypub.document import Document
from activitypub.errors import ProtocolError
from activitypub.signatures.integrity import verify as verify_proof
from activitypub.signatures.keys import PublicKey
from fedcom.actions.follow import find_answered
from fedcom.context import Context
from fedcom.errors import Denied
from fedcom.federation.replay import RELAYED_WITHIN, refuse_replay
from fedcom.models.actor import Community, Person, actor, community as community_table
from fedcom.models.located import Located
from fedcom.queries.actors import find_actor, find_moderators, get_community
from fedcom.queries.bans import is_site
from fedcom.queries.follows import find_follow
from fedcom.queries.located import find_located, standing_in
from fedcom.remote.actors import actor_at
from outbox.publish import find_issued


class Facts(Known):
    """Each fact is looked up when a rule asks for it, so unused ones cost nothing.

    `group` is the community that announced the activity, None if the actor sent it.
    """

    _asked: "_Asked"

    def __init__(
        self, ctx: Context, activity: Document, actor_iri: str, group: Community | None = None
    ) -> None:
        # Not `super().__init__`: the values that it sets would hide the properties here.
        object.__setattr__(self, "hosts", frozenset({ctx.host}))
        self.__dict__["_asked"] = _Asked(ctx, activity, actor_iri, group)

    @cached_property
    def owner(self) -> str | None:
        at = self._at
        return None if at is None else at.author.iri

    @cached_property
    def moderates_here(self) -> bool:
        ctx, here = self._asked.ctx, self._here
        person = None if here is None else find_actor(ctx.conn, self._asked.actor_iri)
        if here is None or not isinstance(person, Person):
            return False
        return standing_in(ctx, person, here).may_moderate

    @cached_property
    def moderated_elsewhere(self) -> bool:
        return self._here is None and (self._at is not None or self._collection is not None)

    @cached_property
    def target_owner(self) -> str | None:
        return None if self._collection is None else self._collection.iri

    @cached_property
    def target_is_site(self) -> bool:
        target = self._asked.target
        return target is not None and is_site(self._asked.ctx.conn, target)

    @cached_property
    def follow_target(self) -> str | None:
        asked = self._asked
        return _follow_target(asked.ctx, asked.activity, asked.actor_iri)

    @cached_property
    def moderators(self) -> frozenset[str]:
        group = self._asked.group
        if group is None:
            return frozenset()
        return frozenset(one.iri for one in find_moderators(self._asked.ctx.conn, group))

    @cached_property
    def is_their_post(self) -> bool:
        group, at = self._asked.group, self._at
        return group is not None and at is not None and at.community.id == group.id

    @cached_property
    def issued_by_us(self) -> bool:
        """Whether we sent it as a local actor's; remote activities were only forwarded."""
        ctx, iri = self._asked.ctx, self._asked.activity.id
        return iri is not None and ctx.is_ours(iri) and find_issued(ctx.conn, iri) is not None

    @cached_property
    def proven(self) -> bool:
        asked = self._asked
        if asked.group is None:
            return False
        return _is_proven(asked.ctx, asked.activity, asked.actor_iri)

    @cached_property
    def _at(self) -> Located | None:
        """The post or comment that the activity is about."""
        iri = self._asked.activity.subject_id
        return find_located(self._asked.ctx, iri, self._asked.actor_iri) if iri else None

    @cached_property
    def _collection(self) -> Community | None:
        return _owner_of_collection(self._asked.ctx, self._asked.target)

    @cached_property
    def _here(self) -> Community | None:
        """The local community that contains the object or the target."""
        community = None if self._at is None else self._at.community
        for one in (community, self._collection):
            if one is not None and one.local:
                return one
        iri = self._asked.activity.subject_id
        found = find_actor(self._asked.ctx.conn, iri) if iri is not None else None
        return found if isinstance(found, Community) and found.local else None


@dataclass(frozen=True, slots=True)
class _Asked:
    """The object of the activity."""

    ctx: Context
    activity: Document
    actor_iri: str
    group: Community | None

    @property
    def target(self) -> str | None:
        """The object of the activity, or of the one that it undoes."""
        undone = self.activity.object_document if self.activity.type == "Undo" else self.activity
        return undone.target if undone is not None else None


def _is_proven(ctx: Context, activity: Document, actor_iri: str) -> bool:
    """Whether an announced activity has a valid, recent proof of its actor (FEP-8b32)."""
    if not activity.has_proof or ctx.is_ours(actor_iri):
        return False
    author = actor_at(ctx, actor_iri)
    if author.proof_key_id is None or author.proof_key is None:
        return False
    try:
        key = PublicKey.from_multibase(author.proof_key_id, author.iri, author.proof_key)
        proof = verify_proof(activity.raw, key, now=ctx.now, max_age=RELAYED_WITHIN)
        if activity.type not in ("Create", "Update"):  # these have dates, so old ones are seen
            refuse_replay(ctx.conn, activity, actor_iri, proof)
    except (ProtocolError, Denied):
        return False  # its origin is asked, as without a proof
    return True


def _owner_of_collection(ctx: Context, iri: str | None) -> Community | None:
    """The community that has `iri` as its id, its moderators or its featured collection."""
    if iri is None:
        return None
    community_id = ctx.conn.execute(
        select(community_table.c.actor_id)
        .join(actor, actor.c.id == community_table.c.actor_id)
        .where(
            or_(
                community_table.c.moderators_iri == iri,
                community_table.c.featured_iri == iri,
                actor.c.iri == iri,
            )
        )
    ).scalar()
    return None if community_id is None else get_community(ctx.conn, community_id)


def _follow_target(ctx: Context, activity: Document, actor_iri: str) -> str | None:
    """The followed actor of our Follow that an Accept or Reject names by id or embeds."""
    if activity.type not in ("Accept", "Reject"):
        return None
    asked = find_answered(ctx, activity.object_id or "")
    inner = activity.object_document
    target = find_actor(ctx.conn, actor_iri)
    if asked is None and inner is not None and inner.actor is not None and target is not None:
        follower = find_actor(ctx.conn, inner.actor)
        if follower is not None and follower.local:
            asked = find_follow(ctx.conn, follower.id, target.id)
    if asked is None:
        return None
    return ctx.conn.execute(select(actor.c.iri).where(actor.c.id == asked.target_id)).scalar()
