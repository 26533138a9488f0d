"""The @context arrays we send.

ActivityStreams comes first, as a plain IRI, because Mastodon and Discourse drop a document without
it. Other terms are defined inline, so that no JSON-LD processor has to fetch anything; the IRIs are
ones that such processors have built in.
"""

from collections.abc import Mapping
from typing import Any

from activitypub.types import ACTIVITIES, ACTOR_TYPES, AS2

SECURITY = "https://w3id.org/security/v1"
"""Defines `publicKey`; without it JSON-LD processors do not see an actor's key (Ghost #20039)."""

DATA_INTEGRITY = "https://w3id.org/security/data-integrity/v2"
"""Defines `proof` (FEP-8b32); only in documents that have one, because the proof repeats it.

Its terms are protected: no later context in the document may redefine them.
"""

PROOF_TERMS: dict[str, Any] = {
    "proof": {
        "@id": "https://w3id.org/security#proof",
        "@type": "@id",
        "@container": "@graph",
    },
    "DataIntegrityProof": {
        "@id": "https://w3id.org/security#DataIntegrityProof",
        "@context": {
            "created": {
                "@id": "http://purl.org/dc/terms/created",
                "@type": "http://www.w3.org/2001/XMLSchema#dateTime",
            },
            "cryptosuite": {
                "@id": "https://w3id.org/security#cryptosuite",
                "@type": "https://w3id.org/security#cryptosuiteString",
            },
            "proofPurpose": {
                "@id": "https://w3id.org/security#proofPurpose",
                "@type": "@vocab",
                "@context": {"assertionMethod": "https://w3id.org/security#assertionMethod"},
            },
            "proofValue": {
                "@id": "https://w3id.org/security#proofValue",
                "@type": "https://w3id.org/security#multibase",
            },
            "verificationMethod": {
                "@id": "https://w3id.org/security#verificationMethod",
                "@type": "@id",
            },
        },
    },
}
"""The terms of `DATA_INTEGRITY` that our proofs use, with the same meaning but not protected.

For an Announce: the activity inside has its own context, and if that is data-integrity/v1 (Fedify
2, Mitra before 4), a JSON-LD processor refuses the whole document while v2 is active.
"""

_NAMESPACES: dict[str, Any] = {
    "lemmy": "https://join-lemmy.org/ns#",
    "pt": "https://joinpeertube.org/ns#",
    "sc": "http://schema.org/",
    "sensitive": "as:sensitive",
    "language": "sc:inLanguage",
    "identifier": "sc:identifier",
}

OBJECT_TERMS: dict[str, Any] = _NAMESPACES | {
    "litepub": "http://litepub.social/ns#",
    "toot": "http://joinmastodon.org/ns#",
    "Emoji": "toot:Emoji",
    "Hashtag": "as:Hashtag",
    "ChatMessage": "litepub:ChatMessage",
    **{name: one.term for name, one in ACTIVITIES.items() if one.term is not None},
    "gts": "https://gotosocial.org/ns#",
    "interactionPolicy": {"@id": "gts:interactionPolicy", "@type": "@id"},
    "canAnnounce": {"@id": "gts:canAnnounce", "@type": "@id"},
    "canLike": {"@id": "gts:canLike", "@type": "@id"},
    "canQuote": {"@id": "gts:canQuote", "@type": "@id"},
    "canReply": {"@id": "gts:canReply", "@type": "@id"},
    "automaticApproval": {"@id": "gts:automaticApproval", "@type": "@id"},
    "commentsEnabled": "pt:commentsEnabled",
    "distinguished": "lemmy:distinguished",
    "expires": "as:endTime",
    "removeData": "lemmy:removeData",
    "restoreData": "lemmy:restoreData",
    "stickied": "lemmy:stickied",
}

ACTOR_TERMS: dict[str, Any] = _NAMESPACES | {
    "sec": "https://w3id.org/security#",
    "toot": "http://joinmastodon.org/ns#",
    "Multikey": "sec:Multikey",
    "assertionMethod": {"@id": "sec:assertionMethod", "@type": "@id", "@container": "@set"},
    "controller": {"@id": "sec:controller", "@type": "@id"},
    "publicKeyMultibase": {"@id": "sec:publicKeyMultibase", "@type": "sec:multibase"},
    "PropertyValue": "sc:PropertyValue",
    "value": "sc:value",
    "alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"},
    "discoverable": "toot:discoverable",
    "featured": {"@id": "toot:featured", "@type": "@id"},
    "indexable": "toot:indexable",
    "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
    "matrixUserId": "lemmy:matrixUserId",
    "moderators": {"@id": "lemmy:moderators", "@type": "@id"},
    "movedTo": {"@id": "as:movedTo", "@type": "@id"},
    "postingRestrictedToMods": "lemmy:postingRestrictedToMods",
}

OBJECT_CONTEXT: list[Any] = [AS2, SECURITY, OBJECT_TERMS]
"""For posts, comments and moderation, and for activities that contain them."""

ACTOR_CONTEXT: list[Any] = [AS2, SECURITY, ACTOR_TERMS]
"""For Person, Group and Application documents."""

FULL_CONTEXT: list[Any] = [AS2, SECURITY, OBJECT_TERMS | ACTOR_TERMS]
"""For an activity that contains an actor: Update{Group}, Update{Person}."""


ENVELOPE_CONTEXT: list[Any] = [AS2]
"""For an Announce of an id, or of an activity with its own context.

Nothing more, because terms that the activity does not define would take their meaning from here.
"""


def context_of(document: dict[str, Any]) -> list[Any]:
    """The @context for `document` (a dict without one) and everything embedded in it."""
    if document.get("type") in ACTOR_TYPES:
        return ACTOR_CONTEXT
    inner = document.get("object")
    if document.get("type") == "Announce" and _explains_itself(inner):
        return ENVELOPE_CONTEXT
    while isinstance(inner, dict):
        if inner.get("type") in ACTOR_TYPES:
            return FULL_CONTEXT
        inner = inner.get("object")
    return OBJECT_CONTEXT


def proof_context(document: Mapping[str, Any]) -> list[Any]:
    """The @context for `document` with a proof: its own, else ours, plus the terms of proofs."""
    given = document.get("@context") or context_of(dict(document))
    entries = given if isinstance(given, list) else [given]
    if entries == ENVELOPE_CONTEXT and document.get("type") == "Announce":
        return [*entries, PROOF_TERMS]
    if DATA_INTEGRITY in entries:
        return entries
    # After ActivityStreams, which must be first, and before the terms.
    return [*entries[:1], DATA_INTEGRITY, *entries[1:]]


def _explains_itself(inner: Any) -> bool:
    """Whether the object of an Announce needs no terms from it: an id, or its own context."""
    return not isinstance(inner, dict) or "@context" in inner
