from datetime import UTC, datetime

from activitypub.authority import Authorize, Known, judge_fetched, judge_key
from activitypub.document import Document
from activitypub.signatures.keys import PublicKey
from activitypub.vocab.actors import ActorProfile, Boxes, application, group, multikey, person
from activitypub.vocab.base import with_context
from activitypub.vocab.objects import Language

CATS = "https://fedcom.example/c/cats"
ANN = "https://fedcom.example/u/ann"
SINCE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def profile(iri=CATS, **changes):
    return ActorProfile(
        id=iri,
        username=iri.rpartition("/")[2],
        name="Cats!",
        summary_html="<p>All cats</p>",
        summary_markdown="All cats",
        icon_url="https://media.example/icon.png",
        image_url="https://media.example/banner.png",
        published=SINCE,
        updated=SINCE,
        **changes,
    )


def boxes(iri=CATS):
    return Boxes(
        inbox=f"{iri}/inbox",
        outbox=f"{iri}/outbox",
        shared_inbox="https://fedcom.example/inbox",
        followers=f"{iri}/followers",
        featured=f"{iri}/featured",
    )


def key(iri=CATS):
    return PublicKey(f"{iri}#main-key", iri, "-----BEGIN PUBLIC KEY-----\n")


def test_a_group_has_every_field_that_lemmy_and_mastodon_read():
    document = group(
        profile(),
        boxes(),
        key(),
        moderators=f"{CATS}/moderators",
        languages=[Language("de", "Deutsch")],
    )
    assert document == {
        "id": CATS,
        "type": "Group",
        "preferredUsername": "cats",
        "name": "Cats!",
        "summary": "<p>All cats</p>",
        "source": {"content": "All cats", "mediaType": "text/markdown"},
        "mediaType": "text/html",
        "icon": {"type": "Image", "url": "https://media.example/icon.png"},
        "image": {"type": "Image", "url": "https://media.example/banner.png"},
        "url": CATS,
        "inbox": f"{CATS}/inbox",
        "outbox": f"{CATS}/outbox",
        "followers": f"{CATS}/followers",
        "featured": f"{CATS}/featured",
        "endpoints": {"sharedInbox": "https://fedcom.example/inbox"},
        "publicKey": {
            "id": f"{CATS}#main-key",
            "owner": CATS,
            "publicKeyPem": "-----BEGIN PUBLIC KEY-----\n",
        },
        "manuallyApprovesFollowers": False,
        "discoverable": True,
        "published": "2026-01-02T03:04:05Z",
        "updated": "2026-01-02T03:04:05Z",
        "attributedTo": f"{CATS}/moderators",
        "moderators": f"{CATS}/moderators",
        "postingRestrictedToMods": False,
        "sensitive": False,
        "language": [{"identifier": "de", "name": "Deutsch"}],
    }


def test_a_group_owns_its_key_and_the_key_is_accepted():
    document = Document(group(profile(), boxes(), key(), moderators=f"{CATS}/moderators"))
    assert document.owner == CATS
    assert document.moderators == f"{CATS}/moderators"
    assert document.shared_inbox == "https://fedcom.example/inbox"
    elsewhere = Known(hosts=frozenset({"peer.example"}))
    assert judge_fetched(document, CATS, elsewhere) == Authorize()
    assert judge_key(document.public_keys[0], document) == Authorize()


def test_a_member_is_a_person_and_a_bot_a_service():
    document = person(
        profile(ANN),
        boxes(ANN),
        key(ANN),
        matrix_user_id="@ann:matrix.example",
        also_known_as=["https://old.example/u/ann"],
        moved_to="https://new.example/u/ann",
    )
    assert document["type"] == "Person"
    assert document["matrixUserId"] == "@ann:matrix.example"
    assert document["alsoKnownAs"] == ["https://old.example/u/ann"]
    assert document["movedTo"] == "https://new.example/u/ann"
    assert document["indexable"] is True
    assert person(profile(ANN, indexable=False), boxes(ANN), key(ANN))["indexable"] is False
    assert person(profile(ANN), boxes(ANN), key(ANN), is_bot=True)["type"] == "Service"


def test_every_actor_shows_the_keys_that_prove_its_documents():
    # FEP-521a: the key and its text.
    proof_key = PublicKey.from_multibase(
        f"{ANN}#ed25519-key", ANN, "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
    )
    shown = {
        "id": f"{ANN}#ed25519-key",
        "type": "Multikey",
        "controller": ANN,
        "publicKeyMultibase": "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
    }
    assert multikey(proof_key) == shown
    for document in (
        person(profile(ANN), boxes(ANN), key(ANN), proof_keys=[proof_key]),
        group(profile(ANN), boxes(ANN), key(ANN), moderators="m", proof_keys=[proof_key]),
        application(profile(ANN), boxes(ANN), key(ANN), proof_keys=[proof_key]),
    ):
        assert document["assertionMethod"] == [shown]
        read = Document(document)
        assert judge_key(read.assertion_methods[0], read) == Authorize()
        terms = with_context(document)["@context"][-1]
        assert {"assertionMethod", "Multikey", "controller", "publicKeyMultibase"} <= set(terms)


def test_the_instance_actor_has_the_minimal_fields():
    iri = "https://fedcom.example/"
    document = application(
        ActorProfile(id=iri, username="fedcom.example"),
        Boxes(inbox=f"{iri}inbox", outbox=f"{iri}outbox"),
        key(iri),
    )
    assert document == {
        "id": iri,
        "type": "Application",
        "preferredUsername": "fedcom.example",
        "url": iri,
        "inbox": f"{iri}inbox",
        "outbox": f"{iri}outbox",
        "publicKey": {
            "id": f"{iri}#main-key",
            "owner": iri,
            "publicKeyPem": "-----BEGIN PUBLIC KEY-----\n",
        },
        "manuallyApprovesFollowers": False,
        "discoverable": True,
    }
