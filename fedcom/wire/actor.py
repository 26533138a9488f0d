"""Local actors as ActivityPub documents."""

from typing import Any

from activitypub.signatures.keys import PublicKey
from activitypub.vocab.actors import (
    ActorProfile,
    Boxes,
    application,
    deleted_actor,
    group,
    person,
)
from fedcom.models.actor import Actor, Community, Person


def to_document(someone: Actor, origin: str) -> dict[str, Any]:
    """The actor's document, as served at its id and as carried by an Update.

    For a remote community it is the change that a local moderator makes to it.
    """
    key = _request_key(someone)
    proof_keys = _proof_keys(someone)
    if isinstance(someone, Community):
        return group(
            _profile(someone),
            _boxes(someone, origin),
            key,
            moderators=someone.moderators_iri or f"{someone.iri}/moderators",
            posting_restricted=someone.posting_restricted,
            sensitive=someone.nsfw,
            proof_keys=proof_keys,
        )
    if isinstance(someone, Person) and someone.kind != "Application":
        return person(
            _profile(someone),
            _boxes(someone, origin),
            key,
            is_bot=someone.kind == "Service",
            proof_keys=proof_keys,
        )
    return application(_profile(someone), _boxes(someone, origin), key, proof_keys=proof_keys)


def to_tombstone(someone: Actor) -> dict[str, Any]:
    """The document of a deleted local actor.

    It keeps its key, so that servers which have to fetch the key of its Delete find it, during
    delivery and afterwards.
    """
    key = _request_key(someone)
    return deleted_actor(someone.iri, someone.kind, key, deleted=someone.deleted_at)


def _request_key(someone: Actor) -> PublicKey:
    return PublicKey(
        id=someone.public_key_id or "", owner=someone.iri, pem=someone.public_key_pem or ""
    )


def _proof_keys(someone: Actor) -> list[PublicKey]:
    if someone.proof_key_id is None or someone.proof_key is None:
        return []
    return [PublicKey.from_multibase(someone.proof_key_id, someone.iri, someone.proof_key)]


def _profile(someone: Actor) -> ActorProfile:
    return ActorProfile(
        id=someone.iri,
        username=someone.name,
        name=someone.display_name,
        # Lemmy keeps its old value if a field is missing, so empty ones are sent.
        summary_html=someone.summary_html,
        summary_markdown=someone.summary_source,
        icon_url=someone.icon_url,
        image_url=someone.image_url,
        url=someone.url,
        published=someone.published_at,
        updated=someone.updated_at,
    )


def _boxes(someone: Actor, origin: str) -> Boxes:
    shared_inbox = f"{origin}/inbox" if someone.local else someone.shared_inbox
    told = someone.featured_iri if isinstance(someone, Community) else None
    return Boxes(
        inbox=someone.inbox,
        outbox=someone.outbox or f"{someone.iri}/outbox",
        shared_inbox=shared_inbox or someone.inbox,
        followers=someone.followers,
        following=f"{someone.iri}/following",
        featured=told or f"{someone.iri}/featured",
    )
