"""What a new admin does first: the list of steps, the test mail, accounts, statistics, storage."""

import re
from datetime import timedelta
from functools import partial

import pytest
from pydantic import SecretStr
from sqlalchemy import insert, select

from fedcom.accounts.members import find_member
from fedcom.accounts.password_reset import find_reset
from fedcom.models.account import invited_member
from fedcom.models.mail import mail
from fedcom.models.media import media
from fedcom.models.moderation import moderator
from fedcom.models.site import DailyCount
from fedcom.site.first_steps import list_steps, mark_step
from fedcom.site.settings import edit_site, get_site, set_logo
from fedcom.site.statistics import store_day
from fedcom.wire.body import Body
from tests.fedcom.web.conftest import World
from tests.support.people import give_email
from tests.support.pictures import picture

pytestmark = pytest.mark.anyio


def link_in(text: str) -> str:
    found = re.search(r"https://forum\.example(/\S+\?token=[^\s<]+)", text)
    assert found is not None
    return found[1]


async def sends_mail(world: World) -> None:
    settings = world.instance.settings
    mail_server = {"smtp_url": SecretStr("smtp://mail.example")}
    world.instance.settings = settings.model_copy(update=mail_server)
    await world.instance.unit(lambda ctx: give_email(ctx, world.people["ann"].id, "a@b.example"))


async def mail_to(world: World, address: str) -> str:
    found = select(mail.c.body).where(mail.c.recipient == address)
    body: str = await world.instance.read(lambda conn: conn.execute(found).scalar_one())
    return body


async def done(world: World) -> set[str]:
    steps = await world.instance.read(lambda conn: list_steps(conn, get_site(conn)))
    return {step.name for step in steps if step.is_done}


async def test_steps_tick_themselves_and_the_list_is_hidden_and_shown_again(world: World) -> None:
    ann = world.browser("ann")
    assert await done(world) == {"community", "member"}
    page = await ann.get("/admin")
    assert ("2 of 9 done" in page.text, "sends no e-mail yet" in page.text) == (True, True)

    def work(ctx):
        edit_site(ctx, description=Body.of_markdown("Cats."), legal=Body.of_markdown("Ann."))
        set_logo(ctx.conn, "x.webp", "https://forum.example/media/x.webp")
        mark_step(ctx.conn, "backed_up_at", ctx.now)

    await world.instance.unit(work)
    await ann.post("/admin/invitations", uses="1", days="7")
    steps = {"logo", "description", "pages", "backup", "invitation"}
    assert await done(world) == {"community", "member"} | steps

    await ann.post("/admin/first-steps", hidden="on")
    assert "First steps" not in (await ann.get("/admin")).text
    await ann.post("/admin/first-steps", hidden="")
    assert "7 of 9 done" in (await ann.get("/admin")).text


async def test_a_test_mail_is_ticked_off_with_the_link_in_it(world: World) -> None:
    ann = world.browser("ann")
    assert (await ann.post("/admin/test-mail/send")).status == 409
    await sends_mail(world)
    assert "Send me a test e-mail" in (await ann.get("/admin")).text
    await ann.post("/admin/test-mail/send")
    link = link_in(await mail_to(world, "a@b.example"))

    assert "has arrived" in (await ann.get(link)).text
    assert "mail" not in await done(world)  # opening the link changes nothing
    token = link.partition("token=")[2]
    assert (await ann.post("/admin/test-mail", token=f"{token}x")).status == 404
    assert (await ann.post("/admin/test-mail", token=token)).location == "/admin"
    assert "mail" in await done(world)
    world.instance.clock.advance(days=4)
    assert (await ann.get(link)).status == 404


async def test_an_admin_makes_an_account_whose_owner_sets_the_password(world: World) -> None:
    ann = world.browser("ann")
    page = await ann.post("/admin/members/new", name="zed", community="!cats")

    link = link_in(page.html)
    world.instance.clock.advance(days=6)
    zed = world.browser()
    assert "For zed." in (await zed.get(link)).text
    token = link.partition("token=")[2]
    await zed.post("/reset", token=token, password="correct horse battery")
    assert (await zed.post("/login", name="zed", password="correct horse battery")).status == 303
    member = await world.instance.read(lambda conn: find_member(conn, "zed"))
    assert member is not None
    appointed = select(moderator).where(moderator.c.person_id == member.person.id)
    assert await world.instance.read(lambda conn: conn.execute(appointed).first())
    world.instance.clock.advance(days=2)
    assert (await zed.get(link)).status == 404


async def test_the_link_is_mailed_where_mail_is_sent(world: World) -> None:
    await sends_mail(world)
    sent = await world.browser("ann").post(
        "/admin/members/new", name="zed", email="Zed@b.example", admin="on"
    )

    assert sent.location == "/admin/members"
    token = link_in(await mail_to(world, "zed@b.example")).partition("token=")[2]
    now = world.instance.clock() + timedelta(days=6)
    owner = await world.instance.read(lambda conn: find_reset(conn, token, now))
    assert (owner.person.name, owner.is_admin, owner.account.email) == (
        *("zed", True),
        "zed@b.example",
    )


