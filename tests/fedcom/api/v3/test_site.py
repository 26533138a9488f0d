import pytest

from tests.fedcom.api.conftest import Apps

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
