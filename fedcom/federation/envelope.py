"""What an activity proves, and what is inside an Announce.

`activitypub.authority` decides; here are the facts it asks for and the carrying out of its verdict:
believe, ask the origin first, or refuse. Nothing else decides whose word counts. `open_envelope`
takes the sheets out, `prove` says of each what of it may be believed.
"""

from dataclasses import dataclass, replace

from sqlalchemy import or_, select

from activitypub.authority import (
    Believe,
    Evidence,
    FetchFirst,
    Known,
    Refuse,
    Verdict,
    judge_announced,
    judge_direct,
    judge_fetched,
    needs_facts,
)
from activitypub.document import Document
from activitypub.errors import Gone, NotThere, ProtocolError
from activitypub.iri import PUBLIC
from activitypub.signatures.integrity import verify as verify_proof
from activitypub.signatures.keys import PublicKey
from activitypub.types import COLLECTION_TYPES, activity_type
from fedcom.actions.ban import is_site
from fedcom.actions.comment import content_at
from fedcom.actions.follow import find_answered
from fedcom.context import Context
from fedcom.errors import Denied, Invalid
from fedcom.federation.replay import RELAYED_WITHIN, refuse_replay
from fedcom.federation.undone import with_undone
from fedcom.models.actor import Community, Person, actor, community as community_table
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.queries.actors import find_actor, find_moderators, get_community, get_person, standing
from fedcom.queries.bans import keeps_out_ours
from fedcom.queries.content import find_content
from fedcom.queries.follows import find_follow, is_followed_here
from fedcom.queries.posts import get_post
from fedcom.remote.actors import actor_at, with_author
from inbox.ports import ReceivedActivity
from inbox.validate import MAX_ITEMS
from outbox.publish import find_issued

MOST_ANNOUNCED = 500
"""Things in one Announce. Each is looked at anew whenever one of them has to be fetched, and nobody
else writes meanwhile; a megabyte has room for 50,000."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One thing that was said: the activity itself, or one of those inside an Announce of `group`.

    `what` is a bare id or an embedded document; `body` the bytes that may be passed on; `evidence`
    and `signed_at` are those of `ReceivedActivity`.
    """

    what: Document | str
    group: Community | None = None
    body: bytes | None = None
    evidence: Evidence = "community"
    signed_at: float | None = None


def open_envelope(ctx: Context, received: ReceivedActivity) -> list[Sheet]:
    """What `received` consists of: itself, or what is inside when it is an Announce.

    Raises Denied for an Announce that nobody here listens to, Invalid for one of too many things.
    """
    activity = received.activity
    if activity.type != "Announce":
        whole = with_undone(ctx, activity)
        return [
            Sheet(
                whole,
                None,
                received.relayable_body,
                received.evidence or "origin",
                received.signed_at,
            )
        ]
    _refuse(judge_direct(activity, received.actor, Known(hosts=frozenset({ctx.host}))))
    group = find_actor(ctx.conn, received.actor)
    if not isinstance(group, Community):
        raise Denied("not_a_community", "Announce is accepted only from communities.")
    is_heard = is_followed_here(ctx.conn, group.id) or keeps_out_ours(ctx.conn, group.id)
    if not (is_heard or ctx.wanted):
        raise Denied(
            "not_followed", "Nobody on this server follows %(community)s.", community=group.handle
        )
    # An Announce that somebody else brought again says again what may have been undone since.
    evidence: Evidence = "community" if received.evidence == "signature" else "proof"
    several = _announced(activity)
    if len(several) > MOST_ANNOUNCED:
        raise Invalid(
            "too_many_objects",
            "An Announce may contain at most %(number)s objects; this one contains %(count)s.",
            number=MOST_ANNOUNCED,
            count=len(several),
        )
    return [
        Sheet(with_undone(ctx, one) if isinstance(one, Document) else one, group, evidence=evidence)
        for one in several
    ]


def _announced(activity: Document) -> list[Document | str]:
    """What is announced: one thing, several, or what a collection shows (Discourse)."""
    found: list[Document | str] = []
    for one in activity.objects:
        shown = isinstance(one, Document) and one.type in COLLECTION_TYPES and one.items
        found += shown[:MAX_ITEMS] if shown else [one]
    return found


def prove(ctx: Context, sheet: Sheet) -> ReceivedActivity | None:
    """What a sheet proves, as the actions may read it; None for what we said ourselves.

    Where the sender could not vouch for an object, the copy of its origin stands in its place.
    Raises Denied, Missing, or the FetchFailed of an origin.
    """
    group, what = sheet.group, sheet.what
    if isinstance(what, str):
        if group is None or ctx.is_ours(what):
            return None
        return _announced_by_id(ctx, what, group, sheet)
    if group is None:
        actor_iri = what.owner or ""
        verdict = judge_direct(what, actor_iri, _known(ctx, what, actor_iri, None))
        received = ReceivedActivity(
            what, actor_iri, sheet.body, evidence=sheet.evidence, signed_at=sheet.signed_at
        )
        return _settled(ctx, received, verdict)
    if _is_echo(ctx, what):
        return None
    return _prove_announced(ctx, what, group, sheet.evidence)


