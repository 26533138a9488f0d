from collections.abc import AsyncIterator
from typing import Any

import pytest

from activitypub.answers import LD_JSON
from activitypub.errors import (
    FetchRefused,
    Gone,
    Malformed,
    NotThere,
    PrivateAddress,
    ProtocolError,
    Unreachable,
)
from activitypub.fetch import Budget
from activitypub.webfinger import (
    TYPE_PROPERTY,
    Handle,
    document,
    fetch_handle,
    find_actor,
    parse_handle,
    self_link,
)
from tests.support.tls_peers import TlsPeers, small_web

AP = "application/activity+json"
ACTOR = "https://peer.example/u/ann"
ANN = Handle("ann", "peer.example")


@pytest.fixture
async def web() -> AsyncIterator[TlsPeers]:
    async with small_web() as made:
        yield made


def lookup(name: str, host: str) -> str:
    return f"https://{host}/.well-known/webfinger?resource=acct:{name}@{host}"


def jrd(subject: str | None, actor: str, **more: Any) -> dict[str, Any]:
    answer = {"links": [{"rel": "self", "type": AP, "href": actor}], **more}
    return answer if subject is None else {"subject": subject, **answer}


@pytest.mark.parametrize(
    ("text", "handle"),
    [
        ("ann@peer.example", ANN),
        ("@ann@peer.example", ANN),
        (" acct:ann@peer.example\n", ANN),
        ("ACCT:ann@PEER.example", ANN),
        ("ann@peer.example:443", ANN),
        ("!cats@peer.example", Handle("cats", "peer.example", "Group")),
        ("A.b-c_1@peer.example", Handle("A.b-c_1", "peer.example")),
        ("a@bücher.example", Handle("a", "xn--bcher-kva.example")),
        ("a@xn--bcher-kva.example", Handle("a", "xn--bcher-kva.example")),
    ],
)
def test_a_handle_is_read_in_all_its_spellings(text: str, handle: Handle) -> None:
    assert parse_handle(text) == handle


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "@ann",
        "@@peer.example",
        "ann@",
        "a b@peer.example",
        "ann:x@peer.example",
        ".ann@peer.example",
        "ann.@peer.example",
        "ann/..@peer.example",
        "x" * 300 + "@peer.example",
        "https://peer.example/@ann",
        "ann?x=@peer.example",
        "ann%2f@peer.example",
        "änn@peer.example",
    ],
)
def test_a_handle_needs_a_name_and_a_host(text: str) -> None:
    with pytest.raises(Malformed) as error:
        parse_handle(text)
    assert error.value.code in ("handle_form", "handle_host")


BAD_HOSTS = [
    "127.0.0.1",
    "127.0.0.1:8080",
    "8.8.8.8",
    "[::1]",
    "[::1]:80",
    "::1",
    "localhost",
    "localhost:8000",
    "a.localhost",
    "peer",
    "peer.internal",
    "peer.local",
    "peer.onion",
    "router.home.arpa",
    "127.1",
    "0x7f.1",
    "2130706433",
    "①②⑦.0.0.1",
    "peer.example:8080",
    "peer.example:443x",
    "peer.example/x",
    "peer.example?x",
    "peer.example#x",
    "peer.example\\x",
    "peer.example%2f",
    "peer example",
    "peer\t.example",
    "ann@peer.example",
    "peer..example",
    "peer.example.",
    "-peer.example",
    "peer_.example",
    "x" * 64 + ".example",
    "x." * 130 + "example",
    "",
]


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_a_handle_with_an_unsafe_host_is_refused(host: str) -> None:
    with pytest.raises(Malformed) as error:
        parse_handle(f"ann@{host}")
    assert error.value.code == "handle_host"


@pytest.mark.parametrize("host", ["127.0.0.1:8001", "localhost:8001", "localhost", "[::1]:8001"])
def test_development_permits_handles_on_this_machine(host: str) -> None:
    assert parse_handle(f"ann@{host}", development=True) == Handle("ann", host)


