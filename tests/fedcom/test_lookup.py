"""What members look up: local and remote handles and addresses."""

from typing import Any

import pytest

from fedcom.errors import Denied, FedcomError, Invalid, NotFound
from fedcom.models.actor import Community, Person
from fedcom.models.comment import Comment
from fedcom.models.peer import peer
from fedcom.models.post import Post
from fedcom.site.instances import block_instance
from fedcom.wire.body import Body
from tests.support.documents import document, note, person
from tests.support.node import Node
from tests.support.people import ORIGIN
from tests.support.served import COMMENT, DOGS, KIM, POST, WITH_PEERS
from tests.support.webfinger import APEX, answer_webfinger, split_domain

pytestmark = [pytest.mark.anyio, *WITH_PEERS]


FOLLOWERS = f"{DOGS}/followers"


LOOKUPS: list[tuple[str, type, str]] = [
    (KIM, Person, KIM),
    ("@kim@kim.example", Person, KIM),
    ("kim@kim.example", Person, KIM),
    (DOGS, Community, DOGS),
    ("!dogs@dogs.example", Community, DOGS),
    (POST, Post, POST),
    (f"  {COMMENT} ", Comment, COMMENT),
    (f"{ORIGIN}/u/bob", Person, f"{ORIGIN}/u/bob"),
    ("@bob@home.example", Person, f"{ORIGIN}/u/bob"),
    ("!cats@home.example", Community, f"{ORIGIN}/c/cats"),
    ("@cats@home.example", Community, f"{ORIGIN}/c/cats"),
]


@pytest.mark.parametrize(("text", "kind", "iri"), LOOKUPS)
async def test_a_look_up_by_handle_or_address(node: Node, text: str, kind: type, iri: str) -> None:
    answer_webfinger(node, "kim@kim.example", KIM)
    answer_webfinger(node, "dogs@dogs.example", DOGS)

    for _ in range(2):
        found = await node.instance.lookup(text)
        assert isinstance(found, kind)
        assert found.iri == iri

    node.network.fetched()
    await node.instance.lookup(text)
    assert node.network.fetched() == []


@pytest.mark.parametrize("text", ["@kim@apex.example", "@kim@kim.example", KIM])
async def test_the_confirmed_domain_of_a_handle_is_kept_and_found(node: Node, text: str) -> None:
    split_domain(node)

    found = await node.instance.lookup(text)

    assert isinstance(found, Person)
    assert (found.handle, found.host) == (APEX, "kim.example")
    node.network.fetched()
    for name in ("@kim@apex.example", "@kim@kim.example", KIM):
        assert await node.instance.lookup(name) == found
    assert node.network.asked == []


async def test_a_domain_that_names_another_actor_is_no_handle(node: Node) -> None:
    split_domain(node, apex_names="https://kim.example/u/ken")

    found = await node.instance.lookup(KIM)

    assert isinstance(found, Person)
    assert found.handle == "kim@kim.example"


async def test_a_handle_goes_with_the_actor_that_its_domain_names_now(node: Node) -> None:
    moved = "https://new.example/u/kim"
    node.network.put(person(moved))
    split_domain(node)
    before = await node.instance.lookup(KIM)
    split_domain(node, apex_names=moved)
    answer_webfinger(node, "kim@new.example", moved, subject=APEX)

    now = await node.instance.lookup(moved)

    assert isinstance(now, Person)
    assert now.handle == APEX
    assert isinstance(before, Person)
    again = await node.instance.lookup(KIM)
    assert isinstance(again, Person)
    assert again.handle == "kim@kim.example"


async def test_a_person_mentioned_by_either_handle_gets_the_confirmed_one(
    node: Node,
) -> None:
    split_domain(node)
    await node.instance.lookup(KIM)
    for name in ("kim@apex.example", "kim@kim.example"):
        made = node.home.post(body=Body.of_markdown(f"hi @{name}"))

        tags = (await node.get_json(f"/post/{made.id}"))["tag"]
        page_of_kim = await node.get("/u/kim@apex.example", accept="text/html")

        assert [tag["name"] for tag in tags] == ["@cats@home.example", f"@{APEX}"]
        assert f'href="{ORIGIN}/u/{APEX}"' in made.body_html
        assert page_of_kim.status_code == 200
        assert f"@{APEX}" in page_of_kim.text


