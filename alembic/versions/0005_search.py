"""Add full-text indexes for posts, comments and actors, maintained by triggers.

Revision 0005, after 0004. The tables are `post_search`, `comment_search` and `actor_search` on both
databases: FTS5 on SQLite, a tsvector with a GIN index on PostgreSQL. They hold plain text, and
nothing that was deleted or removed. `fedcom/views/search.py` reads them.

Triggers, because every write has to update the index: forms, peers, backfills, statements that
change many rows, and an older server that still runs beside this one.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# The tags that do not separate words; all others count as a space.
INLINE = ("a", "b", "code", "del", "em", "i", "ins", "s", "span", "strong", "sub", "sup", "u")
ENTITIES = {"&nbsp;": " ", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&"}

# The characters that are neither letter nor digit nor mark, for PostgreSQL, whose locale may not
# know: the signs of ASCII, Latin, Hebrew, Arabic and Indic, general punctuation, symbols, the signs
# of CJK, emoji.
DIVIDING = (
    r"\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7"
    r"\u00f7\u055a-\u055f\u0589\u05be\u05c0\u05c3\u05f3\u05f4\u060c\u061b-\u061f\u066a-\u066d\u06d4\u0964\u0965"
    r"\u2000-\u206f\u20a0-\u20cf\u2190-\u245f\u2500-\u2bff\u2e00-\u2e2e\u2e30-\u2e7f\u3000-\u3004\u3008-\u3020"
    r"\u3030\ufe10-\ufe1f\ufe30-\ufe6f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
    r"\U0001f000-\U0001faff"
)

SHOWN = "{row}deleted_at IS NULL AND {row}removed_at IS NULL"

# table → the indexed expressions by column of the index; whether the row is indexed; the columns
# whose change updates it.
SOURCES = {
    "post": (
        {
            "title": "{row}title || ' ' || {row}content_warning",
            "body": "search_plain({row}body_html) || ' ' || {row}image_alt",
            "url": "coalesce({row}url, '')",
        },
        SHOWN,
        "title, body_html, content_warning, image_alt, url, deleted_at, removed_at",
    ),
    "comment": (
        {"title": "{row}content_warning", "body": "search_plain({row}body_html)", "url": "''"},
        SHOWN,
        "body_html, content_warning, deleted_at, removed_at",
    ),
    "actor": (
        {
            "title": "{row}name || ' ' || {row}title",
            "body": "CASE {row}kind WHEN 'Group' THEN search_plain({row}summary_html) ELSE '' END",
            "url": "''",
        },
        "{row}deleted_at IS NULL AND {row}kind <> 'Application'",
        "kind, name, title, summary_html, deleted_at",
    ),
}


def upgrade() -> None:
    """Bring the schema from the revision before to this one; the way back is a backup."""
    build = _build_sqlite if op.get_bind().dialect.name == "sqlite" else _build_postgresql
    build()


def _run(statement: str) -> None:
    op.execute(statement)


def _select(table: str, row: str, source: str = "") -> str:
    """The indexed values of a row (`new.`), or of each row of a source: id, title, body, url."""
    columns, shown, _ = SOURCES[table]
    values = ", ".join(columns.values())
    return f"SELECT {row}id, {values} {source} WHERE {shown}".replace("{row}", row)


def _build_sqlite() -> None:
    for table, (_, _, changes) in SOURCES.items():
        _run(
            f"CREATE VIRTUAL TABLE {table}_search USING fts5(title, body, url,"
            " tokenize = \"unicode61 remove_diacritics 2 categories 'L* N* M* Co'\")"
        )
        insert = f"INSERT INTO {table}_search (rowid, title, body, url)"
        put = f"{insert} {_strip_on_sqlite(_select(table, 'new.'))};"
        delete = f"DELETE FROM {table}_search WHERE rowid = old.id;"
        _run(f"CREATE TRIGGER {table}_search_insert AFTER INSERT ON {table} BEGIN {put} END")
        _run(f"CREATE TRIGGER {table}_search_delete AFTER DELETE ON {table} BEGIN {delete} END")
        _run(
            f"CREATE TRIGGER {table}_search_update AFTER UPDATE OF {changes} ON {table}"
            f" BEGIN {delete} {put} END"
        )
        _run(f"{insert} {_strip_on_sqlite(_select(table, f'{table}.', f'FROM {table}'))}")


def _strip_on_sqlite(expression: str) -> str:
    """Write out the function that only PostgreSQL has: `search_plain(column)`."""
    before, call, after = expression.partition("search_plain(")
    if not call:
        return expression
    column, _, rest = after.partition(")")
    # A JSON array of the parts between "<" and "<": the first is text, all others begin with the
    # inside of a tag. Linear in the length, which no recursive query would be.
    tag = "substr(value, 1, instr(value, '>') - 1) || ' '"
    name = f"ltrim(substr({tag}, 1, instr({tag}, ' ') - 1), '/')"
    inline = ", ".join(f"'{each}'" for each in INLINE)
    space = f"CASE WHEN {name} IN ({inline}) THEN '' ELSE ' ' END"
    piece = f"CASE key WHEN 0 THEN value ELSE {space} || substr(value, instr(value, '>') + 1) END"
    pieces = f"json_each('[' || replace(json_quote({column}), '<', '\",\"') || ']')"
    plain = _unescape(f"(SELECT group_concat({piece}, '') FROM {pieces})")
    return f"{before}{plain}{rest}"


def _unescape(expression: str) -> str:
    for entity, char in ENTITIES.items():
        expression = f"replace({expression}, '{entity}', '{char}')"
    return expression


def _build_postgresql() -> None:
    plain = f"regexp_replace(html, '</?({'|'.join(INLINE)})(\\s[^<>]*)?>', '', 'g')"
    plain = _unescape(f"regexp_replace({plain}, '<[^<>]*>', ' ', 'g')")
    _run(
        "CREATE FUNCTION search_plain(html text) RETURNS text"
        f" LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT {plain} $$"
    )
    # Without accents, as FTS5 folds them, and divided where FTS5 divides: the parser would take
    # addresses, paths and hyphened words for one, and with the locale C it treats everything but
    # ASCII as letters. In pieces, because normalising sorts runs of marks in quadratic time.
    bare = r"regexp_replace(normalize(substr(plain, n, 1000), NFD), '[\u0300-\u036f]+', '', 'g')"
    _run(
        f"""CREATE FUNCTION search_fold(plain text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
            SELECT regexp_replace(
                coalesce(string_agg(normalize({bare}, NFC), '' ORDER BY n), ''),
                '[{DIVIDING}]+', ' ', 'g'
            )
            FROM generate_series(1, length(plain), 1000) AS n
        $$"""
    )
    # At most 100,000 characters: a tsvector holds a mebibyte, and a longer text would make the
    # insert fail.
    _run(
        """CREATE FUNCTION search_words(title text, body text, url text) RETURNS tsvector
            LANGUAGE sql IMMUTABLE STRICT AS $$
            SELECT setweight(to_tsvector('simple', search_fold(left(title, 10000))), 'A')
                || setweight(to_tsvector('simple', search_fold(left(body, 100000))), 'B')
                || setweight(to_tsvector('simple', search_fold(left(url, 10000))), 'C')
        $$"""
    )
    for table, (_, _, changes) in SOURCES.items():
        _run(
            f"CREATE TABLE {table}_search (rowid bigint PRIMARY KEY, title text NOT NULL,"
            " body text NOT NULL, url text NOT NULL, words tsvector NOT NULL)"
        )
        insert = f"INSERT INTO {table}_search (rowid, title, body, url, words)"
        put = f"{insert} SELECT *, search_words(title, body, url) FROM ({{}})"
        put = f"{put} AS found (id, title, body, url)"
        _run(
            f"""CREATE FUNCTION {table}_search_keep() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF TG_OP <> 'INSERT' THEN
                        DELETE FROM {table}_search WHERE rowid = old.id;
                    END IF;
                    IF TG_OP <> 'DELETE' THEN
                        {put.format(_select(table, "new."))};
                    END IF;
                    RETURN NULL;
                END
            $$"""
        )
        _run(
            f"CREATE TRIGGER {table}_search_keep"
            f" AFTER INSERT OR DELETE OR UPDATE OF {changes} ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION {table}_search_keep()"
        )
        _run(put.format(_select(table, f"{table}.", f"FROM {table}")))
        _run(f"CREATE INDEX ix_{table}_search_words ON {table}_search USING gin (words)")
