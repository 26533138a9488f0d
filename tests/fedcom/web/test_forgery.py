import re

import pytest
from starlette.routing import Route

from fedcom.http.forgery import make_token
from fedcom.web.routes import routes
from tests.fedcom.web.conftest import World

pytestmark = pytest.mark.anyio

FORMS = sorted(
    route.path.replace("{slug}", "cats").replace("{number:int}", "1")
    for route in routes()
    if isinstance(route, Route) and "POST" in (route.methods or ())
)


@pytest.mark.parametrize("path", FORMS)
async def test_no_form_of_another_site_is_taken(world: World, path: str) -> None:
    for who in ("", "ann"):
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "cross-site", "Origin": "https://forum.example"},
        ):
            page = await world.browser(who).post(path, headers=headers)
            assert page.status == 403
            assert "another site" in page.text


@pytest.mark.parametrize("path", [path for path in FORMS if path not in {"/setup", "/logout"}])
async def test_no_form_without_the_sessions_own_token_is_taken(world: World, path: str) -> None:
    post = await world.post(by="ann")
    await world.comment(post, by="ann")

    for token in ("", "x", "\u2603", "A" * 43, make_token(world.tokens["eve"])):
        page = await world.browser("ann").post(path, form_token=token)
        assert page.status == 403
        assert "earlier log-in" in page.text


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


async def test_a_form_of_an_earlier_log_in_keeps_what_was_typed(world: World) -> None:
    old = make_token(world.tokens["eve"])

    page = await world.browser("bob").post(
        "/submit", form_token=old, community="cats", title="A long thought", body="Many words"
    )

    assert page.status == 403
    assert 'value="A long thought"' in page.html
    assert "Many words" in page.text
    assert (await world.browser().get("/?list=all")).text.count("A long thought") == 0


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
        ("multipart/form-data; boundary=x", b"--x--", 415),
        ("text/plain", b"a=1", 415),
        ("application/x-www-form-urlencoded", b"a=%FF", 400),
        ("application/x-www-form-urlencoded", b"\xff=1", 400),
        ("application/x-www-form-urlencoded", b"&".join([b"a=1"] * 101), 400),
        ("application/x-www-form-urlencoded", b"a=" + b"x" * 2**20, 413),
    ],
)
async def test_only_plain_forms_of_a_sane_size_are_read(
    world: World, kind: str, body: bytes, status: int
) -> None:
    answer = await world.browser("bob").client.post(
        "/submit", content=body, headers={"Content-Type": kind, "Accept": "text/html"}
    )

    assert answer.status_code == status