def _prove_announced(
    ctx: Context, what: Document, group: Community, evidence: Evidence
) -> ReceivedActivity | None:
    if not what.is_activity:
        return _announced_object(ctx, what, group)
    _fetch_voted_on(ctx, what, group)
    actor_iri = what.owner or ""
    verdict = judge_announced(what, group.iri, _known(ctx, what, actor_iri, group))
    _refuse(verdict)
    if ctx.is_ours(actor_iri):
        return None
    if isinstance(verdict, Believe) and verdict.by_proof:
        evidence = "proof"
    return _settled(
        ctx, ReceivedActivity(what, actor_iri, via=group.iri, evidence=evidence), verdict
    )


def _is_echo(ctx: Context, what: Document) -> bool:
    """Whether an object of ours comes back, alone or in our member's Create or Update of it.

    The copy is not read, whatever it says: ours is the one that counts. PieFed and NodeBB announce
    the object beside the activity, and NodeBB makes up the id of the Create.
    """
    if what.type in ("Create", "Update"):
        return ctx.is_ours(what.owner or "") and ctx.is_ours(what.object_id or "")
    return not what.is_activity and ctx.is_ours(what.id or "")


def _announced_object(ctx: Context, what: Document, group: Community) -> ReceivedActivity:
    verdict = judge_announced(what, group.iri, _known(ctx, what, what.owner or "", group))
    _refuse(verdict)
    document = _fetched(ctx, verdict.iri) if isinstance(verdict, FetchFirst) else what
    return _as_update(ctx, document, group)


def _announced_by_id(
    ctx: Context, iri: str, group: Community, sheet: Sheet
) -> ReceivedActivity | None:
    """A boost of an object, or the bare id of an activity, as its origin serves it.

    That a server still serves an activity does not say that it is still in force: it counts as if
    the community had embedded it.
    """
    document = _fetched(ctx, iri)
    if document.is_activity:
        return prove(ctx, replace(sheet, what=with_undone(ctx, document)))
    return _as_update(ctx, document, group)


def _fetched(ctx: Context, iri: str) -> Document:
    """What the origin of `iri` serves there. Raises Denied for what it may not say, or Missing."""
    document = ctx.document(iri)
    _refuse(judge_fetched(document, document.id or "", Known(hosts=frozenset({ctx.host}))))
    return document


def _as_update(ctx: Context, document: Document, group: Community) -> ReceivedActivity:
    """An object alone, as the activity that it stands for: it is new, or newer than ours."""
    document = with_author(ctx, document)
    author = document.owner or ""
    update = {"type": "Update", "actor": author, "object": document.raw, "to": [PUBLIC]}
    return ReceivedActivity(Document(update), author, via=group.iri)


def _fetch_voted_on(ctx: Context, inner: Document, group: Community) -> None:
    """A vote on a post that we missed brings the post; one on anything else is refused later."""
    if activity_type(inner.type).rule == "vote" and inner.object_id is not None:
        content_at(ctx, inner.object_id, via=group.iri)


def _settled(ctx: Context, received: ReceivedActivity, verdict: Verdict) -> ReceivedActivity:
    """`received` with its object as the origin has it, when the origin had to be asked."""
    _refuse(verdict)
    if isinstance(verdict, Believe):
        return received
    if received.activity.type == "Delete" or received.activity.shape[:2] == ("Undo", "Delete"):
        return _deletion(ctx, received, verdict)
    if not isinstance(verdict, FetchFirst) or verdict.iri != received.activity.object_id:
        return received
    document = _fetched(ctx, verdict.iri)
    claimed = received.activity.object_document
    if document.is_activity or (claimed is not None and claimed.is_actor != document.is_actor):
        raise Denied(
            "not_confirmed",
            "Not confirmed: the origin serves %(iri)s as %(type)s.",
            iri=verdict.iri,
            type=document.type,
        )
    if document.is_actor and claimed is not None:
        return received  # actors are read from their documents and never from what is said
    if not document.is_actor and received.actor not in document.authors:
        raise Denied(
            "not_the_owner",
            "According to its origin, %(iri)s is not by %(actor)s.",
            iri=document.id,
            actor=received.actor,
        )
    # What we have now is the origin's word and not the sender's.
    settled = received.activity.raw | {"object": document.written_by(received.actor).raw}
    return replace(received, activity=Document(settled), body=None)


