from io import BytesIO

import pytest
from PIL import Image

from tests.fedcom.api.conftest import Apps, Failed, Json
from tests.support.pictures import picture

pytestmark = pytest.mark.anyio


async def uploaded(apps: Apps, name: str, colour: str = "red") -> Json:
    content = BytesIO()
    Image.new("RGB", (40, 30), colour).save(content, "PNG")
    files = {"images[]": ("cat.png", content.getvalue(), "image/png")}
    response = await apps(name).http.post("/pictrs/image", files=files)
    made: Json = response.json()["files"][0]
    return made


async def test_members_list_their_own_pictures(apps: Apps) -> None:
    made = await uploaded(apps, "bob")
    await uploaded(apps, "eve", "blue")

    (image,) = (await apps("bob").get("/account/list_media"))["images"]

    assert image["local_image"]["pictrs_alias"] == made["file"]
    assert image["local_image"]["pictrs_delete_token"] == made["delete_token"]
    assert image["local_image"]["local_user_id"] == apps.id_of("bob")
    assert image["person"]["name"] == "bob"
    with pytest.raises(Failed) as guest:
        await apps().get("/account/list_media")
    assert guest.value.error == "not_logged_in"


async def test_the_token_counts_in_a_cookie_unless_another_site_sent_it(apps: Apps) -> None:
    """pythorhead 0.34 sends it here only as a cookie, as Lemmy 0.19 accepts it."""
    guest, cookie = apps().http, {"Cookie": f"a=b; jwt={apps.world.tokens['bob']}"}
    files = {"images[]": ("cat.png", picture(), "image/png")}
    forged = ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"})

    for origin in forged:
        refused = await guest.post("/pictrs/image", files=files, headers=cookie | origin)
        assert (refused.status_code, "another website" in refused.text) == (400, True)
    kept = await guest.post("/pictrs/image", files=files, headers=cookie)

    (made,) = kept.json()["files"]
    path = f"/pictrs/image/delete/{made['delete_token']}/{made['file']}"
    for origin in forged:
        assert (await guest.get(path, headers=cookie | origin)).status_code == 400
    assert (await guest.get(path)).status_code == 400
    assert (await guest.get(path, headers=cookie)).status_code == 204
    listed = await guest.get("/api/v3/account/list_media", headers=cookie)
    assert listed.json()["error"] == "not_logged_in"


async def test_admins_list_all_pictures_and_delete_them(apps: Apps) -> None:
    for name, colour in (("bob", "red"), ("eve", "blue"), ("bob", "green")):
        await uploaded(apps, name, colour)
    ann = apps("ann")

    pages = [
        (await ann.get("/admin/list_all_media", limit=2, page=page))["images"] for page in (1, 2)
    ]
    image = pages[0][1]["local_image"]
    path = f"/pictrs/image/delete/{image['pictrs_delete_token']}/{image['pictrs_alias']}"

    assert [[one["person"]["name"] for one in page] for page in pages] == [["bob", "eve"], ["bob"]]
    # The token of an admin is worth nothing to others.
    assert (await apps("bob").http.get(path)).status_code == 400
    assert (await ann.http.get(path)).status_code == 204
    left = (await ann.get("/admin/list_all_media"))["images"]
    assert [one["person"]["name"] for one in left] == ["bob", "bob"]
    with pytest.raises(Failed) as member:
        await apps("bob").get("/admin/list_all_media")
    assert member.value.error == "not_an_admin"
