from collections.abc import AsyncIterator
from typing import Any

import pytest

from activitypub.errors import FetchRefused, NotThere
from activitypub.nodeinfo import Software, Usage, document, fetch_software, index
from tests.support.tls_peers import TlsPeers, small_web

WELLKNOWN = "https://peer.example/.well-known/nodeinfo"
INFO = "https://peer.example/nodeinfo/2.0"
REL = "http://nodeinfo.diaspora.software/ns/schema/"


@pytest.fixture
async def web() -> AsyncIterator[TlsPeers]:
    async with small_web() as made:
        yield made


def links(*pairs: tuple[Any, Any]) -> dict[str, Any]:
    return {"links": [{"rel": rel, "href": href} for rel, href in pairs]}


@pytest.mark.parametrize(
    "wellknown",
    [
        links((f"{REL}2.0", INFO)),
        links((f"{REL}1.0", "https://peer.example/1.0"), (f"{REL}2.1", INFO)),
        links((f"{REL}2.2", INFO), (f"{REL}2.0", "https://peer.example/other")),
        links((f"{REL}2.0", "https://evil.example/x"), (f"{REL}2.0", INFO)),
        {
            "links": [
                1,
                {"rel": 1, "href": INFO},
                {"rel": f"{REL}2.0"},
                *links((f"{REL}2.0", INFO))["links"],
            ]
        },
    ],
)
@pytest.mark.anyio
async def test_the_software_of_a_peer_is_read(web: TlsPeers, wellknown: dict[str, Any]) -> None:
    web.put(WELLKNOWN, wellknown, media_type="application/json")
    web.put(INFO, {"version": "2.0", "software": {"name": "Lemmy", "version": "0.19.20"}})
    assert await fetch_software(web.fetcher(), "peer.example") == Software("lemmy", "0.19.20")
    assert web.asked == [WELLKNOWN, INFO]


@pytest.mark.parametrize(
    ("about", "software"),
    [
        ({"name": " PieFed\n", "version": None}, Software("piefed", "")),
        ({"name": "x" * 500, "version": "1" * 500}, Software("x" * 64, "1" * 64)),
        ({"name": "mbin", "version": "1.8\u202e\x00<b>"}, Software("mbin", "1.8<b>")),
        ({"name": "mastodon"}, Software("mastodon", "")),
    ],
)
@pytest.mark.anyio
async def test_names_and_versions_of_peers_are_shortened_and_cleaned(
    web: TlsPeers, about: dict[str, Any], software: Software
) -> None:
    web.put(WELLKNOWN, links((f"{REL}2.0", INFO)))
    web.put(INFO, {"software": about})
    assert await fetch_software(web.fetcher(), "peer.example") == software


@pytest.mark.parametrize(
    "wellknown",
    [
        {},
        {"links": {}},
        {"links": []},
        links((f"{REL}1.0", INFO)),
        links((f"{REL}2.0", "https://evil.example/nodeinfo/2.0")),
        links((f"{REL}2.0", "https://127.0.0.1/nodeinfo/2.0")),
        links((f"{REL}2.0", "/nodeinfo/2.0")),
        links((f"x{REL}2.0", INFO)),
    ],
)
@pytest.mark.anyio
async def test_a_link_that_is_not_the_peers_own_is_not_followed(
    web: TlsPeers, wellknown: dict[str, Any]
) -> None:
    web.put(WELLKNOWN, wellknown)
    with pytest.raises(FetchRefused) as error:
        await fetch_software(web.fetcher(), "peer.example")
    assert error.value.code == "nodeinfo_no_link"
    assert web.asked == [WELLKNOWN]


@pytest.mark.parametrize(
    "info", [{}, {"software": "x"}, {"software": {}}, {"software": {"name": 1}}]
)
@pytest.mark.anyio
async def test_a_nodeinfo_without_a_name_is_refused(web: TlsPeers, info: dict[str, Any]) -> None:
    web.put(WELLKNOWN, links((f"{REL}2.0", INFO)))
    web.put(INFO, info)
    with pytest.raises(FetchRefused) as error:
        await fetch_software(web.fetcher(), "peer.example")
    assert error.value.code == "nodeinfo_no_name"


@pytest.mark.anyio
async def test_a_peer_without_nodeinfo_is_distinguished_from_a_broken_one(web: TlsPeers) -> None:
    with pytest.raises(NotThere):
        await fetch_software(web.fetcher(), "peer.example")


def test_our_index_names_both_versions_and_the_one_for_gotosocial_last() -> None:
    assert index("https://fedcom.example") == links(
        (f"{REL}2.1", "https://fedcom.example/nodeinfo/2.1"),
        (f"{REL}2.0", "https://fedcom.example/nodeinfo/2.0"),
    )


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_our_document_has_the_fields_required_by_the_schema(version: str) -> None:
    made = document(
        version,
        Software("fedcom", "0.1.0"),
        Usage(users=3, active_month=1, active_half_year=2, posts=4, comments=5),
        open_registrations=True,
        repository="https://code.example/fedcom",
        metadata={"nodeName": "Cats"},
    )
    repository = {"repository": "https://code.example/fedcom"} if version == "2.1" else {}
    assert made == {
        "version": version,
        "software": {"name": "fedcom", "version": "0.1.0", **repository},
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": True,
        "usage": {
            "users": {"total": 3, "activeHalfyear": 2, "activeMonth": 1},
            "localPosts": 4,
            "localComments": 5,
        },
        "metadata": {"nodeName": "Cats"},
    }


def test_our_document_without_the_extras() -> None:
    made = document("2.1", Software("fedcom", "1"), Usage(0, 0, 0, 0, 0), open_registrations=False)
    assert made["metadata"] == {}
    assert "repository" not in made["software"]