@pytest.mark.parametrize("host", ["10.0.0.1", "192.168.0.1:80", "[fd00::1]", "peer", "x.internal"])
def test_development_permits_no_other_private_handles(host: str) -> None:
    with pytest.raises(Malformed):
        parse_handle(f"ann@{host}", development=True)


def test_a_handle_is_written_plainly_and_compared_without_case() -> None:
    assert str(ANN) == "ann@peer.example"
    assert ANN.acct == "acct:ann@peer.example"
    assert ANN.is_same(Handle("Ann", "peer.example", "Group"))
    assert not ANN.is_same(Handle("ann", "other.example"))
    assert not ANN.is_same(Handle("bob", "peer.example"))


@pytest.mark.anyio
async def test_a_handle_leads_to_its_actor(web: TlsPeers) -> None:
    web.put(lookup("ann", "peer.example"), jrd(ANN.acct, ACTOR), media_type="application/jrd+json")
    assert await find_actor(web.fetcher(), ANN) == ACTOR
    asked = web.listener.asked[0]
    assert asked.headers["accept"] == "application/jrd+json, application/json"
    assert len(web.asked) == 1


@pytest.mark.parametrize("subject", [None, "acct:Ann@Peer.Example", "ann@peer.example"])
@pytest.mark.anyio
async def test_the_subject_may_be_missing_or_in_another_case(
    web: TlsPeers, subject: str | None
) -> None:
    web.put(lookup("ann", "peer.example"), jrd(subject, ACTOR))
    assert await find_actor(web.fetcher(), ANN) == ACTOR
    assert len(web.asked) == 1


@pytest.mark.anyio
async def test_the_actor_may_live_on_another_host_than_its_handle(web: TlsPeers) -> None:
    actor = "https://social.peer.example/u/ann"
    web.put(lookup("ann", "peer.example"), jrd(ANN.acct, actor))
    assert await find_actor(web.fetcher(), ANN) == actor


@pytest.mark.anyio
async def test_a_domain_may_hand_its_handles_to_another_by_redirect(web: TlsPeers) -> None:
    there = "https://social.peer.example/.well-known/webfinger?resource=acct:ann@peer.example"
    web.redirect(lookup("ann", "peer.example"), there)
    web.put(there, jrd(ANN.acct, "https://social.peer.example/u/ann"))
    assert await find_actor(web.fetcher(), ANN) == "https://social.peer.example/u/ann"


@pytest.mark.anyio
async def test_a_subject_on_another_domain_counts_if_that_domain_confirms_it(web: TlsPeers) -> None:
    web.put(lookup("ann", "social.peer.example"), jrd(ANN.acct, ACTOR))
    web.put(lookup("ann", "peer.example"), jrd(ANN.acct, ACTOR))
    assert await find_actor(web.fetcher(), Handle("ann", "social.peer.example")) == ACTOR
    assert len(web.asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        jrd("acct:ceo@victim.example", "https://victim.example/u/ceo"),
        jrd("acct:other@victim.example", ACTOR),
        jrd("acct:ceo@other.example", ACTOR),
    ],
)
@pytest.mark.anyio
async def test_an_unconfirmed_subject_on_another_domain_is_refused(
    web: TlsPeers, answer: dict[str, Any]
) -> None:
    evil = "https://evil.example/u/ceo" if answer["subject"].startswith("acct:ceo@v") else ACTOR
    web.put(lookup("ceo", "evil.example"), jrd("acct:ceo@victim.example", evil))
    web.put(lookup("ceo", "victim.example"), answer)
    with pytest.raises(FetchRefused) as error:
        await find_actor(web.fetcher(), Handle("ceo", "evil.example"))
    assert error.value.code == "webfinger_subject"
    assert len(web.asked) == 2


@pytest.mark.anyio
async def test_a_subject_unknown_on_its_domain_is_not_found(web: TlsPeers) -> None:
    web.put(lookup("ceo", "evil.example"), jrd("acct:ceo@victim.example", ACTOR))
    with pytest.raises(NotThere):
        await find_actor(web.fetcher(), Handle("ceo", "evil.example"))


