"""Units of work on a started instance, for tests that only need a database."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import func, select

from fedcom.accounts.members import Member
from fedcom.accounts.register import NewAccount, create_account
from fedcom.context import Context, NewKey
from fedcom.db import Database
from fedcom.models.actor import Community, Person, local_name
from fedcom.models.comment import comment
from fedcom.queries.actors import find_community, find_person
from fedcom.site.setup import start
from tests.support.clock import SettableClock

T = TypeVar("T")

ORIGIN = "https://here.example"
KEY = NewKey(public_pem="-----PUBLIC-----", encrypted_private=b"sealed")


class Rig:
    """A database and a clock: `rig(lambda ctx: …)` is one transaction."""

    def __init__(self, database: Database, clock: SettableClock) -> None:
        self.database = database
        self.clock = clock

    def __call__(self, work: Callable[[Context], T]) -> T:
        with self.database.begin() as conn:
            return work(Context(conn, self.clock(), ORIGIN))

    def start(self) -> None:
        self(lambda ctx: start(ctx, KEY))

    def member(self, name: str = "ann", role: str = "member", email: str | None = None) -> Member:
        newcomer = NewAccount(name=name, password_hash=f"hash of {name}", email=email)
        return self(lambda ctx: create_account(ctx, newcomer, KEY, role))

    def person(self, name: str) -> Person:
        """The person with this name, with current values."""
        found = self(lambda ctx: find_person(ctx.conn, name, ctx.host))
        assert found is not None
        return found

    def community(self, name: str) -> Community:
        """The community with this name, with current values."""
        found = self(lambda ctx: find_community(ctx.conn, name, ctx.host))
        assert found is not None
        return found

    def is_name_free(self, name: str) -> bool:
        """Whether nobody ever had this name here."""
        taken = select(local_name.c.name).where(local_name.c.name == name)
        return self(lambda ctx: ctx.conn.execute(taken).first()) is None

    def count_comments(self) -> int:
        return self(
            lambda ctx: ctx.conn.execute(select(func.count()).select_from(comment)).scalar_one()
        )
