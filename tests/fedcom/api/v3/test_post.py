import pytest

from fedcom.text.page_head import LinkMetadata
from tests.fedcom.api.conftest import Apps, Failed
from tests.support.plans import counted

pytestmark = pytest.mark.anyio


async def test_a_post_is_written_changed_and_read(apps: Apps) -> None:
    bob = apps("bob")
    made = (
        await bob.post(
            "/post", name="Cats sleep", community_id=apps.community, body="They *do*.",
            url="https://news.example/a", language_id=37,
        )
    )["post_view"]  # fmt: skip

    assert made["post"]["name"] == "Cats sleep"
    assert made["post"]["body"] == "They *do*."
    assert made["post"]["url"] == "https://news.example/a"
    assert made["post"]["language_id"] == 37
    assert made["my_vote"] == 1
    assert made["counts"]["score"] == 1
    assert made["creator"]["name"] == "bob"
    number = made["post"]["id"]

    edited = (await bob.put("/post", post_id=number, body="They do."))["post_view"]["post"]
    assert (edited["name"], edited["body"]) == ("Cats sleep", "They do.")
    assert edited["url"] == "https://news.example/a"
    assert edited["updated"]

    shown = await apps().get("/post", id=number)
    assert shown["post_view"]["post"]["body"] == "They do."
    assert "my_vote" not in shown["post_view"]
    assert shown["community_view"]["counts"]["posts"] == 1
    assert [one["moderator"]["name"] for one in shown["moderators"]] == ["ann", "mia"]


async def test_posts_are_listed_with_pages_by_number_and_by_cursor(apps: Apps) -> None:
    for number in range(5):
        await apps.world.post(f"Post {number}")
    guest = apps()

    first = await guest.get("/post/list", sort="New", limit=2)
    second = await guest.get("/post/list", sort="New", limit=2, page_cursor=first["next_page"])
    same = await guest.get("/post/list", sort="New", limit=2, page=2)
    last = await guest.get("/post/list", sort="New", limit=2, page=3)

    names = [one["post"]["name"] for one in first["posts"] + second["posts"] + last["posts"]]
    assert names == ["Post 4", "Post 3", "Post 2", "Post 1", "Post 0"]
    assert same["posts"] == second["posts"]
    assert "next_page" not in last


async def test_votes_saves_and_hiding_are_in_the_answer(apps: Apps) -> None:
    number = (await apps.world.post()).id
    eve = apps("eve")

    voted = (await eve.post("/post/like", post_id=number, score=-1))["post_view"]
    assert (voted["my_vote"], voted["counts"]["score"]) == (-1, 0)
    withdrawn = (await eve.post("/post/like", post_id=number, score=0))["post_view"]
    assert "my_vote" not in withdrawn
    assert (await eve.put("/post/save", post_id=number, save=True))["post_view"]["saved"]
    found = await eve.get("/post/list", saved_only=True)
    assert [one["post"]["id"] for one in found["posts"]] == [number]
    assert (await eve.post("/post/hide", post_ids=[number], hide=True))["success"]
    assert (await eve.get("/post/list"))["posts"] == []
    await eve.post("/post/mark_as_read", post_ids=[number], read=True)
    shown = await eve.get("/post/list", show_hidden=True)
    assert shown["posts"][0]["read"]


async def test_doing_again_what_is_done_answers_as_the_first_time(apps: Apps) -> None:
    number, mia = (await apps.world.post()).id, apps("mia")

    for _ in range(2):
        assert (await mia.post("/post/lock", post_id=number, locked=True))["post_view"]["post"][
            "locked"
        ]
    for _ in range(2):
        removed = await mia.post("/post/remove", post_id=number, removed=True, reason="spam")
        assert removed["post_view"]["post"]["removed"]
    with pytest.raises(Failed) as refused:
        await apps().get("/post", id=number)
    assert (refused.value.status, refused.value.error) == (404, "couldnt_find_post")


async def test_null_is_as_good_as_nothing(apps: Apps) -> None:
    given = {"name": "Cats", "community_id": apps.community, "url": None, "nsfw": None}

    made = await apps("bob").post("/post", **given)

    assert made["post_view"]["post"]["nsfw"] is False


@pytest.mark.parametrize(
    ("name", "path", "given", "status", "error"),
    [
        ("", "/post/like", {"post_id": 1, "score": 1}, 400, "not_logged_in"),
        ("bob", "/post/like", {"post_id": 99, "score": 1}, 404, "couldnt_find_post"),
        ("bob", "/post/like", {"post_id": 1, "score": 5}, 400, "unknown"),
        ("bob", "/post", {"name": "", "community_id": 2}, 400, "invalid_post_title"),
        ("bob", "/post", {"name": "Cats", "community_id": 99}, 404, "couldnt_find_community"),
        ("eve", "/post/delete", {"post_id": 1, "deleted": True}, 400, "no_post_edit_allowed"),
        ("eve", "/post/lock", {"post_id": 1, "locked": True}, 400, "not_a_mod_or_admin"),
    ],
)
async def test_refusals_have_lemmys_codes(
    apps: Apps, name: str, path: str, given: dict[str, object], status: int, error: str
) -> None:
    await apps.world.post()
    given = given if given.get("community_id") != 2 else given | {"community_id": apps.community}

    with pytest.raises(Failed) as refused:
        await apps(name).post(path, **given)

    assert (refused.value.status, refused.value.error) == (status, error)
    assert refused.value.message


async def test_a_link_is_read_for_members_only(apps: Apps) -> None:
    url = "https://news.example/a"
    apps.world.instance.links[url] = LinkMetadata(
        "text/html", "A title", "About it", "https://news.example/a.png", "https://news.example/v"
    )
    apps.world.instance.links["https://news.example/b"] = LinkMetadata("")

    found = (await apps("bob").get("/post/site_metadata", url=url))["metadata"]
    assert found == {
        "title": "A title",
        "description": "About it",
        "image": "https://news.example/a.png",
        "embed_video_url": "https://news.example/v",
        "content_type": "text/html",
    }
    plain = await apps("bob").get("/post/site_metadata", url="https://news.example/b")
    assert plain == {"metadata": {}}
    with pytest.raises(Failed, match="not_logged_in"):
        await apps().get("/post/site_metadata", url=url)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://silent.example/", "invalid_url"),
        ("nothing", "invalid_url_scheme"),
        ("https://news.example/" + "x" * 3000, "url_length_overflow"),
    ],
)
async def test_a_link_that_cannot_be_read_is_refused(apps: Apps, url: str, code: str) -> None:
    with pytest.raises(Failed) as refused:
        await apps("bob").get("/post/site_metadata", url=url)
    assert (refused.value.status, refused.value.error) == (400, code)


async def test_a_list_of_posts_takes_five_statements_whatever_its_length(apps: Apps) -> None:
    for number in range(5):
        await apps.world.post(f"Post {number}")
    eve = apps("eve")

    with counted() as statements:
        found = await eve.get("/post/list", limit=20)

    assert len(found["posts"]) == 5
    assert len(statements) <= 5, statements
