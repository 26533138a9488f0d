"""Boosts of local content: counted for its author, and otherwise without effect."""

from sqlalchemy import Column, Index, Table, Text

from fedcom.models.base import metadata

boost = Table(
    "boost",
    metadata,
    # By both ids; most boosters are not stored here as actors.
    Column("subject_iri", Text, primary_key=True),
    Column("actor_iri", Text, primary_key=True),
    # The id of the Announce, so that its Undo can name it.
    Column("iri", Text, nullable=True),
    Index("ix_boost_actor_iri", "actor_iri"),
)
