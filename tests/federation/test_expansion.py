"""Our activities and documents in a JSON-LD processor: nothing is refused, nothing is lost."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, TypeVar

import pytest

from activitypub.context import DATA_INTEGRITY, SECURITY
from activitypub.types import AS2
from fedcom.actions.ban import Ban
from fedcom.actions.base import Action
from fedcom.actions.comment import CreateComment, EditComment
from fedcom.actions.community import EditCommunity
from fedcom.actions.delete import Delete
from fedcom.actions.follow import Follow, Unfollow
from fedcom.actions.keys import RotateKeys
from fedcom.actions.lock import Lock
from fedcom.actions.message import SendMessage
from fedcom.actions.moderators import AddModerator
from fedcom.actions.perform import perform
from fedcom.actions.pin import Pin
from fedcom.actions.post import CreatePost, EditPost
from fedcom.actions.profile import EditProfile
from fedcom.actions.remove import RemoveContent
from fedcom.actions.report import Report
from fedcom.actions.vote import Vote
from fedcom.context import Context
from fedcom.models.actor import Community, Person
from fedcom.queries.actors import find_actor
from fedcom.wire.body import Body
from fedcom.wire.illustration import Illustration
from outbox.deliveries import activities
from tests.support import javascript
from tests.support.documents import activity, note, person
from tests.support.node import Node
from tests.support.people import ORIGIN

R = TypeVar("R")

pytestmark = pytest.mark.anyio

KIM = "https://kim.example/u/kim"
CATS = f"{ORIGIN}/c/cats"
FORUM = "https://forum.example/u/fan"

SECURITY_2 = "https://w3id.org/security/v2"
DATA_INTEGRITY_1 = "https://w3id.org/security/data-integrity/v1"
LEMMY, KBIN = "https://lemmy.example/context.json", "https://kbin.example/contexts"
LITEPUB, WEBFINGER = "https://litepub.example/0.1.jsonld", "https://webfinger.example/context"

PUBLISHED = {
    LEMMY: {"sensitive": f"{AS2}#sensitive", "stickied": "https://lemmy.example/ns#stickied"},
    KBIN: {
        "kbin": "https://kbin.example/ns#",
        "stickied": "kbin:stickied",
        "Hashtag": "as:Hashtag",
    },
    LITEPUB: {
        "litepub": "http://litepub.example/ns#",
        "directMessage": "litepub:directMessage",
        "EmojiReact": "litepub:EmojiReact",
        "expires": {"@id": "litepub:expires", "@type": "litepub:time"},
        "@language": "und",
    },
    WEBFINGER: {"webfinger": {"@id": "https://webfinger.example/#webfinger"}},
}
"""The documents of contexts that are not built into processors."""

PROOF = {
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-jcs-2022",
    "verificationMethod": f"{KIM}#ed25519-key",
    "proofPurpose": "assertionMethod",
    "created": "2026-01-01T11:30:00Z",
    "proofValue": "z3sXaxjKs4M3BRicwWA9peyNPJvJqxtGsDmpt1jjoHCjgeUf71TRFz56osPSfDEr",
}
TERMS = {
    "toot": "http://joinmastodon.org/ns#",
    "Emoji": "toot:Emoji",
    "Hashtag": "as:Hashtag",
    "sensitive": "as:sensitive",
}
MOBILIZON = {
    "@language": "en",
    "sc": "http://schema.org#",
    "location": {"@id": "sc:location", "@type": "sc:Place"},
    "value": "sc:value",
    "language": "sc:inLanguage",
}

UNPROVEN: dict[str, Any] = {
    "nothing else": AS2,
    "Mastodon": [AS2, TERMS],
    "NodeBB, PeerTube, Friendica": [AS2, SECURITY, {"RsaSignature2017": "sec:RsaSignature2017"}],
    "GNU social": [AS2, SECURITY, {"gs": "https://gs.example/ns#"}, {"inThread": "gs:inThread"}],
    "Lemmy": [LEMMY, AS2],
    "Mbin": [AS2, SECURITY, KBIN],
    "Pleroma": [AS2, LITEPUB, {"@language": "und"}],
    "Mobilizon": [AS2, SECURITY, MOBILIZON],
    "security/v2": [AS2, SECURITY_2],
    "a proof in place": [AS2, {"proof": "https://terms.example/proof", "Hashtag": "as:Hashtag"}],
    "WordPress": [AS2, SECURITY, WEBFINGER, TERMS],
}
PROVEN: dict[str, Any] = {
    "Mitra": [AS2, SECURITY, DATA_INTEGRITY, TERMS],
    "Fedify, Mitra before 4": [AS2, SECURITY, DATA_INTEGRITY_1, TERMS],
}


@pytest.fixture
def dialect() -> str:
    """Outgoing activities do not depend on the database."""
    return "sqlite"


@pytest.fixture(scope="module")
def processor() -> Iterator[javascript.Program]:
    """`jsonld` from npm: `tests/npm/json_ld.mjs`."""
    with javascript.running("json_ld.mjs") as program:
        yield program


def expand(
    processor: javascript.Program, documents: list[dict[str, Any]], *, safe: bool
) -> list[dict[str, Any]]:
    """The one node of each document. Fails for one that the processor refuses."""
    contexts = {address: {"@context": terms} for address, terms in PUBLISHED.items()}
    answers = processor.ask("expand", documents=documents, contexts=contexts, safe=safe)
    for document, answer in zip(documents, answers, strict=True):
        assert "error" not in answer, f"{document['type']} {document['id']}: {answer}"
    return [answer["expanded"][0] for answer in answers]


async def test_announced_activities_keep_their_meaning_in_any_context(
    node: Node, processor: javascript.Program
) -> None:
    """Inside our Announce every activity expands to the same as by itself."""
    await give_keys(node, CATS)
    node.network.put(person(KIM))
    node.home.follow(node.home.person(FORUM, "piefed"), node.home.cats)
    contexts = UNPROVEN | PROVEN
    received = [expanded_in(context, number) for number, context in enumerate(contexts.values())]
    for document in received[len(UNPROVEN) :]:
        document["proof"] = PROOF
    for document in received:
        assert await node.receive(document) == "202"

    announced = [each for each in sent_by(node) if activity_in(each)]

    assert [each["object"] for each in announced] == received
    alone = expand(processor, received, safe=False)
    inside = expand(processor, announced, safe=False)
    for name, one, envelope in zip(contexts, alone, inside, strict=True):
        assert envelope[f"{AS2}#object"] == [one], name
        proof = envelope["https://w3id.org/security#proof"][0]["@graph"][0]
        assert proof["https://w3id.org/security#verificationMethod"], name


async def test_the_proof_of_an_announce_has_the_meaning_of_the_published_context(
    node: Node, processor: javascript.Program
) -> None:
    await give_keys(node, CATS)
    node.home.follow(node.home.person("https://masto.example/u/fan", "mastodon"), node.home.cats)
    await do(node, CreatePost(by=node.home.bob, community=node.home.cats, title="Cats sleep"))
    boost = next(each for each in sent_by(node) if isinstance(each.get("object"), str))

    published = [AS2, DATA_INTEGRITY]
    otherwise = boost | {"@context": published, "proof": boost["proof"] | {"@context": published}}

    ours, theirs = expand(processor, [boost, otherwise], safe=True)
    assert ours == theirs


async def test_no_field_of_our_documents_is_lost_in_json_ld_expansion(
    node: Node, processor: javascript.Program
) -> None:
    await a_day(node)
    documents = sent_by(node) + await served_by(node)

    for document, node_object in zip(
        documents, expand(processor, documents, safe=True), strict=True
    ):
        assert undefined_terms(node_object) == set(), document["id"]


def expanded_in(context: Any, number: int) -> dict[str, Any]:
    """A post in !cats by kim, with terms of many dialects."""
    fields = note(
        f"https://kim.example/note/{number}",
        KIM,
        to=[f"{AS2}#Public", CATS],
        cc=[],
        sensitive=False,
        stickied=True,
        expires="2026-03-01T00:00:00Z",
        language={"identifier": "de", "name": "Deutsch"},
        tag=[{"type": "Mention", "href": CATS}, {"type": "Hashtag", "name": "#cats"}],
        contentMap={"en": "<p>A remark</p>"},
    )
    return activity("Create", KIM, fields) | {"@context": context}


async def give_keys(node: Node, *actors: str) -> None:
    """Keys to sign and to prove with."""
    for iri in actors:
        key = await node.instance.new_key()

        def rotate(ctx: Context, iri: str = iri, key: Any = key) -> None:
            owner = find_actor(ctx.conn, iri)
            assert owner is not None
            perform(ctx, RotateKeys(by=owner, key=key))

        await node.instance.unit(rotate)


async def do(node: Node, action: Action[R]) -> R:
    """One action of a local actor, with the proofs of its actors."""
    return await node.instance.unit(lambda ctx: perform(ctx, action))


async def a_day(node: Node) -> None:
    """One activity of each kind, in a local and in a remote community."""
    home = node.home
    await give_keys(node, f"{ORIGIN}/u/ann", f"{ORIGIN}/u/bob", CATS, f"{ORIGIN}/actor")
    kim, dogs = home.person(KIM, "mastodon"), home.group("https://forum.example/c/dogs")
    home.follow(home.person(FORUM, "lemmy"), home.cats)
    home.follow(kim, home.cats)
    home.follow(kim, home.bob)
    await do(node, Follow(by=home.bob, target=dogs))
    for community in (home.cats, dogs):
        await a_conversation(node, community, kim)
    await do(node, Unfollow(by=home.bob, target=dogs))
    await do(node, SendMessage(by=home.bob, to=kim, body=Body.of_markdown("Hello")))
    await a_moderators_day(node, kim)


async def a_conversation(node: Node, community: Community, kim: Person) -> None:
    bob = node.home.bob
    fields: dict[str, Any] = {
        "url": "https://peer.example/",
        "body": Body.of_markdown("For @kim@kim.example, **of** #cats"),
        "language": "de",
        "image": Illustration("https://peer.example/cat.png", "A cat"),
        "content_warning": "Teeth",
    }
    made = await do(node, CreatePost(by=bob, community=community, title="Cats sleep", **fields))
    await do(node, EditPost(by=bob, post=made, title="Cats do sleep", **fields))
    created = await do(
        node, CreateComment(by=bob, post=made, parent=None, body=Body.of_markdown("Yes"))
    )
    await do(node, EditComment(by=bob, comment=created, body=Body.of_markdown("No")))
    for score in (1, -1, 0):
        await do(node, Vote(by=node.home.ann, target=created, score=score))
    await do(node, Report(by=node.home.ann, target=created, reason="Rude"))
    gone = await do(
        node, CreateComment(by=bob, post=made, parent=created, body=Body.of_markdown("Gone"))
    )
    await do(node, Delete(by=bob, target=gone))
    node.home.comment(made, by=kim, parent=created)


async def a_moderators_day(node: Node, kim: Person) -> None:
    ann, cats = node.home.ann, node.home.cats
    about = await do(node, CreatePost(by=node.home.bob, community=cats, title="A rule"))
    await do(node, Pin(by=ann, post=about, pinned=True))
    await do(node, Lock(by=ann, target=about, locked=True, reason="Enough"))
    await do(node, AddModerator(by=ann, community=cats, person=kim))
    spam = await do(node, CreatePost(by=node.home.bob, community=cats, title="Spam"))
    await do(node, RemoveContent(by=ann, target=spam, reason="Spam"))
    until = node.instance.clock() + timedelta(days=1)
    troll = node.home.person("https://forum.example/u/troll", "lemmy")
    for community in (cats, None):
        await do(
            node, Ban(by=ann, person=troll, community=community, reason="Spam", expires_at=until)
        )
    description = Body.of_markdown("All about *cats*")
    await do(
        node,
        EditCommunity(
            by=ann,
            community=cats,
            title="Cats",
            description=description,
            nsfw=True,
            posting_restricted=False,
        ),
    )
    await do(node, EditProfile(by=node.home.bob, title="Bob", summary=description))


def sent_by(node: Node) -> list[dict[str, Any]]:
    """Every activity that was sent, in order."""
    return [json.loads(row["body"]) for row in node.home.rows(activities)]


def activity_in(sent: dict[str, Any]) -> bool:
    """Whether it is an Announce of more than an id."""
    return sent["type"] == "Announce" and isinstance(sent["object"], dict)


async def served_by(node: Node) -> list[dict[str, Any]]:
    """Every document at a local address."""
    actors = ("/u/bob", "/c/cats", "/actor")
    boxes = ("outbox", "followers", "following", "featured")
    paths = [*actors, *(f"{who}/{name}" for who in actors for name in boxes)]
    paths += ["/c/cats/moderators", "/comment/1", "/comment/2"]
    paths += [f"/post/1{part}" for part in ("", "/context", "/context?page=1", "/replies")]
    paths += ["/comment/1/replies"]
    for_microblogs = await node.get("/post/1", User_Agent="Mastodon/4.4.2")
    return [for_microblogs.json()] + [await node.get_json(path) for path in paths]


def undefined_terms(node_object: Any) -> set[str]:
    """Terms that no context defines: ActivityStreams makes blank nodes of them."""
    if isinstance(node_object, list):
        return set().union(*map(undefined_terms, node_object))
    if not isinstance(node_object, dict):
        return set()
    named = {*node_object, *node_object.get("@type", [])} if "@value" not in node_object else set()
    inner = (undefined_terms(value) for value in node_object.values())
    return {name for name in named if name.startswith("_:")}.union(*inner)
