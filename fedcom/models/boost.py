"""Who boosted what was written here: counted for its author, and otherwise without effect."""

from sqlalchemy import Column, Index, Table, Text

from fedcom.models.base import metadata

boost = Table(
    "boost",
    metadata,
    # By the ids of both; most who boost are otherwise unknown here.
    Column("subject_iri", Text, primary_key=True),
    Column("actor_iri", Text, primary_key=True),
    # The id of the Announce, so that its Undo can name it.
    Column("iri", Text, nullable=True),
    Index("ix_boost_actor_iri", "actor_iri"),
)
