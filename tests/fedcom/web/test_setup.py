import pytest

from fedcom.site.settings import get_site
from tests.fedcom.web.browser import Browser
from tests.fedcom.web.conftest import ORIGIN, PlainInstance, make_app

pytestmark = pytest.mark.anyio

TYPED = {
    "site_name": "The Reading Room",
    "name": "Ann",
    "password": "correct horse battery",
    "community": "Books",
    "display_name": "Books and reading",
    "registration": "open",
}


@pytest.fixture
def browser(fresh: PlainInstance) -> Browser:
    return Browser(make_app(fresh), ORIGIN, "__Host-session")


@pytest.mark.parametrize("path", ["/", "/c/cats", "/communities", "/login", "/register", "/admin"])
async def test_every_page_of_a_new_server_leads_to_its_set_up(browser: Browser, path: str) -> None:
    page = await browser.get(path)

    assert (page.status, page.location) == (303, "/setup")


async def test_one_form_makes_the_admin_and_the_first_community(
    browser: Browser, fresh: PlainInstance
) -> None:
    assert "Set-up token" not in (await browser.get("/setup")).text

    sent = await browser.post("/setup", **TYPED)

    assert sent.location == "/c/books"
    page = await browser.get("/c/books")
    assert "all set" in page.text
    assert "The Reading Room" in page.text
    assert (await browser.get("/admin")).status == 200
    site = await fresh.read(get_site)
    assert (site.name, site.registration) == ("The Reading Room", "open")
    assert (await browser.get("/setup")).location == "/"


async def test_setup_needs_the_token(browser: Browser, fresh: PlainInstance) -> None:
    fresh.setup_token = "from-the-log"
    assert "Set-up token" in (await browser.get("/setup")).text

    for token in ({}, {"token": ""}, {"token": "guess"}, {"token": "\u2603"}):
        page = await browser.post("/setup", **TYPED, **token)
        assert page.status == 403
        assert "Wrong set-up token" in page.text
        assert 'value="The Reading Room"' in page.html
    assert (await fresh.read(get_site)).set_up_at is None

    assert (await browser.post("/setup", **TYPED, token="from-the-log")).status == 303


async def test_it_is_done_only_once(browser: Browser, fresh: PlainInstance) -> None:
    await browser.post("/setup", **TYPED)
    second = Browser(browser.app, ORIGIN, "__Host-session")

    sent = await second.post("/setup", **{**TYPED, "name": "mallory", "community": "mine"})

    assert (sent.location, second.token) == ("/", None)


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"site_name": ""}, "site_name", "needs a name"),
        ({"name": "x"}, "name", "at least 3"),
        ({"name": "\u212aelvin"}, "name", "only the letters"),
        ({"password": "short"}, "password", "at least"),
        ({"community": "x"}, "community", "at least 3"),
        ({"community": "ann"}, "community", "already has this name"),
        ({"community": ""}, "community", "at least 3"),
        ({"registration": "maybe"}, "", "The registration mode must be"),
        ({"display_name": "x" * 99}, "display_name", "at most"),
    ],
)
async def test_an_error_changes_nothing_and_keeps_the_typed_text(
    browser: Browser, fresh: PlainInstance, change: dict[str, str], field: str, message: str
) -> None:
    page = await browser.post("/setup", **{**TYPED, **change})

    assert page.status == 422
    assert message in page.text
    if field:
        assert f'<p class="error" id="e-{field}">' in page.html
    if "site_name" not in change:
        assert 'value="The Reading Room"' in page.html
    assert TYPED["password"] not in page.html
    assert (await fresh.read(get_site)).set_up_at is None
