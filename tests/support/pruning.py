"""Deleting outdated rows at once, in a transaction that is open."""

from sqlalchemy import Connection

from database.pruning import Outdated


def prune_now(conn: Connection, *kinds: Outdated, most: int = 100) -> int:
    """Delete up to `most` rows of each kind; how many in all."""
    return sum(kind.drop(conn, kind.find(conn, most)) for kind in kinds)
