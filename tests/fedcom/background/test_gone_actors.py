"""Actors whose inboxes are gone: deleted only if their own server says that they are, too."""

import pytest

from fedcom.background.gone_actors import GoneActors
from tests.support.documents import person
from tests.support.node import Node

pytestmark = pytest.mark.anyio

KIM, KEN, LIV = (f"https://{name}.example/u/{name}" for name in ("kim", "ken", "liv"))


@pytest.fixture
def dialect() -> str:
    """It is the same on every database."""
    return "sqlite"


async def test_only_the_actors_that_are_gone_are_deleted(node: Node) -> None:
    for iri in (KIM, KEN, LIV):
        node.home.person(iri)
    node.network.gone(KIM)
    node.network.put(person(KEN))
    node.network.silent.add("liv.example")
    actors = GoneActors(node.instance.units)
    for iri in (KIM, KEN, LIV, "https://kim.example/u/unknown"):
        actors.suspect(iri)

    await actors.ask()

    after = node.snapshot()
    assert after[KIM] == "erased"
    assert "erased" not in {after[KEN], after[LIV]}
    node.network.fetched()
    await actors.ask()
    assert node.network.fetched() == []
