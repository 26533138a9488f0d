import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from starlette.requests import Request

from activitypub.errors import Gone, Unreachable
from activitypub.problem import ProblemType
from activitypub.signatures.accept import requests_ed25519
from inbox import claims
from inbox.errors import Refused
from inbox.receive import REQUESTS_OF_ONE, to_signed_request
from tests.inbox.peers import (
    ANN,
    BOB,
    CONTEXT,
    OUR_HOST,
    Post,
    WatchedDatabase,
    World,
    create,
    delete_of_self,
    like,
    other_private_key,
    private_key,
    public_key,
    send_to,
)

pytestmark = pytest.mark.anyio


async def test_a_signed_activity_is_kept_and_answered_202_with_its_request_id(world: World) -> None:
    answer = await world.post(like())
    assert (answer.status, answer.body) == (202, b"")
    (row,) = world.rows()
    assert row["request_id"] == answer.headers["x-request-id"]
    assert requests_ed25519(answer.headers["accept-signature"])
    assert (row["activity_id"], row["activity_type"]) == ("https://peer.example/likes/1", "Like")
    assert (row["actor"], row["signer"], row["host"]) == (ANN, ANN, "peer.example")
    assert row["subject"] == f"https://{OUR_HOST}/post/1"
    assert row["body"] == json.dumps(like()).encode()
    assert (row["spliceable"], row["authenticated"], row["state"]) == (True, True, "open")
    assert world.handlers.checked == ["https://peer.example/likes/1"]


async def test_the_same_activity_twice_is_kept_once_and_answered_alike(world: World) -> None:
    answers = [await world.post(like()), await world.post(like())]
    assert [answer.status for answer in answers] == [202, 202]
    assert len(world.rows()) == 1


async def test_one_id_with_another_body_is_another_activity(world: World) -> None:
    await world.post(like())
    await world.post(like(summary="edited"))
    assert len(world.rows()) == 2


async def test_the_request_id_of_a_middleware_is_taken_over(small_world: World) -> None:
    post = small_world.sign(like())
    post.state["request_id"] = "0b0f25ec-91a4-4a5e-8a08-d0ccd7a0f0f0"
    answer = await small_world.send(post)
    assert answer.headers["x-request-id"] == "0b0f25ec-91a4-4a5e-8a08-d0ccd7a0f0f0"
    assert small_world.rows()[0]["request_id"] == "0b0f25ec-91a4-4a5e-8a08-d0ccd7a0f0f0"


async def test_an_activity_without_id_is_known_again_by_its_body(world: World) -> None:
    document = like()
    del document["id"]
    assert (await world.post(document)).status == 202
    assert (await world.post(document)).status == 202
    assert [row["activity_id"] for row in world.rows()] == [None]


def listed(*activities: dict[str, Any]) -> dict[str, Any]:
    """As Discourse's plugin delivers a new topic; the items have no context of their own."""
    items = [{k: v for k, v in one.items() if k != "@context"} for one in activities]
    return {
        "@context": CONTEXT,
        "id": "https://peer.example/collections/1",
        "type": "OrderedCollection",
        "attributedTo": ANN,
        "totalItems": len(items),
        "orderedItems": items,
    }


async def test_the_items_of_a_collection_are_kept_as_if_each_had_come_by_itself(
    world: World,
) -> None:
    second = like(2)
    assert (await world.post(listed(like(), second))).status == 202
    rows = world.rows()
    assert [row["activity_id"] for row in rows] == [like()["id"], second["id"]]
    assert [json.loads(row["body"]) for row in rows] == [like(), second]
    assert {(row["actor"], row["signer"], row["spliceable"]) for row in rows} == {(ANN, ANN, True)}
    assert (await world.post(listed(second))).status == 202
    assert len(world.rows()) == 2


