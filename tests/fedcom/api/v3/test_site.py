import pytest

from tests.fedcom.api.conftest import Apps, Failed

pytestmark = pytest.mark.anyio


async def test_a_guest_sees_the_site_its_admins_and_all_languages(apps: Apps) -> None:
    found = await apps().get("/site")

    assert found["site_view"]["site"]["name"] == "Forum"
    assert found["site_view"]["counts"]["users"] == 4
    assert [one["person"]["name"] for one in found["admins"]] == ["ann"]
    assert found["admins"][0]["person"]["actor_id"] == "https://forum.example/u/ann"
    assert found["version"] == "0.19.20"
    assert "my_user" not in found
    assert len(found["all_languages"]) == 184
    assert found["all_languages"][37] == {"id": 37, "code": "en", "name": "English"}


async def test_a_member_sees_what_they_have_set_up(apps: Apps) -> None:
    bob = apps("bob")
    await bob.post("/community/follow", community_id=apps.community, follow=True)

    mine = (await bob.get("/site"))["my_user"]

    assert mine["local_user_view"]["person"]["name"] == "bob"
    assert [one["community"]["name"] for one in mine["follows"]] == ["cats"]
    assert mine["moderates"] == []
    moderated = (await apps("mia").get("/site"))["my_user"]["moderates"]
    assert [one["moderator"]["name"] for one in moderated] == ["mia"]


async def test_an_admin_changes_the_settings(apps: Apps) -> None:
    ann = apps("ann")

    changed = await ann.put(
        "/site", name="Cats' corner", sidebar="About *cats*.", description="All about cats",
        enable_downvotes=False, registration_mode="RequireApplication",
        application_question="Why?", default_post_listing_type="Local",
        default_sort_type="TopDay", discussion_languages=[37, 32], taglines=["Meow", "Purr"],
        blocked_instances=["spam.example"], captcha_enabled=True, captcha_difficulty="hard",
        legal_information="Be *kind*.", actor_name_max_length=18,
    )  # fmt: skip

    assert [one["content"] for one in changed["taglines"]] == ["Meow", "Purr"]
    found = await apps().get("/site")
    site, local = found["site_view"]["site"], found["site_view"]["local_site"]
    assert (site["name"], site["sidebar"]) == ("Cats' corner", "About *cats*.")
    assert site["description"] == "All about cats"
    assert (local["enable_downvotes"], local["registration_mode"]) == (False, "RequireApplication")
    assert (local["default_post_listing_type"], local["default_sort_type"]) == ("Local", "TopDay")
    assert (local["captcha_enabled"], local["captcha_difficulty"]) == (True, "hard")
    assert (local["legal_information"], local["actor_name_max_length"]) == ("Be *kind*.", 18)
    assert found["discussion_languages"] == [32, 37]
    assert (await apps().get("/user/get_captcha"))["ok"].keys() == {"png", "wav", "uuid"}


async def test_others_change_no_settings(apps: Apps) -> None:
    with pytest.raises(Failed) as refused:
        await apps("mia").put("/site", name="Mine")

    assert (refused.value.status, refused.value.error) == (400, "not_an_admin")
    with pytest.raises(Failed) as refused:
        await apps("ann").post("/site", name="Mine")
    assert refused.value.error == "site_already_exists"


async def test_custom_emoji_are_made_changed_and_deleted(apps: Apps) -> None:
    ann, picture = apps("ann"), "https://forum.example/media/cat.webp"
    given = {"category": "animals", "alt_text": "A cat", "keywords": ["cat", "meow"]}

    made = await ann.post("/custom_emoji", shortcode="cat", image_url=picture, **given)
    number = made["custom_emoji"]["custom_emoji"]["id"]
    changed = await ann.put(
        "/custom_emoji", id=number, image_url=picture, **given | {"category": "pets"}
    )
    listed = (await apps().get("/site"))["custom_emojis"]
    await ann.post("/custom_emoji/delete", id=number)

    assert changed["custom_emoji"]["custom_emoji"]["category"] == "pets"
    assert listed == [changed["custom_emoji"]]
    assert {one["keyword"] for one in listed[0]["keywords"]} == {"cat", "meow"}
    assert (await apps().get("/site"))["custom_emojis"] == []
