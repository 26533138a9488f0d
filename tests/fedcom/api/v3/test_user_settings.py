import pytest

from tests.fedcom.api.conftest import Apps, Failed

pytestmark = pytest.mark.anyio


async def test_profile_and_preferences_are_changed_and_shown(apps: Apps) -> None:
    bob = apps("bob")

    saved = await bob.put(
        "/user/save_user_settings",
        display_name="Bob B.", bio="I *like* cats.", matrix_user_id="@bob:matrix.example",
        bot_account=False, show_nsfw=True, blur_nsfw=False, theme="darkly",
        default_sort_type="TopWeek", default_listing_type="Local", interface_language="de",
        show_read_posts=False, discussion_languages=[0, 37], post_listing_mode="Card",
    )  # fmt: skip

    assert saved == {"success": True}
    mine = (await bob.get("/site"))["my_user"]
    view, user = mine["local_user_view"], mine["local_user_view"]["local_user"]
    assert view["person"]["display_name"] == "Bob B."
    assert view["person"]["bio"] == "I *like* cats."
    assert view["person"]["matrix_user_id"] == "@bob:matrix.example"
    assert (user["default_sort_type"], user["default_listing_type"]) == ("TopWeek", "Local")
    assert (user["show_nsfw"], user["blur_nsfw"], user["theme"]) == (True, False, "darkly")
    assert (user["show_read_posts"], user["post_listing_mode"]) == (False, "Card")
    assert user["interface_language"] == "de"
    assert mine["discussion_languages"] == [37]


async def test_what_is_not_given_stays(apps: Apps) -> None:
    bob = apps("bob")
    await bob.put("/user/save_user_settings", bio="Cats.", theme="litely")

    await bob.put("/user/save_user_settings", show_avatars=False)

    view = (await bob.get("/site"))["my_user"]["local_user_view"]
    assert view["person"]["bio"] == "Cats."
    assert (view["local_user"]["theme"], view["local_user"]["show_avatars"]) == ("litely", False)


async def test_settings_go_from_one_account_to_another(apps: Apps) -> None:
    bob, eve = apps("bob"), apps("eve")
    await bob.put("/user/save_user_settings", display_name="Bob B.", bio="Cats.")
    await bob.post("/community/follow", community_id=apps.community, follow=True)

    exported = (await bob.send("GET", "/user/export_settings")).json()
    assert exported["followed_communities"] == ["https://forum.example/c/cats"]
    assert (await eve.post("/user/import_settings", **exported))["success"]

    view = (await eve.get("/site"))["my_user"]["local_user_view"]
    assert view["person"]["display_name"] == "Bob B."


async def test_a_guest_has_no_settings(apps: Apps) -> None:
    with pytest.raises(Failed) as refused:
        await apps().put("/user/save_user_settings", bio="Cats.")

    assert (refused.value.status, refused.value.error) == (400, "not_logged_in")
