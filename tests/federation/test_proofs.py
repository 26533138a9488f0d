"""Integrity proofs (FEP-8b32): a proven activity need not be fetched, whichever server sends it."""

import json
import threading
from typing import Any

import pytest

from activitypub.document import Document
from activitypub.signatures import integrity
from activitypub.signatures.keys import (
    PublicKey,
    generate_rsa_pem,
    load_private,
)
from fedcom.actions.keys import RotateKeys
from fedcom.actions.perform import perform
from fedcom.actions.post import CreatePost
from fedcom.context import Context
from fedcom.models.post import post
from fedcom.queries.actors import find_actor
from outbox.deliveries import activities
from tests.support.documents import activity, page, person, proof_key, prover
from tests.support.node import Node
from tests.support.people import ORIGIN
from tests.support.watched_server import measured_steps

KIM, EVE = "https://kim.example/u/kim", "https://eve.example/u/eve"
DOGS = "https://dogs.example/c/dogs"
CATS = f"{ORIGIN}/c/cats"
POST = "https://kim.example/post/9"

pytestmark = pytest.mark.anyio


def proven(activity_sent: dict[str, Any], node: Node) -> dict[str, Any]:
    return integrity.sign(activity_sent, proof_key(KIM), node.instance.clock())


async def test_a_relayed_activity_with_a_proof_is_accepted_and_forwarded_unchanged(
    node: Node,
) -> None:
    node.network.put(prover(KIM), person(EVE))
    node.home.follow(node.home.person("https://forum.example/u/fan", "lemmy"), node.home.cats)
    activity_sent = json.dumps(
        proven(activity("Create", KIM, page(POST, KIM, CATS)), node)
    ).encode()

    assert await node.receive(activity_sent, signer=EVE) == "202"

    assert node.snapshot()[POST]
    assert POST not in node.network.fetched()
    assert any(activity_sent in row["body"] for row in node.home.rows(activities))


async def test_a_changed_relayed_activity_is_fetched_from_its_origin(node: Node) -> None:
    node.network.put(prover(KIM), person(EVE), page(POST, KIM, CATS, name="As kim wrote it"))
    activity_sent = proven(activity("Create", KIM, page(POST, KIM, CATS)), node)
    activity_sent["object"]["name"] = "As eve changed it"

    assert await node.receive(activity_sent, signer=EVE) == "202"

    assert [row["title"] for row in node.home.rows(post)] == ["As kim wrote it"]
    assert POST in node.network.fetched()


async def test_a_long_proven_activity_is_not_verified_in_the_event_loop(node: Node) -> None:
    """Half a second for a megabyte, whichever server sends it."""
    node.network.put(prover(KIM), person(EVE))
    activity_sent = proven(
        activity("Create", KIM, page(POST, KIM, CATS)) | {"x": [1.5e-7] * 80_000}, node
    )

    with measured_steps(threading.current_thread()) as steps:
        assert await node.receive(json.dumps(activity_sent).encode(), signer=EVE) == "202"

    assert max(steps) < 0.1


async def test_a_proof_by_another_than_the_actor_counts_for_nothing(node: Node) -> None:
    node.network.put(prover(KIM), person(EVE))
    forged = activity("Like", "https://kim.example/u/ken", f"{ORIGIN}/post/1")
    activity_sent = integrity.sign(forged, proof_key(KIM), node.instance.clock())

    answer = await node.receive(activity_sent, signer=EVE)

    assert answer != "202"


async def test_an_old_proof_cannot_be_replayed(node: Node) -> None:
    node.network.put(prover(KIM), person(EVE))
    activity_sent = proven(activity("Create", KIM, page(POST, KIM, CATS)), node)
    node.home.clock.advance(seconds=9 * 86_400)

    assert await node.receive(activity_sent, signer=EVE) != "202"
    assert POST not in node.snapshot()


