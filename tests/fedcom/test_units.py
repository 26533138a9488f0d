"""Units of work that fetch what they miss, and what members look up."""

import json
from typing import Any

import pytest
from sqlalchemy import insert

from activitypub.errors import BudgetSpent, FetchRefused, NotThere, Unreachable
from activitypub.fetch import Budget
from fedcom.context import Context
from fedcom.errors import Denied, FedcomError, Invalid, NeedsFetch, NotFound
from fedcom.models.actor import Community, Person, actor, community as community_table, local_name
from fedcom.models.comment import Comment
from fedcom.models.moderation import modlog
from fedcom.models.peer import peer
from fedcom.models.post import Post, post
from fedcom.site.instances import block_instance
from fedcom.wire.body import Body
from tests.support.documents import activity, document, group, note, page, person
from tests.support.node import Node
from tests.support.people import ORIGIN

pytestmark = pytest.mark.anyio

KIM, DOGS = "https://kim.example/u/kim", "https://dogs.example/c/dogs"
POST, REMARK = "https://kim.example/post/1", "https://kim.example/note/1"


@pytest.fixture
def dialect() -> str:
    """Fetching is the same on every database; transactions are tested in test_db."""
    return "sqlite"


@pytest.fixture
def node(node: Node) -> Node:
    """With what kim and dogs serve."""
    node.network.put(person(KIM), group(DOGS), page(POST, KIM, DOGS))
    node.network.put(note(REMARK, KIM, POST))
    return node


async def test_what_is_missing_is_fetched_and_the_work_done_again(node: Node) -> None:
    seen = []

    def work(ctx: Context) -> str | None:
        taken = {"name": f"round{len(seen)}", "taken_at": ctx.now}
        ctx.conn.execute(insert(local_name).values(taken))
        seen.append(taken["name"])
        return ctx.document(KIM).id

    assert await node.instance.unit(work) == KIM
    assert seen == ["round0", "round1"]
    names = {row["name"] for row in node.home.rows(local_name)}
    assert "round1" in names
    assert "round0" not in names


async def test_without_a_budget_what_is_missing_is_not_found(node: Node) -> None:
    with pytest.raises(NotFound):
        await node.instance.units.unit(lambda ctx: ctx.document(KIM))
    assert node.network.asked == []


async def test_an_answer_of_the_origin_is_remembered_for_the_unit(node: Node) -> None:
    def work(ctx: Context) -> int:
        try:
            ctx.document("https://kim.example/lost")
        except NotThere:
            return 404
        return 200

    assert await node.instance.unit(work) == 404
    assert node.network.fetched() == ["https://kim.example/lost"]


async def test_a_silent_origin_ends_the_unit_unless_it_can_do_without(node: Node) -> None:
    node.network.silent.add("kim.example")
    with pytest.raises(Unreachable):
        await node.instance.unit(lambda ctx: ctx.document(KIM))

    def work(ctx: Context) -> str:
        if KIM in ctx.fetched.failures:
            return "without"
        raise NeedsFetch(KIM, required=False)

    assert await node.instance.unit(work) == "without"


async def test_a_broken_address_is_a_failure_like_any_other(node: Node) -> None:
    with pytest.raises(FetchRefused, match="iri_"):
        await node.instance.unit(lambda ctx: ctx.document("https://"))


async def test_a_unit_ends_when_its_budget_is_spent(node: Node) -> None:
    def endless(ctx: Context) -> None:
        raise NeedsFetch(f"https://kim.example/{len(ctx.fetched.failures)}")

    with pytest.raises(BudgetSpent):
        await node.instance.units.unit(endless, budget=Budget(documents=4))
    assert len(node.network.asked) == 4


async def test_a_unit_starts_over_only_so_often(node: Node) -> None:
    def stubborn(_ctx: Context) -> None:
        raise NeedsFetch(KIM)

    with pytest.raises(BudgetSpent) as caught:
        await node.instance.units.unit(stubborn, budget=Budget(documents=1000))
    assert caught.value.code == "too_many_rounds"


async def test_nothing_is_asked_of_ourselves(node: Node) -> None:
    with pytest.raises(NotFound):
        await node.instance.unit(lambda ctx: ctx.document(f"{ORIGIN}/post/404"))
    assert node.network.asked == []


LOOKUPS: list[tuple[str, type, str]] = [
    (KIM, Person, KIM),
    ("@kim@kim.example", Person, KIM),
    ("kim@kim.example", Person, KIM),
    (DOGS, Community, DOGS),
    ("!dogs@dogs.example", Community, DOGS),
    (POST, Post, POST),
    (f"  {REMARK} ", Comment, REMARK),
    (f"{ORIGIN}/u/bob", Person, f"{ORIGIN}/u/bob"),
    ("@bob@home.example", Person, f"{ORIGIN}/u/bob"),
    ("!cats@home.example", Community, f"{ORIGIN}/c/cats"),
    ("@cats@home.example", Community, f"{ORIGIN}/c/cats"),
]


def answer_webfinger(node: Node, handle: str, iri: str, *, subject: str = "") -> None:
    host = handle.partition("@")[2]
    found: dict[str, Any] = {
        "subject": f"acct:{subject or handle}",
        "links": [{"rel": "self", "type": "application/activity+json", "href": iri}],
    }
    node.network.answer(
        f"https://{host}/.well-known/webfinger?resource=acct:{handle}",
        json.dumps(found).encode(),
        kind="application/jrd+json",
    )


