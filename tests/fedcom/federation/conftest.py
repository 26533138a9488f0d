"""Documents are the same on every database."""

import pytest


@pytest.fixture
def dialect(request: pytest.FixtureRequest) -> str:
    """On SQLite, unless a test asks for another (`indirect`)."""
    return str(getattr(request, "param", "sqlite"))
