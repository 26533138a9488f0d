"""A form that is refused is shown again with everything that was typed into it and all that is
wrong with it.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, expect
from starlette.routing import Route

from fedcom.web.routes import routes
from tests.browser.scenario_steps import PICTURE
from tests.browser.screens import DESKTOP, tab
from tests.browser.servers import Servers

LONG = "x" * 60_000

_DEAD_LINKS = """() => [...document.querySelectorAll("main .alert a[href^='#']")]
  .filter((link) => !document.querySelector(link.hash)).map((link) => link.hash)"""

_UNGUARD = """() => {
  for (const form of document.forms) form.noValidate = true;
  for (const part of document.querySelectorAll("[maxlength]")) part.removeAttribute("maxlength");
  const fold = document.querySelector("details:has([name=content_warning])");
  if (fold) fold.open = true;
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
    Refused("/c/cats/warn", "mia", {"reason": "Loud"}, {"person": "nobody"}),
    Refused("/u/eve/warn", "ann", {}, {"reason": "x" * 501}),
    Refused("/u/bob/moderation", "mia", {}, {"note": "x" * 2001}),
    Refused("{appeal}", "mia", {}, {"body": "x" * 3001}),
    Refused("/c/cats/edit", "mia", {"body": "*Cats*"}, {"display_name": "x" * 65}),
    Refused("/c/cats/edit", "mia", {}, {"person": "nobody"}),
    Refused("/messages/bob", "kim", {}, {"body": LONG}),
    Refused("{message}/edit", "sue", {}, {"body": LONG}),
    Refused("/settings", "kim", {"body": "*Me*"}, {"display_name": "x" * 65}),
    Refused("/settings/blocks", "kim", {}, {"who": "not a server!"}),
    Refused("/settings/notifications", "kim", {}, {"community": "nowhere"}),
    Refused("/settings/account", "kim", {"email": "kim@kim.example"}, {"email_password": "no"}),
    Refused("/login", "", {"name": "nobody"}, {"password": "not-this-one"}),
    Refused("/register", "", {"email": "bob@bob.example"}, {"name": "no!"}),
    Refused("/setup", "first of gamma", {"site_name": "G", "name": "gus"}, {"community": "no!"}),
    Refused("/admin", "ann", {"site_name": "Alpha", "body": "*So*"}, {"rules": LONG}),
    Refused("/admin/rules", "ann", {"name": "Be kind"}, {"body": "x" * 2001}),
    Refused("{site rule}", "ann", {"body": "*So*"}, {"name": "x" * 81}),
    Refused("/c/cats/rules/edit", "mia", {"name": "Be kind"}, {"body": "x" * 2001}),
    Refused("{rule}", "mia", {"body": "*So*"}, {"name": "x" * 81}),
    Refused("/admin/pages/about", "ann", {}, {"body": LONG}),
    Refused("/admin/announcement", "ann", {"until": "2031-01-31"}, {"body": "x" * 501}),
    Refused("/admin/members/new", "ann", {"email": "a@b.example"}, {"name": "no!"}),
    Refused("/settings/invitations", "zoe", {}, {"note": "x" * 65}),
    Refused("/admin/content", "ann", {"blocked_urls": "a.example"}, {"slur_filter": "(a"}),
    Refused("/admin/taglines", "ann", {}, {"body": "x" * 501}),
    Refused("/admin/emoji", "ann", {"alt": "A cat"}, {"shortcode": "no!"}),
    Refused("{emoji}", "ann", {"alt": "A cat"}, {"category": "x" * 65}),
    Refused("/admin/access", "ann", {}, {"host": "no host!"}),
    Refused("/admin/defaults", "ann", {}, {"app_theme": "x" * 51}),
    Refused("/admin/registration", "ann", {}, {"question": "x" * 501}),
    Refused("/admin/invitations", "ann", {"note": "Us", "days": "3"}, {"uses": "many"}),
    Refused("/admin/instances", "ann", {"reason": "Loud"}, {"host": "no host!"}),
    Refused("/admin/block-lists", "ann", {"name": "Ours"}, {"url": "https://no list"}),
    Refused("/admin/block-lists/import", "ann", {"name": "Ours"}, {"text": "no server!"}),
    Refused("/upload", "kim", {}, {"alt": "x" * 1001}),
]

