"""Logging in while others guess passwords: known devices, and the response to all others."""

import pytest
from argon2 import PasswordHasher

from fedcom.accounts.members import get_account, set_password
from fedcom.accounts.passwords import check_password, hash_password
from tests.fedcom.web.browser import cookie_of
from tests.fedcom.web.conftest import World

pytestmark = pytest.mark.anyio

PASSWORD = "correct horse battery"
HASH = hash_password(PASSWORD)
COOKIE = "__Host-devices"


async def give_passwords(world: World, *names: str) -> None:
    for name in names:
        person = world.people[name].id
        await world.instance.unit(lambda ctx, person=person: set_password(ctx.conn, person, HASH))


async def test_a_device_that_has_logged_in_keeps_its_way_in(world: World) -> None:
    await give_passwords(world, "bob")
    known, other = world.browser(), world.browser(address="198.51.100.1")
    sent = await known.post("/login", name="bob", password=PASSWORD)
    cookie = cookie_of(sent, COOKIE)[COOKIE]
    assert all(cookie[name] for name in ("secure", "httponly", "max-age"))
    assert (cookie["samesite"], cookie["path"], cookie["domain"]) == ("lax", "/", "")
    await known.post("/logout")
    await world.besiege("bob")

    refused = await other.post("/login", name="bob", password=PASSWORD)
    assert (refused.status, refused.headers["retry-after"]) == (429, "3600")
    assert "reset your password" in refused.text
    assert (await known.post("/login", name="bob", password=PASSWORD)).status == 303


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_a_weak_hash_is_replaced_at_the_next_log_in(world: World) -> None:
    bob = world.people["bob"].id
    weaker = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(PASSWORD)
    await world.instance.unit(lambda ctx: set_password(ctx.conn, bob, weaker))

    async def stored() -> str:
        return await world.instance.read(lambda conn: get_account(conn, bob).password_hash)

    browser = world.browser()
    assert (await browser.post("/login", name="bob", password=PASSWORD)).status == 303
    stronger = await stored()
    assert stronger != weaker
    assert check_password(stronger, PASSWORD)

    await browser.post("/logout")
    await world.besiege("bob")
    assert (await browser.post("/login", name="bob", password=PASSWORD)).status == 303
    assert await stored() == stronger


async def test_a_device_cookie_is_invalid_for_another_account_or_if_modified(world: World) -> None:
    await give_passwords(world, "bob", "eve")
    eve = world.browser()
    await eve.post("/login", name="eve", password=PASSWORD)
    value = eve.client.cookies[COOKIE]
    number, device, signature = value.split(".")
    bob = world.people["bob"].id
    await world.besiege("bob")
    for forged in (
        value,
        f"{bob}.{device}.{signature}",
        f"{bob}.{device}.",
        f"{bob}..{signature}",
        "~".join([value] * 3),
        "x",
        "~~~",
    ):
        browser = world.browser(address="198.51.100.1")
        browser.client.cookies.set(COOKIE, forged)
        assert (await browser.post("/login", name="bob", password=PASSWORD)).status == 429, forged
    assert number == str(world.people["eve"].id)


async def test_a_new_password_makes_every_device_unknown(world: World) -> None:
    await give_passwords(world, "bob")
    browser = world.browser()
    await browser.post("/login", name="bob", password=PASSWORD)
    await browser.post("/logout")
    await give_passwords(world, "bob")
    assert (await browser.post("/login", name="bob", password=PASSWORD)).status == 303
    await browser.post("/logout")
    changed = hash_password("another staple now")
    bob = world.people["bob"].id
    await world.instance.unit(lambda ctx: set_password(ctx.conn, bob, changed))
    await world.besiege("bob")
    page = await browser.post("/login", name="bob", password="another staple now")
    assert page.status == 429


async def test_a_device_knows_the_last_five_who_logged_in_there(world: World) -> None:
    names = ("ann", "mia", "bob", "eve")
    await give_passwords(world, *names)
    browser = world.browser()
    for name in (*names, "ann"):
        await browser.post("/login", name=name, password=PASSWORD)
        await browser.post("/logout")
    for name in ("max", "zoe"):
        await browser.post("/register", name=name, password=PASSWORD)
        await browser.post("/logout")
    kept = [int(entry.split(".")[0]) for entry in browser.client.cookies[COOKIE].split("~")]
    assert kept[2:] == [world.people[name].id for name in ("ann", "eve", "bob")]
    assert len(kept) == 5


async def test_an_unknown_name_is_refused_like_a_known_one(world: World) -> None:
    answers = set()
    for name in ("bob", "nobody_at_all", "nobody@mail.example"):
        browser = world.browser(address=f"198.51.100.{len(name)}")
        for _ in range(21):
            page = await browser.post("/login", name=name, password="wrong")
        answers.add((page.status, page.headers["retry-after"], page.text))
    assert len(answers) == 1


async def test_accounts_per_address_and_day_are_limited(world: World) -> None:
    guest = world.browser()
    for number in range(20):
        world.instance.clock.advance(minutes=2)
        sent = await guest.post("/register", name=f"zoe{number}", password=PASSWORD)
        assert sent.status == 303
        await guest.post("/logout")
    page = await guest.post("/register", name="zoe_more", password=PASSWORD)
    assert page.status == 429
    assert int(page.headers["retry-after"]) > 3600
    assert 'value="zoe_more"' in page.html
    elsewhere = world.browser(address="198.51.100.1")
    assert (await elsewhere.post("/register", name="zoe_more", password=PASSWORD)).status == 303


async def test_a_member_who_reaches_a_limit_loses_nothing(world: World) -> None:
    post = await world.post()
    eve = world.browser("eve")
    for number in range(20):
        sent = await eve.post(f"/post/{post.id}/comment", body=f"Number {number}")
        assert sent.status == 303
    page = await eve.post(f"/post/{post.id}/comment", body="One too many")
    assert (page.status, page.headers["retry-after"]) == (429, "600")
    assert "You have reached a limit: 20 comments in 10 minutes." in page.text
    assert "Try again in 10 minutes." in page.text
    assert "One too many" in page.html
    script = {"Accept": "application/json"}
    response = await eve.post(f"/post/{post.id}/comment", headers=script, body="One too many")
    assert (response.status, "20 comments in 10 minutes" in response.html) == (429, True)
    assert response.headers["retry-after"] == "600"


async def test_a_button_that_reached_a_limit_says_so_on_a_page(world: World) -> None:
    eve = world.browser("eve")
    for number in range(50):
        await eve.post("/c/cats/follow" if number % 2 == 0 else "/c/cats/unfollow")
    page = await eve.post("/c/cats/follow")
    assert (page.status, page.headers["retry-after"]) == (429, "3600")
    assert "50 follows and unfollows in 1 hour" in page.text
    assert 'href="/help/limits"' in page.html


async def test_the_limits_are_listed_for_everybody(world: World) -> None:
    page = await world.browser().get("/help/limits")
    assert "comments 50 in 10 minutes 500 in 1 day 20 in 10 minutes 100 in 1 day" in page.text
    assert "new communities 3 in 1 day 10 in" in page.text
    german = await world.browser().get("/help/limits", Accept_Language="de")
    assert "50 in 10 Minuten" in german.text
