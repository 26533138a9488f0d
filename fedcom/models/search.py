"""The indexes of the search, the words that occur in the texts there, and the texts whose words are
still to be read.

Triggers maintain the indexes (revision 0005) and fill `search_unread` (revision 0047). All of them
are derived, so they are no part of the metadata that `db check` compares and `db move` copies.
"""

from sqlalchemy import Column, MetaData, Table, TableClause, Text, column, table

from fedcom.db import BigId, SortableText

_derived = MetaData()

search_word = Table(
    "search_word",
    _derived,
    # In lower case, with its accents.
    Column("word", SortableText, primary_key=True),
    # A key of `fedcom.text.stems`.
    Column("language", SortableText, primary_key=True),
    # Its stem in that language, without accents, from the last letter to the first.
    Column("backwards", SortableText, nullable=False),
)

search_unread = Table(
    "search_unread",
    _derived,
    Column("id", BigId, primary_key=True),
    # "post", "comment" or "actor"
    Column("source", Text, nullable=False),
    Column("row_id", BigId, nullable=False),
)


def _index(name: str) -> TableClause:
    """`rowid` is the id of the post, comment or actor; `words` is the column for PostgreSQL."""
    texts = [column(each, Text) for each in ("title", "body", "url")]
    return table(f"{name}_search", column("rowid", BigId), *texts, column("words"))


post_index, comment_index, actor_index = (_index(name) for name in ("post", "comment", "actor"))
