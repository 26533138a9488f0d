"""`live`: one server process for all scenarios here."""

from collections.abc import Iterator

import pytest

from tests.federation.conftest import Live, open_live


@pytest.fixture(scope="package")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """On SQLite: nothing here depends on the database."""
    with open_live(tmp_path_factory.mktemp("live"), "127.0.0.25") as opened:
        yield opened
