import asyncio
import contextlib
import gzip
import inspect
import json
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Any

import httpx
import pytest

from activitypub.answers import LD_JSON
from activitypub.connection import HttpConnection
from activitypub.errors import (
    BudgetSpent,
    FetchFailed,
    FetchRefused,
    Gone,
    NotThere,
    PrivateAddress,
    TooBig,
    Unreachable,
)
from activitypub.fetch import Budget, Fetcher
from activitypub.netguard import Guard
from activitypub.nodeinfo import fetch_software
from activitypub.signatures import accept, request as signatures
from activitypub.signatures.keys import (
    PrivateKey,
    PublicKey,
    SigningKeys,
    generate_rsa_pem,
    load_private,
    to_pem,
)
from activitypub.transport import PeerTransport, dial_address
from activitypub.types import COLLECTION_TYPES
from activitypub.webfinger import Handle, find_actor
from tests.support.addresses import ADDRESSES
from tests.support.clock import SettableClock
from tests.support.documents import document, proof_key
from tests.support.listeners import Asked, Listener, answering, http_answer, listening, tls_for
from tests.support.tls_peers import AS2, NOW, TlsPeers, note, small_web

KEY_ID = "https://fedcom.example/actor#main-key"
NOTE = "https://peer.example/notes/1"
INBOX = "https://peer.example/inbox"


@pytest.fixture(scope="module")
def pems() -> tuple[str, str]:
    return generate_rsa_pem()


@pytest.fixture
def key(pems: tuple[str, str]) -> PrivateKey:
    return load_private(KEY_ID, pems[0])


@pytest.fixture
async def web() -> AsyncIterator[TlsPeers]:
    async with small_web() as made:
        yield made


def claim_in(asked: Asked, now: datetime) -> signatures.SignatureClaim:
    """The claim of the request as it came over the socket."""
    lines = asked.raw.decode("latin-1").split("\r\n")[1:-2]
    headers = tuple((line.split(":")[0].lower(), line.split(":", 1)[1].strip()) for line in lines)
    signed = signatures.SignedRequest(asked.method, asked.target, headers, asked.body)
    hosts = frozenset({asked.headers["host"]})
    return signatures.examine(signed, hosts=hosts, now=now)


def check_signature(asked: Asked, pems: tuple[str, str]) -> None:
    """Raise unless the request is signed with our RSA key."""
    public = PublicKey(KEY_ID, "https://fedcom.example/actor", pems[1])
    claim_in(asked, NOW).check(public)


@pytest.mark.anyio
async def test_where_a_server_is_reached_and_until_when_its_certificate_is_valid(
    web: TlsPeers,
) -> None:
    fetcher = web.fetcher()

    reached = await fetcher.reach("https://peer.example")

    assert reached is not None
    assert reached.addresses == ("127.0.0.1",)
    assert reached.certificate_ends is not None
    assert reached.certificate_ends > time.time()
    assert web.asked == []
    with pytest.raises(Unreachable) as wrong:
        await fetcher.reach("https://nobody.example")
    assert (wrong.value.code, "CERTIFICATE_VERIFY" in wrong.value.detail) == (
        "connect_failed",
        True,
    )


# Documents.


@pytest.mark.anyio
async def test_a_document_is_fetched_with_a_signed_get(
    web: TlsPeers, key: PrivateKey, pems: tuple[str, str]
) -> None:
    web.put(NOTE, note(NOTE, content="hello"))
    found = await web.fetcher(key).fetch_document(NOTE)
    assert found.document.id == NOTE
    assert found.document.content == "hello"
    assert found.url == NOTE
    assert json.loads(found.body) == note(NOTE, content="hello")
    asked = web.listener.asked[0]
    check_signature(asked, pems)
    assert asked.headers["accept"] == f"application/activity+json, {LD_JSON}"
    assert asked.headers["accept-encoding"] == "identity"
    assert asked.headers["user-agent"] == "Fedcom/0 (+https://fedcom.example/)"


@pytest.mark.anyio
async def test_without_a_key_the_get_is_not_signed(web: TlsPeers) -> None:
    web.put(NOTE, note(NOTE))
    await web.fetcher().fetch_document(NOTE)
    assert "signature" not in web.listener.asked[0].headers


@pytest.mark.parametrize(
    "path",
    [
        "/a?b=c&d",
        "/ä/ö?ü=ß",
        "/a%2fb/%c3%a4",
        "/a/../b",
        "/~x/(y)'z'!*;,=:@&+$",
        "/a|b^c`d{e}[f]",
        "",
    ],
)
@pytest.mark.anyio
async def test_the_signed_target_is_the_one_that_is_sent(
    web: TlsPeers, key: PrivateKey, pems: tuple[str, str], path: str
) -> None:
    with pytest.raises(NotThere):
        await web.fetcher(key).fetch_document(f"https://peer.example{path}")
    check_signature(web.listener.asked[0], pems)


