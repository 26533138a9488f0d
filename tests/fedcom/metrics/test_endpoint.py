import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from fedcom.app import create_app
from fedcom.metrics.endpoint import serving_metrics
from fedcom.metrics.instruments import Metrics
from fedcom.settings import Settings, SettingsError
from tests.support.server_processes import Node, Process, free_port
from tests.support.waiting import eventually

pytestmark = pytest.mark.anyio

Get = Callable[[str], Awaitable[httpx.Response]]


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(
        origin="https://forum.example",
        database_url=database_url,
        data_dir=tmp_path / "data",
        metrics_bind=f"127.0.0.1:{free_port()}",
    )


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Get]:
    """How to GET a path of the running application."""
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(  # noqa: TID251 - in memory
            transport=httpx.ASGITransport(app), base_url=settings.origin
        ) as client,
    ):
        yield client.get


def scraped(bind: str | None) -> list[str]:
    answer = httpx.get(f"http://{bind}/metrics", trust_env=False)
    assert answer.status_code == 200
    return answer.text.splitlines()


def count(route: str, status: int) -> str:
    labels = f'method="GET",route="{route}",status="{status}"'
    return f"fedcom_request_seconds_count{{{labels}}}"


async def test_requests_are_counted_by_route(settings: Settings) -> None:
    async with opened(settings) as get:
        for path in ("/livez", "/u/nobody1", "/u/nobody2", "/wp-login.php", "/xmlrpc.php"):
            await get(path)
        lines = scraped(settings.metrics_bind)
    assert f"{count('/livez', 200)} 1.0" in lines
    assert f"{count('/u/{slug}', 303)} 2.0" in lines  # to the set-up page
    assert f"{count('none', 404)} 2.0" in lines
    assert not [line for line in lines if "wp-login" in line or "nobody" in line]


async def test_requests_that_the_page_cache_answers_are_counted_apart(settings: Settings) -> None:
    asked, lines = 0, list[str]()
    async with opened(settings) as get:
        # Commits of other tests to the same PostgreSQL empty the cache, too.
        while not any(line.startswith(count("page cache", 200)) for line in lines):
            assert (await get("/actor")).status_code == 200
            asked, lines = asked + 1, scraped(settings.metrics_bind)
    assert asked > 1
    assert f"{count('page cache', 200)} 1.0" in lines
    assert f"{count('/actor', 200)} {asked - 1}.0" in lines


async def test_the_process_the_queues_and_the_connections_are_shown(settings: Settings) -> None:
    async with opened(settings):
        names = {
            line.partition("{")[0].partition(" ")[0] for line in scraped(settings.metrics_bind)
        }
    assert {
        "fedcom_info",
        "fedcom_database_up",
        "fedcom_database_units",
        "fedcom_database_connections",
        "fedcom_deliveries",
        "fedcom_inbox_journal_rows",
        "process_resident_memory_bytes",
    } <= names


async def test_the_public_address_does_not_show_them(settings: Settings) -> None:
    async with opened(settings) as get:
        assert (await get("/metrics")).status_code == 404


async def test_nothing_is_measured_without_the_setting(settings: Settings) -> None:
    without = settings.model_copy(update={"metrics_bind": None})
    async with opened(without) as get:
        assert (await get("/livez")).status_code == 200
        with pytest.raises(httpx.ConnectError):
            scraped(settings.metrics_bind)


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        with (
            pytest.raises(SettingsError, match=r"^metrics_bind: .* cannot be used: "),
            serving_metrics(Metrics(), bind),
        ):
            pass


def test_a_worker_shows_its_figures(tmp_path: Path, redis_url: str) -> None:
    bind = f"127.0.0.1:{free_port()}"
    node = Node("one", tmp_path / "one", redis_url=redis_url, metrics_bind=bind)
    worker = Process(["worker"], node.environ, tmp_path / "worker.log")
    worker.start()
    try:
        found: list[str] = []
        eventually(lambda: _is_scraped(bind, found))
    finally:
        worker.stop()
    assert "fedcom_database_up 1.0" in found


def _is_scraped(bind: str, found: list[str]) -> bool:
    try:
        found[:] = scraped(bind)
    except httpx.ConnectError:
        return False
    return True
