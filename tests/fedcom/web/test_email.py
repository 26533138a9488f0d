"""E-mail addresses: typed by members, confirmed from the mailbox; nobody learns whose they are."""

import re

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from fedcom.accounts.members import Member, find_member, get_member, set_password
from fedcom.accounts.passwords import hash_password
from fedcom.background.mailer import Mailer
from fedcom.models.account import Account
from fedcom.models.mail import mail
from fedcom.personal.notification_settings import MailWish, set_mail
from fedcom.site.settings import edit_sign_up, edit_site
from tests.fedcom.web.browser import Page
from tests.fedcom.web.conftest import World
from tests.support.people import give_email
from tests.support.smtp_server import SmtpServer

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True),
]

PASSWORD = "correct horse battery"
HASH = hash_password(PASSWORD)


@pytest.fixture
async def sending(world: World) -> World:
    """The instance sends mail, and bob has a confirmed address."""
    settings = world.instance.settings.model_copy(
        update={"smtp_url": SecretStr("smtp://mail.example")}
    )
    world.instance.settings = settings
    bob = world.people["bob"].id

    def begin(ctx) -> None:
        give_email(ctx, bob, "bob@mail.example")
        set_password(ctx.conn, bob, HASH)

    await world.instance.unit(begin)
    return world


async def queued_mail(world: World) -> list[tuple[str, str]]:
    """The recipients and texts."""
    rows = await world.instance.read(lambda conn: conn.execute(select(mail)).all())
    return [(row.recipient, row.body) for row in rows]


async def member(world: World, name: str) -> Member | None:
    return await world.instance.read(lambda conn: find_member(conn, name))


def link_in(text: str) -> str:
    found = re.search(r"https://forum\.example(/confirm-email\?token=\S+)", text)
    assert found is not None
    return found[1]


def likeness(page: Page, name: str) -> tuple[object, ...]:
    """The parts of a response that its recipient can compare."""
    headers = {
        key: value
        for key, value in page.headers.items()
        if key not in {"set-cookie", "x-request-id"}
    }
    cookies = sorted(
        re.sub(r"=[^;]*", "", one, count=1) for one in page.headers.get_list("set-cookie")
    )
    return page.status, without_name(page.html, name), headers, cookies


def without_name(html: str, name: str) -> str:
    """A page of this member with neither their name nor the face drawn from it."""
    return re.sub(r'<span class="face.*?</span>', "", html).replace(name, "NAME")


@pytest.mark.parametrize("mode", ["open", "approval"])
async def test_signing_up_does_not_reveal_whether_an_address_has_an_account(
    sending: World, mode: str
) -> None:
    await sending.instance.unit(lambda ctx: edit_site(ctx, registration=mode))
    answers, settings = [], []
    for name, address in (("quux", "bob@mail.example"), ("zyxx", "new@mail.example")):
        guest = sending.browser()
        sent = await guest.post(
            "/register", name=name, password=PASSWORD, email=address, application="Please"
        )
        assert sent.status == 303
        after = await guest.get(sent.location)
        answers.append((likeness(sent, name), likeness(after, name)))
        shown = await guest.get("/settings/account")
        settings.append(
            re.sub(
                r"name=\"form_token\" value=\"[^\"]*\"|token=[^\"&]+",
                "",
                without_name(shown.html, name),
            ).replace(address, "ADDRESS")
        )
    assert answers[0][0] == answers[1][0]
    assert answers[0][1][0] == answers[1][1][0]
    assert settings[0] == settings[1]
    # The log-in and the password reset know neither address.
    for name in ("quux", "zyxx"):
        found = await member(sending, name)
        assert found is not None
        assert found.account.email is None


async def test_the_owner_of_an_address_gets_mail_and_keeps_it(sending: World) -> None:
    await sending.browser().post(
        "/register", name="zoe", password=PASSWORD, email="Bob@mail.example"
    )
    [(recipient, body)] = await queued_mail(sending)
    assert recipient == "bob@mail.example"
    assert "It still belongs to your account bob" in body
    assert "confirm-email" not in body
    assert (await member(sending, "bob@mail.example")).person.name == "bob"


async def test_an_address_is_in_use_once_its_mailbox_confirmed_it(sending: World) -> None:
    zoe = sending.browser()
    await zoe.post("/register", name="zoe", password=PASSWORD, email="z@mail.example")
    assert (await zoe.post("/login", name="z@mail.example", password=PASSWORD)).status == 403
    page = await zoe.get("/settings/account")
    assert "z@mail.example is not confirmed yet" in page.text
    [(recipient, body)] = await queued_mail(sending)
    assert (recipient, "Hello zoe" in body) == ("z@mail.example", True)
    path = link_in(body)

    # Opening the link, as mail programs do, changes nothing.
    page = await sending.browser().get(path)
    assert "Use z@mail.example for the account zoe?" in page.text
    assert (await member(sending, "z@mail.example")) is None
    token = path.partition("token=")[2]
    assert (await sending.browser().post("/confirm-email", token=token)).location == "/login"
    assert (await member(sending, "z@mail.example")).person.name == "zoe"
    assert (await zoe.post("/login", name="z@mail.example", password=PASSWORD)).status == 303
    again = await sending.browser().post("/confirm-email", token=token)
    assert (again.status, "already been used" in again.text) == (404, True)


