"""Forgotten passwords: by e-mail where mail is configured, by the admin where it is not."""

import asyncio
import io
import json
import re
from contextlib import suppress

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from fedcom.accounts.members import set_password
from fedcom.accounts.password_reset import expired_resets
from fedcom.accounts.throttle import LIMITS, old_attempts
from fedcom.background.mailer import Mailer
from fedcom.logs import configure_logs
from fedcom.models.account import attempt, password_reset
from fedcom.models.mail import mail
from fedcom.site.settings import edit_site
from tests.fedcom.web.conftest import World
from tests.support.listeners import tls_for
from tests.support.logs import logs_as_before
from tests.support.pruning import prune_now
from tests.support.smtp_server import SmtpServer

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True),
]

NEW = "a better staple now"


async def queued(world: World) -> int:
    return len(await world.instance.read(lambda conn: conn.execute(select(mail)).all()))


async def test_a_link_sent_by_mail_sets_the_password_once(
    world: World, mailer: Mailer, smtp: SmtpServer
) -> None:
    guest = world.browser()
    assert 'href="/forgot"' in (await guest.get("/login")).html
    page = await guest.post("/forgot", name="Bob@mail.example")
    assert "sent you an e-mail" in page.text
    assert smtp.messages == []  # the response did not wait for the mail server
    assert await mailer.send_due() == 1
    [message] = smtp.messages
    assert message["To"] == "bob@mail.example"
    assert message["From"] == "noreply@forum.example"
    link = re.search(r"https://forum\.example(/reset\?token=\S+)", message.get_content())
    assert link is not None
    token = link[1].partition("=")[2]
    stored = await world.instance.read(lambda conn: conn.execute(select(password_reset)).all())
    assert token not in str(stored)
    assert await queued(world) == 0

    page = await guest.get(link[1])
    assert "For bob" in page.text
    assert token not in page.html.replace(f'name="token" value="{token}"', "")
    page = await guest.post("/reset", token=token, password="short")
    assert (page.status, f'value="{token}"' in page.html) == (422, True)
    bob = world.browser("bob")
    assert (await guest.post("/reset", token=token, password=NEW)).location == "/login"
    assert "Settings" not in (await bob.get("/")).text
    assert (await guest.post("/login", name="bob", password=NEW)).status == 303

    again = await world.browser().post("/reset", token=token, password="another staple now")
    assert (again.status, "already been used" in again.text) == (404, True)


async def test_mail_is_sent_in_the_background(
    world: World, mailer: Mailer, smtp: SmtpServer
) -> None:
    await world.browser().post("/forgot", name="bob")

    async def is_leader() -> bool:
        return True

    work = asyncio.create_task(mailer.run(only_if=is_leader))
    try:
        assert await asyncio.to_thread(smtp.has_received.wait, 60)
        async with asyncio.timeout(60):
            while await queued(world):  # noqa: ASYNC110 - a row has no event
                await asyncio.sleep(0)
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
    assert len(smtp.messages) == 1


async def test_the_response_does_not_reveal_who_has_an_account(
    world: World, mailer: Mailer
) -> None:
    answers = {
        (await world.browser().post("/forgot", name=name)).text for name in ("bob", "nobody")
    }
    assert len(answers) == 1
    eve = await world.browser().post("/forgot", name="eve")
    assert {eve.text} == answers
    assert await queued(world) == 1


async def test_a_link_is_good_for_an_hour_and_none_ends_another_before_it_is_used(
    world: World, mailer: Mailer, smtp: SmtpServer
) -> None:
    tokens = []
    for _ in range(2):
        await world.browser().post("/forgot", name="bob")
        await mailer.send_due()
        tokens.append(smtp.messages[-1].get_content().partition("token=")[2].split()[0])
    for token in tokens:
        assert (await world.browser().get(f"/reset?token={token}")).status == 200
    await world.browser().post("/reset", token=tokens[0], password=NEW)
    assert (await world.browser().get(f"/reset?token={tokens[1]}")).status == 404
    await world.browser().post("/forgot", name="bob")
    await mailer.send_due()
    token = smtp.messages[-1].get_content().partition("token=")[2].split()[0]
    world.instance.clock.advance(hours=1)
    page = await world.browser().get(f"/reset?token={token}")
    assert (page.status, "Request a new link" in page.text) == (404, True)


