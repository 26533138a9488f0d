"""`live`: one server process for the scenarios with peers; `clients` and `far`: two for Lemmy's
own client.
"""

from collections.abc import Iterator

import pytest

from tests.federation.conftest import Live, open_live
from tests.support import server_processes
from tests.support.javascript import Program, running
from tests.support.lemmy_scene import Clients, found_site, open_clients
from tests.support.smtp_server import open_smtp_server


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
    """The clients of everybody at another instance of ours, which they also set up."""
    node = server_processes.Node("far", tmp_path_factory.mktemp("far"), address="127.0.0.26")
    with server_processes.running(node):
        found_site(lemmy_js, node)
        yield open_clients(lemmy_js, node)


@pytest.fixture(scope="package")
def clients(tmp_path_factory: pytest.TempPathFactory, lemmy_js: Program) -> Iterator[Clients]:
    """The clients of everybody at an instance of their own, which sends mail: they appoint
    moderators.
    """
    folder = tmp_path_factory.mktemp("clients")
    with (
        open_smtp_server() as mail,
        open_live(folder, "127.0.0.29", smtp_url=mail.url) as opened,
    ):
        yield open_clients(lemmy_js, opened.node, mail)
