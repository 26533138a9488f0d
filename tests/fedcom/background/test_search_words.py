"""The words of texts, as the loop reads them, on both databases."""

import pytest
from sqlalchemy import Connection, delete, func, insert, select, update

from fedcom.background import search_words
from fedcom.background.search_words import SearchWords, read_some
from fedcom.db import Database
from fedcom.models.comment import comment
from fedcom.models.post import post
from fedcom.models.search import search_unread, search_word
from fedcom.models.site import site
from tests.support.rows import NOON, Rows


def words(rows: Rows) -> set[str]:
    """The words that are known: each with its language and its stem."""
    rows.read_words()
    found = rows.conn.execute(select(search_word)).all()
    return {f"{row.word} {row.language} {row.backwards[::-1]}" for row in found}


def name_languages(rows: Rows, languages: str) -> None:
    actor = rows._actor("Application", "i", "instance", {})
    values = {"id": 1, "origin": "https://forum.example", "actor_id": actor, "name": "Forum"}
    rows.conn.execute(insert(site).values(**values, languages=languages, created_at=NOON))


def test_every_text_is_read_once_and_again_when_it_changes(rows: Rows) -> None:
    cats, bob = rows.community("cats", title="Fine"), rows.person("bob")
    made = rows.post(cats, bob, title="Häuser", body_html="<p>mit <b>Katzen</b></p>", language="de")
    rows.comment(made, bob, body_html="<p>Ja, Häuser</p>", language="de-AT")

    german = {"häuser de haus", "mit de mit", "katzen de katz"}
    assert words(rows) == german | {"cats en cat", "fine en fine", "bob en bob"}
    rows.conn.execute(update(post).values(title="Hunde"))
    rows.conn.execute(update(post).values(upvotes=3))
    assert rows.conn.scalar(select(func.count()).select_from(search_unread)) == 1
    assert "hunde de hund" in words(rows)


def test_texts_that_nobody_may_find_are_not_read(rows: Rows) -> None:
    cats, bob = rows.community("cats"), rows.person("bob")
    made = rows.post(cats, bob, title="secret")
    rows.post(cats, bob, title="removed", removed_at=NOON)
    rows.comment(made, bob, body_html="deleted", deleted_at=NOON)
    rows.conn.execute(update(post).where(post.c.id == made).values(deleted_at=NOON))

    assert words(rows) == {"cats en cat", "bob en bob"}


def test_a_text_without_a_language_may_be_in_each_of_the_servers(rows: Rows) -> None:
    name_languages(rows, "ja de nl")
    rows.post(rows.community("cats"), rows.person("bob"), title="fietsen")

    assert {"fietsen de fiets", "fietsen nl fiets"} <= words(rows)
    assert not any(" en " in word for word in words(rows))


def test_words_of_languages_without_rules_are_known_as_they_are(rows: Rows) -> None:
    rows.post(rows.community("cats"), rows.person("bob"), title="nhà những", language="vi")

    assert {"nhà  nha", "những  nhung"} <= words(rows)


@pytest.mark.anyio
async def test_the_loop_reads_all_and_forgets_what_no_text_contains(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_words, "BATCH", 2)
    monkeypatch.setattr(search_words, "FORGOTTEN_EACH", 2)
    with database.begin() as conn:
        rows = Rows(conn)
        cats, bob = rows.community("cats"), rows.person("bob")
        made = [rows.post(cats, bob, title=f"Élan and {word}") for word in ("onyx", "ruby", "opal")]
        rows.comment(made[0], bob, body_html="amber", ranked=False)
    loop = SearchWords(database)

    await loop.learn()
    with database.begin() as conn:
        assert read_some(conn).entries == ()
        kept = {"and", "bob", "cats", "onyx", "opal", "élan"}
        assert known(conn) == {"amber", "ruby", *kept}
        conn.execute(delete(comment))
        conn.execute(update(post).where(post.c.id == made[1]).values(removed_at=NOON))

    await loop.forget()
    with database.connect() as conn:
        assert known(conn) == kept


def known(conn: Connection) -> set[str]:
    return {*conn.scalars(select(search_word.c.word))}
