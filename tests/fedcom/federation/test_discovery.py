"""How other servers find this one, and how it describes itself."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import update

from fedcom.actions.delete_actor import DeleteActor
from fedcom.models.site import site
from tests.support.node import Node
from tests.support.people import ORIGIN

pytestmark = pytest.mark.anyio


async def find(node: Node, resource: str) -> Any:
    path = f"/.well-known/webfinger?resource={quote(resource, safe=':@/')}"
    answer = await node.get(path, accept="application/jrd+json")
    if answer.status_code != 200:
        return answer.status_code
    assert answer.headers["access-control-allow-origin"] == "*"
    return json.loads(answer.content)


@pytest.mark.parametrize(
    ("resource", "actor"),
    [
        ("acct:bob@home.example", "/u/bob"),
        ("acct:BOB@HOME.example", "/u/bob"),
        ("ACCT:bob@home.example", "/u/bob"),
        ("acct:bob@home.example:443", "/u/bob"),
        ("acct:cats@home.example", "/c/cats"),
        (f"{ORIGIN}/u/bob", "/u/bob"),
        (f"{ORIGIN}/c/cats", "/c/cats"),
        ("acct:home.example@home.example", "/actor"),
        (ORIGIN, "/actor"),
        (f"{ORIGIN}/", "/actor"),
        (f"{ORIGIN}/actor", "/actor"),
    ],
)
async def test_webfinger_finds_local_actors(node: Node, resource: str, actor: str) -> None:
    found = await find(node, resource)

    (own,) = [link for link in found["links"] if link["rel"] == "self"]
    assert own["href"] == f"{ORIGIN}{actor}"
    assert own["type"] == "application/activity+json"
    assert found["subject"].endswith("@home.example")


@pytest.mark.parametrize(
    "resource",
    [
        "acct:nobody@home.example",
        "acct:bob@other.example",
        "acct:bob@home.example:8443",
        "acct:bob@sub.home.example",
        "acct:kim@kim.example",
        "https://kim.example/u/kim",
        f"{ORIGIN}/post/1",
        "http://home.example/u/bob",
        "acct:bo/b@home.example",
        "mailto:bob@home.example",
    ],
)
async def test_webfinger_does_not_find_remote_actors(node: Node, resource: str) -> None:
    node.home.person("https://kim.example/u/kim")

    assert await find(node, resource) == 404


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "resource_missing"),
        ("?resource=", "resource_missing"),
        ("?rel=self", "resource_missing"),
        ("?resource=acct:bob@home.example&resource=acct:ann@home.example", "resource_missing"),
        # Without a scheme, whatever the rest is.
        ("?resource=bob@home.example", "resource_malformed"),
        ("?resource=@bob@home.example", "resource_malformed"),
        ("?resource=!cats@home.example", "resource_malformed"),
        ("?resource=bob", "resource_malformed"),
        ("?resource=//home.example/u/bob", "resource_malformed"),
        ("?resource=acct:bob", "resource_malformed"),
        ("?resource=acct:@home.example", "resource_malformed"),
        ("?resource=acct:bob@home.example@home.example", "resource_malformed"),
        ("?resource=https://[", "resource_malformed"),
        ("?resource=acct:bob%20@home.example", "resource_malformed"),
    ],
)
async def test_webfinger_needs_one_uri_to_answer(node: Node, query: str, code: str) -> None:
    answer = await node.get(f"/.well-known/webfinger{query}", accept="application/jrd+json")

    assert (answer.status_code, json.loads(answer.content)["code"]) == (400, code)


async def test_webfinger_does_not_find_the_deleted(node: Node) -> None:
    node.home.perform(DeleteActor(by=node.home.bob))

    assert await find(node, "acct:bob@home.example") == 404


async def test_host_meta_has_the_address_of_webfinger(node: Node) -> None:
    template = f"{ORIGIN}/.well-known/webfinger?resource={{uri}}"

    xml = await node.get("/.well-known/host-meta", accept="*/*")
    assert xml.headers["content-type"].startswith("application/xrd+xml")
    assert f'template="{template}"' in xml.text
    jrd = await node.get_json("/.well-known/host-meta.json", accept="*/*")
    assert jrd["links"][0]["template"] == template


async def test_nodeinfo_is_served_at_its_index_links(node: Node) -> None:
    node.home.post()
    index = await node.get_json("/.well-known/nodeinfo", accept="*/*")
    links = {link["rel"].rsplit("/", 1)[-1]: link["href"] for link in index["links"]}

    assert links["activitystreams#Application"] == f"{ORIGIN}/actor"
    for version in ("2.0", "2.1"):
        path = links[version].removeprefix(ORIGIN)
        for spelling in (path, f"{path}.json"):
            about = await node.get_json(spelling, accept="*/*")
            assert about["version"] == version
            assert about["software"]["name"] == "fedcom"
            assert "repository" not in about["software"]
            assert about["usage"]["localPosts"] == 1
            assert about["usage"]["users"]["total"] == 2
            assert about["openRegistrations"] is False
    assert (await node.get("/nodeinfo/3.0", accept="*/*")).status_code == 404


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({}, "fedcom"),
        ({"User-Agent": "Mastodon/4.6.0 (+https://m.example/)"}, "fedcom"),
        ({"User-Agent": "Lemmy/0.19.20; +https://l.example"}, "fedcom"),
        # Node's fetch, which Misskey uses, sends this one and no Origin.
        ({"Sec-Fetch-Mode": "cors", "User-Agent": "Misskey/2026"}, "fedcom"),
        # A person typed the address.
        ({"Sec-Fetch-Site": "none", "User-Agent": "Mozilla/5.0"}, "fedcom"),
        ({"Origin": "https://vger.example"}, "lemmy"),
        ({"Origin": "null"}, "lemmy"),
        ({"Sec-Fetch-Site": "cross-site"}, "lemmy"),
        ({"Sec-Fetch-Site": "same-origin"}, "lemmy"),
        ({"User-Agent": "Jerboa/0.0.80"}, "lemmy"),
        ({"User-Agent": "VoyagerApp/2.0"}, "lemmy"),
    ],
)
async def test_nodeinfo_names_fedcom_to_servers_and_lemmy_to_apps(
    node: Node, headers: dict[str, str], name: str
) -> None:
    answer = await node.get("/nodeinfo/2.1", accept="*/*", **headers)

    software = json.loads(answer.content)["software"]
    assert software["name"] == name
    assert software["version"].startswith("0.19.") is (name == "lemmy")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["vary"] == "Origin, Sec-Fetch-Site, User-Agent"


async def test_nodeinfo_names_fedcom_to_everybody_if_the_admin_chooses_that(node: Node) -> None:
    node.home(lambda ctx: ctx.conn.execute(update(site).values(answers_apps_as_lemmy=False)))

    answer = await node.get("/nodeinfo/2.0", accept="*/*", Origin="https://vger.example")
    assert json.loads(answer.content)["software"]["name"] == "fedcom"