async def test_one_item_that_is_refused_does_not_take_the_others_along(small_world: World) -> None:
    ours = like(3, actor=f"https://{OUR_HOST}/u/bob")
    assert (await small_world.post(listed(ours, like()))).status == 202
    assert [row["activity_id"] for row in small_world.rows()] == [like()["id"]]
    answer = await small_world.post(listed(ours, ours))
    assert (answer.status, answer.code) == (403, "actor_is_ours")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"actor": None}, "actor_missing"),
        ({"id": "https://other.example/like/3"}, "id_on_other_host"),
        ({"type": ""}, "type_missing"),
    ],
)
async def test_one_item_that_is_malformed_does_not_take_the_others_along(
    small_world: World, wrong: dict[str, Any], code: str
) -> None:
    bad = like(3) | wrong
    assert (await small_world.post(listed(bad, like()))).status == 202
    assert [row["activity_id"] for row in small_world.rows()] == [like()["id"]]
    assert (await small_world.post(listed(bad, bad))).code == code


@pytest.mark.parametrize("number", [0, 51])
async def test_a_collection_of_nothing_or_of_too_much_is_answered_400(
    small_world: World, number: int
) -> None:
    answer = await small_world.post(listed(*(like(one) for one in range(number))))
    assert (answer.status, answer.code) == (400, "collection_items")


BROKEN: list[tuple[Any, str]] = [
    (b"{", "json_invalid"),
    (b"[]", "json_not_object"),
    (b"\xff\xfe", "json_encoding"),
    (b'{"a": 1, "a": 2}', "json_duplicate_key"),
    (b"[" * 100_000, "json_too_deep"),
    ({"type": "Like", "actor": ANN}, "context_missing"),
    (like(type=None), "type_missing"),
    (like(type="x" * 101), "type_missing"),
    (like(type="Note"), "not_an_activity"),
    (like(actor=ANN) | {"actor": None}, "actor_missing"),
    (like() | {"actor": [ANN, BOB]}, "actor_missing"),
    (like(attributedTo=BOB), "actor_missing"),
    (like() | {"actor": "ann"}, "iri_scheme"),
    (like() | {"actor": "http://peer.example/u/ann"}, "iri_scheme"),
    (like() | {"actor": "https://127.0.0.1/u/ann"}, "iri_host"),
    (like(id=7), "iri_not_text"),
    (like(id="urn:x"), "iri_scheme"),
]


@pytest.mark.parametrize(
    ("document", "code"), BROKEN, ids=[f"{i}-{c[1]}" for i, c in enumerate(BROKEN)]
)
async def test_a_broken_document_is_answered_400(
    small_world: World, document: Any, code: str
) -> None:
    answer = await small_world.post(document)
    assert (answer.status, answer.code) == (400, code)
    small_world.assert_untouched()


@pytest.mark.parametrize("name", ["Signature", "Date", "Host", "Digest"])
async def test_a_repeated_header_is_answered_400(small_world: World, name: str) -> None:
    post = small_world.sign(like())
    value = dict(post.headers)[name]
    answer = await small_world.send(post.with_header(name, value, value))
    assert (answer.status, answer.code) == (400, "header_duplicate")
    assert small_world.rows() == []


async def test_an_unsigned_activity_is_answered_401_with_the_accepted_schemes(
    small_world: World,
) -> None:
    answer = await small_world.send(small_world.sign(like()).with_header("Signature"))
    assert (answer.status, answer.code) == (401, "signature_missing")
    assert answer.headers["www-authenticate"].startswith("Signature ")
    small_world.assert_untouched()


async def test_a_changed_body_is_answered_401_with_both_digests(small_world: World) -> None:
    post = small_world.sign(like())
    forged = Post(json.dumps(like(2)).encode(), post.headers)
    answer = await small_world.send(forged)
    assert (answer.status, answer.code) == (401, "digest_mismatch")
    assert answer.problem["computed"] != answer.problem["received"]
    small_world.assert_untouched()


async def test_a_forged_signature_is_answered_401_with_the_string_we_computed(
    small_world: World,
) -> None:
    post = small_world.sign(like())
    answer = await small_world.send(Post(post.body, post.headers, path="/c/cats/inbox"))
    assert (answer.status, answer.code) == (401, "signature_mismatch")
    assert "(request-target): post /c/cats/inbox" in answer.problem["signing_string"]
    assert answer.problem["key_id"] == f"{ANN}#main-key"
    assert small_world.rows() == []
    assert small_world.handlers.checked == []


