"""What apps of Lemmy ask first, in their words and order: each call must be answered, and as they
declare it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from tests.support.javascript import Program
from tests.support.lemmy_client import Json
from tests.support.lemmy_scene import Clients
from tests.support.visitor import PASSWORD

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

IN_A_BROWSER: Mapping[str, str] = {
    "User-Agent": FIREFOX,
    "Origin": "https://app.example",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Site": "cross-site",
}


@dataclass(frozen=True, slots=True)
class Call:
    """A request, and the type of lemmy-js-client that its answer has ("" for NodeInfo)."""

    path: str
    type: str = ""
    form: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class App:
    """An app: the headers that tell it from others, and its calls."""

    name: str
    headers: Mapping[str, str]
    calls: tuple[Call, ...]


VOYAGER = App(
    "voyager",
    {"User-Agent": "VoyagerApp/1.0"},
    (
        Call("/.well-known/nodeinfo"),
        Call("/nodeinfo/2.0.json"),
        Call("/api/v3/site", "GetSiteResponse"),
        Call("/api/v3/federated_instances", "GetFederatedInstancesResponse"),
        Call("/api/v3/post/list?limit=50&sort=Active&show_read=true&type_=All", "GetPostsResponse"),
    ),
)
PHOTON = App(
    "photon",
    IN_A_BROWSER,
    (
        Call("/api/v3/site", "GetSiteResponse"),
        Call(
            "/api/v3/post/list?sort=Active&type_=Local&limit=20&show_hidden=false",
            "GetPostsResponse",
        ),
        Call("/nodeinfo/2.1"),
        Call(
            "/api/v3/user/login",
            "LoginResponse",
            {"username_or_email": "ann", "password": PASSWORD},
        ),
        Call("/api/v3/site", "GetSiteResponse"),
        Call("/api/v3/site", "GetSiteResponse"),
        Call("/api/v3/user/unread_count", "GetUnreadCountResponse"),
        Call(
            "/api/v3/admin/registration_application/count",
            "GetUnreadRegistrationApplicationCountResponse",
        ),
    ),
)
LEMMY_UI = App(
    "lemmy-ui",
    {"User-Agent": "node"},
    (
        Call("/api/v3/site", "GetSiteResponse"),
        Call(
            "/api/v3/post/list?type_=All&limit=20&sort=Active&saved_only=false&show_hidden=false",
            "GetPostsResponse",
        ),
    ),
)
"""Version 0.19.20, whose server asks."""


@pytest.mark.parametrize("app", [VOYAGER, PHOTON, LEMMY_UI], ids=lambda app: app.name)
def test_the_first_calls_of_an_app_are_answered(
    app: App, clients: Clients, lemmy_js: Program
) -> None:
    post = clients.member.call("getCommunity", name="garden")["community_view"]["community"]["id"]
    clients.member.call("createPost", name="Reeds", community_id=post)
    with open_app(app, clients.guest.origin) as client:
        answers = [send(client, call) for call in app.calls]

    for call, answer in zip(app.calls, answers, strict=True):
        if call.type:
            lemmy_js.ask("compare", type=call.type, value=answer)
    software = [answer["software"] for answer in answers if "software" in answer]
    assert {one["name"] for one in software} <= {"lemmy"}
    assert all("null" not in str(answer) and None not in answer.values() for answer in answers)
    assert all(answer["posts"] for answer in answers if "posts" in answer)
    if any(call.path == "/api/v3/user/login" for call in app.calls):
        assert "my_user" in answers[5]


@contextmanager
def open_app(app: App, origin: str) -> Iterator[httpx.Client]:
    """Its connections."""
    with httpx.Client(
        base_url=origin, headers=app.headers, trust_env=False, timeout=30.0
    ) as client:
        yield client


def send(client: httpx.Client, call: Call) -> dict[str, Json]:
    """The answer to a call; the token of a log-in is sent from then on."""
    verb = "POST" if call.form else "GET"
    response = client.request(verb, call.path, json=dict(call.form) or None)
    assert response.status_code == 200, (call.path, response.text)
    if "Origin" in client.headers:
        assert response.headers["Access-Control-Allow-Origin"] == "*"
    answer: dict[str, Json] = response.json()
    if "jwt" in answer:
        client.headers["Authorization"] = f"Bearer {answer['jwt']}"
    return answer