async def test_a_looked_up_comment_is_stored_with_its_thread_and_community(node: Node) -> None:
    node.network.run("kim.example", "mastodon")

    found = await node.instance.lookup(COMMENT)

    assert isinstance(found, Comment)
    after = node.snapshot()
    assert {KIM, DOGS, POST, COMMENT} <= after.keys()
    software = {row["host"]: row["software"] for row in node.home.rows(peer)}
    assert software == {"kim.example": "mastodon", "dogs.example": None}


@pytest.mark.parametrize(
    ("text", "error", "code"),
    [
        ("what?", Invalid, "lookup_invalid"),
        ("https://user@kim.example/", Invalid, "lookup_invalid"),
        ("http://kim.example/u/kim", Invalid, "lookup_invalid"),
        ("https://127.0.0.1/", Invalid, "lookup_invalid"),
        ("@kim@localhost", Invalid, "lookup_invalid"),
        ("https://kim.example/nothing", NotFound, "couldnt_find_object"),
        ("@nobody@kim.example", NotFound, "couldnt_find_object"),
        (f"{ORIGIN}/u/nobody", NotFound, "couldnt_find_object"),
        ("@nobody@home.example", NotFound, "couldnt_find_person"),
        ("https://silent.example/x", NotFound, "lookup_unreachable"),
        ("https://blocked.example/x", Denied, "instance_blocked"),
        ("@x@blocked.example", Denied, "instance_blocked"),
        ("https://kim.example/collection", Invalid, "not_content"),
        ("https://kim.example/private", Denied, "not_public"),
    ],
)
async def test_a_failed_look_up_has_its_reason(
    node: Node, text: str, error: type[FedcomError], code: str
) -> None:
    node.network.silent.add("silent.example")
    node.home(lambda ctx: block_instance(ctx, "blocked.example", ""))
    node.network.put(document("https://kim.example/collection", "Collection", attributedTo=KIM))
    node.network.put(note("https://kim.example/private", KIM, POST, to=[KIM]))

    with pytest.raises(error) as caught:
        await node.instance.lookup(text)

    assert caught.value.code == code
    assert not any("blocked" in url or "home.example" in url for url in node.network.asked)


@pytest.mark.parametrize(
    ("kind", "total"),
    [
        ("Collection", -1),
        ("Collection", 2**53),
        ("Collection", 10**30),
        ("Note", 41),
    ],
)
async def test_an_invalid_number_of_followers_is_not_shown(
    node: Node, kind: str, total: Any
) -> None:
    node.network.put(document(FOLLOWERS, kind, totalItems=total))

    found = await node.instance.lookup(DOGS)

    assert isinstance(found, Community)
    assert found.claimed_followers is None


async def test_a_page_of_ours_about_something_elsewhere_is_understood(node: Node) -> None:
    about = await node.instance.lookup(POST)
    remark = await node.instance.lookup(COMMENT)
    bob = node.home.bob

    found = {
        text: await node.instance.lookup(text)
        for text in (
            f"{ORIGIN}/post/{about.id}/",
            f"<{ORIGIN}/comment/{remark.id}#here>",
            f"home.example/post/{about.id}",
            f"{ORIGIN}/u/Bob",
            "!CATS@home.example,",
            "https://other.example/c/dogs@dogs.example",
        )
    }

    assert [type(one).__name__ for one in found.values()] == [
        *("Post", "Comment", "Post", "Person", "Community", "Community"),
    ]
    assert found[f"{ORIGIN}/u/Bob"].id == bob.id
    assert not any("home.example" in url for url in node.network.asked)
    for nothing in ("post/4711", "post/x", "comment/99999999999999999999"):
        with pytest.raises(FedcomError):
            await node.instance.lookup(f"{ORIGIN}/{nothing}")


async def test_an_actor_whose_name_was_typed_in_capitals_is_found(node: Node) -> None:
    answer_webfinger(node, "dogs@dogs.example", DOGS)

    found = await node.instance.lookup("https://dogs.example/c/Dogs/")

    assert isinstance(found, Community)
    assert found.iri == DOGS
