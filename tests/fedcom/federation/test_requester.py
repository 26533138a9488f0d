"""Microblog servers are recognised by their requests, and get posts in a form they can show."""

import pytest

from tests.support.node import Node

pytestmark = pytest.mark.anyio

MASTODON = "Mastodon/4.4.2 (http.rb/5.3.1; +https://masto.example/)"
AGENTS = {
    MASTODON: "Note",
    "gotosocial/0.20.0 (+https://gts.example)": "Note",
    "Misskey/2025.4.1 (https://misskey.example)": "Note",
    "Pleroma 2.9.1; https://pleroma.example <admin@pleroma.example>": "Note",
    "snac/2.80; +https://snac.example": "Note",
    "python-httpx/0.27.2 (Takahe/0.11.0; +https://takahe.example/)": "Note",
    "Iceshrimp.NET/2025.1 (+https://ice.example/)": "Note",
    "Lemmy/0.19.12; +https://lemmy.example": "Page",
    "PieFed/1.2; +https://piefed.example": "Page",
    "Mbin/1.8.4 (+https://mbin.example/agent)": "Page",
    "NodeBB/4.11 (https://nodebb.example/)": "Page",
    "Friendica 'Yellow Archangel' 2024.12-1571; https://friendica.example": "Page",
    "Lemmy/0.19.12; +https://mastodon/4": "Page",
    "Mozilla/5.0": "Page",
    "": "Page",
}


@pytest.mark.parametrize(("agent", "kind"), AGENTS.items())
async def test_software_names_itself(node: Node, agent: str, kind: str) -> None:
    post = node.home.post()

    answer = await node.get(f"/post/{post.id}", User_Agent=agent)

    assert answer.json()["type"] == kind
    assert answer.json()["id"] == post.iri


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Signature", 'keyId="https://{host}/actor#main-key",headers="date",signature="x"'),
        ("Signature_Input", 'sig1=("@method");created=1;keyid="https://{host}/actor#main-key"'),
    ],
)
async def test_the_signers_host_takes_precedence_over_the_user_agent(
    node: Node, name: str, value: str
) -> None:
    home = node.home
    home.person("https://micro.example/u/one", "mastodon")
    home.person("https://forum.example/u/one", "lemmy")
    home.person("https://odd.example/u/one", "oddity")
    path = f"/post/{home.post().id}"

    async def kind(host: str, agent: str = "") -> str:
        signed = {name: value.format(host=host)}
        return str((await node.get(path, User_Agent=agent, **signed)).json()["type"])

    assert await kind("micro.example") == "Note"
    assert await kind("forum.example", MASTODON) == "Page"
    assert await kind("odd.example", MASTODON) == "Note"
    assert await kind("unknown.example", MASTODON) == "Note"
    assert await kind("unknown.example") == await kind("not a host") == "Page"


async def test_the_vary_header_names_the_deciding_headers(node: Node) -> None:
    path = f"/post/{node.home.post().id}"

    page, note = await node.get(path), await node.get(path, User_Agent=MASTODON)

    for answer in (page, note):
        named = {name.strip() for name in answer.headers["vary"].split(",")}
        assert {"Accept", "User-Agent", "Signature", "Signature-Input"} <= named
    assert page.headers["etag"] != note.headers["etag"]
    again = await node.get(path, User_Agent=MASTODON, If_None_Match=page.headers["etag"])
    assert again.status_code == 200


async def test_a_peers_post_is_at_its_origin_for_microblogs_too(node: Node) -> None:
    post = node.home.post(by=node.home.person("https://kim.example/u/kim"))

    answer = await node.get(f"/post/{post.id}", User_Agent=MASTODON)

    assert (answer.status_code, answer.headers["location"]) == (302, post.iri)
