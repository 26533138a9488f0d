"""Whether a document is an activity that its signer may deliver, before anything is looked up.

Pure, so that `fedcom federation explain` gives the same answers as the inbox.
"""

from activitypub.authority import Authorize, FetchFirst, Known, Refuse, judge_direct
from activitypub.document import Document, has_activitystreams_context
from activitypub.errors import Malformed, Unauthentic
from activitypub.iri import check_iri, host_of
from activitypub.types import COLLECTION_TYPES
from inbox.errors import Refused

MAX_TYPE = 100
"""Longest type name that is stored; the longest known one has 19 characters."""

MAX_ITEMS = 50
"""Activities read from a delivered collection; Discourse puts all posts of a topic into one."""


def activities_in(document: Document) -> list[Document]:
    """The delivered activities: the document itself, or those in a collection.

    Discourse's plugin delivers an OrderedCollection of Announces; as in Mastodon, each is read as
    if it had been delivered by itself. Raises `Malformed` for an empty collection and for more than
    `MAX_ITEMS`.
    """
    if document.type not in COLLECTION_TYPES:
        return [document]
    items = [item for item in document.items if isinstance(item, Document)]
    if not 0 < len(items) <= MAX_ITEMS:
        raise Malformed(
            "collection_items",
            f"A delivered collection must embed 1 to {MAX_ITEMS} activities; this one embeds"
            f" {len(items)}.",
        )
    context = document.get("@context")
    return [Document({"@context": context} | item.raw) for item in items]


def check_form(activity: Document, *, development: bool) -> str:
    """The id of the activity's only actor. Raises `Malformed` unless it is a valid activity."""
    if not has_activitystreams_context(activity):
        raise Malformed("context_missing", "The @context does not include ActivityStreams.")
    if not activity.type or len(activity.type) > MAX_TYPE:
        raise Malformed(
            "type_missing", f"An activity needs a type of at most {MAX_TYPE} characters."
        )
    if not activity.is_activity:
        raise Malformed(
            "not_an_activity",
            "Only activities can be delivered to an inbox.",
            received=activity.type,
        )
    if activity.owner is None:
        # `owner` and not `actor`: with two actors, or another attributedTo, there is no owner.
        raise Malformed("actor_missing", "An activity needs exactly one actor.")
    if activity.get("id") is not None:
        check_iri(activity.get("id"), development=development)
    return check_iri(activity.owner, development=development)


def check_id(activity: Document, actor: str) -> None:
    """Raises `Unauthentic` (403) for an id on another host than the actor's.

    No signature makes an id on another host valid, so the answer is not 401.
    """
    if activity.id is not None and host_of(activity.id) != host_of(actor):
        raise Unauthentic(
            "id_on_other_host",
            "The id of an activity must be on the host of its actor.",
            actor=actor,
            resource=activity.id,
        )


def check_relay(activity: Document, signer: str, hosts: frozenset[str]) -> Authorize | FetchFirst:
    """What could authenticate an activity whose request somebody else signed; `hosts` are ours.

    A proof in the activity is verified later, because its key may have to be fetched. Raises
    `Refused` (403) when nothing could authenticate it.
    """
    facts = {"principal": signer, "actor": activity.owner or ""}
    if activity.id is None:
        raise Refused(
            403,
            "signer_is_not_actor",
            "The signer is not the actor, and the activity has no id to identify it by.",
            facts,
        )
    verdict = judge_direct(activity, signer, Known(hosts=hosts, proven=activity.has_proof))
    if isinstance(verdict, Refuse):
        raise Refused(403, verdict.code, verdict.detail, facts)
    return verdict