@pytest.mark.anyio
async def test_another_name_on_the_same_host_is_confirmed_too(web: TlsPeers) -> None:
    web.put(lookup("old", "peer.example"), jrd(ANN.acct, ACTOR))
    web.put(lookup("ann", "peer.example"), jrd(ANN.acct, ACTOR))
    assert await find_actor(web.fetcher(), Handle("old", "peer.example")) == ACTOR


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        ("acct:a@127.0.0.1:8080", "handle_host"),
        ("acct:a@localhost", "handle_host"),
        ("https://peer.example/u/ann", "handle_form"),
        ("", "handle_form"),
    ],
)
@pytest.mark.anyio
async def test_a_subject_that_is_no_public_handle_is_refused(
    web: TlsPeers, subject: str, code: str
) -> None:
    web.put(lookup("ann", "peer.example"), jrd(subject, ACTOR))
    with pytest.raises(FetchRefused) as error:
        await find_actor(web.fetcher(), ANN)
    assert error.value.code == code
    assert len(web.asked) == 1


@pytest.mark.parametrize(
    ("status", "kind"), [(404, NotThere), (410, Gone), (500, Unreachable), (400, FetchRefused)]
)
@pytest.mark.anyio
async def test_unknown_gone_and_unreachable_are_different(
    web: TlsPeers, status: int, kind: type[ProtocolError]
) -> None:
    web.put(lookup("ann", "peer.example"), status=status)
    with pytest.raises(kind) as error:
        await find_actor(web.fetcher(), ANN)
    assert type(error.value) is kind


@pytest.mark.anyio
async def test_an_empty_answer_is_an_unknown_name(web: TlsPeers) -> None:
    web.put(lookup("ann", "peer.example"), b"")
    with pytest.raises(NotThere):
        await find_actor(web.fetcher(), ANN)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"subject": ANN.acct}, "webfinger_no_actor"),
        (jrd(ANN.acct, "http://peer.example/u/ann"), "iri_scheme"),
        (jrd(ANN.acct, "https://127.0.0.1/u/ann"), "iri_host"),
        (jrd(ANN.acct, "javascript:alert(1)"), "iri_scheme"),
    ],
)
@pytest.mark.anyio
async def test_an_answer_without_a_usable_actor_is_refused(
    web: TlsPeers, answer: dict[str, Any], code: str
) -> None:
    web.put(lookup("ann", "peer.example"), answer)
    with pytest.raises(FetchRefused) as error:
        await find_actor(web.fetcher(), ANN)
    assert error.value.code == code


@pytest.mark.anyio
async def test_a_private_redirect_is_not_followed(web: TlsPeers) -> None:
    web.redirect(lookup("ann", "peer.example"), "https://127.0.0.1/.well-known/webfinger")
    with pytest.raises(PrivateAddress):
        await find_actor(web.fetcher(), ANN)


@pytest.mark.anyio
async def test_a_look_up_counts_against_the_budget(web: TlsPeers) -> None:
    web.put(lookup("ceo", "evil.example"), jrd("acct:ceo@victim.example", ACTOR))
    with pytest.raises(ProtocolError) as error:
        await find_actor(web.fetcher(), Handle("ceo", "evil.example"), Budget(documents=1))
    assert error.value.code == "budget_documents"


# The handle of an actor.


@pytest.mark.anyio
async def test_an_actor_has_the_handle_that_leads_back_to_it(web: TlsPeers) -> None:
    web.put(lookup("ann", "peer.example"), jrd(ANN.acct, ACTOR))
    assert await fetch_handle(web.fetcher(), ACTOR, "ann") == ANN


@pytest.mark.anyio
async def test_the_canonical_handle_may_be_on_another_domain(web: TlsPeers) -> None:
    actor = "https://social.peer.example/u/ann"
    web.put(lookup("ann", "social.peer.example"), jrd(ANN.acct, actor))
    web.put(lookup("ann", "peer.example"), jrd(ANN.acct, actor))
    assert await fetch_handle(web.fetcher(), actor, "ann") == ANN