async def test_all_that_is_wrong_with_a_new_account_is_shown_at_once(world: World) -> None:
    page = await world.browser("ann").post(
        "/admin/members/new", name="bob", email="nobody", community="nowhere"
    )
    wrong = [name for name in ("name", "email", "community") if f'id="e-{name}"' in page.html]
    assert (page.status, wrong) == (409, ["name", "email", "community"])


async def test_members_invite_as_many_as_the_admins_permit(world: World) -> None:
    ann, bob = world.browser("ann"), world.browser("bob")
    assert "/settings/invitations" not in (await bob.get("/settings")).html
    assert (await bob.post("/settings/invitations")).status == 403
    sign_up = {"registration": "closed", "name_limit": "20"}
    refused = await ann.post("/admin/registration", **sign_up, member_invitations="many")
    assert 'id="e-member_invitations"' in refused.html
    await ann.post("/admin/registration", **sign_up, member_invitations="1")

    assert (await bob.post("/settings/invitations", note="Zed")).status == 303
    assert (await bob.post("/settings/invitations")).status == 409
    page = await bob.get("/settings/invitations")
    code = re.findall(r'register\?invitation=([^"]+)"', page.html)[0]
    assert ("Zed" in page.text, "Create invitation" in page.text) == (True, False)
    zed = world.browser()
    joined = await zed.post(
        "/register", name="zed", password="correct horse battery", invitation=code
    )
    assert joined.status == 303

    assert "invited by bob" in (await ann.get("/admin/members")).text
    assert (await bob.post("/settings/invitations", note="Kim")).status == 303
    number = re.findall(
        r'name="invitation" value="(\d+)"', (await ann.get("/admin/invitations")).html
    )[0]
    assert (
        await world.browser("eve").post("/settings/invitations/remove", invitation=number)
    ).status == 404
    assert (await bob.post("/settings/invitations/remove", invitation=number)).status == 303
    assert "Kim" not in (await ann.get("/admin/invitations")).text
    await bob.post("/settings/invitations")
    page = await bob.get("/settings/invitations")
    code = re.findall(r'register\?invitation=([^"]+)"', page.html)[0]
    assert (await world.browser().get(f"/register?invitation={code}")).status == 200
    await ann.post("/u/bob/ban", reason="spam")
    assert (await world.browser().get(f"/register?invitation={code}")).status == 404
    rows = select(invited_member.c.by_id)
    inviters = await world.instance.read(lambda conn: conn.execute(rows).scalars().all())
    assert inviters == [world.people["bob"].id]


async def test_statistics_are_plotted_and_in_a_table(world: World) -> None:
    ann = world.browser("ann")
    assert "Nothing has been counted yet" in (await ann.get("/admin/statistics")).text
    today = world.instance.clock().date()

    def work(ctx, days):
        for ago, posts in days:
            day = today - timedelta(days=ago)
            store_day(ctx.conn, DailyCount(day, 1234, 2, posts, 0, 0, None))

    await world.instance.unit(partial(work, days=((0, 4),)))
    page = await ann.get("/admin/statistics")
    assert (
        "Plots are drawn from the second day" in page.text,
        '<svg class="plot"' in page.html,
    ) == (True, False)
    await world.instance.unit(partial(work, days=((1, 2), (3, 1), (20, 7), (40, 9))))
    page = await ann.get("/admin/statistics")
    assert (page.html.count('<svg class="plot"'), page.html.count('<th scope="row">')) == (6, 4)
    assert ("now 1,234" in page.text, "now 4, at most 7" in page.text) == (True, True)
    page = await ann.get("/admin/statistics?by=week")
    # The Thursday of the clock is in the week of three of the days.
    assert (page.html.count('<th scope="row">'), "now 7, at most 9" in page.text) == (3, True)


async def test_a_member_who_has_used_up_the_storage_cannot_upload(world: World) -> None:
    ann, bob = world.browser("ann"), world.people["bob"].id
    row = {"owner_id": bob, "purpose": "upload", "media_type": "image/webp", "name": "x.webp"}
    size = {"width": 1, "height": 1, "bytes": 3_000_000}
    await world.instance.unit(
        lambda ctx: ctx.conn.execute(insert(media).values(**row, **size, created_at=ctx.now))
    )
    content = {"nsfw": "on", "downvotes": "on"}
    for quota, status in (("4", 303), ("3", 403), ("0", 303)):
        await ann.post("/admin/content", **content, upload_quota=quota)
        sent = await world.browser("bob").send("/settings/pictures", {"icon": picture()})
        assert (quota, sent.status) == (quota, status)
    assert "3 MB of pictures" in (await ann.get("/admin/members")).text
    refused = await ann.post("/admin/content", **content, upload_quota="-1")
    assert 'id="e-upload_quota"' in refused.html
