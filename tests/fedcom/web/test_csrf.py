import re
from collections.abc import AsyncIterator
from itertools import product

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, select
from starlette.routing import Route

from fedcom.accounts.members import set_role
from fedcom.accounts.password_reset import create_reset
from fedcom.actions.message import SendMessage
from fedcom.actions.perform import perform
from fedcom.actions.remove import RemoveContent
from fedcom.context import Context
from fedcom.http.csrf import make_token
from fedcom.models.base import metadata
from fedcom.site.appeals import write as write_appeal
from fedcom.site.decoration import create_emoji
from fedcom.site.rules import add_rule
from fedcom.site.settings import edit_site
from fedcom.web.routes import routes
from fedcom.wire.body import Body
from tests.fedcom.web.conftest import World
from tests.support.pictures import picture

pytestmark = pytest.mark.anyio


def address_of(path: str) -> str:
    """An address of the route: 1 is a post, a comment and a message by ann."""
    slug = "bob" if path.startswith(("/u/", "/messages/")) else "cats"
    # The second rule is !cats', and the second decision can be appealed against.
    number = "2" if path.startswith(("/c/{slug}/rules/", "/appeal/")) else "1"
    path = path.replace("/admin/pages/{name}", "/admin/pages/about")
    return path.replace("{slug}", slug).replace("{number:int}", number)


FORMS = sorted(
    address_of(route.path)
    for route in routes()
    if isinstance(route, Route) and "POST" in (route.methods or ())
)


async def make_targets(world: World) -> dict[str, str]:
    """The target of each form, and the field that a member must have to see it."""
    mail = {"smtp_url": SecretStr("smtp://mail.example")}
    world.instance.settings = world.instance.settings.model_copy(update=mail)
    await world.comment(await world.post(by="ann"), by="ann")
    bobs = await world.post(by="bob")
    ann, bob = world.people["ann"], world.people["bob"]

    def make(ctx: Context) -> str:
        perform(ctx, RemoveContent(by=ann, target=bobs))
        write_appeal(ctx, bob, 2, "Why?")
        set_role(ctx.conn, bob.id, "admin")
        create_emoji(ctx, "cat", "https://forum.example/media/cat.webp")
        edit_site(ctx, member_invitations=3)
        for place in (None, world.community):
            add_rule(ctx, ann, place, "Be kind", Body.of_markdown(""))
        perform(ctx, SendMessage(by=ann, to=bob, body=Body.of_markdown("Hello")))
        return create_reset(ctx.conn, ann.id, ctx.now)

    return {"token": await world.instance.unit(make)}


@pytest.mark.parametrize("path", ["/settings/delete", "/forgot"])
async def test_rejected_forms_get_a_page_with_the_reason(world: World, path: str) -> None:
    """The only admin has no form to leave with, a server without mail none for lost passwords."""
    page = await world.browser("ann").post(path, form_token=make_token(world.tokens["eve"]))

    assert page.status == 403
    assert "earlier session" in page.text


PART = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1'
FILE = b'--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n1'


async def test_no_form_of_another_site_is_taken(world: World) -> None:
    foreign = (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://forum.example"},
    )
    # One function looks at them all: each form refuses one, and one form refuses each.
    cases = [(path, foreign[0]) for path in FORMS] + [(FORMS[0], headers) for headers in foreign]
    for (path, headers), who in product(cases, ("", "ann")):
        page = await world.browser(who).post(path, headers=headers)
        assert page.status == 403, path
        assert "another website" in page.text, path


async def test_no_form_without_the_sessions_own_token_is_taken(world: World) -> None:
    fields = await make_targets(world)
    # Mail programs post the one-click link of an e-mail; its own token is signed (RFC 8058).
    open_to_all = {"/setup", "/logout", "/unsubscribe"}
    paths = [path for path in FORMS if path not in open_to_all]

    eves = make_token(world.tokens["eve"])
    # One function compares them all: each form refuses one, and one form refuses each.
    for path, token in [(path, eves) for path in paths] + [
        (paths[0], token) for token in ("", "x", "\u2603", "A" * 43)
    ]:
        page = await world.browser("ann").post(path, form_token=token, **fields)
        assert page.status == 403, path
        assert "earlier session" in page.text, path


async def test_a_form_with_a_bearer_token_needs_no_token_of_the_session(world: World) -> None:
    bearer = {"Authorization": f"Bearer {world.tokens['bob']}"}

    answer = await world.browser().post("/c/cats/follow", headers=bearer)

    assert (answer.status, answer.location) == (303, "/c/cats")
    page = await world.browser().get("/settings", Authorization=bearer["Authorization"])
    assert (page.status, "Log in" in page.text) == (200, False)