@pytest.mark.parametrize(
    "bend", [lambda token: token[:-1], lambda token: f"1{token}", lambda _: "", lambda _: "1.2"]
)
async def test_a_link_that_we_did_not_send_confirms_nothing(sending: World, bend) -> None:
    await sending.browser().post("/register", name="zoe", password=PASSWORD, email="z@mail.example")
    [(_, body)] = await queued_mail(sending)
    token = bend(link_in(body).partition("token=")[2])
    assert (await sending.browser().post("/confirm-email", token=token)).status == 404
    assert (await member(sending, "z@mail.example")) is None


async def test_a_link_is_good_for_three_days_and_for_the_address_that_waits(sending: World) -> None:
    zoe = sending.browser()
    await zoe.post("/register", name="zoe", password=PASSWORD, email="z@mail.example")
    first = link_in((await queued_mail(sending))[-1][1])
    await zoe.post("/settings/email", email="other@mail.example", email_password=PASSWORD)
    second = link_in((await queued_mail(sending))[-1][1])
    assert (await zoe.get(first)).status == 404
    assert (await zoe.get(second)).status == 200
    sending.instance.clock.advance(days=3)
    assert (await zoe.get(second)).status == 404
    assert (await zoe.post("/settings/email/again")).location == "/settings/account"
    assert (await zoe.get(link_in((await queued_mail(sending))[-1][1]))).status == 200


async def test_changing_the_address_reveals_nothing_and_keeps_the_old_one_until_confirmed(
    sending: World,
) -> None:
    eve = sending.browser("eve")
    number = sending.people["eve"].id
    await sending.instance.unit(lambda ctx: set_password(ctx.conn, number, HASH))
    eve = sending.browser()
    await eve.post("/login", name="eve", password=PASSWORD)
    pages = []
    for address in ("bob@mail.example", "free@mail.example"):
        sent = await eve.post("/settings/email", email=address, email_password=PASSWORD)
        page = await eve.get(sent.location)
        pages.append((sent.status, sent.location, page.text.replace(address, "ADDRESS")))
    assert pages[0] == pages[1]
    assert [to for to, _ in await queued_mail(sending)] == ["bob@mail.example", "free@mail.example"]

    bob = sending.browser()
    await bob.post("/login", name="bob", password=PASSWORD)
    await bob.post("/settings/email", email="new@mail.example", email_password=PASSWORD)
    assert (
        await member(sending, "bob@mail.example")
    ).account.unconfirmed_email == "new@mail.example"
    path = link_in((await queued_mail(sending))[-1][1])
    await bob.post("/confirm-email", token=path.partition("token=")[2])
    assert await member(sending, "bob@mail.example") is None
    assert (await member(sending, "new@mail.example")).person.name == "bob"


async def test_an_address_belongs_to_the_first_who_confirms_it(sending: World) -> None:
    links = []
    for name in ("zoe", "max"):
        await sending.browser().post(
            "/register", name=name, password=PASSWORD, email="z@mail.example"
        )
        links.append(link_in((await queued_mail(sending))[-1][1]).partition("token=")[2])
    assert (await sending.browser().post("/confirm-email", token=links[1])).status == 303
    page = await sending.browser().post("/confirm-email", token=links[0])
    assert (page.status, "another of your accounts" in page.text) == (409, True)
    assert (await member(sending, "z@mail.example")).person.name == "max"


async def test_sign_ups_cannot_flood_a_mailbox(sending: World) -> None:
    for number in range(7):
        sent = await sending.browser().post(
            "/register", name=f"zoe{number}", password=PASSWORD, email="bob@mail.example"
        )
        assert sent.status == 303
    assert len(await queued_mail(sending)) == 5


async def test_where_no_mail_is_sent_the_address_is_only_kept(world: World) -> None:
    zoe = world.browser()
    sent = await zoe.post("/register", name="zoe", password=PASSWORD, email="z@mail.example")
    assert (sent.status, await queued_mail(world)) == (303, [])
    assert "This server doesn't send e-mail" in (await zoe.get("/settings/account")).text
    listed = await world.browser("ann").get("/admin/members?q=z@mail")
    assert "z@mail.example (not confirmed)" in listed.text
    assert (
        await world.instance.read(
            lambda conn: get_member(conn, find_member(conn, "zoe").person.id).account.email
        )
        is None
    )


@pytest.fixture
async def strict(sending: World) -> World:
    """The site requires confirmed addresses."""
    await sending.instance.unit(lambda ctx: edit_sign_up(ctx.conn, requires_confirmed_email=True))
    return sending


