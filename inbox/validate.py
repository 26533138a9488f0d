"""Whether a document is an activity that its signer can deliver: asked before anybody is.

Pure, so that `fedcom federation explain` says what the door says.
"""

from activitypub.authority import Believe, FetchFirst, Known, Refuse, judge_direct
from activitypub.document import Document, has_activitystreams_context
from activitypub.errors import Malformed, Unauthentic
from activitypub.iri import check_iri, host_of
from activitypub.types import COLLECTION_TYPES
from inbox.errors import Refused

MAX_TYPE = 100
"""Longest name of an activity's type that is stored; the longest known one has 19 characters."""

MAX_ITEMS = 50
"""Activities read of a collection that is delivered; Discourse puts a topic's posts into one."""


def activities_in(document: Document) -> list[Document]:
    """What was delivered: the document itself, or the activities that a collection lists.

    Discourse's plugin posts an OrderedCollection of Announces; as with Mastodon each is read as if
    it had come by itself. Raises `Malformed` for a collection of nothing, or of more than 50.
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
    """The id of its one actor. Raises `Malformed` for what is no activity of anybody."""
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
        # `owner` and not `actor`: two actors, or another attributedTo, are nobody's.
        raise Malformed("actor_missing", "An activity needs exactly one actor.")
    if activity.get("id") is not None:
        check_iri(activity.get("id"), development=development)
    return check_iri(activity.owner, development=development)


def check_id(activity: Document, actor: str) -> None:
    """Raises `Unauthentic` (403) for an id on another host than the actor's.

    Nobody gives out ids of another host, whoever signed. Another signature would not help, so it is
    no 401.
    """
    if activity.id is not None and host_of(activity.id) != host_of(actor):
        raise Unauthentic(
            "id_on_other_host",
            "The id of an activity must be on the host of its actor.",
            actor=actor,
            resource=activity.id,
        )


def check_relay(activity: Document, signer: str, hosts: frozenset[str]) -> Believe | FetchFirst:
    """What could prove an activity that another than its actor signed; `hosts` are our own.

    Whether a proof holds is seen later, since that may need a key that has to be fetched. Raises
    `Refused` (403) when nothing could prove it.
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
