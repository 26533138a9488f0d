"""Builders for actors: Person (and Service for bots), Group, Application.

Fields are the union of what Lemmy 0.19, Mastodon 4.6 and GoToSocial need: `preferredUsername`,
`inbox`, `outbox` and `publicKey` are never missing, `publicKey.owner` is the actor's id. The keys
that prove documents (FEP-8b32) are Multikeys in `assertionMethod`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from activitypub.signatures.keys import PublicKey
from activitypub.vocab.base import Json, markdown, present, some, timestamp
from activitypub.vocab.objects import Language, image, tombstone


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorProfile:
    """How an actor presents itself. `username` is the name in the handle, byte for byte."""

    id: str
    username: str
    name: str | None = None
    summary_html: str | None = None
    summary_markdown: str | None = None
    icon_url: str | None = None
    image_url: str | None = None
    url: str | None = None
    published: datetime | None = None
    updated: datetime | None = None
    discoverable: bool = True
    # Whether search engines may list it (FEP-5feb).
    indexable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxes:
    """The inbox and the collections of an actor: ids on its own host."""

    inbox: str
    outbox: str
    shared_inbox: str | None = None
    followers: str | None = None
    following: str | None = None
    featured: str | None = None


def person(  # noqa: PLR0913 - one argument for each field that a peer reads
    profile: ActorProfile,
    boxes: Boxes,
    key: PublicKey,
    *,
    is_bot: bool = False,
    matrix_user_id: str | None = None,
    also_known_as: Sequence[str] = (),
    moved_to: str | None = None,
    proof_keys: Sequence[PublicKey] = (),
) -> Json:
    """A member; a bot is a Service, as with Lemmy and Mastodon."""
    kind = "Service" if is_bot else "Person"
    return _actor(kind, profile, boxes, key, proof_keys) | present(
        indexable=profile.indexable,
        matrixUserId=matrix_user_id,
        alsoKnownAs=some(also_known_as),
        movedTo=moved_to,
    )


def group(  # noqa: PLR0913 - one argument for each field that a peer reads
    profile: ActorProfile,
    boxes: Boxes,
    key: PublicKey,
    *,
    moderators: str,
    posting_restricted: bool = False,
    sensitive: bool = False,
    languages: Sequence[Language] = (),
    proof_keys: Sequence[PublicKey] = (),
) -> Json:
    """A community; `moderators` is the id of its moderators collection (FEP-1b12). Without
    `languages` it takes all of them; the property is there, so that they can be taken back.
    """
    return _actor("Group", profile, boxes, key, proof_keys) | present(
        attributedTo=moderators,
        moderators=moderators,
        postingRestrictedToMods=posting_restricted,
        sensitive=sensitive,
        language=[language.to_json() for language in languages],
        # Lemmy's communities do not have it.
        indexable=None if profile.indexable else False,
    )


def application(
    profile: ActorProfile, boxes: Boxes, key: PublicKey, *, proof_keys: Sequence[PublicKey] = ()
) -> Json:
    """The actor of the instance itself, which signs our fetches (FEP-2677)."""
    return _actor("Application", profile, boxes, key, proof_keys)


def multikey(key: PublicKey) -> Json:
    """A key as an entry of `assertionMethod` (FEP-521a). Raises `Malformed` for an invalid key."""
    return {
        "id": key.id,
        "type": "Multikey",
        "controller": key.owner,
        "publicKeyMultibase": key.multibase,
    }


def deleted_actor(iri: str, kind: str, key: PublicKey, *, deleted: datetime | None = None) -> Json:
    """The Tombstone of a deleted actor, with the key that verifies its last Delete."""
    return tombstone(iri, former_type=kind, deleted=deleted) | {"publicKey": _key(key)}


def _key(key: PublicKey) -> Json:
    return {"id": key.id, "owner": key.owner, "publicKeyPem": key.pem}


def _actor(
    kind: str, profile: ActorProfile, boxes: Boxes, key: PublicKey, proof_keys: Sequence[PublicKey]
) -> Json:
    return present(
        id=profile.id,
        type=kind,
        preferredUsername=profile.username,
        name=profile.name,
        summary=profile.summary_html,
        source=markdown(profile.summary_markdown),
        mediaType="text/html" if profile.summary_html is not None else None,
        icon=image(profile.icon_url),
        image=image(profile.image_url),
        url=profile.url or profile.id,
        inbox=boxes.inbox,
        outbox=boxes.outbox,
        followers=boxes.followers,
        following=boxes.following,
        featured=boxes.featured,
        endpoints={"sharedInbox": boxes.shared_inbox} if boxes.shared_inbox else None,
        publicKey=_key(key),
        assertionMethod=some([multikey(each) for each in proof_keys]),
        manuallyApprovesFollowers=False,
        discoverable=profile.discoverable,
        published=timestamp(profile.published),
        updated=timestamp(profile.updated),
    )