# Forms without typed text, or with only a password or a file, which no page gives back; a search is
# in the address.
NOTHING_TYPED = {
    "/admin/test-mail",
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
    "/unsubscribe",
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
        send(last)
        expect(page.locator("main").locator(".alert, .error").first).to_be_visible()
        for name, text in typed.items():
            if "password" not in name:
                expect(page.locator(f"main [name={name}]:visible").first).to_have_value(text)
        assert page.evaluate(_DEAD_LINKS) == []


ALL_WRONG = [
    ("/register", "", {"name": "no!", "password": "x" * 9, "email": "nobody"}),
    (
        "/setup",
        "first of gamma",
        {"site_name": " ", "name": "no!", "password": "x", "community": "no!"}
        | {"display_name": "x" * 65},
    ),
    ("/submit", "mia", {"community": "nowhere", "title": "x", "url": "no link"}),
    ("{post}/edit", "bob", {"title": "x", "url": "no link", "content_warning": "x" * 201}),
    ("/communities/new", "bob", {"name": "cats", "display_name": "x" * 65}),
    ("/c/cats/ban", "mia", {"person": "nobody", "reason": "x" * 501, "days": "soon"}),
    ("/settings", "kim", {"display_name": "x" * 65, "body": LONG, "matrix_user_id": "no"}),
    ("/settings/account", "kim", {"current_password": "no", "password": "x"}),
    ("/settings/account", "kim", {"email": "nobody", "email_password": "no"}),
    ("/admin", "ann", {"site_name": " ", "short_description": LONG, "rules": LONG}),
    ("/admin/content", "ann", {"slur_filter": "(a", "blocked_urls": "no link!"}),
    ("/admin/registration", "ann", {"question": "x" * 501, "name_limit": "1"}),
    ("/admin/emoji", "ann", {"shortcode": "no!", "picture": "", "alt": LONG, "category": "x" * 65}),
    ("/admin/invitations", "ann", {"note": "x" * 65, "uses": "many", "days": "soon"}),
    ("/admin/instances", "ann", {"host": "no host!", "reason": "x" * 501}),
    ("/upload", "kim", {"picture": "", "alt": LONG}),
]
"""Forms with several fields: all of these values are wrong."""


@pytest.mark.parametrize(("path", "who", "wrong"), ALL_WRONG, ids=[row[0] for row in ALL_WRONG])
def test_all_errors_are_shown_at_once_and_the_summary_leads_to_their_fields(
    browser: Browser, servers: Servers, path: str, who: str, wrong: dict[str, str]
) -> None:
    with tab(browser, DESKTOP, servers.people[who]) as page:
        page.goto(path.format_map(servers.paths))
        page.evaluate(_UNGUARD)
        for name, text in wrong.items():
            field = page.locator(f"main [name={name}]:visible").first
            if text:
                field.fill(text)
        send(field)
        summary = page.get_by_role("alert")
        expect(summary).to_be_focused()
        for name in wrong:
            field = page.locator(f"main [name={name}]:visible").first
            expect(field).to_have_attribute("aria-invalid", "true")
            expect(field).to_have_attribute("aria-describedby", re.compile(rf"\be-{name}\b"))
            expect(field).to_have_css("border-top-width", "2px")
            expect(page.locator(f"#e-{name}")).to_be_visible()
        summary.get_by_role("link").last.click()
        expect(page.locator(f"#f-{next(reversed(wrong))}")).to_be_focused()
        assert summary.get_by_role("link").count() == len(wrong)


def test_passwords_and_files_are_said_to_be_lost(browser: Browser, servers: Servers) -> None:
    with tab(browser, DESKTOP, servers.people[""]) as page:
        page.goto("/register")
        page.get_by_label("Name", exact=True).fill("bob")
        password = page.get_by_label("Password")
        password.fill("correct-horse-battery")
        send(password)
        expect(password).to_have_value("")
        expect(password).to_have_accessible_description(re.compile("Please enter it again"))
    with tab(browser, DESKTOP, servers.people["kim"]) as page:
        page.goto("/upload")
        page.evaluate(_UNGUARD)
        picture = page.get_by_label("Picture", exact=True)
        picture.set_input_files(PICTURE)
        page.get_by_label("Picture description").fill(LONG)
        send(picture)
        expect(picture).to_have_accessible_description(re.compile("Choose it again"))


def send(field: Locator) -> None:
    """Press the first button of the field's form that can be seen."""
    buttons = field.locator("xpath=ancestor::form").locator(
        "button:not([form], [tabindex], [type=button])"
    )
    buttons.locator("visible=true").first.click()
