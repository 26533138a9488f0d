"""Peers' documents and activities, as small as they may be: for tests that need any of them.

The shapes of particular programs are in `tests/samples`; these have only what ActivityPub needs.
"""

from functools import cache
from typing import Any

from activitypub.iri import PUBLIC, host_of
from activitypub.signatures import multikey
from activitypub.signatures.keys import (
    PrivateKey,
    ProofKey,
    generate_ed25519_pem,
    generate_rsa_pem,
    load_private,
    load_proof_key,
)

AS2 = "https://www.w3.org/ns/activitystreams"

Json = dict[str, Any]


@cache
def pems() -> tuple[str, str]:
    """The one key pair of all peers (and local actors) in a test run: making one takes a tenth of a
    second.
    """
    return generate_rsa_pem()


@cache
def private_key(actor: str) -> PrivateKey:
    """The private half of the key of `person` and `group`."""
    return load_private(f"{actor}#main-key", pems()[0])


@cache
def proof_key(actor: str) -> ProofKey:
    """The Ed25519 key that `prover` lists as this actor's key for proofs."""
    return load_proof_key(f"{actor}#ed25519-key", generate_ed25519_pem()[0])


def prover(iri: str, **more: Any) -> Json:
    """A person who can prove their activities (FEP-521a)."""
    key = proof_key(iri)
    method = {
        "id": key.id,
        "type": "Multikey",
        "controller": iri,
        "publicKeyMultibase": multikey.encode(key.ed25519.public_key()),
    }
    return person(iri, assertionMethod=[method], **more)


def document(iri: str | None, kind: str, **more: Any) -> Json:
    """Any object with an id and a type."""
    identity = {} if iri is None else {"id": iri}
    return {"@context": AS2, **identity, "type": kind, **more}


def person(iri: str, **more: Any) -> Json:
    """A person whose name is the last part of the id."""
    return _actor(iri, "Person", **more)


def group(iri: str, **more: Any) -> Json:
    """A community with a collection of moderators."""
    return _actor(iri, "Group", **{"attributedTo": f"{iri}/moderators"} | more)


def page(iri: str, author: str, community: str, **more: Any) -> Json:
    """A post in the community `community`."""
    fields = {
        "attributedTo": author,
        "to": [community, PUBLIC],
        "cc": [],
        "audience": community,
        "name": "A title",
        "content": "<p>A text</p>",
        "published": "2026-01-01T11:00:00Z",
    }
    return document(iri, "Page", **fields | more)


def note(iri: str, author: str, answers: str | None = None, **more: Any) -> Json:
    """A public text; with `answers`, a comment that replies to that."""
    fields: Json = {
        "attributedTo": author,
        "to": [PUBLIC],
        "cc": [],
        "content": "<p>A remark</p>",
        "published": "2026-01-01T11:30:00Z",
    }
    if answers is not None:
        fields["inReplyTo"] = answers
    return document(iri, "Note", **fields | more)


def activity(kind: str, actor: str, obj: Any, **more: Any) -> Json:
    """A public activity of `actor` on `obj`; the id is on the actor's host and names the
    activity.
    """
    fields = {"actor": actor, "object": _bare(obj), "to": [PUBLIC], "cc": []}
    name = _id_of(obj).rsplit("//", 1)[-1].replace("/", "-").replace("#", "-")
    return document(f"https://{host_of(actor)}/did/{kind.lower()}-{name}", kind, **fields | more)


def undo(undone: Json, **more: Any) -> Json:
    """The same actor undoes it."""
    return activity("Undo", undone["actor"], undone, **more)


def _id_of(obj: Any) -> str:
    return str(obj.get("id", obj["type"]) if isinstance(obj, dict) else obj)


def _bare(obj: Any) -> Any:
    if isinstance(obj, list):
        return [_bare(one) for one in obj]
    if not isinstance(obj, dict):
        return obj
    return {name: value for name, value in obj.items() if name != "@context"}


def _actor(iri: str, kind: str, **more: Any) -> Json:
    fields = {
        "preferredUsername": iri.rsplit("/", 1)[-1],
        "inbox": f"{iri}/inbox",
        "outbox": f"{iri}/outbox",
        "followers": f"{iri}/followers",
        "endpoints": {"sharedInbox": f"https://{host_of(iri)}/inbox"},
        "publicKey": {"id": f"{iri}#main-key", "owner": iri, "publicKeyPem": pems()[1]},
    }
    return document(iri, kind, **fields | more)
