from datetime import timedelta

import pytest
from sqlalchemy import select

from fedcom.accounts.applications import deny
from fedcom.accounts.register import NewAccount, register
from fedcom.context import Context
from fedcom.models.mail import mail
from fedcom.models.purge import purge
from fedcom.site.settings import edit_site
from tests.fedcom.api.conftest import Apps, Failed, Json
from tests.fedcom.web.conftest import KEY

pytestmark = pytest.mark.anyio


async def applied(apps: Apps, name: str = "zoe") -> int:
    """An applicant; their row id."""

    def work(ctx: Context) -> int:
        edit_site(ctx, registration="approval")
        newcomer = NewAccount(
            name=name,
            password_hash="no password fits",
            email=f"{name}@example.org",
            application="I like cats",
        )
        return register(ctx, newcomer, KEY).person.id

    return await apps.world.instance.unit(work)


async def code_of(apps: Apps, name: str, method: str, path: str, **given: object) -> str:
    with pytest.raises(Failed) as refused:
        await apps(name).call(method, path, **given)
    return refused.value.error


async def test_an_admin_purges_everything(apps: Apps) -> None:
    world, ann = apps.world, apps("ann")
    post = await world.post()
    comment = await world.comment(post)
    calls = {
        "comment": {"comment_id": comment.id},
        "post": {"post_id": post.id},
        "person": {"person_id": apps.id_of("eve")},
        "community": {"community_id": apps.community},
    }
    for kind, what in calls.items():
        assert await code_of(apps, "mia", "POST", f"/admin/purge/{kind}", **what) == "not_an_admin"
        assert await ann.post(f"/admin/purge/{kind}", reason="law", **what) == {"success": True}
        # Again it changes nothing.
        if kind != "person":
            assert await ann.post(f"/admin/purge/{kind}", **what) == {"success": True}

    queued = await world.instance.read(
        lambda conn: conn.execute(select(purge.c.kind).order_by(purge.c.id)).scalars().all()
    )
    assert queued == ["comment", "post", "person", "community"]
    mine = {"person_id": apps.id_of("ann")}
    assert await code_of(apps, "ann", "POST", "/admin/purge/person", **mine) == "not_higher_admin"


async def test_admins_appoint_and_leave(apps: Apps) -> None:
    bob = apps.id_of("bob")
    added = await apps("ann").post("/admin/add", person_id=bob, added=True)
    left = await apps("ann").post("/user/leave_admin")

    assert [one["person"]["name"] for one in added["admins"]] == ["ann", "bob"]
    assert all(one["is_admin"] for one in added["admins"])
    assert [one["person"]["name"] for one in left["admins"]] == ["bob"]
    # Who leaves is logged out.
    assert await code_of(apps, "ann", "GET", "/user/banned") == "not_logged_in"


async def test_the_last_admin_stays_and_others_appoint_nobody(apps: Apps) -> None:
    bob = {"person_id": apps.id_of("bob"), "added": True}

    assert await code_of(apps, "ann", "POST", "/user/leave_admin") == "cannot_leave_admin"
    assert await code_of(apps, "mia", "POST", "/admin/add", **bob) == "not_an_admin"
    assert await code_of(apps, "mia", "POST", "/user/leave_admin") == "not_an_admin"
    unknown = {"person_id": 4711, "added": True}
    assert await code_of(apps, "ann", "POST", "/admin/add", **unknown) == "couldnt_find_local_user"


async def test_a_person_is_banned_from_the_site_until_a_time(apps: Apps) -> None:
    post, ann, eve = await apps.world.post(by="eve"), apps("ann"), apps.id_of("eve")
    until = apps.world.instance.clock() + timedelta(days=2)

    banned = await ann.post(
        "/user/ban",
        person_id=eve,
        ban=True,
        remove_data=True,
        reason="loud",
        expires=int(until.timestamp()),
    )
    listed = (await ann.get("/user/banned"))["banned"]
    gone = (await ann.get("/post", id=post.id))["post_view"]["post"]["removed"]
    free = await ann.post("/user/ban", person_id=eve, ban=False, remove_data=True)

    assert banned["banned"]
    assert banned["person_view"]["person"]["banned"]
    assert banned["person_view"]["person"]["ban_expires"].startswith(f"{until:%Y-%m-%dT%H:%M}")
    assert [one["person"]["name"] for one in listed] == ["eve"]
    assert gone
    assert not free["person_view"]["person"]["banned"]
    assert (await ann.get("/user/banned"))["banned"] == []
    assert not (await ann.get("/post", id=post.id))["post_view"]["post"]["removed"]
    assert await code_of(apps, "mia", "GET", "/user/banned") == "not_an_admin"
    mine = {"person_id": apps.id_of("ann"), "ban": True}
    assert await code_of(apps, "ann", "POST", "/user/ban", **mine) == "not_higher_admin"
    past = {"person_id": eve, "ban": True, "expires": 1}
    assert await code_of(apps, "ann", "POST", "/user/ban", **past) == "ban_expiration_in_past"


