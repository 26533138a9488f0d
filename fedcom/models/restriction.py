"""Actions that remote authors forbid on a post or comment of theirs."""

from sqlalchemy import Boolean, Column, Table, Text

from fedcom.models.base import metadata

# By the id of the post or comment; without a row everything is allowed.
restriction = Table(
    "restriction",
    metadata,
    Column("iri", Text, primary_key=True),
    Column("no_replies", Boolean, nullable=False),
    Column("no_boosts", Boolean, nullable=False),
)