@pytest.mark.anyio
async def test_an_actor_does_not_get_the_handle_of_another(web: TlsPeers) -> None:
    web.put(lookup("ann", "peer.example"), jrd(ANN.acct, "https://peer.example/u/real"))
    with pytest.raises(FetchRefused) as error:
        await fetch_handle(web.fetcher(), ACTOR, "ann")
    assert error.value.code == "webfinger_actor"


@pytest.mark.parametrize("name", ["", "a b", "ann@victim.example", "../x"])
@pytest.mark.anyio
async def test_an_actor_with_an_impossible_name_has_no_handle(web: TlsPeers, name: str) -> None:
    with pytest.raises(FetchRefused):
        await fetch_handle(web.fetcher(), ACTOR, name)
    assert web.asked == []


@pytest.mark.anyio
async def test_of_two_actors_with_one_name_the_kind_decides(web: TlsPeers) -> None:
    group = "https://peer.example/c/ann"
    web.put(
        lookup("ann", "peer.example"),
        {
            "subject": ANN.acct,
            "links": [
                {"rel": "self", "type": AP, "href": ACTOR, "properties": {TYPE_PROPERTY: "Person"}},
                {"rel": "self", "type": AP, "href": group, "properties": {TYPE_PROPERTY: "Group"}},
            ],
        },
    )
    fetcher = web.fetcher()
    assert await find_actor(fetcher, parse_handle("@ann@peer.example")) == ACTOR
    assert await find_actor(fetcher, parse_handle("!ann@peer.example")) == group
    assert (await fetch_handle(fetcher, group, "ann", "Group")).is_same(ANN)


def test_only_the_two_exact_types_make_a_self_link() -> None:
    def link(rel: object = "self", type_: object = AP, href: object = ACTOR) -> dict[str, Any]:
        return {"links": [{"rel": rel, "type": type_, "href": href}]}

    assert self_link(link()) == ACTOR
    assert self_link(link(type_=LD_JSON)) == ACTOR
    assert self_link(link(type_="application/json")) is None
    assert self_link(link(type_=f"{AP}; charset=utf-8")) is None
    assert self_link(link(type_=None)) is None
    assert self_link(link(rel="alternate")) is None
    assert self_link(link(href=["x"])) is None
    assert self_link({}) is None
    assert self_link({"links": "x"}) is None
    assert self_link({"links": [1, None, "x", *link()["links"]]}) == ACTOR
    assert self_link({"links": [{**link()["links"][0], "properties": 1}]}, "Group") == ACTOR


def test_our_own_response_passes_our_own_checks() -> None:
    answer = document(
        Handle("cats", "fedcom.example"),
        actor="https://fedcom.example/c/cats",
        page="https://fedcom.example/c/cats",
        subscribe="https://fedcom.example/follow?uri={uri}",
        kind="Group",
    )
    assert answer == {
        "subject": "acct:cats@fedcom.example",
        "aliases": ["https://fedcom.example/c/cats"],
        "links": [
            {
                "rel": "http://webfinger.net/rel/profile-page",
                "type": "text/html",
                "href": "https://fedcom.example/c/cats",
            },
            {
                "rel": "self",
                "type": AP,
                "href": "https://fedcom.example/c/cats",
                "properties": {"https://www.w3.org/ns/activitystreams#type": "Group"},
            },
            {
                "rel": "http://ostatus.org/schema/1.0/subscribe",
                "template": "https://fedcom.example/follow?uri={uri}",
            },
        ],
    }
    assert self_link(answer, "Group") == "https://fedcom.example/c/cats"


def test_our_own_response_without_the_extras() -> None:
    answer = document(ANN, actor=ACTOR, page="https://peer.example/@ann")
    assert answer["aliases"] == ["https://peer.example/@ann", ACTOR]
    assert [link["rel"] for link in answer["links"]] == [
        "http://webfinger.net/rel/profile-page",
        "self",
    ]
    assert "properties" not in answer["links"][1]