@pytest.mark.anyio
async def test_a_peer_that_verifies_the_path_alone_is_asked_again_without_the_query(
    web: TlsPeers, key: PrivateKey, pems: tuple[str, str]
) -> None:
    async def picky(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if len(web.listener.asked) == 1:
            writer.write(http_answer(status=401))
        else:
            ap = {"Content-Type": "application/activity+json"}
            writer.write(http_answer(json.dumps(note(iri)).encode(), headers=ap))

    iri = "https://peer.example/notes?id=1"
    web.script(iri, picky)
    assert (await web.fetcher(key).fetch_document(iri)).document.id == iri
    first, second = web.listener.asked
    assert first.headers["signature"] != second.headers["signature"]
    check_signature(second, pems)


@pytest.mark.anyio
async def test_after_a_401_one_retry_uses_the_other_signature(
    web: TlsPeers, key: PrivateKey
) -> None:
    web.put(NOTE, status=401)
    fetcher = web.fetcher(key)
    for _ in range(2):
        with pytest.raises(FetchRefused):
            await fetcher.fetch_document(NOTE)
    # Twice the first time; the second time the day is not over.
    assert len(web.asked) == 3
    assert ["signature-input" in asked.headers for asked in web.listener.asked] == [
        False,
        True,
        False,
    ]


@pytest.mark.anyio
async def test_an_unsigned_get_is_not_retried(web: TlsPeers) -> None:
    web.put(f"{NOTE}?x=1", status=401)
    with pytest.raises(FetchRefused):
        await web.fetcher().fetch_document(f"{NOTE}?x=1")
    assert len(web.asked) == 1


@pytest.mark.anyio
async def test_a_peer_that_takes_only_rfc_9421_is_reached_and_remembered(
    web: TlsPeers, key: PrivateKey, pems: tuple[str, str]
) -> None:
    async def demand_rfc9421(asked: Asked, writer: asyncio.StreamWriter) -> None:
        status = 202 if "signature-input" in asked.headers else 401
        writer.write(http_answer(status=status))

    web.script(INBOX, demand_rfc9421)
    fetcher = web.fetcher()
    for _ in range(2):
        assert (await fetcher.post(INBOX, b'{"a":1}', SigningKeys(key))).status == 202
    assert len(web.asked) == 3
    for asked in web.listener.asked[1:]:
        check_signature(asked, pems)


@pytest.mark.parametrize(
    "media_type",
    ["application/activity+json", "Application/Activity+Json; charset=UTF-8", LD_JSON],
)
@pytest.mark.anyio
async def test_activitypub_types_are_read(web: TlsPeers, media_type: str) -> None:
    web.put(NOTE, note(NOTE), media_type=media_type)
    assert (await web.fetcher().fetch_document(NOTE)).document.id == NOTE


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/json", "image/png", "text/html", ""],
)
@pytest.mark.anyio
async def test_an_uploaded_file_does_not_speak_for_its_host(web: TlsPeers, media_type: str) -> None:
    web.put(NOTE, note(NOTE), media_type=media_type)
    with pytest.raises(FetchRefused) as error:
        await web.fetcher().fetch_document(NOTE)
    assert error.value.code == "content_type"
    assert error.value.facts["received"] == media_type
    assert "uploaded file" in error.value.detail


@pytest.mark.anyio
async def test_an_answer_without_a_type_is_refused(web: TlsPeers) -> None:
    web.routes["peer.example", "/notes/1"] = http_answer(json.dumps(note(NOTE)).encode())
    with pytest.raises(FetchRefused) as error:
        await web.fetcher().fetch_document(NOTE)
    assert error.value.code == "content_type"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "json_invalid"),
        (b"<html>", "json_invalid"),
        (b"[]", "json_not_object"),
        (b"\xff", "json_encoding"),
        (b"[" * 100_000, "json_too_deep"),
        (json.dumps({"id": NOTE, "type": "Note"}).encode(), "context_missing"),
        (json.dumps(note(NOTE) | {"@context": "https://x.example"}).encode(), "context_missing"),
        (json.dumps({"@context": AS2, "type": "Note"}).encode(), "id_missing"),
        (json.dumps(note(NOTE) | {"id": 1}).encode(), "id_missing"),
        (json.dumps(note(NOTE) | {"@graph": []}).encode(), None),
    ],
)
@pytest.mark.anyio
async def test_a_broken_document_is_refused(web: TlsPeers, body: bytes, code: str | None) -> None:
    web.put(NOTE, body)
    with pytest.raises(FetchRefused) as error:
        await web.fetcher().fetch_document(NOTE)
    assert code in (error.value.code, None)
    assert error.value.url == NOTE


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, NotThere),
        (410, Gone),
        (401, FetchRefused),
        (403, FetchRefused),
        (202, FetchRefused),
        (502, Unreachable),
    ],
)
@pytest.mark.anyio
async def test_other_responses_raise_their_own_errors(
    web: TlsPeers, status: int, kind: type[FetchFailed]
) -> None:
    web.put(NOTE, note(NOTE), status=status)
    with pytest.raises(kind) as error:
        await web.fetcher().fetch_document(NOTE)
    assert type(error.value) is kind
    assert (error.value.status, error.value.url) == (status, NOTE)


@pytest.mark.parametrize("wish", ["120", "Fri, 06 Nov 2026 08:51:37 GMT"])
@pytest.mark.anyio
async def test_the_retry_time_of_a_busy_peer_is_kept(web: TlsPeers, wish: str) -> None:
    web.put(NOTE, status=429, Retry_After=wish)
    with pytest.raises(Unreachable) as error:
        await web.fetcher().fetch_document(NOTE)
    assert error.value.retry_after == 120.0


@pytest.mark.anyio
async def test_a_tombstone_is_a_document(web: TlsPeers) -> None:
    web.put(NOTE, note(NOTE) | {"type": "Tombstone"})
    assert (await web.fetcher().fetch_document(NOTE)).document.type == "Tombstone"


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.anyio
async def test_a_fragment_is_not_sent_and_may_be_in_the_id(web: TlsPeers, inside: bool) -> None:
    asked = f"{NOTE}#activity/announce/1"
    web.put(NOTE, note(asked if inside else NOTE))
    found = await web.fetcher().fetch_document(asked)
    assert found.document.id == (asked if inside else NOTE)
    assert web.asked == [NOTE]


# Limits.


@pytest.mark.anyio
async def test_a_document_of_more_than_a_mebibyte_is_too_big(web: TlsPeers) -> None:
    web.put(NOTE, json.dumps(note(NOTE, content="x" * 1024 * 1024)).encode())
    with pytest.raises(TooBig) as error:
        await web.fetcher().fetch_document(NOTE)
    assert error.value.url == NOTE


@pytest.mark.anyio
async def test_a_packed_document_is_unpacked_up_to_a_mebibyte(web: TlsPeers) -> None:
    web.put(NOTE, gzip.compress(json.dumps(note(NOTE)).encode()), Content_Encoding="gzip")
    assert (await web.fetcher().fetch_document(NOTE)).document.id == NOTE
    bomb = gzip.compress(b" " * 200_000_000, compresslevel=1)
    assert len(bomb) < 1024 * 1024
    web.put(NOTE, bomb, Content_Encoding="gzip")
    with pytest.raises(TooBig):
        await web.fetcher().fetch_document(NOTE)


@pytest.mark.anyio
async def test_an_error_in_an_unreadable_encoding_is_still_that_error(web: TlsPeers) -> None:
    web.put(NOTE, b"???", status=410, Content_Encoding="br")
    with pytest.raises(Gone):
        await web.fetcher().fetch_document(NOTE)


@pytest.mark.anyio
async def test_a_long_page_for_a_404_is_still_a_404(web: TlsPeers) -> None:
    web.put(NOTE, b"x" * 3_000_000, status=404)
    with pytest.raises(NotThere):
        await web.fetcher().fetch_document(NOTE)


