"""Databases for tests, made in milliseconds: copies of one that was migrated once in the run.

Expensive results of one test are kept for the next: databases and connections of PostgreSQL,
statements that SQLAlchemy has compiled.
"""

import os
import secrets
import shutil
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Hashable
from functools import wraps
from pathlib import Path
from typing import Any, LiteralString
from weakref import WeakKeyDictionary

import psycopg
import pytest
import sqlalchemy
from psycopg import sql
from psycopg.pq import TransactionStatus
from sqlalchemy import URL, Engine, event, make_url

from fedcom import db, migrate
from tests.support import services

MOST_USES = 50
"""How often one database is reused: deleted rows still take room."""

MOST_PAGES = 64
"""Pages of one table above which a database is not worth emptying."""

MARK = "template.postgresql"
"""The file in the run's folder that marks that the server has the run's template."""


def sqlite_database(path: Path, *, migrated: bool) -> str:
    """The address of a database in a new file at `path`."""
    if migrated:
        with services.once("template.sqlite3") as template:
            if not template.exists():
                draft = template.with_name("draft.sqlite3")
                migrate.upgrade(f"sqlite:///{draft}")
                draft.rename(template)
        shutil.copyfile(template, path)
    return f"sqlite:///{path}"


class KeptConnections:
    """Idle connections to PostgreSQL, for the next engine that needs an equal one.

    A new one costs a process of the server, which has to load the whole schema again.
    """

    def __init__(self) -> None:
        self._free: defaultdict[Hashable, list[psycopg.Connection[Any]]] = defaultdict(list)
        self._made_for: WeakKeyDictionary[psycopg.Connection[Any], Hashable] = WeakKeyDictionary()

    def serve(self, engine: Engine) -> None:
        """Let the engine take its connections from here and return them here."""

        @event.listens_for(engine, "do_connect")
        def take(dialect: Any, _record: object, args: Any, named: Any) -> psycopg.Connection[Any]:
            # The adapters belong to each engine, and are the same.
            wanted = frozenset((name, value) for name, value in named.items() if name != "context")
            free = self._free[wanted]
            made: psycopg.Connection[Any] = free.pop() if free else dialect.connect(*args, **named)
            self._made_for[made] = wanted
            return made

        engine.dialect.do_close = self._leave

    def pids(self, name: str) -> list[int]:
        """The server's idle processes that are connected to this database."""
        return [one.info.backend_pid for one in self._all() if one.info.dbname == name]

    def close(self, name: str) -> None:
        """Close those to this database."""
        for free in self._free.values():
            for one in [one for one in free if one.info.dbname == name]:
                free.remove(one)
                one.close()

    def _all(self) -> list[psycopg.Connection[Any]]:
        return [one for free in self._free.values() for one in free]

    def _leave(self, connection: psycopg.Connection[Any]) -> None:
        try:
            if connection.info.transaction_status is TransactionStatus.ACTIVE:
                raise psycopg.OperationalError
            connection.rollback()
            connection.autocommit = True
            connection.execute(_FORGET, prepare=False)
        except psycopg.Error:
            connection.close()
        else:
            connection._notice_handlers.clear()
            self._free[self._made_for[connection]].append(connection)


kept = KeptConnections()


class PostgresqlDatabases:
    """Creates and drops databases on the run's server, over one connection of its own.

    A dropped database is emptied and reused as long as its schema is unchanged: copying one takes a
    hundred times as long.
    """

    def __init__(self) -> None:
        self._url = make_url(services.postgresql_url())
        self._admin = psycopg.connect(_text(self._url), autocommit=True)
        self._template = f"fedcom_template_{services.run_folder().name[-8:]}"
        self._shape: tuple[Any, ...] | None = None
        self._inside: dict[str, psycopg.Connection[Any]] = {}
        # Migrated ones, by name: how often each was used, and those that are free.
        self._uses: Counter[str] = Counter()
        self._spare: list[str] = []

    def create(self, *, migrated: bool) -> str:
        """The address of a new database."""
        if migrated:
            while self._spare:
                name = self._spare.pop()
                if self._empty(name):
                    return self._address(name)
                self._drop(name)
        name = f"fedcom_test_{secrets.token_hex(6)}"
        template = self._ready_template() if migrated else "template1"
        self._run("CREATE DATABASE {} TEMPLATE {}", name, template)
        if migrated:
            self._uses[name] = 1
            if self._shape is None:
                self._shape = _shape(self._connected(name))
        return self._address(name)

    def drop(self, url: str) -> None:
        """Drop it, even if connections are open."""
        name = str(make_url(url).database)
        if 0 < self._uses[name] < MOST_USES:
            self._spare.append(name)
        else:
            self._drop(name)

    def close(self) -> None:
        """Drop the kept databases and close the connection; the template stays for the run's other
        processes.
        """
        for name in {*self._spare, *self._inside}:
            self._drop(name)
        self._admin.close()

    def drop_template(self) -> None:
        """At the end of the run, on a server that outlives it."""
        self._drop(self._template)

    def _empty(self, name: str) -> bool:
        """Empty a migrated database, if it can be made as good as a new one."""
        inside = self._connected(name)
        self._admin.execute(_PART_ALL, [name, [inside.info.backend_pid, *kept.pids(name)]])
        self._uses[name] += 1
        if _shape(inside) != self._shape:
            return False
        used = inside.execute(_USED).fetchall()
        if any(pages > MOST_PAGES for _, pages in used):
            return False
        deletes = [sql.SQL("DELETE FROM {};").format(sql.Identifier(table)) for table, _ in used]
        try:
            # In any order and without triggers, which only a superuser can switch off.
            inside.execute(sql.SQL(_EMPTY).format(sql.SQL("").join(deletes)))
        except psycopg.errors.InsufficientPrivilege:
            return False
        return True

    def _connected(self, name: str) -> psycopg.Connection[Any]:
        if name not in self._inside:
            self._inside[name] = psycopg.connect(self._address(name), autocommit=True)
        return self._inside[name]

    def _ready_template(self) -> str:
        with services.once(MARK) as mark:
            if not mark.exists():
                self._run("CREATE DATABASE {}", self._template)
                migrate.upgrade(self._address(self._template))
                mark.touch()
        return self._template

    def _address(self, name: str) -> str:
        return _text(self._url.set(database=name))

    def _drop(self, name: str) -> None:
        kept.close(name)
        if name in self._inside:
            self._inside.pop(name).close()
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _run(self, statement: LiteralString, *names: str) -> None:
        if "TEMPLATE" in statement and self._admin.info.server_version >= 150000:
            # three times as fast as the default on a server without fsync
            statement += " STRATEGY FILE_COPY"
        self._admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


