"""Every page of `fedcom/web/routes.py` is in the list, with the right title."""

from urllib.parse import urlsplit

import pytest
from starlette.routing import Route

from fedcom.web.routes import routes
from tests.browser.pages import NO_PAGES, PAGES, PageCase
from tests.browser.servers import Servers

# Pages that are errors when first opened; those with a form change when it is sent.
_STATUS = {
    "post-deleted": 410,
    "post-removed": 410,
    "reset-used": 404,
    "admin-test-mail-old": 404,
    "confirm-email-old": 404,
    "unsubscribe-old": 404,
    "error-404": 404,
    "error-404-community": 404,
    "error-403": 403,
    "error-405": 405,
    "error-410": 410,
    "error-429": 429,
}


def _page_routes() -> dict[str, Route]:
    found = [route for route in routes() if isinstance(route, Route)]
    return {route.path: route for route in found if "GET" in (route.methods or ())}


def test_every_page_is_listed(servers: Servers) -> None:
    paths = {urlsplit(case.address(servers)).path for case in PAGES}
    unseen = {
        path
        for path, route in _page_routes().items()
        if path not in NO_PAGES and not any(map(route.path_regex.fullmatch, paths))
    }
    assert unseen == set(), "tests/browser/pages.py does not show them"


def test_routes_listed_as_no_page_exist() -> None:
    assert set(_page_routes()) >= NO_PAGES


def test_page_names_are_unique() -> None:
    names = [case.name for case in PAGES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("case", PAGES, ids=str)
def test_a_listed_page_has_its_title(servers: Servers, case: PageCase) -> None:
    person = servers.people[case.who]
    for _ in range(case.before):
        person.see(case.address(servers))
    seen = person.see(case.address(servers))
    assert seen.status == _STATUS.get(case.name, 200)
    assert seen.path == urlsplit(case.address(servers)).path, "that leads elsewhere"
