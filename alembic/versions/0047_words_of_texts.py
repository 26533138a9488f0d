"""Add the words that occur in texts, for other forms of a word, compounds and typing errors.

Revision 0047, after 0046. `search_word` holds each word once per language, with its stem read
backwards: the words with one stem, and those that end with it, are beside each other in the index.
`search_unread` names the texts whose words are not in it yet: triggers add those that are written,
and this revision all others. A loop of the server reads them (`fedcom.background.search_words`), so
the upgrade of a large database takes seconds.

No model declares these tables: a copy of the database makes them anew, as it does the indexes.
"""

from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

# The columns of a text whose change may bring new words; see revision 0005.
CHANGES = {
    "post": "title, body_html, content_warning, image_alt, deleted_at, removed_at, language",
    "comment": "body_html, content_warning, deleted_at, removed_at, language",
    "actor": "kind, name, title, summary_html, deleted_at",
}


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    number = "INTEGER" if is_sqlite else "bigint GENERATED ALWAYS AS IDENTITY"
    text = "TEXT NOT NULL" if is_sqlite else 'text COLLATE "C" NOT NULL'
    op.execute(
        f"CREATE TABLE search_word (word {text}, language {text}, backwards {text},"
        f" PRIMARY KEY (word, language)){' WITHOUT ROWID' if is_sqlite else ''}"
    )
    op.execute("CREATE INDEX ix_search_word_backwards ON search_word (backwards, language, word)")
    op.execute(
        f"CREATE TABLE search_unread (id {number} PRIMARY KEY, source TEXT NOT NULL,"
        " row_id BIGINT NOT NULL)"
    )
    # The last are read first, and people search more for posts.
    for source in ("comment", "actor", "post"):
        op.execute(
            "INSERT INTO search_unread (source, row_id)"
            f" SELECT '{source}', id FROM {source} WHERE deleted_at IS NULL ORDER BY id"
        )
    build = _build_sqlite if is_sqlite else _build_postgresql
    build()


def _build_sqlite() -> None:
    for source, changes in CHANGES.items():
        put = f"INSERT INTO search_unread (source, row_id) VALUES ('{source}', new.id);"
        for name, change in (("insert", "INSERT"), ("update", f"UPDATE OF {changes}")):
            op.execute(
                f"CREATE TRIGGER {source}_unread_{name} AFTER {change} ON {source}"
                f" WHEN new.deleted_at IS NULL BEGIN {put} END"
            )


def _build_postgresql() -> None:
    op.execute(
        """CREATE FUNCTION search_unread_keep() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO search_unread (source, row_id) VALUES (TG_TABLE_NAME, new.id);
                RETURN NULL;
            END
        $$"""
    )
    for source, changes in CHANGES.items():
        op.execute(
            f"CREATE TRIGGER {source}_unread AFTER INSERT OR UPDATE OF {changes} ON {source}"
            " FOR EACH ROW WHEN (new.deleted_at IS NULL) EXECUTE FUNCTION search_unread_keep()"
        )
