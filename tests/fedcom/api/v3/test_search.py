from typing import Any

import pytest

from fedcom.accounts.throttle import SEARCH_BY_ADDRESS
from fedcom.http import resolve
from fedcom.lookup import Found
from fedcom.wire.body import Body
from tests.fedcom.api.conftest import App, Apps, Failed
from tests.support.rows import Rows

pytestmark = pytest.mark.anyio

KINDS = ("posts", "comments", "communities", "users")


async def found(app: App, q: str, **given: Any) -> dict[str, list[str]]:
    """The names and texts of each kind that has any."""
    answer = await app.get("/search", q=q, **given)
    assert answer["type_"] == given.get("type_", "All")
    shown = {
        "posts": [one["post"]["name"] for one in answer["posts"]],
        "comments": [one["comment"]["content"] for one in answer["comments"]],
        "communities": [one["community"]["name"] for one in answer["communities"]],
        "users": [one["person"]["name"] for one in answer["users"]],
    }
    return {kind: names for kind, names in shown.items() if names}


async def filled(apps: Apps) -> None:
    """A community, a person, a post and a comment that are found by one word."""
    post = await apps.world.post("Bobcats", body=Body.of_markdown("bob"))
    await apps.world.comment(post, "bob was here", by="eve")
    await apps("ann").post("/community", name="bob_fans", title="Bob")


async def test_all_kinds_are_found_at_once_or_one_by_one(apps: Apps) -> None:
    await filled(apps)
    each = {
        "Posts": {"posts": ["Bobcats"]},
        "Comments": {"comments": ["bob was here"]},
        "Communities": {"communities": ["bob_fans"]},
        "Users": {"users": ["bob"]},
    }

    assert await found(apps(), "bob") == {k: v for one in each.values() for k, v in one.items()}
    for kind, expected in each.items():
        assert await found(apps("eve"), "bob", type_=kind) == expected
    assert await found(apps(), "nothing") == {}

    await apps.world.post("Houses")
    await apps.world.instance.unit(lambda ctx: Rows(ctx.conn).read_words())
    assert await found(apps(), "housing") == {"posts": ["Houses"]}


async def test_what_is_found_is_complete(apps: Apps) -> None:
    await filled(apps)

    answer = await apps("bob").get("/search", q="bob")

    assert answer["users"][0]["counts"]["post_count"] == 1
    assert answer["communities"][0]["counts"]["subscribers"] == 1
    assert answer["communities"][0]["subscribed"] == "NotSubscribed"
    assert answer["posts"][0]["my_vote"] == 1
    assert answer["posts"][0]["post"]["body"] == "bob"
    assert answer["comments"][0]["creator"]["name"] == "eve"


async def test_a_search_is_limited_to_a_community_an_author_or_titles(apps: Apps) -> None:
    await filled(apps)
    inside, bob = {"community_name": "bob_fans"}, {"creator_id": apps.id_of("bob")}

    assert await found(apps(), "bob", **inside) == {}
    assert await found(apps(), "bob", community_id=apps.community, type_="Posts") == {
        "posts": ["Bobcats"]
    }
    assert await found(apps(), "bob", **bob) == {"posts": ["Bobcats"]}
    assert await found(apps(), "was", type_="Posts") == {}
    body = await apps.world.post("Other", body=Body.of_markdown("Bobcats"))
    titled = await found(apps(), "bobcats", type_="Posts", post_title_only=True)
    assert titled == {"posts": ["Bobcats"]}
    assert body.title in (await found(apps(), "bobcats", type_="Posts"))["posts"]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_results_come_in_the_order_that_is_asked_for_and_in_pages(apps: Apps) -> None:
    made = [await apps.world.post(f"Cat {number}") for number in range(3)]
    await apps("eve").post("/post/like", post_id=made[1].id, score=1)
    posts = {"type_": "Posts"}

    for sort, expected in {
        "New": ["Cat 2", "Cat 1", "Cat 0"],
        "Old": ["Cat 0", "Cat 1", "Cat 2"],
        "TopAll": ["Cat 1", "Cat 2", "Cat 0"],
    }.items():
        assert await found(apps(), "cat", sort=sort, **posts) == {"posts": expected}
        page = await found(apps(), "cat", sort=sort, limit=2, page=2, **posts)
        assert page == {"posts": expected[2:]}


async def test_people_and_communities_that_fit_best_come_first_in_every_other_order(
    apps: Apps,
) -> None:
    for name, title in (("dogs", "All animals but cats"), ("kittens", "Small")):
        await apps("ann").post("/community", name=name, title=title)

    for sort in ("TopAll", "Active"):
        assert await found(apps(), "cats", sort=sort, type_="Communities") == {
            "communities": ["cats", "dogs"]
        }
    newest = await found(apps(), "cats", sort="New", type_="Communities")
    assert newest == {"communities": ["dogs", "cats"]}


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_the_posts_with_a_link_are_found(apps: Apps) -> None:
    link = "https://news.example/a"
    await apps.world.post("Linked", url=link)
    await apps.world.post("By eve", url=link, by="eve")
    await apps.world.post("Other", url=f"{link}b")

    assert await found(apps(), link, type_="Url") == {"posts": ["By eve", "Linked"]}
    for given in ({"creator_id": apps.id_of("bob")}, {"sort": "Old", "limit": 1}):
        assert await found(apps(), link, type_="Url", **given) == {"posts": ["Linked"]}
    inside = await found(apps(), link, type_="Url", community_name="cats")
    assert inside == {"posts": ["By eve", "Linked"]}


