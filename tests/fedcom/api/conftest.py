"""Fixtures for the API: the world of the pages, and apps instead of browsers."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.fedcom.web import conftest as pages
from tests.fedcom.web.conftest import World

dialect, instance, fresh, world = pages.dialect, pages.instance, pages.fresh, pages.world

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Failed(Exception):
    """The API refused a call."""

    status: int
    error: str
    message: str


class App:
    """An app of one member, or of a guest."""

    def __init__(self, world: World, token: str | None) -> None:
        transport = httpx.ASGITransport(app=world.app, client=("192.0.2.7", 4711))
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.http = httpx.AsyncClient(  # noqa: TID251 - talks to the application in memory
            transport=transport, base_url=world.instance.settings.origin, headers=headers
        )

    async def send(self, method: str, path: str, **given: Any) -> httpx.Response:
        """The response to a call, as it comes."""
        if method == "GET":
            return await self.http.get(f"/api/v3{path}", params=given)
        return await self.http.request(method, f"/api/v3{path}", json=given)

    async def call(self, method: str, path: str, **given: Any) -> Json:
        """The answer to a call. Raises Failed."""
        response = await self.send(method, path, **given)
        answer: Json = response.json()
        if response.status_code != 200:
            raise Failed(response.status_code, answer["error"], answer["message"])
        return answer

    async def get(self, path: str, **given: Any) -> Json:
        """GET."""
        return await self.call("GET", path, **given)

    async def post(self, path: str, **given: Any) -> Json:
        """POST."""
        return await self.call("POST", path, **given)

    async def put(self, path: str, **given: Any) -> Json:
        """PUT."""
        return await self.call("PUT", path, **given)


class Apps:
    """The apps of the people of a world, by name; of a guest by ""."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.community = world.community.id

    def __call__(self, name: str = "") -> App:
        return App(self.world, self.world.tokens.get(name))

    def id_of(self, name: str) -> int:
        """The row id of a person."""
        return self.world.people[name].id


@pytest.fixture
async def apps(world: World) -> Apps:
    """ann is the admin and created !cats, mia moderates it, bob and eve are members."""
    return Apps(world)