_FORGET = """
RESET ALL; CLOSE ALL; UNLISTEN *; DISCARD TEMP; SELECT pg_advisory_unlock_all()
"""
"""As `DISCARD ALL`, except prepared statements: psycopg keeps a list of them."""
_PART_ALL = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = %s AND pid <> ALL(%s)
"""
_USED = """
SELECT relname, pg_relation_size(oid) / 8192 FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
  AND pg_relation_size(oid) > 0
"""
_EMPTY: LiteralString = """
BEGIN;
SET LOCAL session_replication_role = replica;
{}
SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence;
COMMIT
"""


def _shape(connection: psycopg.Connection[Any]) -> tuple[Any, ...]:
    """Everything that a test can have changed in a database except its rows: the number of rows of
    each catalogue, and the transaction that wrote its newest.
    """
    return (
        connection.execute(
            """
        SELECT
          (SELECT array_agg(version_num::text) FROM alembic_version),
          (SELECT count(*) FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp'),
          (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_class),
          (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_attribute),
          (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_attrdef),
          (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_constraint),
          (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_proc),
          (SELECT (count(*), max(xmin::text::bigint))::text FROM pg_trigger),
          (SELECT count(*) FROM pg_statistic JOIN pg_class ON pg_class.oid = starelid
           WHERE relnamespace = 'public'::regnamespace)
        """
        ).fetchone()
        or ()
    )


def statements_compiled_once(patch: pytest.MonkeyPatch) -> None:
    """Let all databases of one kind in this process share SQLAlchemy's compiled statements.

    A statement is compiled once per engine, and a test that opens its own database spends more time
    on that than on running them.
    """
    first: dict[tuple[Any, ...], Engine] = {}

    def create_engine(url: URL, **options: Any) -> Engine:
        engine = sqlalchemy.create_engine(url, query_cache_size=5_000, **options)
        if engine.name == "postgresql":
            kept.serve(engine)
        known = first.setdefault((engine.name, options.get("isolation_level")), engine)
        # An engine that never connected does not know its server's features yet.
        if known is not engine and known.dialect.server_version_info is not None:
            # Nor does it need to query the server's features again.
            engine.dialect.initialize = lambda _connection: None
            engine.dialect = engine.pool._dialect = known.dialect
            engine._compiled_cache = known._compiled_cache
        return engine

    patch.setattr(db, "create_engine", create_engine)


def commits_unsynced(patch: pytest.MonkeyPatch) -> None:
    """Let no commit to SQLite in this process wait for the disk: tests do not simulate power
    cuts.
    """
    prepare = db.prepare_sqlite

    @wraps(prepare)
    def prepare_in_haste(connection: sqlite3.Connection) -> None:
        prepare(connection)
        connection.execute("PRAGMA synchronous = OFF")

    patch.setattr(db, "prepare_sqlite", prepare_in_haste)
    patch.setattr(migrate, "prepare_sqlite", prepare_in_haste)


def forget_template() -> None:
    """Leave nothing on a server that outlives the run; called by the run's first process, at its
    end.
    """
    if os.environ.get(services.POSTGRESQL_URL) and (services.run_folder() / MARK).exists():
        databases = PostgresqlDatabases()
        databases.drop_template()
        databases.close()


def _text(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
