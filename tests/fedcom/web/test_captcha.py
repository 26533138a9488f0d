"""The captcha of the sign-up: seen, heard, solved."""

import re

import pytest

from fedcom.accounts.captcha import get_answer
from fedcom.accounts.invitations import InvitationTerms, create_invitation
from fedcom.accounts.members import find_member
from fedcom.accounts.throttle import RECORDINGS_BY_ADDRESS, count_attempt
from fedcom.context import Context
from fedcom.site.settings import edit_sign_up
from tests.fedcom.web.browser import ADDRESS, Page
from tests.fedcom.web.conftest import World

pytestmark = pytest.mark.anyio

PASSWORD = "correct horse battery"


@pytest.fixture
async def guarded(world: World) -> World:
    await world.instance.unit(lambda ctx: edit_sign_up(ctx.conn, captcha_enabled=True))
    return world


def ticket_in(page: Page) -> str:
    found = re.search('name="captcha" value="([^"]+)"', page.html)
    assert found is not None
    return found[1]


def solve(world: World, ticket: str) -> str:
    return get_answer(world.instance.cipher, ticket, world.instance.clock())


async def is_member(world: World, name: str) -> bool:
    return await world.instance.read(lambda conn: find_member(conn, name)) is not None


async def test_a_newcomer_solves_it(guarded: World) -> None:
    guest = guarded.browser()
    page = await guest.get("/register")
    assert '<img class="captcha" src="data:image/png;base64,' in page.html
    ticket = ticket_in(page)
    fields = {"name": "zoe", "password": PASSWORD, "captcha": ticket}
    sent = await guest.post("/register", **fields, captcha_answer=solve(guarded, ticket).lower())
    assert (sent.status, await is_member(guarded, "zoe")) == (303, True)


async def test_a_wrong_answer_gets_a_new_captcha_beside_what_was_typed(guarded: World) -> None:
    guest = guarded.browser()
    ticket = ticket_in(await guest.get("/register"))
    fields = {"name": "zoe", "password": PASSWORD, "captcha": ticket}
    page = await guest.post("/register", **fields, captcha_answer="WRONG")
    assert (page.status, 'id="e-captcha_answer"' in page.html) == (422, True)
    assert ('value="zoe"' in page.html, "WRONG" in page.html) == (True, False)
    assert ticket_in(page) != ticket
    late = await guest.post("/register", **fields, captcha_answer=solve(guarded, ticket))
    assert (late.status, await is_member(guarded, "zoe")) == (422, False)
    assert (await guest.post("/register", name="zoe", password=PASSWORD)).status == 422


async def test_another_error_does_not_use_it_up(guarded: World) -> None:
    guest = guarded.browser()
    ticket = ticket_in(await guest.get("/register"))
    answer = {"captcha": ticket, "captcha_answer": solve(guarded, ticket)}
    short = await guest.post("/register", name="zoe", password="short", **answer)
    assert (short.status, 'id="e-password"' in short.html) == (422, True)
    assert "The picture is a new one" in short.text
    sent = await guest.post("/register", name="zoe", password=PASSWORD, **answer)
    assert sent.status == 303


async def test_the_recording_is_for_those_who_do_not_see_the_picture(guarded: World) -> None:
    guest = guarded.browser()
    page = await guest.get("/register")
    found = re.search('<audio controls[^>]* src="([^"]+)"', page.html)
    assert found is not None
    assert "media-src 'self'" in page.headers["content-security-policy"]
    sound = await guest.get(found[1])
    assert (sound.status, sound.headers["content-type"]) == (200, "audio/wav")
    assert sound.headers["cache-control"] == "private, no-store"


async def test_few_recordings_are_made_for_one_address(guarded: World) -> None:
    guest = guarded.browser()
    ticket = ticket_in(await guest.get("/register"))
    path = f"/register/captcha.wav?captcha={ticket}"

    def record_often(ctx: Context) -> None:
        for _ in range(19):
            count_attempt(ctx.conn, RECORDINGS_BY_ADDRESS, ADDRESS, ctx.now)

    await guarded.instance.unit(record_often)
    assert [(await guest.get(path)).status for _ in range(2)] == [200, 429]


async def test_the_invited_solve_none(guarded: World) -> None:
    ann = guarded.people["ann"].id
    terms = InvitationTerms(note="", uses=1, expires_at=None)
    made = await guarded.instance.unit(lambda ctx: create_invitation(ctx.conn, ann, terms, ctx.now))
    guest = guarded.browser()
    assert "captcha" not in (await guest.get(f"/register?invitation={made.code}")).html
    sent = await guest.post("/register", name="zoe", password=PASSWORD, invitation=made.code)
    assert sent.status == 303


async def test_an_admin_turns_it_on_and_chooses_how_hard_it_is(world: World) -> None:
    ann, guest = world.browser("ann"), world.browser()
    assert "captcha" not in (await guest.get("/register")).html
    fields = {"registration": "open", "question": "", "captcha_enabled": "on"}
    refused = await ann.post("/admin/registration", **fields, captcha_difficulty="no")
    assert (refused.status, 'id="e-captcha_difficulty"' in refused.html) == (422, True)
    await ann.post("/admin/registration", **fields, captcha_difficulty="hard")
    page = await ann.get("/admin/registration")
    assert '<option value="hard" selected>' in page.html
    assert len(solve(world, ticket_in(await guest.get("/register")))) == 8