async def test_mail_to_one_member_is_limited(world: World, mailer: Mailer) -> None:
    for _ in range(5):
        assert (await world.browser().post("/forgot", name="bob")).status == 200
    page = await world.browser().post("/forgot", name="Bob")
    assert (page.status, 'value="Bob"' in page.html) == (429, True)
    # The response does not reveal whose address this is.
    for address in ("bob@mail.example", "nobody@mail.example"):
        assert (await world.browser().post("/forgot", name=address)).status == 200
    assert await queued(world) == 5


async def test_a_stranger_keeps_nobody_from_asking_for_a_link(
    world: World, mailer: Mailer, smtp: SmtpServer
) -> None:
    stranger = world.browser()
    for _ in range(6):
        page = await stranger.post("/forgot", name="bob")
    assert page.status == 429
    assert 1 <= int(page.headers["retry-after"]) <= 1800
    owner = world.browser(address="198.51.100.1")
    assert (await owner.post("/forgot", name="bob")).status == 200
    await mailer.send_due()
    # The link in each of the mails is valid, and lets the owner in while others guess.
    token = smtp.messages[0].get_content().partition("token=")[2].split()[0]
    await world.besiege("bob")
    assert (await owner.post("/login", name="bob", password=NEW)).status == 429
    assert (await owner.post("/reset", token=token, password=NEW)).location == "/login"
    assert (await owner.post("/login", name="bob", password=NEW)).status == 303


async def test_mail_is_retried_when_the_server_is_busy(
    world: World, mailer: Mailer, smtp: SmtpServer
) -> None:
    smtp.answers["DATA"] = "451 later"
    await world.browser().post("/forgot", name="bob")
    assert await mailer.send_due() == 0
    del smtp.answers["DATA"]
    assert await mailer.send_due() == 0
    world.instance.clock.advance(minutes=1)
    assert await mailer.send_due() == 1
    assert await queued(world) == 0


async def test_undeliverable_mail_is_given_up_after_a_day(
    world: World, mailer: Mailer, smtp: SmtpServer
) -> None:
    smtp.answers["MAIL"] = "451 never today"
    await world.browser().post("/forgot", name="bob")
    for _ in range(12):
        await mailer.send_due()
        world.instance.clock.advance(hours=18)
    assert await queued(world) == 0
    assert smtp.messages == []


async def test_a_permanently_refused_address_is_not_retried(
    world: World, mailer: Mailer, smtp: SmtpServer
) -> None:
    smtp.answers["RCPT"] = "550 nobody here"
    await world.browser().post("/forgot", name="bob")
    await mailer.send_due()
    assert await queued(world) == 0


async def test_a_temporarily_refused_address_is_retried(
    world: World, mailer: Mailer, smtp: SmtpServer
) -> None:
    smtp.answers["RCPT"] = "450 greylisted, come again"
    await world.browser().post("/forgot", name="bob")
    assert await mailer.send_due() == 0
    del smtp.answers["RCPT"]
    world.instance.clock.advance(minutes=1)
    assert await mailer.send_due() == 1
    assert len(smtp.messages) == 1


async def test_an_unusable_mail_password_does_not_stop_the_mailer(
    world: World, mailer: Mailer, smtp: SmtpServer
) -> None:
    # Python's smtplib sends passwords in ASCII only.
    url = SecretStr(smtp.url.replace("//", "//post:%C3%BCber@"))
    settings = world.instance.settings.model_copy(update={"smtp_url": url})
    carrier = Mailer(mailer._units, settings, world.instance.clock, str)
    await world.browser().post("/forgot", name="bob")
    assert await carrier.send_due() == 0
    assert await queued(world) == 1
    # As after an old backup was restored.
    world.instance.clock.advance(days=3)
    assert (await mailer.send_due(), smtp.messages) == (0, [])