@pytest.mark.anyio
async def test_a_peer_that_hangs_is_unreachable_when_the_budget_is_over(web: TlsPeers) -> None:
    async def drip(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
        while True:
            writer.write(b" ")
            drops.append(asked)
            await asyncio.sleep(0.02)

    drops: list[Asked] = []
    web.script(NOTE, drip)
    with pytest.raises(Unreachable) as error:
        await web.fetcher().fetch_document(NOTE, Budget(seconds=0.3))
    assert len(drops) <= 16
    assert error.value.code == "timeout"
    assert error.value.url == NOTE


@pytest.mark.anyio
async def test_a_peer_that_does_not_speak_http_is_unreachable(web: TlsPeers) -> None:
    web.script(NOTE, answering(b"nonsense\r\n\r\n"))
    with pytest.raises(Unreachable) as error:
        await web.fetcher().fetch_document(NOTE)
    assert error.value.code == "answer_broken"


@pytest.mark.anyio
async def test_a_name_without_certificate_is_unreachable(web: TlsPeers) -> None:
    with pytest.raises(Unreachable) as error:
        await web.fetcher().fetch_document("https://not-in-the-certificate.example/1")
    assert error.value.code == "connect_failed"


@pytest.mark.anyio
async def test_a_foreign_transport_is_held_to_the_limits_too() -> None:
    async def endless(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Endless())

    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                yield b"x" * 100_000

    fetcher = Fetcher(
        user_agent="x",
        development=False,
        clock=lambda: NOW,
        transport=httpx.MockTransport(endless),
    )
    with pytest.raises(TooBig):
        await fetcher.fetch_document(NOTE)
    await fetcher.aclose()


def test_a_budget_is_spent_by_requests_and_by_time() -> None:
    now = 100.0
    budget = Budget(documents=2, seconds=10.0, timer=lambda: now)
    budget.spend(NOTE)
    now = 104.0
    assert budget.seconds_left == 6.0
    budget.spend(NOTE)
    with pytest.raises(BudgetSpent) as error:
        budget.spend(NOTE)
    assert (error.value.code, error.value.url) == ("budget_documents", NOTE)
    now = 100.0
    budget = Budget(documents=2, seconds=10.0, timer=lambda: now)
    now = 111.0
    assert budget.seconds_left == 0.0
    with pytest.raises(BudgetSpent) as error:
        budget.spend(NOTE)
    assert error.value.code == "budget_seconds"


@pytest.mark.anyio
async def test_every_request_is_paid_from_the_budget(web: TlsPeers) -> None:
    web.redirect(NOTE, "/2")
    web.redirect("https://peer.example/2", "/3")
    budget = Budget(documents=2)
    with pytest.raises(BudgetSpent):
        await web.fetcher().fetch_document(NOTE, budget)
    assert len(web.asked) == 2


# Redirects and the id rule.


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.anyio
async def test_three_redirects_are_followed_and_each_request_is_signed(
    web: TlsPeers, key: PrivateKey, pems: tuple[str, str], status: int
) -> None:
    web.redirect("https://other.example/a", "https://peer.example/b?c#d", status=status)
    web.redirect("https://peer.example/b?c", "//peer.example/c", status=status)
    web.redirect("https://peer.example/c", "notes/1", status=status)
    web.put(NOTE, note(NOTE))
    found = await web.fetcher(key).fetch_document("https://other.example/a")
    assert (found.document.id, found.url) == (NOTE, NOTE)
    assert len(web.listener.asked) == 4
    for asked in web.listener.asked:
        check_signature(asked, pems)


@pytest.mark.anyio
async def test_a_fourth_redirect_is_not_followed(web: TlsPeers) -> None:
    for number in range(5):
        web.redirect(f"https://peer.example/{number}", f"/{number + 1}")
    with pytest.raises(FetchRefused) as error:
        await web.fetcher().fetch_document("https://peer.example/0")
    assert error.value.code == "too_many_redirects"
    assert len(web.asked) == 4


@pytest.mark.anyio
async def test_a_redirect_to_itself_ends(web: TlsPeers) -> None:
    web.redirect(NOTE, NOTE)
    with pytest.raises(FetchRefused):
        await web.fetcher().fetch_document(NOTE)
    assert len(web.asked) == 4


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("", "redirect_broken"),
        ("#x", None),
        ("http://peer.example/2", "redirect_downgrade"),
        ("ftp://peer.example/2", "redirect_downgrade"),
        ("file:///etc/passwd", "redirect_downgrade"),
        ("javascript:1", "redirect_downgrade"),
        ("http://[", "redirect_downgrade"),
        ("//[", "redirect_broken"),
        ("HTTPS://evil.example/", "redirect_downgrade"),
        ("https://peer.example:8443/", "iri_port"),
        ("https://user@peer.example/", "iri_userinfo"),
        ("https://evil.example\\@peer.example/", None),
        ("https://peer/", None),
        ("https:///x", None),
    ],
)
@pytest.mark.anyio
async def test_a_redirect_that_may_not_be_followed_is_refused(
    web: TlsPeers, location: str, code: str | None
) -> None:
    web.redirect(NOTE, location)
    with pytest.raises((FetchRefused, PrivateAddress)) as error:
        await web.fetcher().fetch_document(NOTE)
    assert code in (error.value.code, None)
    assert {"peer.example"} == {asked.headers["host"] for asked in web.listener.asked}


@pytest.mark.anyio
async def test_a_redirect_without_location_is_refused(web: TlsPeers) -> None:
    web.put(NOTE, status=302)
    with pytest.raises(FetchRefused) as error:
        await web.fetcher().fetch_document(NOTE)
    assert error.value.code == "redirect_broken"


EVIL = "https://evil.example/1"
VICTIM = "https://victim.example/1"


@pytest.mark.anyio
async def test_a_document_with_the_id_of_another_host_is_refused(web: TlsPeers) -> None:
    web.put(EVIL, note(VICTIM))
    web.put(VICTIM, note(VICTIM))
    with pytest.raises(FetchRefused) as error:
        await web.fetcher().fetch_document(EVIL)
    assert error.value.code == "id_mismatch"
    assert error.value.facts == {"received": VICTIM, "computed": EVIL}
    assert web.asked == [EVIL]


@pytest.mark.anyio
async def test_an_open_redirect_does_not_let_another_host_speak_for_it(web: TlsPeers) -> None:
    web.redirect(VICTIM, EVIL)
    web.put(EVIL, note(VICTIM))
    with pytest.raises(FetchRefused) as error:
        await web.fetcher().fetch_document(VICTIM)
    assert error.value.code == "id_mismatch"


