"""Databases for tests, made in milliseconds: copies of one that was migrated once in the run."""

import os
import secrets
import shutil
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from fedcom import migrate
from tests.support import services

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
    """Makes and drops databases on the run's server, over one connection of its own."""

    def __init__(self) -> None:
        self._url = make_url(services.postgresql_url())
        self._admin = psycopg.connect(_text(self._url), autocommit=True)
        self._template = f"fedcom_template_{services.run_folder().name[-8:]}"

    def create(self, *, migrated: bool) -> str:
        """The address of a new database."""
        name = f"fedcom_test_{secrets.token_hex(6)}"
        self._run(
            "CREATE DATABASE {} TEMPLATE {}",
            name,
            self._ready_template() if migrated else "template1",
        )
        return _text(self._url.set(database=name))

    def drop(self, url: str) -> None:
        """Drop it, whoever is still connected."""
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", str(make_url(url).database))

    def close(self) -> None:
        """Close the connection; the template stays for the run's other processes."""
        self._admin.close()

    def drop_template(self) -> None:
        """At the end of the run, on a server that outlives it."""
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", self._template)

    def _ready_template(self) -> str:
        with services.once(MARK) as mark:
            if not mark.exists():
                self._run("CREATE DATABASE {}", self._template)
                migrate.upgrade(_text(self._url.set(database=self._template)))
                mark.touch()
        return self._template

    def _run(self, statement: LiteralString, *names: str) -> None:
        if "TEMPLATE" in statement and self._admin.info.server_version >= 150000:
            # three times as fast as the default on a server without fsync
            statement += " STRATEGY FILE_COPY"
        self._admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


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