@pytest.mark.parametrize(("text", "kind", "iri"), LOOKUPS)
async def test_a_member_finds_what_a_handle_or_an_address_names(
    node: Node, text: str, kind: type, iri: str
) -> None:
    answer_webfinger(node, "kim@kim.example", KIM)
    answer_webfinger(node, "dogs@dogs.example", DOGS)

    for _ in range(2):
        found = await node.instance.lookup(text)
        assert isinstance(found, kind)
        assert found.iri == iri

    node.network.fetched()
    await node.instance.lookup(text)
    assert node.network.fetched() == []


APEX = "kim@apex.example"


def split_domain(node: Node, *, apex_names: str = KIM) -> None:
    """Kim's server calls her by the domain of her site, which names `apex_names`."""
    answer_webfinger(node, APEX, apex_names)
    answer_webfinger(node, "kim@kim.example", KIM, subject=APEX)


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


async def test_a_handle_is_asked_for_again_with_its_actor(node: Node) -> None:
    home = node.home
    home.person(KIM)
    split_domain(node)
    home.clock.advance(seconds=2 * 86_400)

    await node.instance.units.refresh_actor(KIM)

    found = await node.instance.lookup("@kim@apex.example")
    assert (isinstance(found, Person) and found.handle) == APEX


async def test_who_is_first_heard_of_in_an_inbox_is_shown_by_the_domain_their_server_is_known_for(
    node: Node,
) -> None:
    ken, zoe = "https://kim.example/u/ken", "https://zoe.example/u/zoe"
    split_domain(node)
    await node.instance.lookup(KIM)
    answer_webfinger(node, "ken@apex.example", ken)
    answer_webfinger(node, "ken@kim.example", ken, subject="ken@apex.example")
    post = node.home.post()

    for iri in (ken, zoe):
        node.network.put(person(iri))
        assert await node.hear(activity("Create", iri, note(f"{iri}/1", iri, post.iri))) == "202"

    domains = {row["iri"]: row["domain"] for row in node.home.rows(actor)}
    assert (domains[ken], domains[zoe]) == ("apex.example", None)
    assert not [url for url in node.network.asked if "webfinger" in url and "zoe" in url]


async def test_who_is_mentioned_by_either_name_is_shown_and_sent_by_the_confirmed_one(
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


async def test_what_was_looked_up_is_kept_with_its_thread_and_its_community(node: Node) -> None:
    node.network.run("kim.example", "mastodon")

    found = await node.instance.lookup(REMARK)

    assert isinstance(found, Comment)
    after = node.snapshot()
    assert {KIM, DOGS, POST, REMARK} <= after.keys()
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
async def test_a_fruitless_look_up_says_why(
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


async def test_an_actor_is_read_again_after_a_day_and_left_alone_when_that_fails(
    node: Node,
) -> None:
    node.home.person(KIM)
    node.network.put(person(KIM, name="New"))

    await node.instance.units.refresh_actor(KIM)
    assert node.network.fetched() == []

    node.home.clock.advance(days=2)
    await node.instance.units.refresh_actor(KIM)
    assert node.network.fetched() == [KIM]
    assert node.snapshot()[KIM] == "Person New"

    node.home.clock.advance(days=2)
    node.network.lose(KIM)
    for _ in range(2):
        await node.instance.units.refresh_actor(KIM)
    assert node.network.fetched() == [KIM]


async def test_with_a_community_what_is_pinned_in_it_is_read_again(node: Node) -> None:
    dogs = "https://dogs.example/c/dogs"
    featured = f"{dogs}/featured"
    community = node.home.group(dogs, featured=featured)
    node.home.follow(node.home.bob, community)
    kim = node.home.person(KIM)
    first, second, third = (
        node.home.post(by=kim, community=community, iri=f"https://kim.example/post/{number}")
        for number in (1, 2, 3)
    )
    node.network.put(group(dogs, featured=featured), person(KIM))

    async def pinned(*items: Any, **more: Any) -> list[str]:
        node.network.put(document(featured, "OrderedCollection", **more, orderedItems=items))
        node.home.clock.advance(days=2)
        await node.instance.units.refresh_actor(dogs)
        return [row["iri"] for row in node.home.rows(post) if row["featured_at"] is not None]

    assert await pinned(first.iri, {"type": "Page", "id": second.iri}) == [first.iri, second.iri]
    assert await pinned(third.iri, "https://kim.example/post/unknown") == [third.iri]
    assert await pinned(first=f"{featured}?page=1") == [third.iri]
    node.network.answer(featured, b"{}")
    node.home.clock.advance(days=2)
    await node.instance.units.refresh_actor(dogs)
    assert await pinned() == []
    assert node.home.rows(modlog) == []


FOLLOWERS = f"{DOGS}/followers"


def claimed(node: Node) -> int | None:
    (community,) = [
        row for row in node.home.rows(community_table) if row["actor_id"] != node.home.cats.id
    ]
    number: int | None = community["claimed_followers"]
    return number


async def test_the_number_of_followers_comes_with_a_community_and_is_read_again(node: Node) -> None:
    node.network.put(document(FOLLOWERS, "Collection", totalItems=4321, items=[]))

    found = await node.instance.lookup(DOGS)

    assert isinstance(found, Community)
    assert (found.claimed_followers, found.subscribers) == (4321, 0)

    async def read_again() -> int | None:
        node.home.clock.advance(days=2)
        await node.instance.units.refresh_actor(DOGS)
        return claimed(node)

    node.network.lose(FOLLOWERS)
    assert await read_again() == 4321
    node.network.put(document(FOLLOWERS, "OrderedCollection", totalItems=12))
    assert await read_again() == 12
    node.network.put(document(FOLLOWERS, "OrderedCollection"))
    assert await read_again() is None


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
    remark = await node.instance.lookup(REMARK)
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