async def test_a_bearer_token_gives_a_cookie_no_rights(world: World) -> None:
    """With both, the request is made by the bearer token's member, and by nobody if it is not
    valid.
    """
    cookie, fields = world.browser("ann"), {"form_token": ""}
    wrong = {"Authorization": "Bearer abc"}
    basic = {"Authorization": "Basic YW5uOnNlY3JldA=="}

    refused = await cookie.post("/c/cats/follow", headers=wrong, **fields)

    assert (refused.status, refused.location) == (303, "/login?next=/")
    assert (await cookie.post("/c/cats/follow", headers=basic, **fields)).status == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://forum.example"}, 303),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://forum.example"}, 403),
        ({"Origin": "https://forum.example.evil.example"}, 403),
        ({}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
    ],
)
async def test_without_sec_fetch_site_the_origin_decides(
    world: World, headers: dict[str, str], status: int
) -> None:
    browser = world.browser("bob")
    fields = {"form_token": make_token(world.tokens["bob"])}

    answer = await browser.client.post(
        "/c/cats/follow", data=fields, headers={"Accept": "text/html", **headers}
    )

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("path", "field", "typed", "kept"),
    [
        ("/submit", "title", "A long thought", 'value="A long thought"'),
        ("/submit", "body", "Many words", ">\nMany words</textarea>"),
        ("/messages/bob", "body", "Many words", ">\nMany words</textarea>"),
        ("/post/1/report", "reason", "Many words", ">\nMany words</textarea>"),
        ("/u/bob/ban", "reason", "Many words", 'value="Many words"'),
        ("/forgot", "name", "ann@mail.example", 'value="ann@mail.example"'),
        ("/settings/delete", "remove_content", "on", 'name="remove_content" checked'),
    ],
)
async def test_a_form_of_an_earlier_session_keeps_the_typed_text(
    world: World, path: str, field: str, typed: str, kept: str
) -> None:
    await make_targets(world)
    old = make_token(world.tokens["eve"])

    page = await world.browser("ann").post(path, form_token=old, **{field: typed})

    assert page.status == 403
    assert "earlier session" in page.text
    assert kept in page.html
    assert kept not in (await world.browser("ann").get(path)).html


async def test_a_page_has_a_token_that_looks_different_each_time_and_works(world: World) -> None:
    browser = world.browser("bob")
    tokens = []
    for _ in range(2):
        page = await browser.get("/submit")
        tokens.append(re.findall(r'name="form_token" value="([^"]+)"', page.html)[0])

    assert tokens[0] != tokens[1]
    for token in tokens:
        assert (await browser.post("/c/cats/follow", form_token=token)).status == 303


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("multipart/form-data; boundary=x", b"--x--", 403),  # read, but it has no token
        ("multipart/form-data; boundary=x", PART + b"\r\n--x--", 403),
        ("multipart/form-data; boundary=x", b"\r\n".join([PART] * 101), 400),
        ("multipart/form-data; boundary=x", b"\r\n".join([FILE] * 5), 400),
        ("multipart/form-data; boundary=x", PART + b"x" * 2**18, 400),
        ("multipart/form-data; boundary=x", FILE + b"x" * 2**21, 413),
        ("multipart/form-data; boundary=x", b"nothing of the kind", 400),
        ("multipart/form-data", b"--x--", 400),
        ("text/plain", b"a=1", 415),
        ("application/x-www-form-urlencoded", b"a=%FF", 400),
        ("application/x-www-form-urlencoded", b"\xff=1", 400),
        ("application/x-www-form-urlencoded", b"&".join([b"a=1"] * 101), 400),
        ("application/x-www-form-urlencoded", b"a=" + b"x" * 2**20, 413),
    ],
)
async def test_only_forms_of_a_sane_size_are_read(
    world: World, kind: str, body: bytes, status: int
) -> None:
    answer = await world.browser("bob").client.post(
        "/submit", content=body, headers={"Content-Type": kind, "Accept": "text/html"}
    )

    assert answer.status_code == status


async def test_no_file_is_taken_without_the_sessions_own_token(world: World) -> None:
    bob = world.browser("bob")

    for token in ("", make_token(world.tokens["eve"])):
        page = await bob.send("/upload", {"picture": picture()}, form_token=token, alt="A cat")
        assert page.status == 403
        assert "earlier session" in page.text
        assert 'value="A cat"' in page.html
    assert list(world.instance.pictures.store.files()) == []


async def test_files_of_another_site_are_refused_before_they_are_read(world: World) -> None:
    asked = []

    async def body() -> AsyncIterator[bytes]:
        asked.append("a piece")
        yield FILE

    answer = await world.browser("bob").client.post(
        "/upload",
        content=body(),
        headers={
            "Content-Type": "multipart/form-data; boundary=x",
            "Accept": "text/html",
            "Sec-Fetch-Site": "cross-site",
        },
    )

    assert (answer.status_code, asked) == (403, [])


PAGES = sorted(
    address_of(route.path).replace("{name}", "x")
    for route in routes()
    if isinstance(route, Route) and "GET" in (route.methods or ())
)
# The time of reading, the last visit, and the request counters.
OWN_READING = {"session", "post_visit", "notification", "attempt"}
OWN_TIMES = {"follow.visited_at"}
# Made when a page first needs it, and never changed.
MADE_ONCE = {"site.vapid_key"}


async def test_a_get_changes_only_the_members_own_reading_state(world: World) -> None:
    """SameSite=Lax lets other sites send a member to any address, with their cookie."""
    await make_targets(world)

    def read(conn: Connection) -> dict[str, list[tuple[object, ...]]]:
        return {
            table.name: [
                tuple(row)
                for row in conn.execute(
                    select(*(one for one in table.c if str(one) not in OWN_TIMES | MADE_ONCE))
                )
            ]
            for table in metadata.sorted_tables
            if table.name not in OWN_READING
        }

    before = await world.instance.read(read)
    for path in PAGES:
        await world.browser("ann").get(f"{path}?score=1&person=bob&read=1&_method=POST")

    assert await world.instance.read(read) == before
