"""Every page of `fedcom/web/routes.py` is among the sights, with the right title."""

from urllib.parse import urlsplit

import pytest
from starlette.routing import Route

from fedcom.web.routes import routes
from tests.browser.sights import NO_PAGES, SIGHTS, Sight
from tests.browser.town import Town

# Sights that are errors when first opened; those with a form change when it is sent.
_STATUS = {
    "post-deleted": 410,
    "post-removed": 410,
    "reset-used": 404,
    "confirm-email-old": 404,
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


def test_every_page_has_a_sight(town: Town) -> None:
    paths = {urlsplit(sight.address(town)).path for sight in SIGHTS}
    unseen = {
        path
        for path, route in _page_routes().items()
        if path not in NO_PAGES and not any(map(route.path_regex.fullmatch, paths))
    }
    assert unseen == set(), "tests/browser/sights.py does not show them"


def test_routes_listed_as_no_page_exist() -> None:
    assert set(_page_routes()) >= NO_PAGES


def test_no_two_sights_have_one_name() -> None:
    names = [sight.name for sight in SIGHTS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("sight", SIGHTS, ids=str)
def test_a_sight_is_the_page_it_says(town: Town, sight: Sight) -> None:
    person = town.people[sight.who]
    for _ in range(sight.before):
        person.see(sight.address(town))
    seen = person.see(sight.address(town))
    assert seen.status == _STATUS.get(sight.name, 200)
    assert seen.path == urlsplit(sight.address(town)).path, "that leads elsewhere"