async def test_with_the_setting_a_newcomer_confirms_the_address_before_logging_in(
    strict: World,
) -> None:
    guest = strict.browser()
    assert re.search('<input id="f-email"[^>]* required', (await guest.get("/register")).html)
    without = await guest.post("/register", name="zoe", password=PASSWORD, email="")
    assert (without.status, 'id="e-email"' in without.html) == (422, True)
    sent = await guest.post("/register", name="zoe", password=PASSWORD, email="z@mail.example")
    assert (sent.location, guest.token) == ("/", None)
    assert (
        "Open the link in it to confirm your address, then log in." in (await guest.get("/")).text
    )
    refused = await guest.post("/login", name="zoe", password=PASSWORD)
    assert "you need a confirmed e-mail address" in refused.text
    assert (guest.token, 'value="z@mail.example"' in refused.html) == (None, True)
    [(_, body)] = await queued_mail(strict)
    token = link_in(body).partition("token=")[2]

    assert (await guest.post("/confirm-email", token=token)).location == "/login"

    assert (await guest.post("/login", name="zoe", password=PASSWORD)).location == "/"
    assert guest.token


async def test_a_member_without_an_address_enters_one_when_logging_in(strict: World) -> None:
    eve = strict.people["eve"].id
    await strict.instance.unit(lambda ctx: set_password(ctx.conn, eve, HASH))
    guest = strict.browser()
    asked = await guest.post("/login", name="eve", password=PASSWORD)
    found = re.search('name="ticket" value="([^"]+)"', asked.html)
    assert found is not None
    ticket = found[1]

    for wrong in ("", "no address"):
        page = await guest.post("/login/email", ticket=ticket, email=wrong)
        assert (page.status, 'id="e-email"' in page.html) == (422, True)
    sent = await guest.post("/login/email", ticket=ticket, email="eve@mail.example")

    assert (sent.location, guest.token) == ("/login", None)
    [(recipient, body)] = await queued_mail(strict)
    assert recipient == "eve@mail.example"
    await guest.post("/confirm-email", token=link_in(body).partition("token=")[2])
    assert (await guest.post("/login", name="eve", password=PASSWORD)).location == "/"
    for number in range(9):
        await guest.post("/login/email", ticket=ticket, email=f"e{number}@mail.example")
    page = await guest.post("/login/email", ticket=ticket, email="more@mail.example")
    assert page.status == 429


@pytest.mark.parametrize("ticket", ["", "x", "3.99999999999.AAAA"])
async def test_nobody_sets_an_address_without_the_password(strict: World, ticket: str) -> None:
    guest = strict.browser()
    sent = await guest.post("/login/email", ticket=ticket, email="eve@mail.example")
    assert (sent.location, await queued_mail(strict)) == ("/login", [])


async def test_the_setting_is_changed_by_the_admin(sending: World) -> None:
    ann = sending.browser("ann")
    for sent, shown in (("on", True), ("", False)):
        box = {"requires_confirmed_email": sent} if sent else {}
        await ann.post("/admin/registration", registration="open", question="", **box)
        page = await ann.get("/admin/registration")
        assert bool(re.search('name="requires_confirmed_email" checked', page.html)) is shown


async def test_mail_about_notifications_ends_without_a_log_in(
    world: World, mailer: Mailer, smtp: SmtpServer
) -> None:
    wish = MailWish(is_wanted=True, pace="soon", hour=8)
    bob = await member(world, "bob")
    assert bob is not None
    await world.instance.unit(lambda ctx: set_mail(ctx.conn, bob.account, wish, ctx.now))
    world.instance.clock.advance(hours=1)
    await world.comment(await world.post("Naps"), "Überall.", by="eve")
    await mailer.write_digests()
    assert await mailer.send_due() == 1

    [message] = smtp.messages
    plain, page = message.iter_parts()
    assert (plain.get_content_type(), page.get_content_type()) == ("text/plain", "text/html")
    text = plain.get_content().replace("\r\n", "\n")
    assert "eve replied to you in Naps\n> Überall.\n" in text
    assert "Überall." in page.get_content()
    address = message["List-Unsubscribe"]
    path = address.removeprefix("<https://forum.example").removesuffix(">")
    assert address.startswith("<https://forum.example/unsubscribe?token=")
    assert f"https://forum.example{path}\n" in text
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    forged = path.replace("?token=", "?token=1")
    guest = world.browser()
    assert (await guest.post(forged)).status == 404
    opened = await guest.get(path)
    assert "Stop e-mails about notifications for the account bob?" in opened.text
    assert (await account_of(world)).mail_notifications

    # As a mail server sends it: no cookie, and no header of a browser (RFC 8058).
    one_click = {"List-Unsubscribe": "One-Click"}
    answer = await guest.client.post(path, data=one_click)
    assert answer.status_code == 200
    assert not (await account_of(world)).mail_notifications
    assert "bob won't get e-mails" in (await guest.post("/unsubscribe", token=token_in(path))).text


async def account_of(world: World) -> Account:
    found = await member(world, "bob")
    assert found is not None
    return found.account


def token_in(path: str) -> str:
    return path.partition("token=")[2]
