"""The admin's page of all uploads."""

from io import BytesIO

import pytest
from PIL import Image

from fedcom.media.picture import POST
from fedcom.personal.uploads import finish_upload
from tests.fedcom.web.conftest import World

pytestmark = pytest.mark.anyio


async def uploaded(world: World, name: str, colour: str) -> str:
    """A picture of this member; its name."""
    content = BytesIO()
    Image.new("RGB", (40, 30), colour).save(content, "PNG")
    kept = await world.instance.pictures.keep(content.getvalue(), POST)
    made = await world.instance.unit(
        lambda ctx: finish_upload(ctx, world.people[name], kept, "upload")
    )
    return made.name


async def test_an_admin_sees_who_uploaded_what_and_deletes_it(world: World) -> None:
    await uploaded(world, "bob", "red")
    await uploaded(world, "bob", "green")
    name = await uploaded(world, "eve", "blue")
    ann = world.browser("ann")

    page = await ann.get("/admin/uploads")
    done = await ann.post("/admin/uploads/delete", name=name)
    left = await ann.get("/admin/uploads")

    assert "2 pictures, " in page.html
    assert page.html.count('name="name"') == 3
    assert "40 × 30, " in page.html  # noqa: RUF001 - the sign between sides
    assert page.html.index("/u/bob") < page.html.index("/u/eve")
    assert (done.status, done.location) == (303, "/admin/uploads")
    assert name not in left.html
    assert "/u/eve" not in left.html


async def test_without_uploads_the_page_says_so(world: World) -> None:
    page = await world.browser("ann").get("/admin/uploads")

    assert "No pictures uploaded yet." in page.html