async def test_the_password_of_the_mail_server_is_given_and_never_logged(
    world: World, mailer: Mailer, smtp: SmtpServer
) -> None:
    url = SecretStr(smtp.url.replace("//", "//post%40here:s3cret%21@"))
    settings = world.instance.settings.model_copy(update={"smtp_url": url})
    carrier = Mailer(mailer._units, settings, world.instance.clock, str)
    await world.browser().post("/forgot", name="bob")
    smtp.answers["DATA"] = "451 s3cret! is a bad password"
    stream = io.StringIO()
    with logs_as_before():
        configure_logs("debug", "json", stream)
        await carrier.send_due()
    assert smtp.logins == ["\0post@here\0s3cret!"]
    await carrier.check()
    assert (len(smtp.logins), smtp.messages) == (2, [])
    logged = [json.loads(line) for line in stream.getvalue().splitlines()]
    [about] = [line for line in logged if line["event"] == "mail_not_sent"]
    assert (about["level"], about["error"]) == ("warning", "SMTPDataError 451")
    assert "s3cret" not in stream.getvalue() + repr(settings)


async def test_a_mail_server_on_this_machine_may_have_a_certificate_of_its_own(
    world: World, mailer: Mailer, smtp: SmtpServer
) -> None:
    smtp.tls, _ = tls_for("snakeoil.example")
    await world.browser().post("/forgot", name="bob")
    assert await mailer.send_due() == 1
    assert (len(smtp.messages), smtp.secured) == (1, 1)


async def test_without_mail_the_page_refers_to_an_admin_who_creates_the_link(
    world: World,
) -> None:
    page = await world.browser().get("/forgot")
    assert "Ask an admin" in page.text
    assert "<input" not in page.html.partition("<main")[2]
    bob = world.people["bob"].id
    await world.instance.unit(lambda ctx: set_password(ctx.conn, bob, "no password fits"))
    ann = world.browser("ann")
    made = await ann.post("/admin/members/reset", person=str(bob))
    link = re.search(r"https://forum\.example(/reset\?token=[\w-]+)", made.text)
    assert link is not None
    token = link[1].partition("=")[2]
    await world.browser().post("/reset", token=token, password=NEW)
    assert (await world.browser().post("/login", name="bob", password=NEW)).status == 303


@pytest.mark.parametrize(
    ("decision", "text"), [("approve", "has been approved"), ("deny", "did not")]
)
async def test_applicants_get_the_decision_by_mail(
    world: World, mailer: Mailer, smtp: SmtpServer, decision: str, text: str
) -> None:
    await world.instance.unit(lambda ctx: edit_site(ctx, registration="approval"))
    typed = {"name": "zoe", "password": NEW, "application": "Hello", "email": "z@mail.example"}
    await world.browser().post("/register", **typed)
    ann = world.browser("ann")
    page = await ann.get("/admin/registration")
    number = page.html.partition('name="person" value="')[2].partition('"')[0]
    await ann.post("/admin/applications", person=number, decision=decision)
    assert await mailer.send_due() == 2
    [confirmation, message] = smtp.messages
    assert "/confirm-email?token=" in confirmation.get_content()
    assert (message["To"], text in message.get_content()) == ("z@mail.example", True)


async def test_a_denied_applicant_reads_the_reason_in_the_mail_and_when_logging_in(
    world: World, mailer: Mailer, smtp: SmtpServer
) -> None:
    await world.instance.unit(lambda ctx: edit_site(ctx, registration="approval"))
    typed = {"name": "zoe", "password": NEW, "application": "Hello", "email": "z@mail.example"}
    await world.browser().post("/register", **typed)
    ann = world.browser("ann")
    page = await ann.get("/admin/registration")
    number = page.html.partition('name="person" value="')[2].partition('"')[0]
    reason = "Please say more."
    await ann.post("/admin/applications", person=number, decision="deny", reason=reason)
    assert await mailer.send_due() == 2
    assert reason in smtp.messages[1].get_content()
    refused = await world.browser().post("/login", name="zoe", password=NEW)
    assert (refused.status, reason in refused.html) == (403, True)
    denied = await ann.get("/admin/registration")
    assert f"Reason: {reason}" in denied.html
    await ann.post("/admin/applications", person=number, decision="approve")
    assert (await world.browser().post("/login", name="zoe", password=NEW)).status == 303


async def test_counted_attempts_and_old_links_are_pruned(world: World, mailer: Mailer) -> None:
    await world.browser().post("/forgot", name="bob")
    world.instance.clock.advance(hours=2)
    now = world.instance.clock()
    assert await world.instance.unit(lambda ctx: prune_now(ctx.conn, expired_resets(now))) == 1
    await world.instance.unit(lambda ctx: prune_now(ctx.conn, old_attempts(LIMITS, now)))
    assert not await world.instance.read(lambda conn: conn.execute(select(attempt)).all())
