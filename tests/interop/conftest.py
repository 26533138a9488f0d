"""`live`: one server process for the scenarios with peers; `clients` and `far`: two for Lemmy's
own client.
"""

from collections.abc import Iterator

import pytest

from tests.federation.conftest import Live, open_live
from tests.support.javascript import Program, running
from tests.support.lemmy_scene import Clients, open_clients


@pytest.fixture(scope="package")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """On SQLite: nothing here depends on the database."""
    with open_live(tmp_path_factory.mktemp("live"), "127.0.0.25") as opened:
        yield opened


@pytest.fixture(scope="package")
def lemmy_js() -> Iterator[Program]:
    """Lemmy's own client."""
    with running("lemmy.mjs") as program:
        yield program


@pytest.fixture(scope="package")
def far(tmp_path_factory: pytest.TempPathFactory, lemmy_js: Program) -> Iterator[Clients]:
    """The clients of everybody at another instance of ours."""
    with open_live(tmp_path_factory.mktemp("far"), "127.0.0.26") as opened:
        yield open_clients(lemmy_js, opened.node)


@pytest.fixture(scope="package")
def clients(tmp_path_factory: pytest.TempPathFactory, lemmy_js: Program) -> Iterator[Clients]:
    """The clients of everybody at an instance of their own: they appoint moderators."""
    with open_live(tmp_path_factory.mktemp("clients"), "127.0.0.29") as opened:
        yield open_clients(lemmy_js, opened.node)
