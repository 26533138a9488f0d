"""Reads the words of new texts for the search, and forgets those that no text contains any more.

A trigger notes each text that is written (revision 0047). The words are found out here, and not by
the trigger, because only Python knows the stems: the text itself can be found at once, other forms
of its words some seconds later.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    TableClause,
    Text,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    null,
    or_,
    select,
    tuple_,
)

from database.id_lists import one_of, one_of_texts
from database.inserts import insert_new
from fedcom.db import Database
from fedcom.models.actor import actor
from fedcom.models.comment import comment
from fedcom.models.post import post
from fedcom.models.search import (
    actor_index,
    comment_index,
    post_index,
    search_unread,
    search_word,
)
from fedcom.models.site import site
from fedcom.text.excerpts import fold
from fedcom.text.stems import family, stem, words_of

BATCH = 100
"""Texts that are read at a time."""

PAUSE = 0.02
"""Seconds between two batches, for whoever waits for the processor."""

FORGOTTEN_EACH = 200
"""Words that are looked up at a time to see whether any text still contains them."""

CHECKED_PER_HOUR = 5_000

MOST_LANGUAGES = 3
"""In so many of the server's languages the words of a text without a language are kept."""

DEFAULT = "en"
"""The language of a text without one, on a server that names no languages: as most of Lemmy's."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Some texts that were read: their entries in `search_unread`, and the rows for their words."""

    entries: tuple[int, ...]
    words: tuple[dict[str, str], ...]


class SearchWords:
    """The words of one instance's texts."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._checked = ("", "")

    async def learn(self) -> None:
        """Read all texts that are not read yet, the newest first."""
        while (reading := await self._database.read(read_some)).entries:
            await self._database.write(partial(keep, reading=reading))
            await asyncio.sleep(PAUSE)

    async def forget(self) -> None:
        """Look up the next `CHECKED_PER_HOUR` words, and delete those that no text contains."""
        for _ in range(CHECKED_PER_HOUR // FORGOTTEN_EACH):
            self._checked, gone = await self._database.read(partial(find_gone, after=self._checked))
            if gone:
                await self._database.write(partial(_drop, words=gone))
            if self._checked == ("", ""):
                break


def read_some(conn: Connection) -> Reading:
    """The words of the next texts."""
    entries = conn.execute(
        select(search_unread).order_by(search_unread.c.id.desc()).limit(BATCH)
    ).all()
    of_server: tuple[str, ...] | None = None
    found: dict[tuple[str, str], str] = {}
    for source, texts in _TEXTS.items():
        ids = sorted({entry.row_id for entry in entries if entry.source == source})
        if not ids:
            continue
        of_server = _languages_of_server(conn) if of_server is None else of_server
        for row in conn.execute(texts, {"ids": ids}):
            languages = of_server if row.language is None else (family(row.language),)
            for word in words_of(f"{row.title} {row.body}"):
                for language in languages:
                    found[word, language] = ""
    for word, language in _known(conn, {word for word, _ in found}):
        found.pop((word, language), None)
    # In one order, so that two transactions never wait for each other.
    rows = (
        {"word": word, "language": language, "backwards": stem(word, language)[::-1]}
        for word, language in sorted(found)
    )
    return Reading(tuple(entry.id for entry in entries), tuple(rows))


def keep(conn: Connection, reading: Reading) -> None:
    """Store the words; the texts count as read."""
    if reading.words:
        insert_new(conn, reading.words, search_word.c.word)
    conn.execute(_READ, {"ids": reading.entries})


def find_gone(
    conn: Connection, after: tuple[str, str]
) -> tuple[tuple[str, str], tuple[tuple[str, str], ...]]:
    """Of the words after this one, in order, those that no text contains; and how far that was
    looked up, ("", "") at the end.
    """
    key = tuple_(search_word.c.word, search_word.c.language)
    rows = select(search_word.c.word, search_word.c.language).order_by(*key)
    some = [
        (row.word, row.language)
        for row in conn.execute(rows.where(key > tuple_(*after)).limit(FORGOTTEN_EACH))
    ]
    is_used = _USED[conn.dialect.name]
    used = {word: conn.scalar(is_used, _terms(word)) for word in {word for word, _ in some}}
    last = some[-1] if len(some) == FORGOTTEN_EACH else ("", "")
    return last, tuple(one for one in some if not used[one[0]])


def _terms(word: str) -> dict[str, str]:
    """A word in the query languages of both databases."""
    return {"fts5": f'"{word}"', "tsquery": f"'{fold(word)}'"}


def _drop(conn: Connection, words: Sequence[tuple[str, str]]) -> None:
    gone = delete(search_word).where(
        search_word.c.word == bindparam("gone"), search_word.c.language == bindparam("its")
    )
    conn.execute(gone, [{"gone": word, "its": language} for word, language in words])


def _known(conn: Connection, words: Iterable[str]) -> Iterable[tuple[str, str]]:
    rows = select(search_word.c.word, search_word.c.language)
    among = rows.where(one_of_texts(search_word.c.word, "words"))
    return [(row.word, row.language) for row in conn.execute(among, {"words": sorted(words)})]


def _languages_of_server(conn: Connection) -> tuple[str, ...]:
    """The languages that a text without one may be in."""
    named = (conn.scalar(select(site.c.languages)) or "").split()
    known = dict.fromkeys(each for each in map(family, named) if each)
    return tuple(known)[:MOST_LANGUAGES] or (DEFAULT,)


def _texts(index: TableClause, source: FromClause, language: ColumnElement[Any]) -> Select[Any]:
    """The texts of some rows in an index, with their language."""
    texts = select(index.c.title, index.c.body, language.label("language"))
    joined = index.join(source, source.c.id == index.c.rowid)
    return texts.select_from(joined).where(one_of(index.c.rowid, "ids"))


def _contains(index: TableClause, dialect: str) -> ColumnElement[bool]:
    """Whether a text contains a word."""
    if dialect == "sqlite":
        word: ColumnElement[Any] = bindparam("fts5", type_=Text)
        return exists().select_from(index).where(literal_column(index.name).op("MATCH")(word))
    query = func.to_tsquery("simple", bindparam("tsquery", type_=Text))
    found = select(index.c.rowid).where(index.c.words.op("@@")(query))
    # Planned as if all rows were wanted. For the first of them PostgreSQL reads the table, in the
    # hope of meeting one soon; of a word that is gone there is none.
    return exists(select(found.cte(f"in_{index.name}").prefix_with("MATERIALIZED")))


_INDEXES = (post_index, comment_index, actor_index)
_TEXTS = {
    "post": _texts(post_index, post, post.c.language),
    "comment": _texts(comment_index, comment, comment.c.language),
    "actor": _texts(actor_index, actor, null()),
}
_USED = {
    dialect: select(or_(*(_contains(index, dialect) for index in _INDEXES)))
    for dialect in ("sqlite", "postgresql")
}
_READ = delete(search_unread).where(one_of(search_unread.c.id, "ids"))