@pytest.mark.anyio
async def test_a_redirect_to_another_host_gives_what_is_that_hosts_own(web: TlsPeers) -> None:
    web.redirect(EVIL, "https://victim.example/upload")
    web.put("https://victim.example/upload", note(EVIL))
    with pytest.raises(FetchRefused):
        await web.fetcher().fetch_document(EVIL)
    web.redirect(EVIL, VICTIM)
    web.put(VICTIM, note(VICTIM))
    found = await web.fetcher().fetch_document(EVIL)
    assert (found.document.id, found.url) == (VICTIM, VICTIM)


@pytest.mark.anyio
async def test_another_id_on_the_same_host_is_asked_for_once(web: TlsPeers) -> None:
    page = "https://peer.example/@ann/1"
    web.put(page, note(NOTE, content="from the page"))
    web.put(NOTE, note(NOTE, content="from the id"))
    found = await web.fetcher().fetch_document(page)
    assert found.document.content == "from the id"
    assert web.asked == [page, NOTE]


@pytest.mark.anyio
async def test_ids_that_keep_changing_are_refused(web: TlsPeers) -> None:
    web.put(NOTE, note("https://peer.example/2"))
    web.put("https://peer.example/2", note("https://peer.example/3"))
    web.put("https://peer.example/3", note("https://peer.example/3"))
    with pytest.raises(FetchRefused) as error:
        await web.fetcher().fetch_document(NOTE)
    assert error.value.code == "id_mismatch"
    assert len(web.asked) == 2


@pytest.mark.anyio
async def test_the_second_fetch_does_not_accept_another_host_either(web: TlsPeers) -> None:
    page = "https://victim.example/@a"
    web.put(page, note(VICTIM))
    web.redirect(VICTIM, EVIL)
    web.put(EVIL, note(VICTIM))
    with pytest.raises(FetchRefused):
        await web.fetcher().fetch_document(page)
    web.put(EVIL, note(EVIL))
    found = None
    with contextlib.suppress(FetchRefused):
        found = await web.fetcher().fetch_document(page)
    assert found is None or found.document.id == EVIL


LISTING = "https://peer.example/category/1/outbox"


@pytest.mark.parametrize("kind", sorted(COLLECTION_TYPES))
@pytest.mark.parametrize("name", [None, "https://peer.example/gone", "http://peer.example/outbox"])
@pytest.mark.anyio
async def test_a_collection_stands_for_the_address_it_was_found_at(
    web: TlsPeers, kind: str, name: str | None
) -> None:
    web.put(LISTING, document(name, kind, totalItems=3))
    found = await web.fetcher().fetch_document(LISTING)
    assert (found.document.id, found.document.total_items) == (LISTING, 3)


@pytest.mark.anyio
async def test_a_collection_found_at_its_own_id_is_preferred(web: TlsPeers) -> None:
    own = "https://peer.example/outbox"
    web.put(LISTING, document(own, "Collection", totalItems=1))
    web.put(own, document(own, "Collection", totalItems=2))
    found = await web.fetcher().fetch_document(LISTING)
    assert (found.document.id, found.document.total_items) == (own, 2)


@pytest.mark.anyio
async def test_a_collection_does_not_speak_for_the_host_that_redirects_to_it(
    web: TlsPeers,
) -> None:
    web.redirect(VICTIM, EVIL)
    web.put(EVIL, document(None, "Collection"))
    found = await web.fetcher().fetch_document(VICTIM)
    assert found.document.id == EVIL
    web.put(EVIL, document(VICTIM, "Collection"))
    with pytest.raises(FetchRefused) as error:
        await web.fetcher().fetch_document(VICTIM)
    assert error.value.code == "id_mismatch"


@pytest.mark.parametrize("name", ["not an iri", "http://peer.example/notes/1", "/notes/1"])
@pytest.mark.anyio
async def test_an_id_that_is_no_iri_of_the_host_is_refused(web: TlsPeers, name: str) -> None:
    web.put(NOTE, note(name))
    with pytest.raises(FetchRefused):
        await web.fetcher().fetch_document(NOTE)


# Pages, keys, files.


@pytest.mark.anyio
async def test_a_page_leads_to_its_document(web: TlsPeers) -> None:
    page = "https://peer.example/@ann/1"
    link = f'<link rel="alternate" type="application/activity+json" href="{NOTE}">'
    web.put(page, link.encode(), media_type="text/html; charset=utf-8")
    web.put(NOTE, note(NOTE))
    found = await web.fetcher().fetch_page_link(page)
    assert found.document.id == NOTE
    assert web.listener.asked[0].headers["accept"].endswith("text/html;q=0.1")


@pytest.mark.anyio
async def test_a_page_that_is_a_document_is_that_document(web: TlsPeers) -> None:
    web.put("https://peer.example/@ann/1", note(NOTE))
    web.put(NOTE, note(NOTE))
    found = await web.fetcher().fetch_page_link("https://peer.example/@ann/1")
    assert found.document.id == NOTE


@pytest.mark.anyio
async def test_a_page_is_followed_once_only(web: TlsPeers) -> None:
    link = b'<link rel="alternate" type="application/activity+json" href="/2">'
    web.put(NOTE, link, media_type="text/html")
    web.put("https://peer.example/2", link, media_type="text/html")
    with pytest.raises(FetchRefused) as error:
        await web.fetcher().fetch_page_link(NOTE)
    assert error.value.code == "content_type"
    assert len(web.asked) == 2


@pytest.mark.anyio
async def test_a_page_without_a_document_is_refused(web: TlsPeers) -> None:
    web.put(NOTE, b"<html>", media_type="text/html")
    with pytest.raises(FetchRefused) as error:
        await web.fetcher().fetch_page_link(NOTE)
    assert error.value.code == "no_alternate"


ACTOR = "https://peer.example/users/a"
KEY = {"id": f"{ACTOR}/main-key", "owner": ACTOR, "publicKeyPem": "x"}


@pytest.mark.parametrize(
    "document",
    [
        {"@context": AS2, "id": ACTOR, "type": "Person", "publicKey": KEY},
        {"@context": AS2, "id": f"{ACTOR}/main-key", "type": "Person", "publicKey": KEY},
        {"@context": "https://w3id.org/security/v1", "type": "Key", **KEY},
        {"publicKey": KEY},
    ],
)
@pytest.mark.anyio
async def test_a_key_is_fetched_from_its_own_place(
    web: TlsPeers, key: PrivateKey, document: dict[str, Any]
) -> None:
    web.put(f"{ACTOR}/main-key", document)
    assert await web.fetcher(key).fetch_key_document(f"{ACTOR}/main-key") == document
    assert "signature" in web.listener.asked[0].headers


