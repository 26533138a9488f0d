"""A form that is refused is shown again with everything that was typed into it."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect
from starlette.routing import Route

from fedcom.web.routes import routes
from tests.browser.screens import DESKTOP, tab
from tests.browser.servers import Servers

LONG = "x" * 60_000

_UNGUARD = """() => {
  for (const form of document.forms) form.noValidate = true;
  for (const part of document.querySelectorAll("[maxlength]")) part.removeAttribute("maxlength");
}"""


@dataclass(frozen=True, slots=True)
class Refused:
    """A form at `path`: the valid values that `who` types, and the invalid one; passwords are not
    kept.
    """

    path: str
    who: str
    good: dict[str, str]
    wrong: dict[str, str]

    def __str__(self) -> str:
        return f"{self.path.strip('/').replace('/', '.')}-{'-'.join(self.wrong)}"


FORMS = [
    Refused("/communities/new", "bob", {"display_name": "Birds", "body": "*So*"}, {"name": "no!"}),
    Refused("/submit", "mia", {"title": "A title", "body": "*So*"}, {"community": "nowhere"}),
    Refused("/c/cats/submit", "mia", {"body": "*So*", "alt": "None"}, {"title": "x" * 201}),
    Refused("{post}/edit", "bob", {"title": "Another"}, {"body": LONG}),
    Refused("{post}", "bob", {}, {"body": LONG}),
    Refused("{comment}/edit", "bob", {}, {"body": LONG}),
    Refused("{post}/remove", "mia", {}, {"reason": "x" * 501}),
    Refused("{comment}/remove", "mia", {}, {"reason": "x" * 501}),
    Refused("{post}/purge", "ann", {}, {"reason": "x" * 501}),
    Refused("{comment}/purge", "ann", {}, {"reason": "x" * 501}),
    Refused("/u/eve/purge", "ann", {}, {"reason": "x" * 501}),
    Refused("/c/quiet/purge", "ann", {}, {"reason": "x" * 501}),
    Refused("{post}/report", "kim", {}, {"reason": "x" * 1001}),
    Refused("{comment}/report", "kim", {}, {"reason": "x" * 1001}),
    Refused("{message from zoe}/report", "sue", {}, {"reason": "x" * 1001}),
    Refused("/c/cats/ban", "mia", {"reason": "Loud", "days": "3"}, {"person": "nobody"}),
    Refused("/u/eve/ban", "ann", {"reason": "Loud"}, {"days": "soon"}),
    Refused("/c/cats/edit", "mia", {"body": "*Cats*"}, {"display_name": "x" * 65}),
    Refused("/c/cats/edit", "mia", {}, {"person": "nobody"}),
    Refused("/messages/bob", "kim", {}, {"body": LONG}),
    Refused("{message}/edit", "sue", {}, {"body": LONG}),
    Refused("/settings", "kim", {"body": "*Me*"}, {"display_name": "x" * 65}),
    Refused("/settings/blocks", "kim", {}, {"who": "not a server!"}),
    Refused("/settings/account", "kim", {"email": "kim@kim.example"}, {"email_password": "no"}),
    Refused("/login", "", {"name": "nobody"}, {"password": "not-this-one"}),
    Refused("/register", "", {"email": "bob@bob.example"}, {"name": "no!"}),
    Refused("/setup", "first of gamma", {"site_name": "G", "name": "gus"}, {"community": "no!"}),
    Refused("/admin", "ann", {"site_name": "Alpha", "body": "*So*"}, {"rules": LONG}),
    Refused("/admin/content", "ann", {"blocked_urls": "a.example"}, {"slur_filter": "(a"}),
    Refused("/admin/taglines", "ann", {}, {"body": "x" * 501}),
    Refused("/admin/emoji", "ann", {"alt": "A cat"}, {"shortcode": "no!"}),
    Refused("{emoji}", "ann", {"alt": "A cat"}, {"category": "x" * 65}),
    Refused("/admin/access", "ann", {}, {"host": "no host!"}),
    Refused("/admin/defaults", "ann", {}, {"app_theme": "x" * 51}),
    Refused("/admin/registration", "ann", {}, {"question": "x" * 501}),
    Refused("/admin/invitations", "ann", {"note": "Us", "days": "3"}, {"uses": "many"}),
    Refused("/admin/instances", "ann", {"reason": "Loud"}, {"host": "no host!"}),
    Refused("/upload", "kim", {}, {"alt": "x" * 1001}),
]

# Forms without typed text, or with only a password or a file, which no page gives back; a search is
# in the address.
NOTHING_TYPED = {
    "/settings/appearance",
    "/settings/delete",
    "/settings/two-factor",
    "/settings/import",
    "/settings/pictures",
    "/c/{slug}/pictures",
    "/c/{slug}/delete",
    "/admin/logo",
    "/forgot",
    "/search",
    "/reset",
    "/confirm-email",
}


def test_every_form_is_tested(servers: Servers) -> None:
    tried = {urlsplit(one.path.format_map(servers.paths)).path for one in FORMS}
    forms = [route for route in routes() if isinstance(route, Route)]
    untried = {
        route.path
        for route in forms
        if {"GET", "POST"} <= set(route.methods or ())
        and route.path not in NOTHING_TYPED
        and not any(map(route.path_regex.fullmatch, tried))
    }
    assert untried == set()


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_typed_text_is_kept(browser: Browser, servers: Servers, form: Refused) -> None:
    typed = form.good | form.wrong
    with tab(browser, DESKTOP, servers.people[form.who]) as page:
        page.goto(form.path.format_map(servers.paths))
        # The server has to refuse it, not the browser.
        page.evaluate(_UNGUARD)
        for name, text in typed.items():
            page.locator(f"main [name={name}]:visible").first.fill(text)
        last = page.locator(f"main [name={next(iter(form.wrong))}]:visible").first
        last.locator("xpath=ancestor::form").locator("button:not([form])").first.click()
        expect(page.locator("main").locator(".alert, .error").first).to_be_visible()
        for name, text in typed.items():
            if "password" not in name:
                expect(page.locator(f"main [name={name}]:visible").first).to_have_value(text)
