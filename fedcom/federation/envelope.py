"""What an activity proves, and the contents of an Announce.

`activitypub.authority` decides, given the `facts`; here its verdict is carried out: accept, ask the
origin first, or refuse. Nothing else decides which actor is authorised. `open_envelope` extracts
the contents, `authenticate` determines how much of each may be trusted.
"""

from dataclasses import dataclass, replace

from activitypub.authority import (
    Authorize,
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
from activitypub.errors import Gone, NotThere
from activitypub.iri import PUBLIC
from activitypub.types import COLLECTION_TYPES, activity_type
from fedcom.context import Context
from fedcom.errors import Denied, Invalid
from fedcom.federation.facts import Facts
from fedcom.federation.undone import with_undone
from fedcom.inbound.content_at import content_at
from fedcom.models.actor import Community
from fedcom.queries.actors import find_actor
from fedcom.queries.bans import has_banned_member
from fedcom.queries.follows import is_followed_here
from fedcom.remote.actors import with_author
from inbox.ports import ReceivedActivity
from inbox.validate import MAX_ITEMS

MOST_ANNOUNCED = 500
"""Contents of one Announce. Each is examined again whenever one of them has to be fetched, and
others cannot write meanwhile; a megabyte has room for 50,000.
"""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A received activity and its contents.

    `contents` is the activity itself, or what `group` has announced: documents and bare ids.
    """

    received: ReceivedActivity
    contents: list[Document | str]
    group: Community | None = None


def open_envelope(ctx: Context, received: ReceivedActivity) -> Envelope:
    """The contents of `received`: itself, or the announced objects of an Announce.

    Raises Denied for an Announce that no member follows, Invalid for one with too many objects.
    """
    activity = received.activity
    if activity.type != "Announce":
        return Envelope(received, [with_undone(ctx, activity)])
    _refuse(judge_direct(activity, received.actor, Known(hosts=frozenset({ctx.host}))))
    group = find_actor(ctx.conn, received.actor)
    if not isinstance(group, Community):
        raise Denied("not_a_community", "Announce is accepted only from communities.")
    is_expected = is_followed_here(ctx.conn, group.id) or has_banned_member(ctx.conn, group.id)
    if not (is_expected or ctx.wanted):
        raise Denied(
            "not_followed", "Nobody on this server follows %(community)s.", community=group.handle
        )
    several = _announced(activity)
    if len(several) > MOST_ANNOUNCED:
        raise Invalid(
            "too_many_objects",
            "An Announce may contain at most %(number)s objects; this one contains %(count)s.",
            number=MOST_ANNOUNCED,
            count=len(several),
        )
    return Envelope(
        received,
        [
            with_undone(ctx, content) if isinstance(content, Document) else content
            for content in several
        ],
        group,
    )


def _announced(activity: Document) -> list[Document | str]:
    """The announced objects: one, several, or the items of a collection (Discourse)."""
    found: list[Document | str] = []
    for one in activity.objects:
        shown = isinstance(one, Document) and one.type in COLLECTION_TYPES and one.items
        found += shown[:MAX_ITEMS] if shown else [one]
    return found


def authenticate(
    ctx: Context, envelope: Envelope, content: Document | str
) -> ReceivedActivity | None:
    """One of an envelope's contents as the actions may read it; None for our own activities.

    Where the sender could not vouch for an object, the origin's copy replaces it.
    Raises Denied, NeedsFetch, or the FetchFailed of an origin.
    """
    group, received = envelope.group, envelope.received
    if group is not None:
        # An Announce forwarded by another actor may repeat what has been undone since.
        by_group: Evidence = "community" if received.evidence == "signature" else "proof"
        return _announced_content(ctx, content, group, by_group)
    if isinstance(content, str):
        return None
    opened = replace(
        received,
        activity=content,
        actor=content.owner or "",
        evidence=received.evidence or "origin",
    )
    known = Known(hosts=frozenset({ctx.host}))
    if needs_facts(content):
        known = Facts(ctx, content, opened.actor)
    return _carry_out(ctx, opened, judge_direct(content, opened.actor, known))


def _announced_content(
    ctx: Context, content: Document | str, group: Community, evidence: Evidence
) -> ReceivedActivity | None:
    if isinstance(content, str):
        return None if ctx.is_ours(content) else _announced_id(ctx, content, group, evidence)
    if _is_echo(ctx, content):
        return None
    if not content.is_activity:
        return _announced_object(ctx, content, group)
    _fetch_voted_on(ctx, content, group)
    actor_iri = content.owner or ""
    verdict = judge_announced(content, group.iri, Facts(ctx, content, actor_iri, group))
    _refuse(verdict)
    if ctx.is_ours(actor_iri):
        return None
    if isinstance(verdict, Authorize) and verdict.by_proof:
        evidence = "proof"
    opened = ReceivedActivity(content, actor_iri, via=group.iri, evidence=evidence)
    return _carry_out(ctx, opened, verdict)


def _is_echo(ctx: Context, what: Document) -> bool:
    """Whether a local object comes back, alone or in our member's Create or Update of it.

    The copy is not read, whatever its content: only ours counts. PieFed and NodeBB announce the
    object beside the activity, and NodeBB makes up the id of the Create.
    """
    if what.type in ("Create", "Update"):
        return ctx.is_ours(what.owner or "") and ctx.is_ours(what.object_id or "")
    return not what.is_activity and ctx.is_ours(what.id or "")


def _announced_object(ctx: Context, what: Document, group: Community) -> ReceivedActivity:
    verdict = judge_announced(what, group.iri, Facts(ctx, what, what.owner or "", group))
    _refuse(verdict)
    document = _fetched(ctx, verdict.iri) if isinstance(verdict, FetchFirst) else what
    return _as_update(ctx, document, group)


def _announced_id(
    ctx: Context, iri: str, group: Community, evidence: Evidence
) -> ReceivedActivity | None:
    """A boost of an object, or the bare id of an activity, as its origin serves it.

    That a server still serves an activity does not mean that it is still in force: it counts as if
    the community had embedded it.
    """
    document = _fetched(ctx, iri)
    if document.is_activity:
        return _announced_content(ctx, with_undone(ctx, document), group, evidence)
    return _as_update(ctx, document, group)


def _fetched(ctx: Context, iri: str) -> Document:
    """The document at `iri`. Raises Denied if the origin may not send it, or NeedsFetch."""
    document = ctx.document(iri)
    _refuse(judge_fetched(document, document.id or "", Known(hosts=frozenset({ctx.host}))))
    return document


def _as_update(ctx: Context, document: Document, group: Community) -> ReceivedActivity:
    """A bare object, as the activity that it implies: it is new, or newer than ours."""
    document = with_author(ctx, document)
    author = document.owner or ""
    update = {"type": "Update", "actor": author, "object": document.raw, "to": [PUBLIC]}
    return ReceivedActivity(Document(update), author, via=group.iri)


def _fetch_voted_on(ctx: Context, inner: Document, group: Community) -> None:
    """A vote on an unknown post makes us fetch the post; one on anything else is refused later."""
    if activity_type(inner.type).rule == "vote" and inner.object_id is not None:
        content_at(ctx, inner.object_id, via=group.iri)


def _carry_out(ctx: Context, received: ReceivedActivity, verdict: Verdict) -> ReceivedActivity:
    """`received` with the origin's copy of its object, if the origin had to be asked."""
    _refuse(verdict)
    if isinstance(verdict, Authorize):
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
        return received  # actors are only read from their own documents
    if not document.is_actor and received.actor not in document.authors:
        raise Denied(
            "not_the_owner",
            "According to its origin, %(iri)s is not by %(actor)s.",
            iri=document.id,
            actor=received.actor,
        )
    # The object now comes from the origin and not from the sender.
    replaced = received.activity.raw | {"object": document.written_by(received.actor).raw}
    return replace(received, activity=Document(replaced), body=None)


def _deletion(ctx: Context, received: ReceivedActivity, verdict: Verdict) -> ReceivedActivity:
    """A Delete counts if the origin confirms it: 410 or a Tombstone. 404 proves less."""
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