@pytest.mark.anyio
async def test_a_key_in_its_actor_is_fetched_without_the_fragment(web: TlsPeers) -> None:
    document = {"@context": AS2, "id": ACTOR, "type": "Person", "publicKey": KEY}
    web.put(ACTOR, document)
    assert await web.fetcher().fetch_key_document(f"{ACTOR}#main-key") == document


@pytest.mark.parametrize(
    "document",
    [
        {"@context": AS2, "type": "Person"},
        {"@context": AS2, "id": VICTIM, "type": "Person", "publicKey": KEY},
        {"@context": AS2, "id": ACTOR, "publicKey": KEY | {"owner": VICTIM}},
        {"@context": AS2, "id": ACTOR, "publicKey": KEY | {"id": f"{VICTIM}#main-key"}},
        {"@context": AS2, "id": ACTOR, "publicKey": [KEY, KEY | {"owner": VICTIM}]},
        {"@context": AS2, "type": "Key", **KEY, "owner": VICTIM},
    ],
)
@pytest.mark.anyio
async def test_a_key_document_speaks_for_its_own_host_only(
    web: TlsPeers, document: dict[str, Any]
) -> None:
    web.put(f"{ACTOR}/main-key", document)
    with pytest.raises(FetchRefused) as error:
        await web.fetcher().fetch_key_document(f"{ACTOR}/main-key")
    assert error.value.code == "id_mismatch"


@pytest.mark.anyio
async def test_a_key_is_not_taken_from_where_its_host_redirects(web: TlsPeers) -> None:
    web.redirect(f"{ACTOR}/main-key", EVIL)
    web.put(EVIL, {"@context": AS2, "id": ACTOR, "publicKey": KEY})
    with pytest.raises(FetchRefused):
        await web.fetcher().fetch_key_document(f"{ACTOR}/main-key")


@pytest.mark.anyio
async def test_json_is_fetched_unsigned_and_of_any_type(web: TlsPeers, key: PrivateKey) -> None:
    web.put(NOTE, {"a": 1}, media_type="text/plain")
    assert await web.fetcher(key).fetch_json(NOTE, accept="application/json") == {"a": 1}
    assert web.listener.asked[0].headers["accept"] == "application/json"
    assert "signature" not in web.listener.asked[0].headers


@pytest.mark.anyio
async def test_json_may_be_redirected_to_another_host(web: TlsPeers) -> None:
    web.redirect(NOTE, "https://other.example/x")
    web.put("https://other.example/x", {"a": 1})
    assert await web.fetcher().fetch_json(NOTE, accept="x") == {"a": 1}


@pytest.mark.anyio
async def test_an_empty_response_means_not_found(web: TlsPeers) -> None:
    web.put(NOTE, b" \n")
    with pytest.raises(NotThere):
        await web.fetcher().fetch_json(NOTE, accept="x")


@pytest.mark.anyio
async def test_a_file_is_fetched_up_to_its_own_limit(web: TlsPeers, key: PrivateKey) -> None:
    web.put(NOTE, b"\x89PNG" + b"x" * 2_000_000, media_type="image/png")
    fetcher = web.fetcher(key)
    file = await fetcher.fetch_bytes(NOTE, accept="image/*", max_bytes=3_000_000)
    assert (len(file.body), file.content_type, file.url) == (2_000_004, "image/png", NOTE)
    assert "signature" not in web.listener.asked[0].headers
    with pytest.raises(TooBig):
        await fetcher.fetch_bytes(NOTE, accept="image/*", max_bytes=1_000_000)


@pytest.mark.anyio
async def test_a_file_that_has_not_changed_is_none_and_only_a_304_that_was_asked_for_counts(
    web: TlsPeers,
) -> None:
    fetcher = web.fetcher()
    web.put(NOTE, b"a", media_type="text/csv", ETag='W/"v1"')
    first = await fetcher.fetch_changed(NOTE, accept="text/csv", max_bytes=9, etag="")
    assert first is not None
    assert first.etag == 'W/"v1"'
    web.put(NOTE, status=304)
    again = fetcher.fetch_changed(NOTE, accept="text/csv", max_bytes=9, etag=first.etag)
    assert await again is None
    with pytest.raises(FetchRefused):
        await fetcher.fetch_changed(NOTE, accept="text/csv", max_bytes=9, etag="")
    assert [asked.headers.get("if-none-match") for asked in web.listener.asked] == [
        *(None, 'W/"v1"', None)
    ]
    web.put(NOTE, b"a", media_type="text/csv", ETag='"v 2"')
    odd = await fetcher.fetch_bytes(NOTE, accept="text/csv", max_bytes=9)
    assert odd.etag == ""


@pytest.mark.anyio
async def test_a_request_refused_without_a_signature_is_repeated_with_one(
    web: TlsPeers, key: PrivateKey, pems: tuple[str, str]
) -> None:
    web.put(NOTE, status=401)
    fetcher = web.fetcher(key)
    with pytest.raises(FetchRefused):
        await fetcher.fetch_json(NOTE, accept="application/json")
    with pytest.raises(FetchRefused):
        await fetcher.fetch_bytes(NOTE, accept="image/*", max_bytes=10)

    first, second, *_ = web.listener.asked
    assert "signature" not in first.headers
    check_signature(second, pems)
    assert second.headers["accept"] == "application/json"
    last = web.listener.asked[-1]
    assert ("signature" in last.headers, last.headers["accept"]) == (True, "image/*")


# Deliveries.


@pytest.mark.anyio
async def test_an_activity_is_posted_with_a_signature_and_its_response_returned(
    web: TlsPeers, key: PrivateKey, pems: tuple[str, str]
) -> None:
    web.put(INBOX, b"thank\x00 you" + b"!" * 900, status=202)
    answer = await web.fetcher().post(INBOX, b'{"a":1}', SigningKeys(key))
    assert (answer.status, answer.retry_after) == (202, None)
    assert answer.text.startswith("thank  you!")
    assert len(answer.text) == 500
    asked = web.listener.asked[0]
    assert (asked.method, asked.target, asked.body) == ("POST", "/inbox", b'{"a":1}')
    assert asked.headers["content-type"] == "application/activity+json"
    check_signature(asked, pems)


