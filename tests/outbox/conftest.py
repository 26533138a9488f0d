"""Fixtures of the outbox: its tables on both databases, a scripted way out, a Redis to stop."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from activitypub.signatures.keys import PrivateKey, generate_rsa_pem, load_private
from fedcom.db import Database
from outbox.deliveries import metadata
from tests.outbox.world import ACTOR, Network, RedisServer, Signers, World
from tests.support.clock import SettableClock
from tests.support.example_table import opened_with


@pytest.fixture
def db(empty_database_url: str) -> Iterator[Database]:
    """A database with the outbox's tables in it."""
    with opened_with(metadata, empty_database_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def private_key() -> PrivateKey:
    """A key made once."""
    return load_private(f"{ACTOR}#main-key", generate_rsa_pem()[0])


@pytest.fixture
def network() -> Network:
    """The scripted peers."""
    return Network()


@pytest.fixture
def signers(private_key: PrivateKey) -> Signers:
    """The signing keys."""
    return Signers(private_key)


@pytest.fixture
def world(db: Database, network: Network, signers: Signers, clock: SettableClock) -> World:
    """The outbox at noon; time stands still until the test moves the clock."""
    return World(db, network, signers, clock)


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A running Redis that the test may stop."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()
