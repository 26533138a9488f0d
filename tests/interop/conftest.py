"""`live`: one server process for all scenarios here; `clients`: Lemmy's own client at it."""

from collections.abc import Iterator

import pytest

from tests.federation.conftest import Live, open_live
from tests.interop.lemmy_scene import Clients
from tests.support.javascript import Program, running
from tests.support.lemmy_client import LemmyClient, token_of
from tests.support.visitor import Visitor


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
def clients(live: Live, lemmy_js: Program) -> Iterator[Clients]:
    """The clients of everybody at `live`."""
    origin = live.node.origin
    with Visitor(origin, "mia") as mia, Visitor(origin, "eve") as eve:
        for one in (mia, eve):
            one.register()
        live.ann.appoint("/c/garden", "mia")
        tokens = [token_of(one) for one in (live.bob, mia, live.ann, eve)]
        yield Clients(*(LemmyClient(lemmy_js, origin, token) for token in ("", *tokens)))