@pytest.mark.parametrize("status", [200, 301, 307, 400, 401, 404, 410, 429, 500, 503])
@pytest.mark.anyio
async def test_any_status_is_a_response_and_no_redirect_is_followed(
    web: TlsPeers, key: PrivateKey, status: int
) -> None:
    web.put(INBOX, b"why", status=status, Location="https://other.example/", Retry_After="30")
    answer = await web.fetcher().post(INBOX, b"{}", SigningKeys(key))
    assert (answer.status, answer.retry_after, answer.text) == (status, 30.0, "why")
    assert set(web.asked) == {INBOX}
    assert len(web.asked) == (2 if status == 401 else 1)


@pytest.mark.anyio
async def test_a_long_or_unreadable_response_does_not_change_its_status(
    web: TlsPeers, key: PrivateKey
) -> None:
    web.put(INBOX, b"x" * 5_000_000, status=200)
    assert (await web.fetcher().post(INBOX, b"{}", SigningKeys(key))).status == 200
    web.put(INBOX, b"???", status=200, Content_Encoding="br")
    answer = await web.fetcher().post(INBOX, b"{}", SigningKeys(key))
    assert (answer.status, answer.text) == (200, "")


@pytest.mark.anyio
async def test_an_activity_above_the_size_limit_is_not_sent(web: TlsPeers, key: PrivateKey) -> None:
    web.put(INBOX, status=202)
    fetcher = web.fetcher()
    assert (await fetcher.post(INBOX, b"x" * 1024 * 1024, SigningKeys(key))).status == 202
    with pytest.raises(TooBig):
        await fetcher.post(INBOX, b"x" * (1024 * 1024 + 1), SigningKeys(key))
    assert len(web.asked) == 1