async def test_an_expired_ban_is_not_listed(apps: Apps) -> None:
    until = apps.world.instance.clock() + timedelta(days=2)
    await apps("ann").post(
        "/user/ban", person_id=apps.id_of("eve"), ban=True, expires=int(until.timestamp())
    )
    apps.world.instance.clock.advance(days=3)

    assert (await apps("ann").get("/user/banned"))["banned"] == []


async def test_an_application_is_denied_for_a_reason_and_approved_after_all(apps: Apps) -> None:
    zoe, ann = await applied(apps), apps("ann")
    path = "/admin/registration_application"

    waiting = await ann.get(f"{path}/count")
    (listed,) = (await ann.get(f"{path}/list", unread_only=True))["registration_applications"]
    denied = await ann.put(f"{path}/approve", id=zoe, approve=False, deny_reason="Say more")
    none = (await ann.get(f"{path}/list", unread_only=True))["registration_applications"]
    found = (await ann.get(path, person_id=zoe))["registration_application"]
    approved = await ann.put(f"{path}/approve", id=zoe, approve=True)

    assert waiting == {"registration_applications": 1}
    application = listed["registration_application"]
    assert (application["id"], application["answer"]) == (zoe, "I like cats")
    assert {"admin_id", "deny_reason"}.isdisjoint(application)
    assert listed["creator"]["name"] == "zoe"
    assert not listed["creator_local_user"]["accepted_application"]
    assert denied["registration_application"] == found
    assert found["registration_application"]["deny_reason"] == "Say more"
    assert (found["admin"]["name"], none) == ("ann", [])
    again = approved["registration_application"]
    assert again["creator_local_user"]["accepted_application"]
    assert "deny_reason" not in again["registration_application"]
    (kept,) = (await ann.get(f"{path}/list"))["registration_applications"]
    assert kept == again
    assert await ann.get(f"{path}/count") == {"registration_applications": 0}


async def test_a_denied_applicant_is_told_the_reason_by_mail(apps: Apps) -> None:
    zoe = await applied(apps)
    settings = apps.world.instance.settings
    apps.world.instance.settings = settings.model_copy(
        update={"smtp_url": "smtp://mail.example", "mail_sender": "forum@forum.example"}
    )

    await apps("ann").put(
        "/admin/registration_application/approve", id=zoe, approve=False, deny_reason="Say more"
    )

    (sent,) = await apps.world.instance.read(
        lambda conn: conn.execute(select(mail.c.recipient, mail.c.body)).all()
    )
    assert sent.recipient == "zoe@example.org"
    assert "Say more" in sent.body


async def test_only_admins_see_and_decide_on_applications(apps: Apps) -> None:
    zoe, path = await applied(apps), "/admin/registration_application"

    for name, code in (("mia", "not_an_admin"), ("", "not_logged_in")):
        assert await code_of(apps, name, "GET", f"{path}/count") == code
        assert await code_of(apps, name, "GET", f"{path}/list") == code
        assert await code_of(apps, name, "GET", path, person_id=zoe) == code
        assert await code_of(apps, name, "PUT", f"{path}/approve", id=zoe, approve=True) == code
    missing = "couldnt_find_registration_application"
    bob = apps.id_of("bob")
    assert await code_of(apps, "ann", "GET", path, person_id=bob) == missing
    assert await code_of(apps, "ann", "PUT", f"{path}/approve", id=bob, approve=False) == missing


async def test_pages_of_applications_continue_one_another(apps: Apps) -> None:
    ids = [await applied(apps, name) for name in ("zoe", "kim", "max")]
    await apps.world.instance.unit(lambda ctx: deny(ctx, ids[0]))
    path = "/admin/registration_application/list"

    def numbers(answer: Json) -> list[int]:
        found = answer["registration_applications"]
        return [one["registration_application"]["id"] for one in found]

    pages = [numbers(await apps("ann").get(path, limit=2, page=page)) for page in (1, 2)]
    waiting = numbers(await apps("ann").get(path, unread_only=True))

    assert pages == [[ids[2], ids[1]], [ids[0]]]
    assert waiting == ids[1:]


async def test_asking_for_a_donation_is_remembered(apps: Apps) -> None:
    bob = apps("bob")

    async def last() -> str:
        found = (await bob.get("/site"))["my_user"]["local_user_view"]["local_user"]
        return str(found["last_donation_notification"])

    before = await last()
    apps.world.instance.clock.advance(minutes=1)
    answer = await bob.post("/user/donation_dialog_shown")

    assert answer == {"success": True}
    assert await last() > before
    assert await code_of(apps, "", "POST", "/user/donation_dialog_shown") == "not_logged_in"
