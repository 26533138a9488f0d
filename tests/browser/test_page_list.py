"""Every page of `fedcom/web/routes.py` is in the list."""

from urllib.parse import urlsplit

from starlette.routing import Route

from fedcom.web.routes import routes
from tests.browser.pages import NO_PAGES, PAGES
from tests.browser.servers import Servers


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
