"""The statements that are sent, and which tables one reads from one end to the other, by its plan.

Walking down an index until a LIMIT is reached does not count, if nothing is sorted on the way; nor
does reading an index of few rows (`SMALL`).
"""

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine

SMALL = {
    *("ix_inbox_journal_due", "ix_inbox_journal_host_subject", "ix_inbox_journal_host_due"),
    *("ix_inbox_journal_claimed", "ix_outbox_delivery_host_due_at", "ix_outbox_delivery_due_at"),
    *("ix_outbox_delivery_order", "ix_outbox_delivery_claimed", "ix_post_featured"),
    *("ix_actor_local", "ix_post_local", "ix_comment_local", "ix_actor_banned_at"),
    *("ix_notification_awaits_mail", "ix_notification_awaits_push"),
}
"""Partial indexes whose condition few rows meet: those that wait, are pinned, banned or local."""

_ALIAS = re.compile(r'(?:FROM|JOIN|,|INTO|UPDATE)\s+"?(\w+)"?\s+AS\s+"?(\w+)"?')
_PARAMETER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True)
class Sent:
    """A statement with its parameters, as the driver got it."""

    statement: str
    parameters: Any


@contextmanager
def captured() -> Iterator[dict[str, Sent]]:
    """The statements that are sent meanwhile, each once."""
    found: dict[str, Sent] = {}

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
            one = parameters[0] if isinstance(parameters, list) else parameters
            one = dict(one) if isinstance(one, Mapping) else tuple(one)
            found.setdefault(statement, Sent(statement, one))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that are sent meanwhile. Savepoints and commits are not counted."""
    statements: list[str] = []

    def note_down(*given: Any) -> None:
        if not given[2].startswith(("BEGIN", "SAVEPOINT", "RELEASE", "PRAGMA")):
            statements.append(given[2])

    event.listen(Engine, "before_cursor_execute", note_down)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note_down)


@contextmanager
def steps(conn: Connection) -> Iterator[list[int]]:
    """The instructions of SQLite's machine that run meanwhile, in tens: one item each."""
    driver = conn.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    found: list[int] = []

    def count() -> None:
        found.append(1)

    driver.set_progress_handler(count, 10)
    try:
        yield found
    finally:
        driver.set_progress_handler(None, 0)


def scanned(conn: Connection, statement: str, parameters: Any) -> set[str]:
    """The names of the tables, none of which a hot statement should scan if it grows."""
    if conn.dialect.name == "sqlite":
        return set(_scanned_on_sqlite(conn, statement, parameters))
    return set(_scanned_below(_plan(conn, statement), is_limited=False))


def largest_limit(conn: Connection, statement: str) -> float:
    """The most rows that PostgreSQL expects of a limited part of the statement that it joins, 0
    without one.

    It takes a limit that it does not know for a tenth of all rows, and joins so many by reading
    whole tables: where the tables seem large, such a limit does, too.
    """
    return max(_joined_limits(_plan(conn, statement), is_joined=False), default=0)


def _plan(conn: Connection, statement: str) -> dict[str, Any]:
    numbered = _numbered(statement)
    found = conn.exec_driver_sql(f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {numbered}").scalar_one()
    plan: dict[str, Any] = found[0]["Plan"]
    return plan


def _joined_limits(node: dict[str, Any], *, is_joined: bool) -> Iterator[float]:
    if node["Node Type"] == "Limit" and is_joined:
        yield node["Plan Rows"]
    is_joined |= node["Node Type"] in {"Nested Loop", "Hash Join", "Merge Join"}
    for part in node.get("Plans", ()):
        is_cte = part.get("Subplan Name", "").startswith("CTE ")
        yield from _joined_limits(part, is_joined=is_joined or is_cte)


def _numbered(statement: str) -> str:
    """The statement as the server gets it, with its parameters by number."""
    names = dict.fromkeys(_PARAMETER.findall(statement))
    numbers = {name: f"${number}" for number, name in enumerate(names, 1)}
    return _PARAMETER.sub(lambda found: numbers[found[1]], statement).replace("%%", "%")


def _scanned_on_sqlite(conn: Connection, statement: str, parameters: Any) -> Iterator[str]:
    names = {alias: name for name, alias in _ALIAS.findall(statement)}
    plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    sorted_in = {parent for _, parent, _, step in plan if step.startswith("USE TEMP B-TREE FOR")}
    for _, parent, _, step in plan:
        found = re.fullmatch(r"SCAN (\w+)(.*)", step)
        if found is None:
            continue
        name, how = names.get(found[1], found[1]), found[2]
        if how.rpartition(" ")[2] in SMALL:
            continue
        if "VIRTUAL TABLE" in how:
            if "M" in how or "=" in how:  # by a MATCH, or by the row's id
                continue
        elif parent not in sorted_in and "ORDER BY" in statement and "LIMIT" in statement:
            continue
        yield name


def _scanned_below(node: dict[str, Any], *, is_limited: bool) -> Iterator[str]:
    kind = node["Node Type"]
    has_bounds = "Index Cond" in node
    is_walk = kind in {"Index Scan", "Index Only Scan"} and is_limited
    reads = kind.endswith(("Seq Scan", "Index Scan", "Index Only Scan"))
    if reads and not has_bounds and not is_walk and node.get("Index Name") not in SMALL:
        yield node.get("Relation Name", node.get("Index Name", ""))
    is_limited = kind == "Limit" or (
        is_limited and kind in {"Nested Loop", "Subquery Scan", "Result", "LockRows", "Memoize"}
    )
    for below in node.get("Plans", ()):
        # Only the outer side of a join stops early.
        stops = is_limited and below["Parent Relationship"] in {"Outer", "Subquery"}
        yield from _scanned_below(below, is_limited=stops)