async def test_only_the_communities_of_a_list_are_searched(apps: Apps) -> None:
    await filled(apps)

    for scope, app, expected in (
        ("Local", apps(), {"posts": ["Bobcats"]}),
        ("Subscribed", apps("eve"), {}),
        ("Subscribed", apps("ann"), {"posts": ["Bobcats"]}),
        ("ModeratorView", apps("mia"), {"posts": ["Bobcats"]}),
        ("ModeratorView", apps("bob"), {}),
    ):
        assert await found(app, "bobcats", type_="Posts", listing_type=scope) == expected
    own = {"type_": "Communities", "listing_type": "ModeratorView"}
    assert await found(apps("mia"), "cats", **own) == {"communities": ["cats"]}
    assert await found(apps("bob"), "cats", **own) == {}


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_a_search_for_nothing_lists_everything_in_order(apps: Apps) -> None:
    await filled(apps)
    await apps("mia").post("/community/follow", community_id=apps.community, follow=True)
    people = ["eve", "bob", "mia", "ann"]
    everything = {
        "posts": ["Bobcats"],
        "comments": ["bob was here"],
        "communities": ["cats", "bob_fans"],
        "users": people,
    }

    assert await found(apps(), "", sort="TopAll") == everything
    for kind, expected in everything.items():
        name = "Users" if kind == "users" else kind.title()
        assert await found(apps(), " ", type_=name, sort="TopAll") == {kind: expected}
    for sort, expected in {"New": people, "Old": people[::-1], "TopDay": people}.items():
        users = {"type_": "Users", "sort": sort, "listing_type": "Local"}
        assert await found(apps(), "", limit=3, **users) == {"users": expected[:3]}
        assert await found(apps(), "", limit=3, page=2, **users) == {"users": expected[3:]}
    inside = await found(apps(), "", community_name="bob_fans")
    assert inside == {}
    assert await found(apps(), "", creator_id=apps.id_of("eve")) == {"comments": ["bob was here"]}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("posts", "https://peer.example/post/1"),
        ("communities", "!owls@peer.example"),
        ("users", "@kim@peer.example"),
    ],
)
async def test_what_a_handle_or_an_address_names_is_fetched_for_members_only(
    apps: Apps, kind: str, text: str
) -> None:
    post = await apps.world.post("Far away")
    named: dict[str, tuple[Found, str]] = {
        "posts": (post, "Far away"),
        "communities": (apps.world.community, "cats"),
        "users": (apps.world.people["eve"], "eve"),
    }
    apps.world.instance.known[text], name = named[kind]

    assert await found(apps(), text) == {}
    assert await found(apps("bob"), text) == {kind: [name]}
    assert await found(apps("bob"), text, type_="Comments") == {}
    for elsewhere in ({"page": 2}, {"listing_type": "Local"}, {"type_": "Url"}):
        assert await found(apps("bob"), text, **elsewhere) == {}


async def test_what_is_named_comes_once_before_what_the_words_find(apps: Apps) -> None:
    await filled(apps)
    await apps.world.post("bob@forum.example", by="eve")

    for app in (apps(), apps("eve")):
        answer = await found(app, "@bob@forum.example", limit=1)
        assert (answer["users"], answer["posts"]) == (["bob"], ["bob@forum.example"])
    page = await apps().get("/search", q="https://forum.example/u/bob", type_="Users")
    assert [one["person"]["name"] for one in page["users"]] == ["bob"]


async def test_a_search_goes_on_without_what_cannot_be_fetched(
    apps: Apps, monkeypatch: pytest.MonkeyPatch
) -> None:
    apps.world.instance.away.add("@kim@peer.example")
    apps.world.instance.silent.add("@sam@peer.example")
    monkeypatch.setattr(resolve, "SEARCH_SECONDS", 0.01)
    post = await apps.world.post("kim@peer.example and sam@peer.example")

    for name in ("kim", "sam"):
        assert await found(apps("bob"), f"@{name}@peer.example") == {"posts": [post.title]}
    assert await found(apps("bob"), "@nobody@peer.example") == {}


async def test_guests_search_less_often_than_members(apps: Apps) -> None:
    for _ in range(SEARCH_BY_ADDRESS.tries):
        await apps().get("/search", q="cats")

    with pytest.raises(Failed, match="rate_limit_error"):
        await apps().get("/search", q="cats")
    assert await apps("bob").get("/search", q="cats")


async def test_a_search_in_an_unknown_community_is_refused(apps: Apps) -> None:
    with pytest.raises(Failed, match="couldnt_find_community"):
        await apps().get("/search", q="cats", community_name="nowhere")
