"""What single revisions do with the rows that were there before them."""

import math
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import DateTime, bindparam, select, text

from fedcom import migrate
from fedcom.db import open_database
from fedcom.models.actor import author_counts, community
from fedcom.models.comment import comment_rank
from fedcom.models.digest import digest_of
from fedcom.models.instance import instance
from fedcom.models.moderation import modlog, report, tombstone
from fedcom.models.personal import draft
from fedcom.models.post import post_rank
from fedcom.models.search import search_unread
from fedcom.models.vote import post_vote, stored_iri
from fedcom.rules.ranking import active_key, comment_hot, controversy

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def upgrade_to(number: str, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bring a database as far as the revision `number`, with copies of the true ones."""
    source = migrate.scripts_folder()
    (folder / "versions").mkdir(parents=True)
    shutil.copy(source / "env.py", folder)
    for path in (source / "versions").glob("*.py"):
        if path.name[:4] <= number:
            shutil.copy(path, folder / "versions")
    with monkeypatch.context() as patched:
        patched.setattr(migrate, "scripts_folder", lambda: folder)
        migrate.upgrade(url)
    assert migrate.current_and_head(url)[0] == number


_ACTOR = """
    INSERT INTO actor (id, iri, kind, local, name, host, title, summary_source, summary_html, inbox,
                       published_at, ban_reason)
    VALUES (:id, :iri, :kind, true, :iri, 'a.example', '', '', '', '', :at, '')
"""
_POST = """
    INSERT INTO post (id, iri, local, community_id, author_id, wire_type, title, body_source,
                      body_html, nsfw, published_at, last_comment_at, upvotes, downvotes, comments)
    VALUES (:id, :id, true, 1, 2, 'Page', 't', '', '', false, :at, :last, :up, :down, 0)
"""
_CATS = """
    INSERT INTO community (actor_id, nsfw, posting_restricted, posts, comments, subscribers)
    VALUES (1, false, false, 1, 4, 700)
"""
_RANK = """
    INSERT INTO post_rank (post_id, community_id, hot, published_at) VALUES (:id, 1, 1.5, :at)
"""


def test_posts_from_before_get_the_keys_that_new_ones_get(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade_to("0003", empty_database_url, tmp_path / "old", monkeypatch)
    database = open_database(empty_database_url)
    at, then = (bindparam(name, type_=DateTime(timezone=True)) for name in ("at", "last"))
    votes_and_last = [
        (0, 0, None),
        (7, 3, None),
        (1, 20, timedelta(hours=3)),
        (40, 40, timedelta(days=30)),
        (5, 0, -timedelta(hours=1)),
    ]
    with database.begin() as conn:
        people = [{"id": 1, "iri": "c", "kind": "Group", "at": NOON}]
        people.append({"id": 2, "iri": "u", "kind": "Person", "at": NOON})
        conn.execute(text(_ACTOR).bindparams(at), people)
        for number, (up, down, last) in enumerate(votes_and_last):
            commented = None if last is None else NOON + last
            post = {"id": number, "at": NOON, "last": commented, "up": up, "down": down}
            conn.execute(text(_POST).bindparams(at, then), post)
            conn.execute(text(_RANK).bindparams(at), {"id": number, "at": NOON})
        conn.execute(text("UPDATE post SET comments = 4"))
        conn.execute(text(_CATS))

    migrate.upgrade(empty_database_url)

    with database.connect() as conn:
        rows = conn.execute(select(post_rank).order_by(post_rank.c.post_id)).all()
    database.close()
    for row, (up, down, last) in zip(rows, votes_and_last, strict=True):
        commented = None if last is None else NOON + last
        assert (row.hot, row.comments) == (1.5, 4)
        assert row.scaled == pytest.approx(1.5 - math.log10(700 + 2))
        assert row.commented_at == max(NOON, commented or NOON)
        assert row.score == up - down
        assert row.active == pytest.approx(active_key(up - down, NOON, commented))
        assert row.controversy == pytest.approx(controversy(up, down))


_COMMENT = """
    INSERT INTO comment (id, iri, local, post_id, path, depth, author_id, body_source, body_html,
                         published_at, upvotes, downvotes, replies)
    VALUES (3, '3', true, 9, '', 0, 2, '', '<p>old <b>comment</b></p>', :at, 0, 0, 0)
"""


def test_existing_content_is_found_by_search(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade_to("0004", empty_database_url, tmp_path / "old", monkeypatch)
    database = open_database(empty_database_url)
    at, then = (bindparam(name, type_=DateTime(timezone=True)) for name in ("at", "last"))
    with database.begin() as conn:
        people = [{"id": 1, "iri": "cats", "kind": "Group", "at": NOON}]
        people.append({"id": 2, "iri": "bob", "kind": "Person", "at": NOON})
        conn.execute(text(_ACTOR).bindparams(at), people)
        rows = [{"id": number, "at": NOON, "last": None, "up": 0, "down": 0} for number in (8, 9)]
        conn.execute(text(_POST).bindparams(at, then), rows)
        conn.execute(text("UPDATE post SET deleted_at = :at WHERE id = 8").bindparams(at), rows[0])
        conn.execute(text(_COMMENT).bindparams(at), rows[0])

    migrate.upgrade(empty_database_url)

    with database.connect() as conn:
        found = {
            name: conn.execute(
                text(f"SELECT rowid, title, body FROM {name}_search ORDER BY 1")
            ).all()
            for name in ("post", "comment", "actor")
        }
        unread = conn.execute(select(search_unread).order_by(search_unread.c.id)).all()
    database.close()
    # The last of them is read first.
    assert [tuple(row)[1:] for row in unread] == [
        *(("comment", 3), ("actor", 1), ("actor", 2), ("post", 9)),
    ]
    assert [tuple(row) for row in found["post"]] == [(9, "t ", " ")]
    assert [tuple(row) for row in found["comment"]] == [(3, "", " old comment ")]
    assert [row[1] for row in found["actor"]] == ["cats ", "bob "]


_SITE = """
    INSERT INTO site (id, origin, actor_id, name, description_source, description_html,
                      registration, answers_apps_as_lemmy, created_at)
    VALUES (1, 'https://a.example', 1, :name, '', '', 'open', true, :at)
"""


@pytest.mark.parametrize(
    ("name", "title"),
    [("Cats", "Cats"), ("Everything about cats", "Everything about ca…")],
)
def test_the_instance_actor_takes_the_name_of_the_site(
    empty_database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    title: str,
) -> None:
    upgrade_to("0012", empty_database_url, tmp_path / "old", monkeypatch)
    database = open_database(empty_database_url)
    at = bindparam("at", type_=DateTime(timezone=True))
    with database.begin() as conn:
        actors = [{"id": 1, "iri": "a", "kind": "Application", "at": NOON}]
        actors.append({"id": 2, "iri": "bob", "kind": "Person", "at": NOON})
        conn.execute(text(_ACTOR).bindparams(at), actors)
        conn.execute(text(_SITE).bindparams(at), {"name": name, "at": NOON})

    migrate.upgrade(empty_database_url)

    with database.connect() as conn:
        titles = conn.execute(text("SELECT title FROM actor ORDER BY id")).scalars().all()
    database.close()
    assert titles == [title, ""]


_OLD_ROWS = (
    "INSERT INTO report (id, iri, reporter_id, reason, said, created_at)"
    " VALUES (3, 'f', 2, 'Rude', 'What it was', :at)",
    "INSERT INTO instance_block (host, reason, created_at) VALUES ('a.example', '', :at)",
    "INSERT INTO instance_block (host, reason, created_at) VALUES ('spam.example', '', :at)",
    "INSERT INTO draft (person_id, place, fields, updated_at) VALUES (2, 'submit', '{}', :at)",
    "INSERT INTO marker (iri, kind, actor_iri, created_at, awaited, signed_at)"
    " VALUES ('like', 'undone', 'bob', :at, true, 1.5)",
)


def test_rows_keep_their_values_under_the_standard_names(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade_to("0024", empty_database_url, tmp_path / "old", monkeypatch)
    database = open_database(empty_database_url)
    at = bindparam("at", type_=DateTime(timezone=True))
    with database.begin() as conn:
        conn.execute(
            text(_ACTOR).bindparams(at), {"id": 2, "iri": "b", "kind": "Person", "at": NOON}
        )
        for statement in _OLD_ROWS:
            conn.execute(text(statement).bindparams(at), {"at": NOON})

    migrate.upgrade(empty_database_url)

    with database.connect() as conn:
        assert conn.execute(select(report.c.reported_text)).scalars().all() == ["What it was"]
        known = conn.execute(select(instance.c.host, instance.c.first_seen_at)).all()
        assert sorted(known) == [("a.example", NOON), ("spam.example", NOON)]
        assert conn.execute(select(draft.c.form)).scalars().all() == ["submit"]
        (row,) = conn.execute(select(tombstone)).all()
    database.close()
    assert tuple(row) == (digest_of("like"), "undone", "bob", NOON, True, 1.5)


_VOTE = """
    INSERT INTO post_vote (post_id, voter_id, score, iri, voted_at)
    VALUES (9, :id, :score, :iri, :at)
"""


def test_votes_keep_what_an_undo_needs(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade_to("0029", empty_database_url, tmp_path / "old", monkeypatch)
    database = open_database(empty_database_url)
    at, then = (bindparam(name, type_=DateTime(timezone=True)) for name in ("at", "last"))
    ours, theirs = "https://a.example/activities/like/1", "https://b.example/like/\u00e9"
    with database.begin() as conn:
        people = [{"id": 1, "iri": "c", "kind": "Group", "at": NOON}]
        people += [{"id": n, "iri": f"u{n}", "kind": "Person", "at": NOON} for n in (2, 3)]
        conn.execute(text(_ACTOR).bindparams(at), people)
        conn.execute(text("UPDATE actor SET local = false WHERE id = 3"))
        conn.execute(text(_SITE).bindparams(at), {"name": "", "at": NOON})
        post = {"id": 9, "at": NOON, "last": None, "up": 1, "down": 1}
        conn.execute(text(_POST).bindparams(at, then), post)
        for number, iri, score in ((2, ours, 1), (3, theirs, -1)):
            values = {"id": number, "iri": iri, "score": score, "at": NOON}
            conn.execute(text(_VOTE).bindparams(at), values)

    migrate.upgrade(empty_database_url)

    with database.connect() as conn:
        rows = conn.execute(select(post_vote).order_by(post_vote.c.voter_id)).all()
    database.close()
    assert [tuple(row) for row in rows] == [
        (9, 2, 1, stored_iri(ours, local=True), NOON),
        (9, 3, -1, stored_iri(theirs, local=False), NOON),
    ]


def test_comments_from_before_are_ranked_as_new_ones_are(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade_to("0039", empty_database_url, tmp_path / "old", monkeypatch)
    database = open_database(empty_database_url)
    at, then = (bindparam(name, type_=DateTime(timezone=True)) for name in ("at", "last"))
    all_votes = {10: (0, 0), 11: (7, 3), 12: (1, 20), 13: (40, 40)}
    with database.begin() as conn:
        people = [{"id": 1, "iri": "c", "kind": "Group", "at": NOON}]
        people.append({"id": 2, "iri": "u", "kind": "Person", "at": NOON})
        conn.execute(text(_ACTOR).bindparams(at), people)
        post = {"id": 9, "at": NOON, "last": None, "up": 1, "down": 1}
        conn.execute(text(_POST).bindparams(at, then), post)
        for number, (up, down) in (all_votes | {4: (5, 0)}).items():
            one = _COMMENT.replace("(3, '3'", f"({number}, '{number}'")
            conn.execute(text(one).bindparams(at), {"at": NOON})
            voted = text("UPDATE comment SET upvotes = :up, downvotes = :down WHERE id = :id")
            conn.execute(voted, {"up": up, "down": down, "id": number})
        conn.execute(text("UPDATE comment SET deleted_at = published_at WHERE id = 4"))

    migrate.upgrade(empty_database_url)

    with database.connect() as conn:
        rows = conn.execute(select(comment_rank).order_by(comment_rank.c.comment_id)).all()
    database.close()
    assert [row.comment_id for row in rows] == list(all_votes)
    for row, (up, down) in zip(rows, all_votes.values(), strict=True):
        assert (row.community_id, row.score) == (1, up - down)
        assert row.published_at == NOON
        assert row.hot == pytest.approx(comment_hot(up - down, NOON), abs=1e-6)
        assert row.controversy == pytest.approx(controversy(up, down))


_BOBS_COMMENT = """
    INSERT INTO comment (id, iri, local, post_id, path, depth, author_id, body_source, body_html,
                         published_at, removed_at, upvotes, downvotes, replies)
    VALUES (:id, :iri, true, 9, '', 0, 2, '', '', :at, :removed, 0, 0, 0)
"""
_COMMUNITY = """
    INSERT INTO community (actor_id, nsfw, posting_restricted, posts, comments, subscribers,
                           claimed_followers)
    VALUES (:id, false, false, 0, 0, 4, :claimed)
"""
_LOGGED = """
    INSERT INTO modlog (id, kind, target_iri, community_id, reason, created_at)
    VALUES (:id, 'remove', :iri, :place, '', :at)
"""
_REPORTED = """
    INSERT INTO report (id, iri, reporter_id, post_id, comment_id, reason, reported_text,
                        created_at)
    VALUES (:id, :id, 3, :post, :comment, '', :text, :at)
"""


def test_authors_and_communities_are_counted_and_people_concerned_are_named(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade_to("0033", empty_database_url, tmp_path / "old", monkeypatch)
    database = open_database(empty_database_url)
    at, last, removed = (
        bindparam(name, type_=DateTime(timezone=True)) for name in ("at", "last", "removed")
    )
    with database.begin() as conn:
        actors = [{"id": n, "iri": f"c{n}", "kind": "Group", "at": NOON} for n in (1, 4)]
        actors += [{"id": n, "iri": f"u{n}", "kind": "Person", "at": NOON} for n in (2, 3)]
        conn.execute(text(_ACTOR).bindparams(at), actors)
        groups = [{"id": 1, "claimed": None}, {"id": 4, "claimed": 7}]
        conn.execute(text(_COMMUNITY), groups)
        post = {"id": 9, "at": NOON, "last": None, "up": 1, "down": 1}
        conn.execute(text(_POST).bindparams(at, last), post)
        for number, gone in ((1, None), (2, None), (3, NOON)):
            values = {"id": number, "iri": f"n{number}", "at": NOON, "removed": gone}
            conn.execute(text(_BOBS_COMMENT).bindparams(at, removed), values)
        for number, iri in enumerate(("9", "n1", "u3", "c1", "unknown"), 1):
            values = {"id": number, "iri": iri, "place": 1 if number < 4 else None, "at": NOON}
            conn.execute(text(_LOGGED).bindparams(at), values)
        for number, about, below, reported in (
            (1, 9, None, ""),
            (2, None, 1, ""),
            (3, None, None, "u3"),
        ):
            values = {"id": number, "post": about, "comment": below, "text": reported, "at": NOON}
            conn.execute(text(_REPORTED).bindparams(at), values)

    migrate.upgrade(empty_database_url)

    with database.connect() as conn:
        counts = conn.execute(select(author_counts)).all()
        followers = conn.execute(select(community.c.followers).order_by(community.c.actor_id))
        logged = conn.execute(select(modlog.c.person_id, modlog.c.about).order_by(modlog.c.id))
        reported = conn.execute(select(report.c.person_id).order_by(report.c.id))
        assert [tuple(row) for row in counts] == [(2, 1, 2)]
        assert followers.scalars().all() == [4, 7]
        assert [tuple(row) for row in logged] == [
            *((2, "post"), (2, "comment"), (3, "community")),
            *((None, "instance"), (None, "instance")),
        ]
        assert reported.scalars().all() == [2, 2, 3]
    database.close()