async def test_an_activity_signed_for_another_host_is_answered_401(small_world: World) -> None:
    post = small_world.sign(like()).with_header("Host", "elsewhere.example")
    answer = await small_world.send(post)
    assert (answer.status, answer.code) == (401, "signature_host")
    assert small_world.rows() == []


async def test_an_old_signature_is_answered_401(small_world: World) -> None:
    post = small_world.sign(like())
    small_world.clock.advance(hours=3)
    answer = await small_world.send(post)
    assert (answer.status, answer.code) == (401, "signature_time")
    assert small_world.rows() == []


async def test_a_blocked_actor_is_answered_403_before_any_fetch(small_world: World) -> None:
    small_world.gate.blocked["peer.example"] = "spam, see ticket 12"
    answer = await small_world.post(like())
    assert (answer.status, answer.code) == (403, "host_blocked")
    assert "ticket" not in answer.body.decode()
    small_world.assert_untouched()


async def test_a_blocked_signer_is_answered_403_before_any_fetch(small_world: World) -> None:
    small_world.gate.blocked["other.example"] = "spam"
    answer = await small_world.post(like(), signer=BOB)
    assert (answer.status, answer.code) == (403, "host_blocked")
    small_world.assert_untouched()


@pytest.mark.parametrize(
    ("actor", "signer"), [(f"https://{OUR_HOST}/u/me", ANN), (ANN, f"https://{OUR_HOST}/u/me")]
)
async def test_activities_of_local_actors_are_refused(
    small_world: World, actor: str, signer: str
) -> None:
    answer = await small_world.post(like(actor=actor), signer=signer)
    assert (answer.status, answer.code) == (403, "actor_is_ours")
    small_world.assert_untouched()


async def test_problems_have_the_types_that_the_host_gave(small_world: World) -> None:
    small_world.gate.blocked["other.example"] = "spam"
    kinds = {"host_blocked": ProblemType("https://home.example/blocked", "Blocked")}
    small_world.inbox = small_world.new_inbox(problem_types=kinds)
    answer = await small_world.post(like(), signer=BOB)
    assert answer.problem["type"] == "https://home.example/blocked"
    assert answer.problem["title"] == "Blocked"


async def test_an_id_on_another_host_is_answered_403_before_any_fetch(small_world: World) -> None:
    answer = await small_world.post(like(id="https://victim.example/likes/1"))
    assert (answer.status, answer.code) == (403, "id_on_other_host")
    assert answer.problem["type"] == "https://w3id.org/fep/c180#actor-not-authorized"
    small_world.assert_untouched()


@pytest.mark.parametrize("kind", ["Delete", "Update"])
async def test_the_self_deletion_of_an_unknown_actor_is_answered_202_without_fetch_or_row(
    small_world: World, kind: str
) -> None:
    answer = await small_world.post(delete_of_self(type=kind))
    assert answer.status == 202
    small_world.assert_untouched()


@pytest.mark.parametrize("kind", ["Delete", "Update"])
async def test_the_self_deletion_of_an_unknown_actor_with_a_cached_key_is_checked(
    small_world: World, kind: str
) -> None:
    assert (await small_world.post(like())).status == 202
    assert (await small_world.post(delete_of_self(type=kind))).status == 202
    assert [row["activity_type"] for row in small_world.rows()] == ["Like", kind]
    small_world.keys.origin[f"{ANN}#main-key"] = Gone("gone", "410", url=ANN, status=410)
    answer = await small_world.post(like(id=f"{ANN}/likes/2"))
    assert (answer.status, answer.code) == (401, "key_gone")


async def test_only_the_actor_itself_invalidates_its_cached_keys(small_world: World) -> None:
    await small_world.post(like())
    answer = await small_world.post(delete_of_self(), key=other_private_key(f"{ANN}#main-key"))
    assert (answer.status, answer.code) == (401, "signature_mismatch")
    assert small_world.keys.remembers(ANN)