async def test_an_announced_activity_with_the_authors_proof_is_not_fetched(
    node: Node,
) -> None:
    node.network.put(prover(KIM))
    dogs = node.home.group(DOGS)
    node.home.follow(node.home.bob, dogs)
    inner = proven(activity("Create", KIM, page(POST, KIM, DOGS)), node)

    assert await node.receive(activity("Announce", DOGS, inner) | {"object": inner}) == "202"

    assert node.snapshot()[POST]
    assert POST not in node.network.fetched()


async def test_a_proven_activity_that_a_community_changed_is_fetched(node: Node) -> None:
    node.network.put(prover(KIM), page(POST, KIM, DOGS, name="As kim wrote it"))
    dogs = node.home.group(DOGS)
    node.home.follow(node.home.bob, dogs)
    inner = proven(activity("Create", KIM, page(POST, KIM, DOGS)), node)
    inner["object"]["name"] = "As dogs changed it"

    assert await node.receive(activity("Announce", DOGS, inner) | {"object": inner}) == "202"

    assert [row["title"] for row in node.home.rows(post)] == ["As kim wrote it"]


async def test_our_activities_have_proofs_on_both_levels(node: Node) -> None:
    await give_new_keys(node)
    node.home.follow(node.home.person("https://forum.example/u/fan", "lemmy"), node.home.cats)
    node.home.sent()

    action = CreatePost(by=node.home.bob, community=node.home.cats, title="Proven")
    await node.instance.unit(lambda ctx: perform(ctx, action))

    sent = [json.loads(row["body"]) for row in node.home.rows(activities)]
    announced = next(each for each in sent if Document(each).shape == ("Announce", "Create"))
    now = node.instance.clock()
    integrity.verify(announced, await shown_key(node, "/c/cats"), now=now)
    integrity.verify(announced["object"], await shown_key(node, "/u/bob"), now=now)


async def test_rotated_keys_are_served_sent_and_used(node: Node) -> None:
    node.home.follow(node.home.person("https://masto.example/u/fan", "mastodon"), node.home.bob)
    node.home.sent()
    before = await node.get_json("/u/bob")

    await give_new_keys(node)

    after = await node.get_json("/u/bob")
    assert after["publicKey"]["id"] == f"{ORIGIN}/u/bob#main-key-2"
    assert after["publicKey"]["id"] != before["publicKey"]["id"]
    assert [sent.shape for sent in node.home.sent() if "masto" in sent.inbox] == ["Update{Person}"]


async def test_a_key_that_a_peer_rotates_is_learnt_and_the_old_one_ends(node: Node) -> None:
    node.network.put(person(KIM))
    first = activity("Create", KIM, page(POST, KIM, CATS))
    assert await node.receive(first) == "202"
    private, public = generate_rsa_pem()
    new_key = load_private(f"{KIM}#main-key", private)
    shown = {"id": f"{KIM}#main-key", "owner": KIM, "publicKeyPem": public}
    node.network.put(person(KIM) | {"publicKey": shown})

    by_new_key = activity("Like", KIM, POST)
    assert await node.receive(by_new_key, key=new_key) == "202"

    node.home.clock.advance(seconds=120)
    by_old_key = activity("Dislike", KIM, POST)
    assert (await node.receive(by_old_key)).startswith("401")


async def give_new_keys(node: Node) -> None:
    for iri in (f"{ORIGIN}/u/bob", CATS):
        key = await node.instance.new_key()

        def rotate(ctx: Context, iri: str = iri, key: Any = key) -> None:
            owner = find_actor(ctx.conn, iri)
            assert owner is not None
            perform(ctx, RotateKeys(by=owner, key=key))

        await node.instance.unit(rotate)


async def shown_key(node: Node, path: str) -> PublicKey:
    """The key that the actor's document lists for its proofs."""
    shown = Document(await node.get_json(path)).assertion_methods[0]
    return PublicKey.from_multibase(shown.id, shown.owner, shown.multibase)