def _deletion(ctx: Context, received: ReceivedActivity, verdict: Verdict) -> ReceivedActivity:
    """A Delete counts when the origin says the same: 410 or a Tombstone. 404 proves less."""
    iri = verdict.iri if isinstance(verdict, FetchFirst) else ""
    is_undo = received.activity.type == "Undo"
    confirmed = True
    try:
        gone = ctx.document(iri).type == "Tombstone"
    except Gone:
        gone = True
    except NotThere:
        gone, confirmed = True, False
    if gone and is_undo:
        raise Denied(
            "not_confirmed", "Not confirmed: the origin still reports %(iri)s as deleted.", iri=iri
        )
    if not (gone or is_undo):
        raise Denied("not_confirmed", "Not confirmed: the origin still serves %(iri)s.", iri=iri)
    return replace(received, confirmed=confirmed)


def _refuse(verdict: Verdict) -> None:
    if isinstance(verdict, Refuse):
        raise Denied(verdict.code, verdict.detail)


def _known(ctx: Context, activity: Document, actor_iri: str, group: Community | None) -> Known:
    """The facts that the authority asks for; none where it asks for nothing."""
    if group is None and not needs_facts(activity):
        return Known(hosts=frozenset({ctx.host}))
    about = _concerned(ctx, activity)
    community = _place(ctx, about)
    subject = activity.subject_id
    target = _target(activity)
    collection = _owner_of_collection(ctx, target)
    here = next((spot for spot in (community, collection) if spot is not None and spot.local), None)
    if here is None and subject is not None:
        found = find_actor(ctx.conn, subject)
        here = found if isinstance(found, Community) and found.local else None
    return Known(
        hosts=frozenset({ctx.host}),
        owner=get_person(ctx.conn, about.author_id).iri if about is not None else None,
        moderates_here=here is not None and _moderates(ctx, actor_iri, here),
        moderated_elsewhere=here is None and (community is not None or collection is not None),
        target_owner=collection.iri if collection is not None else None,
        target_is_site=target is not None and is_site(ctx, target),
        follow_target=_follow_target(ctx, activity, actor_iri),
        moderators=_moderators(ctx, group),
        is_their_post=group is not None and community is not None and community.id == group.id,
        issued_by_us=_is_issued(ctx, activity.id),
        proven=group is not None and _is_proven(ctx, activity, actor_iri),
    )


def _is_issued(ctx: Context, iri: str | None) -> bool:
    """Whether we sent it as ours; what is another's was only passed on."""
    return iri is not None and ctx.is_ours(iri) and find_issued(ctx.conn, iri) is not None


def _is_proven(ctx: Context, activity: Document, actor_iri: str) -> bool:
    """Whether an announced activity carries a valid proof of its actor (FEP-8b32), and is new."""
    if not activity.has_proof or ctx.is_ours(actor_iri):
        return False
    someone = actor_at(ctx, actor_iri)
    if someone.proof_key_id is None or someone.proof_key is None:
        return False
    try:
        key = PublicKey.from_multibase(someone.proof_key_id, someone.iri, someone.proof_key)
        proof = verify_proof(activity.raw, key, now=ctx.now, max_age=RELAYED_WITHIN)
        if activity.type not in ("Create", "Update"):  # these are dated, so an old one is seen
            refuse_replay(ctx.conn, activity, actor_iri, proof)
    except (ProtocolError, Denied):
        return False  # then its origin is asked, as if there were none
    return True


def _concerned(ctx: Context, activity: Document) -> Post | Comment | None:
    iri = activity.subject_id
    return find_content(ctx.conn, iri) if iri else None


def _place(ctx: Context, about: Post | Comment | None) -> Community | None:
    if about is None:
        return None
    post = about if isinstance(about, Post) else get_post(ctx.conn, about.post_id)
    return get_community(ctx.conn, post.community_id)


def _target(activity: Document) -> str | None:
    inner = activity.object_document if activity.type == "Undo" else activity
    return inner.target if inner is not None else None


def _owner_of_collection(ctx: Context, iri: str | None) -> Community | None:
    """The community whose moderators or featured collection, or which itself, `iri` is."""
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


def _moderators(ctx: Context, group: Community | None) -> frozenset[str]:
    if group is None:
        return frozenset()
    return frozenset(person.iri for person in find_moderators(ctx.conn, group))


def _moderates(ctx: Context, actor_iri: str, community: Community) -> bool:
    person = find_actor(ctx.conn, actor_iri)
    return isinstance(person, Person) and standing(ctx.conn, person, community).may_moderate


def _follow_target(ctx: Context, activity: Document, actor_iri: str) -> str | None:
    """Whom our Follow is about that an Accept or Reject names, by its id or by its content."""
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