async def test_for_another_deletion_by_an_unknown_actor_the_key_is_fetched(
    small_world: World,
) -> None:
    answer = await small_world.post(delete_of_self(object=f"{ANN}/notes/1"))
    assert answer.status == 202
    assert len(small_world.rows()) == 1


async def test_the_self_deletion_of_a_known_actor_with_a_gone_key_is_kept_for_a_check(
    world: World,
) -> None:
    world.gate.known.add(ANN)
    world.keys.origin[f"{ANN}#main-key"] = Gone("gone", "410", url=ANN, status=410)
    answer = await world.post(delete_of_self())
    assert answer.status == 202
    (row,) = world.rows()
    assert (row["authenticated"], row["spliceable"], row["signer"]) == (False, False, "")
    assert world.handlers.checked == []


async def test_a_gone_key_deletes_nobody_on_another_host(small_world: World) -> None:
    small_world.gate.known.add(ANN)
    small_world.keys.origin[f"{BOB}#main-key"] = Gone("gone", "410", url=BOB, status=410)
    answer = await small_world.post(delete_of_self(), signer=BOB)
    assert (answer.status, answer.code) == (401, "key_gone")
    assert small_world.rows() == []


async def test_a_gone_key_signs_nothing_but_its_own_end(small_world: World) -> None:
    small_world.gate.known.add(ANN)
    small_world.keys.origin[f"{ANN}#main-key"] = Gone("gone", "410", url=ANN, status=410)
    answer = await small_world.post(like())
    assert (answer.status, answer.code) == (401, "key_gone")
    assert small_world.rows() == []


async def test_a_key_that_cannot_be_fetched_now_is_answered_503(small_world: World) -> None:
    small_world.keys.origin[f"{ANN}#main-key"] = Unreachable(
        "timeout", "No answer.", url=ANN, retry_after=120.0
    )
    answer = await small_world.post(like())
    assert (answer.status, answer.code) == (503, "key_unreachable")
    assert answer.headers["retry-after"] == "120"
    assert small_world.rows() == []


async def test_a_key_that_is_not_there_is_answered_401(small_world: World) -> None:
    answer = await small_world.post(like(), signer="https://peer.example/u/nobody")
    assert (answer.status, answer.code) == (401, "key_not_usable")
    assert answer.problem["key_id"] == "https://peer.example/u/nobody#main-key"
    assert small_world.rows() == []


async def test_a_key_id_that_is_no_public_iri_is_answered_400_without_fetch(
    small_world: World,
) -> None:
    key = private_key("https://127.0.0.1/u/ann#main-key")
    answer = await small_world.post(like(), key=key)
    assert (answer.status, answer.code) == (400, "iri_host")
    small_world.assert_untouched()


async def test_a_relayed_activity_is_kept_to_be_checked_at_its_origin(world: World) -> None:
    answer = await world.post(create(), signer=BOB)
    assert answer.status == 202
    (row,) = world.rows()
    assert (row["actor"], row["signer"], row["host"]) == (ANN, BOB, "peer.example")
    assert (row["authenticated"], row["spliceable"]) == (False, False)
    assert world.handlers.checked == []


async def test_a_relayed_copy_does_not_replace_the_actors_own_activity(world: World) -> None:
    await world.post(create(), signer=BOB)
    await world.post(create(), signer=BOB)
    await world.post(create())
    assert [row["authenticated"] for row in world.rows()] == [False, True]


async def test_a_relayed_activity_that_its_origin_cannot_confirm_needs_a_proof(
    small_world: World,
) -> None:
    """Whether the proof is valid is checked when there is time to fetch a key."""
    answer = await small_world.post(like(), signer=BOB)
    assert (answer.status, answer.code) == (403, "relayed_without_proof")
    assert answer.problem["principal"] == BOB
    assert answer.problem["actor"] == ANN
    assert small_world.rows() == []

    proof = {"type": "DataIntegrityProof", "proofValue": "z"}
    answer = await small_world.post(like(proof=proof), signer=BOB)
    assert answer.status == 202
    assert len(small_world.rows()) == 1