@pytest.mark.anyio
async def test_a_peer_that_closes_without_an_answer_is_unreachable(
    web: TlsPeers, key: PrivateKey
) -> None:
    async def close(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    web.script(INBOX, close)
    with pytest.raises(Unreachable) as error:
        await web.fetcher().post(INBOX, b"{}", SigningKeys(key))
    assert error.value.code == "answer_broken"


@pytest.mark.anyio
async def test_a_kept_connection_serves_gets_and_posts(web: TlsPeers, key: PrivateKey) -> None:
    web.put(INBOX, status=202)
    web.put(NOTE, note(NOTE))
    fetcher = web.fetcher(key)
    await fetcher.fetch_document(NOTE)
    await fetcher.post(INBOX, b"{}", SigningKeys(key))
    assert web.listener.accepted == 1


# Deliveries to peers that take Ed25519.

ASKS = {accept.HEADER: accept.REQUESTED}


class Choosy:
    """An inbox that answers RSA with `rsa`, and Ed25519 with `ed25519`: a status, and whether it
    asks for Ed25519; with a status of 0 the connection breaks during the answer.
    """

    def __init__(self) -> None:
        self.rsa = (202, True)
        self.ed25519 = (202, True)
        self.taken: list[tuple[str, int]] = []

    async def __call__(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        signed = asked.headers.get("signature-input", "cavage").partition("alg=")[2] or "cavage"
        status, asks = self.ed25519 if "ed25519" in signed else self.rsa
        self.taken.append((signed.strip('"'), status))
        if not status:
            writer.write(b"HTTP/1.1 ")
            writer.close()
            return
        writer.write(http_answer(status=status, headers=ASKS if asks else {}))


class Deliveries:
    """One inbox, a fetcher with a clock that can be set, and an actor with both keys."""

    def __init__(self, web: TlsPeers, keys: SigningKeys, clock: SettableClock) -> None:
        self.inbox = Choosy()
        web.script(INBOX, self.inbox)
        self.fetcher = web.fetcher()
        self.fetcher._clock = self.fetcher._profiles._clock = clock
        self.clock = clock
        self._keys = keys

    async def send(self) -> tuple[int, list[str]]:
        """The status that counts, and how the requests for it were signed."""
        before = len(self.inbox.taken)
        try:
            status = (await self.fetcher.post(INBOX, b'{"a":1}', self._keys)).status
        except Unreachable:
            status = 0
        return status, [signed for signed, _ in self.inbox.taken[before:]]


@pytest.fixture
def both_keys(key: PrivateKey) -> SigningKeys:
    return SigningKeys(key, proof_key("https://fedcom.example/actor"))


@pytest.fixture
def deliveries(web: TlsPeers, both_keys: SigningKeys, clock: SettableClock) -> Deliveries:
    return Deliveries(web, both_keys, clock)


@pytest.mark.anyio
async def test_a_peer_that_asks_for_ed25519_gets_it_from_the_second_delivery_on(
    deliveries: Deliveries, web: TlsPeers, both_keys: SigningKeys
) -> None:
    assert await deliveries.send() == (202, ["cavage"])
    for _ in range(3):
        assert await deliveries.send() == (202, ["ed25519"])
    key = both_keys.ed25519
    assert key is not None
    public = PublicKey(key.id, "https://fedcom.example/actor", to_pem(key.ed25519.public_key()))
    claim_in(web.listener.asked[-1], deliveries.clock()).check(public)


@pytest.mark.anyio
async def test_an_actor_without_an_ed25519_key_signs_with_rsa(
    deliveries: Deliveries, key: PrivateKey
) -> None:
    deliveries._keys = SigningKeys(key)
    for _ in range(2):
        assert await deliveries.send() == (202, ["cavage"])


@pytest.mark.parametrize("asks", [True, False])
@pytest.mark.parametrize("status", [307, 400, 401, 403, 404, 410, 422])
@pytest.mark.anyio
async def test_a_refused_ed25519_signature_is_followed_by_rsa_at_once_and_for_a_day(
    deliveries: Deliveries, status: int, asks: bool
) -> None:
    await deliveries.send()
    deliveries.inbox.ed25519 = (status, asks)
    assert await deliveries.send() == (202, ["ed25519", "cavage"])
    deliveries.clock.advance(seconds=86_399)
    assert await deliveries.send() == (202, ["cavage"])
    deliveries.clock.advance(seconds=2)
    deliveries.inbox.ed25519 = (202, True)
    assert await deliveries.send() == (202, ["ed25519"])


@pytest.mark.anyio
async def test_a_202_that_does_not_ask_for_ed25519_does_not_count(deliveries: Deliveries) -> None:
    await deliveries.send()
    # It runs other software now, which verifies after its 202.
    deliveries.inbox.rsa = deliveries.inbox.ed25519 = (202, False)
    assert await deliveries.send() == (202, ["ed25519", "cavage"])
    assert await deliveries.send() == (202, ["cavage"])


@pytest.mark.parametrize("status", [0, 408, 425, 429, 500, 503])
@pytest.mark.anyio
async def test_a_temporary_failure_is_retried_with_rsa_later(
    deliveries: Deliveries, status: int
) -> None:
    await deliveries.send()
    deliveries.inbox.ed25519 = (status, False)
    assert await deliveries.send() == (status, ["ed25519"])
    assert await deliveries.send() == (202, ["cavage"])
    deliveries.inbox.ed25519 = (202, True)
    assert await deliveries.send() == (202, ["ed25519"])


@pytest.mark.anyio
async def test_what_a_peer_refuses_from_either_key_is_refused(deliveries: Deliveries) -> None:
    await deliveries.send()
    deliveries.inbox.rsa = deliveries.inbox.ed25519 = (403, True)
    assert await deliveries.send() == (403, ["ed25519", "cavage"])
    assert await deliveries.send() == (403, ["cavage"])


# Addresses of our own network: never a connection, wherever they come from.

# Every form with the real ports of real listeners, so that a connection would be accepted.
LOCAL_FORMS = [
    *(f"https://[{one}]/x" if ":" in one else f"https://{one}/x" for one in ADDRESSES),
    "https://127.0.0.1/x",
    "https://127.0.0.1:{port}/x",
    "http://127.0.0.1:{port}/x",
    "http://127.0.0.2:{port}/x",
    "https://127.0.0.2/x",
    "https://[::1]/x",
    "https://[::1]:{port}/x",
    "http://[::1]:{port}/x",
    "https://[::ffff:7f00:1]:{port}/x",
    "https://[fe80::1%25lo]/x",
    "https://0.0.0.0:{port}/x",
    "https://0/x",
    "https://127.1/x",
    "https://127.1:{port}/x",
    "https://0x7f.1/x",
    "https://0x7f000001/x",
    "https://2130706433/x",
    "https://017700000001/x",
    "https://0177.0.0.1/x",
    "https://127.0.0.1./x",
    "https://169.254.169.254/latest/meta-data",
    "https://localhost/x",
    "https://localhost:{port}/x",
    "http://localhost:{port}/x",
    "https://LOCALHOST/x",
    "https://localhost./x",
    "https://a.localhost/x",
    "https://peer/x",
    "https://peer.local/x",
    "https://metadata.google.internal/x",
    "https://abc.onion/x",
    "https://router.home.arpa/x",
    "https://peer.example@127.0.0.1/x",
    "https://127.0.0.1@peer.example/x",
    "https://127.0.0.1\\@peer.example/x",
    "https://127.0.0.1%2f@peer.example/x",
    "https://peer.example:{port}/x",
    "http://peer.example/x",
    "ftp://peer.example/x",
    "gopher://127.0.0.1/x",
    "https://127.0.0.1#@peer.example/x",
    "https://127.0.0.1?@peer.example/x",
    "https://①②⑦.0.0.1/x",
    "https://127。0。0。1/x",
    "https://%31%32%37.0.0.1/x",
    "//127.0.0.1/x",
    "127.0.0.1/x",
    "https:127.0.0.1/x",
    "https:///127.0.0.1/x",
]


class Inside:
    """Our own network: listeners that must accept nothing, and a dial that would reach them."""

    def __init__(self, listeners: list[Listener]) -> None:
        self.listeners = listeners
        self.attempts: list[str] = []
        self.names: list[str] = []
        self.answer: list[str] = ["127.0.0.1"]
        self.transport = None

    def fetcher(self, key: PrivateKey | None = None) -> Fetcher:
        async def dial(address: str, port: int, tls: Any, name: str) -> Any:
            self.attempts.append(address)
            return await dial_address(address, self.listeners[0].port, None, name)

        async def resolve(name: str, port: int) -> list[str]:
            self.names.append(name)
            return self.answer

        fetcher = Fetcher(
            user_agent="x",
            development=False,
            clock=lambda: NOW,
            key=None if key is None else lambda: key,
        )
        # The guard stays the production Fetcher's own; only the way to the network is watched.
        transport = fetcher._transport
        assert isinstance(transport, PeerTransport)
        transport._resolve, transport._dial = resolve, dial
        return fetcher

    def assert_untouched(self) -> None:
        assert self.attempts == []
        assert [listener.accepted for listener in self.listeners] == [0, 0, 0]


@pytest.fixture
async def inside() -> AsyncIterator[Inside]:
    ok = answering(http_answer(b"{}"))
    async with (
        listening(ok) as one,
        listening(ok, address="127.0.0.2", port=one.port) as two,
        listening(ok, address="::1", port=one.port) as six,
    ):
        yield Inside([one, two, six])


async def fetch_well_known(fetcher: Fetcher, url: str) -> object:
    host, slash, path = url.removeprefix("https://").partition("/")
    return await fetcher.fetch_well_known(host, slash + path, accept="application/json")


Use = Callable[[Fetcher, str, PrivateKey], Awaitable[object]]
USES: dict[str, Use] = {
    "fetch_document": lambda fetcher, url, key: fetcher.fetch_document(url),
    "fetch_page_link": lambda fetcher, url, key: fetcher.fetch_page_link(url),
    "fetch_key_document": lambda fetcher, url, key: fetcher.fetch_key_document(url),
    "fetch_json": lambda fetcher, url, key: fetcher.fetch_json(url, accept="application/json"),
    "fetch_well_known": lambda fetcher, url, key: fetch_well_known(fetcher, url),
    "fetch_bytes": lambda fetcher, url, key: fetcher.fetch_bytes(
        url, accept="image/*", max_bytes=99
    ),
    "fetch_changed": lambda fetcher, url, key: fetcher.fetch_changed(
        url, accept="text/csv", max_bytes=99, etag='"1"'
    ),
    "reach": lambda fetcher, url, key: fetcher.reach(url),
    "post": lambda fetcher, url, key: fetcher.post(url, b"{}", SigningKeys(key)),
    "post_unsigned": lambda fetcher, url, key: fetcher.post_unsigned(url, b"", {}, seconds=9.0),
}


def test_every_request_function_is_tested() -> None:
    ways = {name for name, way in vars(Fetcher).items() if inspect.iscoroutinefunction(way)}
    assert {name for name in ways if not name.startswith("_")} == USES.keys() | {"aclose"}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.anyio
async def test_no_form_of_a_private_address_is_ever_connected_to(
    inside: Inside, key: PrivateKey, use: Use
) -> None:
    fetcher = inside.fetcher(key)
    for form in LOCAL_FORMS:
        url = form.format(port=inside.listeners[0].port)
        with pytest.raises((PrivateAddress, FetchRefused)):
            await use(fetcher, url, key)
        assert inside.names == [], url
    inside.assert_untouched()
    await fetcher.aclose()


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.anyio
async def test_no_name_that_leads_to_a_private_address_is_connected_to(
    inside: Inside, key: PrivateKey, use: Use
) -> None:
    fetcher = inside.fetcher(key)
    for address in ADDRESSES:
        inside.answer = [address]
        with pytest.raises(PrivateAddress) as error:
            await use(fetcher, "https://rebound.example/x", key)
        assert error.value.url == "https://rebound.example/x"
    inside.answer = list(ADDRESSES)
    with pytest.raises(PrivateAddress):
        await use(fetcher, "https://rebound.example/x", key)
    inside.assert_untouched()
    await fetcher.aclose()


@pytest.mark.anyio
async def test_discovery_does_not_connect_to_them_either(inside: Inside) -> None:
    fetcher = inside.fetcher()
    port = inside.listeners[0].port
    for host in ("127.0.0.1", f"127.0.0.1:{port}", "[::1]", "localhost", "127.1", "x.internal"):
        with pytest.raises((PrivateAddress, FetchRefused)):
            await find_actor(fetcher, Handle("a", host))
        with pytest.raises((PrivateAddress, FetchRefused)):
            await fetch_software(fetcher, host)
    inside.assert_untouched()
    await fetcher.aclose()


@pytest.mark.anyio
async def test_the_private_listeners_would_have_accepted(inside: Inside) -> None:
    fetcher = Fetcher(user_agent="x", development=True, clock=lambda: NOW)
    port = inside.listeners[0].port
    for address in ("127.0.0.1", "127.0.0.2", "[::1]"):
        assert await fetcher.fetch_json(f"http://{address}:{port}/", accept="x") == {}
    assert [listener.accepted for listener in inside.listeners] == [1, 1, 1]
    await fetcher.aclose()


# Posts follow no redirect, and `reach` asks for nothing that could be one.
FOLLOWING = [USES[name] for name in USES if name not in {"post", "post_unsigned", "reach"}]


@pytest.mark.parametrize("use", FOLLOWING)
@pytest.mark.anyio
async def test_a_redirect_to_a_private_address_is_not_followed(
    web: TlsPeers, inside: Inside, key: PrivateKey, use: Use
) -> None:
    # The web's own address is the one exception of its guard; redirects to it by literal are
    # refused all the same, because the Fetcher judges each hop without that exception.
    fetcher = web.fetcher(key)
    for form in LOCAL_FORMS:
        # Headers are latin-1, and a target without a scheme would be one on the same host.
        if form.isascii() and "://" in form:
            web.redirect(NOTE, form.format(port=inside.listeners[0].port))
            with pytest.raises((PrivateAddress, FetchRefused)):
                await use(fetcher, NOTE, key)
    for address in (a for a in ADDRESSES if a != "127.0.0.1"):
        web.addresses["evil.example"] = [address]
        web.redirect(NOTE, "https://evil.example/")
        with pytest.raises(PrivateAddress):
            await use(fetcher, NOTE, key)
    assert set(web.asked) == {NOTE}
    assert web.attempts == ["127.0.0.1"]
    inside.assert_untouched()


@pytest.mark.parametrize(
    ("development", "host", "schemes"),
    [
        (False, "peer.example", ["https"]),
        (False, "localhost:8000", ["https"]),
        (True, "peer.example", ["https"]),
        (True, "localhost", ["https", "http"]),
        (True, "lemmy.localhost", ["https", "http"]),
        (True, "lemmy.localhost:8001", ["http", "https"]),
        (True, "peer.example:8001", ["http", "https"]),
        (True, "127.0.0.1:8001", ["http"]),
        (True, "[::1]", ["http"]),
        (True, "[::1]:8001", ["http"]),
    ],
)
@pytest.mark.anyio
async def test_only_in_development_a_host_is_asked_over_http(
    development: bool, host: str, schemes: list[str]
) -> None:
    fetcher = Fetcher(user_agent="x", development=development, clock=lambda: NOW)
    assert fetcher.base_urls(host) == tuple(f"{scheme}://{host}" for scheme in schemes)
    await fetcher.aclose()


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.anyio
async def test_in_development_a_name_under_localhost_is_found_whatever_it_speaks(
    scheme: str,
) -> None:
    server_tls, client_tls = tls_for("peer.localhost")
    answer = http_answer(b'{"a": 1}', headers={"Content-Type": "application/json"})

    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    async with listening(script, tls=server_tls if scheme == "https" else None) as listener:
        for host in ("peer.localhost", f"peer.localhost:{listener.port}"):

            async def dial(
                address: str, port: int, tls: ssl.SSLContext | None, name: str
            ) -> HttpConnection:
                if (tls is None) is (scheme == "https"):
                    raise ConnectionRefusedError
                return await dial_address(address, listener.port, tls, name)

            async def resolve(name: str, port: int) -> list[str]:
                return ["127.0.0.1"]

            fetcher = Fetcher(
                user_agent="x",
                development=True,
                clock=lambda: NOW,
                transport=PeerTransport(
                    guard=Guard(development=True), resolve=resolve, dial=dial, tls=client_tls
                ),
            )
            found = await fetcher.fetch_well_known(host, "/x", accept="application/json")
            await fetcher.aclose()
            assert found == (f"{scheme}://{host}/x", {"a": 1})


@pytest.mark.anyio
async def test_development_reaches_loopback_over_http_and_nothing_else_private() -> None:
    fetcher = Fetcher(user_agent="x", development=True, clock=lambda: NOW)
    document: list[bytes] = []
    headers = {"Content-Type": "application/activity+json"}

    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(http_answer(document[0], headers=headers))

    async with listening(script) as listener:
        iri = f"http://127.0.0.1:{listener.port}/1"
        document.append(json.dumps(note(iri)).encode())
        assert (await fetcher.fetch_document(iri)).document.id == iri
        await fetcher.aclose()
    for url in ("http://10.0.0.1/", "http://[fd00::1]/", "http://169.254.169.254/"):
        with pytest.raises(PrivateAddress):
            await fetcher.fetch_document(url)
