import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from fedcom import migrate
from fedcom.app import create_app
from fedcom.db import open_database
from fedcom.settings import Settings
from fedcom.wiring import open_instance

pytestmark = pytest.mark.anyio

Get = Callable[[str], Awaitable[httpx.Response]]


def execute(url: str, statement: str) -> None:
    database = open_database(url)
    with database.begin() as connection:
        connection.execute(text(statement))
    database.close()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(
        origin="https://forum.example", database_url=database_url, data_dir=tmp_path / "data"
    )


@asynccontextmanager
async def asking(settings: Settings) -> AsyncIterator[Get]:
    """How to GET a path of the application on this instance."""
    app = create_app(settings)
    async with (
        open_instance(settings) as instance,
        httpx.AsyncClient(  # noqa: TID251 - in memory
            transport=httpx.ASGITransport(app), base_url=settings.origin
        ) as client,
    ):
        app.state.instance = instance
        yield client.get


async def test_ready_is_a_database_that_answers_at_the_newest_revision(settings: Settings) -> None:
    url = settings.database_url
    head = migrate.current_and_head(url)[1]
    async with asking(settings) as get:

        async def ask() -> tuple[int, str]:
            answer = await get("/readyz")
            return answer.status_code, answer.text

        assert await ask() == (200, "ready\n")
        execute(url, "UPDATE alembic_version SET version_num = '9999'")
        assert await ask() == (503, f"not ready: revision 9999, not {head}\n")
        execute(url, "DELETE FROM alembic_version")
        assert await ask() == (503, f"not ready: revision None, not {head}\n")
        execute(url, "ALTER TABLE alembic_version RENAME TO elsewhere")
        assert await ask() == (503, "not ready: the database is not responding\n")
        execute(url, "ALTER TABLE elsewhere RENAME TO alembic_version")
        execute(url, f"INSERT INTO alembic_version VALUES ('{head}')")
        assert await ask() == (200, "ready\n")


async def test_asking_whether_it_is_ready_costs_hardly_more_than_whether_it_is_alive(
    settings: Settings,
) -> None:
    async with asking(settings) as get:

        async def cost(path: str) -> float:
            started = time.process_time()
            for _ in range(20):
                assert (await get(path)).status_code == 200
            return time.process_time() - started

        await cost("/readyz")
        alive, ready = [min([await cost(path) for _ in range(3)]) for path in ("/livez", "/readyz")]

    assert ready < 10 * alive