async def test_the_same_body_signed_at_another_time_is_kept_again(world: World) -> None:
    """NodeBB gives every upvote of a post by one person the same id and the same bytes."""
    for _ in range(2):
        await world.post(like())
    assert len(world.rows()) == 1

    world.clock.advance(seconds=1)
    await world.post(like())
    assert len({row["signed_at"] for row in world.rows()}) == 2


async def test_a_relayed_activity_without_id_is_answered_403(small_world: World) -> None:
    answer = await small_world.post(like(id=None), signer=BOB)
    assert (answer.status, answer.code) == (403, "signer_is_not_actor")
    assert answer.problem["type"] == "https://w3id.org/fep/c180#principal-actor-mismatch"
    assert answer.problem["principal"] == BOB
    assert small_world.rows() == []


async def test_a_host_that_relays_too_much_is_answered_503_and_others_are_accepted(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inbox.verify.RELAYS_PER_MINUTE", 3)
    small_world.inbox = small_world.new_inbox()
    answers = [await small_world.post(create(number), signer=BOB) for number in range(4)]
    assert [answer.status for answer in answers] == [202, 202, 202, 503]
    assert answers[3].code == "relay_budget_spent"
    assert answers[3].headers["retry-after"] == "60"
    assert len(small_world.rows()) == 3
    assert (await small_world.post(like(9))).status == 202
    small_world.clock.advance(seconds=60)
    assert (await small_world.post(create(3), signer=BOB)).status == 202


@pytest.mark.parametrize("status", [403, 404, 422])
async def test_a_refusal_by_check_is_the_response(world: World, status: int) -> None:
    name = str(like()["id"])
    world.handlers.refused[name] = Refused(status, "no_such_thing", "No.", {"resource": "x"})
    answer = await world.post(like())
    assert (answer.status, answer.code) == (status, "no_such_thing")
    assert answer.problem["resource"] == "x"
    assert answer.problem["type"] == "about:blank"
    assert world.rows() == []


async def test_a_check_waits_for_earlier_activities_of_the_same_host(world: World) -> None:
    second = str(like(2)["id"])
    world.handlers.refused[second] = Refused(403, "not_following", "No.")
    await world.post(like(1))
    assert (await world.post(like(2))).status == 202
    assert second not in world.handlers.checked
    await world.inbox.drain()
    world.handlers.refused[str(like(3)["id"])] = Refused(403, "not_following", "No.")
    assert (await world.post(like(3))).status == 403


async def test_a_check_waits_for_rows_in_progress_but_not_for_parked_ones(
    small_world: World,
) -> None:
    await small_world.post(like(1))
    (row,) = small_world.claim()
    small_world.handlers.refused[str(like(2)["id"])] = Refused(403, "not_following", "No.")
    assert (await small_world.post(like(2))).status == 202
    with small_world.database.begin() as conn:
        claims.park(conn, row, due_at=small_world.now + 60, reason="x")
    await small_world.inbox.drain()
    small_world.handlers.refused[str(like(3)["id"])] = Refused(403, "not_following", "No.")
    assert (await small_world.post(like(3))).status == 403


LOCKED = OperationalError("SELECT", {}, Exception("database is locked"))


@pytest.mark.parametrize(
    ("read", "write", "code"), [(LOCKED, None, "database_busy"), (None, LOCKED, "not_kept")]
)
async def test_a_database_that_fails_is_answered_503(
    small_world: World, read: Exception | None, write: Exception | None, code: str
) -> None:
    database = WatchedDatabase(small_world.database)
    database.read_error, database.write_error = read, write
    small_world.inbox = small_world.new_inbox(database=database)
    answer = await small_world.post(like())
    assert (answer.status, answer.code) == (503, code)
    assert answer.headers["retry-after"] == "30"
    assert small_world.rows() == []
    database.read_error = database.write_error = None
    assert (await small_world.post(like())).status == 202


async def test_an_internal_error_is_answered_500_with_a_request_id_and_no_details(
    small_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    database = WatchedDatabase(small_world.database)
    database.read_error = KeyError("secret")
    small_world.inbox = small_world.new_inbox(database=database)
    answer = await small_world.post(like())
    assert (answer.status, answer.code) == (500, "internal_error")
    assert "secret" not in answer.body.decode()
    (record,) = caplog.records
    assert record.getMessage() == "inbox_request_failed"
    assert vars(record)["request_id"] == answer.headers["x-request-id"]
    assert small_world.rows() == []


async def test_development_permits_http_and_ports(small_world: World) -> None:
    small_world.inbox = small_world.new_inbox(development=True)
    actor = "http://127.0.0.1:8001/u/ann"
    small_world.keys.publish(actor)
    assert (await small_world.post(like(actor=actor, id=f"{actor}/1"), signer=actor)).status == 202
    assert small_world.rows()[0]["host"] == "127.0.0.1:8001"


async def test_many_posts_at_once_are_each_kept_and_need_few_transactions(world: World) -> None:
    database = WatchedDatabase(world.database)
    world.inbox = world.new_inbox(database=database)
    world.keys.stored[f"{ANN}#main-key"] = public_key(ANN)
    answers = await asyncio.gather(*(world.post(like(number)) for number in range(100)))
    assert {answer.status for answer in answers} == {202}
    assert len(world.rows()) == 100
    assert database.writes < 30


async def test_a_signed_query_is_part_of_the_target() -> None:
    post = Post(b"", (("Host", OUR_HOST), ("X-A", "\xe9")), path="/a%20b/inbox", query="x=%2F&y")
    signed = to_signed_request(Request(post.scope), b"body")
    assert signed.target == "/a%20b/inbox?x=%2F&y"
    assert signed.headers == (("host", OUR_HOST), ("x-a", "\xe9"))
    assert (signed.method, signed.body) == ("POST", b"body")


async def test_the_context_may_be_one_of_several(small_world: World) -> None:
    document = like() | {"@context": ["https://join-lemmy.org/context.json", CONTEXT]}
    assert (await small_world.post(document)).status == 202


async def test_a_sender_with_many_requests_at_once_delays_only_itself(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inbox.receive.TURN_SECONDS", 0.05)
    database = WatchedDatabase(small_world.database)
    inbox = small_world.new_inbox(database=database)
    await send_to(inbox, small_world.sign(like(0)))  # the key is known from now on
    database.gate.clear()
    flood = [
        asyncio.create_task(send_to(inbox, small_world.sign(like(number))))
        for number in range(1, REQUESTS_OF_ONE + 5)
    ]
    await asyncio.wait(flood, return_when=asyncio.FIRST_COMPLETED)
    other = asyncio.create_task(
        send_to(inbox, replace(small_world.sign(like(99)), client="192.0.2.1"))
    )
    await asyncio.sleep(0.1)
    assert not other.done()  # it waits for the database, and not in line
    database.gate.set()

    assert (await other).status == 202
    answers = [await one for one in flood]
    assert [answer.status for answer in answers] == [202] * REQUESTS_OF_ONE + [503] * 4
    assert answers[-1].code == "sender_queue_full"
    assert int(answers[-1].headers["retry-after"]) > 0
    await inbox.aclose()


async def test_a_host_with_too_much_waiting_comes_back_later_and_nothing_accepted_is_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inbox.backlogs.MOST_WAITING", 3)
    monkeypatch.setattr("inbox.receive.SECONDS_TO_REFUSE", 0)
    for number in range(3):
        assert (await world.post(like(number))).status == 202
        world.clock.advance(seconds=1)

    answer = await world.post(like(3))
    assert (answer.status, answer.code) == (503, "backlog_full")
    assert int(answer.headers["retry-after"]) > 0
    # From memory, and only this host.
    assert (await world.post(like(4))).code == "backlog_full"
    assert (await world.post(like(1, actor=BOB), signer=BOB)).status == 202

    await world.inbox.drain()
    assert len(world.effects()) == 4
    world.clock.advance(seconds=1)
    assert (await world.post(like(3))).status == 202
