"""Databases for tests, made in milliseconds: copies of one that was migrated once in the run."""

import os
import secrets
import shutil
from collections import Counter
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
import sqlalchemy
from psycopg import sql
from sqlalchemy import URL, Engine, make_url

from fedcom import db, migrate
from tests.support import services

MOST_USES = 50
"""Times that one database is given out: what was deleted still takes room."""

MOST_PAGES = 64
"""Pages of one table in a database that is worth emptying."""

MARK = "template.postgresql"
"""The file in the run's folder that says that the server has the run's template."""


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


class PostgresqlDatabases:
    """Makes and drops databases on the run's server, over one connection of its own.

    A database that is dropped is emptied and given out again, as often as it stays what it was:
    copying one takes a hundred times as long.
    """

    def __init__(self) -> None:
        self._url = make_url(services.postgresql_url())
        self._admin = psycopg.connect(_text(self._url), autocommit=True)
        self._template = f"fedcom_template_{services.run_folder().name[-8:]}"
        self._shape: tuple[Any, ...] | None = None
        # Migrated ones, by name: how often each was used, and those that nobody uses now.
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
                with psycopg.connect(self._address(name)) as connection:
                    self._shape = _shape(connection)
        return self._address(name)

    def drop(self, url: str) -> None:
        """Drop it, whoever is still connected."""
        name = str(make_url(url).database)
        if 0 < self._uses[name] < MOST_USES:
            self._spare.append(name)
        else:
            self._drop(name)

    def close(self) -> None:
        """Drop what is kept and close the connection; the template stays for the run's other
        processes.
        """
        for name in self._spare:
            self._drop(name)
        self._admin.close()

    def drop_template(self) -> None:
        """At the end of the run, on a server that outlives it."""
        self._drop(self._template)

    def _empty(self, name: str) -> bool:
        """Empty a migrated database, if it can be made as good as a new one."""
        self._admin.execute(_PART_ALL, [name])
        self._uses[name] += 1
        with psycopg.connect(self._address(name)) as connection:
            if _shape(connection) != self._shape:
                return False
            used = connection.execute(_USED).fetchall()
            if any(pages > MOST_PAGES for _, pages in used):
                return False
            tables = [sql.Identifier(table) for table, _ in used]
            try:
                # No order among them, and no triggers: only a superuser may do without.
                connection.execute("SET session_replication_role = replica")
            except psycopg.errors.InsufficientPrivilege:
                return False
            for table in tables:
                connection.execute(sql.SQL("DELETE FROM {}").format(table))
            connection.execute(_RESTART)
        return True

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
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _run(self, statement: LiteralString, *names: str) -> None:
        if "TEMPLATE" in statement and self._admin.info.server_version >= 150000:
            # three times as fast as the default on a server without fsync
            statement += " STRATEGY FILE_COPY"
        self._admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


_PART_ALL = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s
"""
_USED = """
SELECT relname, pg_relation_size(oid) / 8192 FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
  AND pg_relation_size(oid) > 0
"""
_RESTART = """
SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence
"""


def _shape(connection: psycopg.Connection[Any]) -> tuple[Any, ...]:
    """What a test can have changed about a database but its rows."""
    return (
        connection.execute(
            """
        SELECT
          (SELECT array_agg(version_num::text) FROM alembic_version),
          (SELECT array_agg((oid, relname, relchecks)::text ORDER BY oid) FROM pg_class
           WHERE relnamespace = 'public'::regnamespace),
          (SELECT array_agg((attrelid, attname, atttypid, attnotnull, atthasdef)::text
                            ORDER BY attrelid, attnum)
           FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
           WHERE relnamespace = 'public'::regnamespace),
          (SELECT array_agg(conname::text ORDER BY oid) FROM pg_constraint),
          (SELECT count(*) FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp'),
          (SELECT count(*) FROM pg_proc),
          (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal),
          (SELECT count(*) FROM pg_statistic JOIN pg_class ON pg_class.oid = starelid
           WHERE relnamespace = 'public'::regnamespace)
        """
        ).fetchone()
        or ()
    )


def statements_compiled_once(patch: pytest.MonkeyPatch) -> None:
    """Let all databases of one kind in this process share what SQLAlchemy has compiled.

    A statement is compiled once for each engine, and a test that opens a database of its own spends
    more time on that than on running them.
    """
    first: dict[tuple[Any, ...], Engine] = {}

    def create_engine(url: URL, **options: Any) -> Engine:
        engine = sqlalchemy.create_engine(url, query_cache_size=5_000, **options)
        known = first.setdefault((engine.name, options.get("isolation_level")), engine)
        # One that never connected does not know yet what its server can do.
        if known is not engine and known.dialect.server_version_info is not None:
            engine.dialect = engine.pool._dialect = known.dialect
            engine._compiled_cache = known._compiled_cache
        return engine

    patch.setattr(db, "create_engine", create_engine)


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
