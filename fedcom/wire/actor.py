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
from activitypub.vocab.objects import Language
from fedcom.models.actor import Actor, Community, Person
from fedcom.rules.languages import LANGUAGES


def to_document(actor: Actor, origin: str) -> dict[str, Any]:
    """The actor's document, as served at its id and as carried by an Update.

    For a remote community it is the change that a local moderator makes to it.
    """
    key = _request_key(actor)
    proof_keys = _proof_keys(actor)
    if isinstance(actor, Community):
        return group(
            _profile(actor),
            _boxes(actor, origin),
            key,
            moderators=actor.moderators_iri or f"{actor.iri}/moderators",
            posting_restricted=actor.posting_restricted,
            sensitive=actor.nsfw,
            languages=[
                Language(code, LANGUAGES.get(code, code)) for code in actor.languages.split()
            ],
            proof_keys=proof_keys,
        )
    if isinstance(actor, Person) and actor.kind != "Application":
        return person(
            _profile(actor),
            _boxes(actor, origin),
            key,
            is_bot=actor.kind == "Service",
            matrix_user_id=actor.matrix_user_id,
            proof_keys=proof_keys,
        )
    return application(_profile(actor), _boxes(actor, origin), key, proof_keys=proof_keys)


def to_tombstone(actor: Actor) -> dict[str, Any]:
    """The document of a deleted local actor.

    It keeps its key, so that servers which have to fetch the key of its Delete find it, during
    delivery and afterwards.
    """
    key = _request_key(actor)
    return deleted_actor(actor.iri, actor.kind, key, deleted=actor.deleted_at)


def _request_key(actor: Actor) -> PublicKey:
    return PublicKey(id=actor.public_key_id or "", owner=actor.iri, pem=actor.public_key_pem or "")


def _proof_keys(actor: Actor) -> list[PublicKey]:
    if actor.proof_key_id is None or actor.proof_key is None:
        return []
    return [PublicKey.from_multibase(actor.proof_key_id, actor.iri, actor.proof_key)]


def _profile(actor: Actor) -> ActorProfile:
    return ActorProfile(
        id=actor.iri,
        username=actor.name,
        name=actor.display_name,
        # Lemmy keeps its old value if a field is missing, so empty ones are sent.
        summary_html=actor.summary_html,
        summary_markdown=actor.summary_source,
        icon_url=actor.icon_url,
        image_url=actor.image_url,
        url=actor.url,
        published=actor.published_at,
        updated=actor.updated_at,
        indexable=actor.indexable,
    )


def _boxes(actor: Actor, origin: str) -> Boxes:
    shared_inbox = f"{origin}/inbox" if actor.local else actor.shared_inbox
    stored = actor.featured_iri if isinstance(actor, Community) else None
    return Boxes(
        inbox=actor.inbox,
        outbox=actor.outbox or f"{actor.iri}/outbox",
        shared_inbox=shared_inbox or actor.inbox,
        followers=actor.followers,
        following=f"{actor.iri}/following",
        featured=stored or f"{actor.iri}/featured",
    )
