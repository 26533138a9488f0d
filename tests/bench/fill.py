"""Fills a migrated database with N votes and what belongs to them, in SQL.

The numbers, chosen as for a server that follows many communities elsewhere:

    votes N           four in ten on posts, up to 118 on one; the others on comments, up to 16
    comments N/10     up to 28 on a post, in chains of four; and in addition one thread with N/100
                      of them, at least 1,000 and at most 10,000
    posts N/100       half of them with a link, a tenth of which several posts share; the newest one
                      is dated when the fill begins
    communities       a fiftieth of the posts, at least 110; a tenth is local, at least 55; a few
                      are busy
    people N/50       at least 200, on N/5,000 servers (at least 60); a few write most
    members           a two-hundredth of the people, at least 60; each follows up to 20 communities,
                      has 200 notifications, ten of them unread, has read 100 threads, saved 20
                      posts and 20 comments, and hidden 5 posts
    follows           and each remote person follows one local community
    journal N/20      activities received in three weeks, a third of them with their bodies
    deliveries N/10   ten for each published activity, one in a hundred failed; at most 50
                      wait, all for one resting peer
    modlog N/200      at least 500; and N/200 earlier versions, N/100 tombstones and boosts, N/2,000
                      reports (at least 100, and 20 of them open), N/2,000 bans from communities

The posts are spread over four days for 10,000 votes, and over five times as many for each tenfold:
as a server grows, it gets both older and busier, and the newest day of the smallest one fills a
page. Apart from dates, and digests on SQLite, everything is a function of the row's number, so
fills of one size are alike.

Texts are of made-up words, a few of which are frequent. `COMMON` is in every fourth text, `RARE` in
20 posts and 20 comments, whatever the size.

Where a page lists a part of something, the smallest size has enough to fill the page: more than 50
communities, local ones, members and servers, and a thread of more comments than are shown at once.
The busiest community has more than 20 posts and 50 entries of the modlog.
"""

import math
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from random import Random

from sqlalchemy import Connection, Engine, create_engine, event, text

from activitypub.iri import host_of
from fedcom.db import normalise_url
from fedcom.rules.ranking import ACTIVE_FOR, COMMENT_SECONDS, POST_SECONDS

COMMON, RARE = "kettle", "rarissima"
PHRASES, WORDS = 4096, 2000
DAY = 86_400
_PRIME = 4_294_967_291
_FACTORS = (2_654_435_761, 1_597_334_677, 3_812_015_801, 2_246_822_519, 3_266_489_917, 668_265_263)
_STRIDE = 100_003
"""Prime to the numbers of people and communities, so that no one votes or follows twice."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many rows there are for a number of votes; see above."""

    votes: int

    @property
    def posts(self) -> int:
        """Posts, without those that were there before."""
        return self.votes // 100

    @property
    def communities(self) -> int:
        """Communities, local and remote."""
        return max(110, self.posts // 50)

    @property
    def communities_per_local(self) -> int:
        """Every so many communities one is local."""
        return self.communities // max(55, self.communities // 10)

    @property
    def people(self) -> int:
        """People, local and remote."""
        return max(200, self.votes // 50)

    @property
    def members(self) -> int:
        """Local people."""
        return max(60, self.people // 200)

    @property
    def hosts(self) -> int:
        """Other servers."""
        return max(60, self.people // 100)

    @property
    def longest(self) -> int:
        """The comments of the longest thread."""
        return min(10_000, max(1_000, self.votes // 100))

    @property
    def seconds(self) -> float:
        """How long ago the first post was written."""
        return 4 * DAY * 5 ** math.log10(self.votes / 10_000)


def fill(url: str, votes: int, *, origin: str, now: datetime) -> None:
    """Fill the migrated database at `url`, of the instance `origin`; what is there stays.

    Indexes and triggers are created anew at the end. On PostgreSQL a superuser is needed, and the
    tables are vacuumed and analysed at the end, as autovacuum would have done by then.
    """
    engine = create_engine(normalise_url(url))
    if engine.name == "sqlite":
        _hasten(engine)
    try:
        with engine.begin() as conn, _unindexed(conn):
            filling = _Filling(conn, Sizes(votes), origin, now.timestamp())
            filling.run()
        if engine.name == "postgresql":
            with engine.connect() as conn:
                conn.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(
                    "VACUUM ANALYZE"
                )
    finally:
        engine.dispose()


def _hasten(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in ("synchronous = OFF", "foreign_keys = OFF", "cache_size = -400000"):
            connection.execute(f"PRAGMA {pragma}")


@contextmanager
def _unindexed(conn: Connection) -> Iterator[None]:
    """Without indexes, triggers and foreign keys meanwhile."""
    if conn.dialect.name == "sqlite":
        found = conn.exec_driver_sql(
            "SELECT type, name, sql FROM sqlite_master"
            " WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
        ).all()
    else:
        conn.exec_driver_sql("SET session_replication_role = replica")
        conn.exec_driver_sql("SET maintenance_work_mem = '512MB'")
        found = conn.exec_driver_sql(
            "SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
            " AND indexname NOT IN (SELECT conname FROM pg_constraint)"
        ).all()
    for kind, name, _ in found:
        conn.exec_driver_sql(f"DROP {kind} {name}")
    yield
    for _, _, statement in found:
        conn.exec_driver_sql(statement)


def _phrases() -> Iterator[str]:
    """Eight words each; the first words are more frequent."""
    syllables = [first + second for first in "bdfgklmnprst" for second in "aeiou"]
    random = Random(WORDS)
    words = random.sample(["".join(three) for three in product(syllables, repeat=3)], WORDS)
    for _ in range(PHRASES):
        yield " ".join(words[int(WORDS * random.random() ** 3)] for _ in range(8))


class _Filling:
    """One fill: the statements that both databases understand, and what they spell differently."""

    def __init__(self, conn: Connection, sizes: Sizes, origin: str, now: float) -> None:
        self._conn = conn
        self._is_sqlite = conn.dialect.name == "sqlite"
        self._sizes = sizes
        self._origin = origin
        self._host = host_of(origin)
        self._now = now
        self._actor = self._last("actor")
        self._group = self._actor + sizes.people
        self._post = self._last("post")
        self._comment = self._last("comment")

    def run(self) -> None:
        """All tables, each after those that it refers to."""
        self._run(f"CREATE TEMP TABLE fill_number AS SELECT i FROM {self._series(10_001)}")
        self._run("CREATE UNIQUE INDEX fill_number_i ON fill_number (i)")
        self._put_phrases()
        self._put_actors()
        self._put_follows()
        self._plan_posts()
        self._plan_comments()
        self._put_posts()
        self._put_comments()
        self._put_votes()
        self._count()
        self._put_personal()
        self._put_moderation()
        self._put_journal()
        self._put_outbox()
        if not self._is_sqlite:
            for table in ("actor", "post", "comment"):
                self._run(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
                )
        for table in ("number", "phrase", "post", "comment"):
            self._run(f"DROP TABLE fill_{table}")

    # What the databases spell differently

    def _run(self, statement: str) -> None:
        self._conn.exec_driver_sql(statement, None, {"no_parameters": True})

    def _last(self, table: str) -> int:
        found = self._conn.exec_driver_sql(f"SELECT coalesce(max(id), 0) FROM {table}")
        return int(found.scalar_one())

    def _series(self, number: int) -> str:
        """A table of the numbers `i` from 1."""
        if not self._is_sqlite:
            return f"generate_series(1::bigint, {number}) AS s (i)"
        return (
            "(WITH RECURSIVE s (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM s"
            f" LIMIT {number}) SELECT i FROM s) AS s"
        )

    def _moment(self, seconds: str) -> str:
        """Epoch seconds as `UtcDateTime` stores them."""
        if not self._is_sqlite:
            return f"to_timestamp({seconds})"
        return f"strftime('%Y-%m-%d %H:%M:%f000', {seconds}, 'unixepoch')"

    def _least(self, *values: str) -> str:
        return f"{'min' if self._is_sqlite else 'least'}({', '.join(values)})"

    def _most(self, *values: str) -> str:
        return f"{'max' if self._is_sqlite else 'greatest'}({', '.join(values)})"

    def _digits(self, number: str) -> str:
        """An id as a part of a path."""
        padded = f"'000000000000' || {number}"
        return f"substr({padded}, -12)" if self._is_sqlite else f"right({padded}, 12)"

    def _digest(self, number: str) -> str:
        if self._is_sqlite:
            return "lower(hex(randomblob(32)))"
        return f"md5(({number})::text) || md5('x' || {number})"

    def _bytes(self, text: str) -> str:
        return f"CAST({text} AS BLOB)" if self._is_sqlite else f"convert_to({text}, 'UTF8')"

    @staticmethod
    def _hash(number: str, which: int, below: int | str) -> str:
        """A number from 0 that looks random."""
        return f"(({number}) * {_FACTORS[which]} % {_PRIME} % ({below}))"

    @staticmethod
    def _skew(number: str, which: int, below: int | str, power: int = 2) -> str:
        """The same, and small ones are more frequent."""
        part = f"(({number}) * {_FACTORS[which]} % {_PRIME} / CAST({_PRIME} AS double precision))"
        return f"CAST(floor(({below}) * {' * '.join([part] * power)}) AS BIGINT)"

    # Actors

    def _put_phrases(self) -> None:
        self._run("CREATE TEMP TABLE fill_phrase (i integer, words text)")
        self._conn.execute(
            text("INSERT INTO fill_phrase VALUES (:i, :words)"),
            [{"i": number, "words": words} for number, words in enumerate(_phrases())],
        )
        self._run("CREATE UNIQUE INDEX fill_phrase_i ON fill_phrase (i)")
        if not self._is_sqlite:
            self._run("ALTER TABLE fill_phrase ADD COLUMN a tsvector, ADD COLUMN b tsvector")
            self._run(
                "UPDATE fill_phrase SET a = setweight(to_tsvector('simple', words), 'A'),"
                " b = setweight(to_tsvector('simple', words), 'B')"
            )
            self._run("ANALYZE fill_phrase")
            self._run("ANALYZE fill_number")

    def _put_actors(self) -> None:
        sizes, now = self._sizes, self._moment(str(self._now))
        joined = self._moment(f"{self._now - sizes.seconds} + i")
        every = sizes.people // sizes.members
        for kind, letter, number, first, every_ in (
            ("Person", "u", sizes.people, self._actor, every),
            ("Group", "c", sizes.communities, self._group, sizes.communities_per_local),
        ):
            name = "'p' || i" if kind == "Person" else "'group' || i"
            local = f"i % {every_} = 1"
            host = f"'h' || (i % {sizes.hosts}) || '.example'"
            iri = (
                f"CASE WHEN {local} THEN '{self._origin}' ELSE 'https://' || {host} END"
                f" || '/{letter}/' || {name}"
            )
            self._run(
                "INSERT INTO actor (id, iri, kind, local, name, host, title, summary_source,"
                " summary_html, inbox, shared_inbox, followers, public_key_id, public_key_pem,"
                " published_at, fetched_at, ban_reason)"
                f" SELECT {first} + i, iri, '{kind}', is_local, name, host, 'The ' || name, '',"
                " '<p>About ' || name || '</p>', iri || '/inbox',"
                " CASE WHEN is_local THEN NULL ELSE 'https://' || host || '/inbox' END,"
                " iri || '/followers', iri || '#main-key', '-', joined,"
                f" CASE WHEN is_local THEN NULL ELSE {now} END, ''"
                f" FROM (SELECT i, {iri} AS iri, {local} AS is_local, {name} AS name,"
                f" CASE WHEN {local} THEN '{self._host}' ELSE {host} END AS host,"
                f" {joined} AS joined FROM {self._series(number)}) AS made"
            )
        of_us = f"FROM actor WHERE local AND id > {self._actor}"
        self._run(f"INSERT INTO local_name (name, taken_at) SELECT name, {now} {of_us}")
        self._run(
            "INSERT INTO account (actor_id, password_hash, role, state, application, created_at,"
            " last_seen_at) SELECT id, '-', 'member', 'active', '', published_at, published_at"
            f" {of_us} AND kind = 'Person'"
        )
        self._run(
            "INSERT INTO community (actor_id, nsfw, posting_restricted, posts, comments,"
            " subscribers, backfilled_at) SELECT id, FALSE, FALSE, 0, 0, 0, published_at"
            f" FROM actor WHERE id > {self._group} AND kind = 'Group'"
        )
        self._run(
            "INSERT INTO moderator (community_id, person_id, appointed_at)"
            f" SELECT {self._group} + s.i, {self._actor} + 1 + (s.i * 3 + k.i) % {sizes.people},"
            f" {now} FROM {self._series(sizes.communities)} JOIN fill_number k ON k.i <= 2"
        )
        texts = "name || ' ' || title", "CASE kind WHEN 'Group' THEN 'About ' || name ELSE '' END"
        self._index("actor", *texts, f"FROM actor WHERE id > {self._actor}")
        software = "CASE i % 3 WHEN 0 THEN 'lemmy' WHEN 1 THEN 'mastodon' ELSE 'piefed' END"
        self._run(
            "INSERT INTO peer (host, software, version, reached, checked_at)"
            f" SELECT 'h' || (i - 1) || '.example', {software}, '1.0', TRUE, {now}"
            f" FROM {self._series(sizes.hosts)}"
        )

    def _index(self, table: str, title: str, body: str, source: str) -> None:
        """Short texts, as the triggers would."""
        columns, values = "rowid, title, body, url", f"id, {title}, {body}, ''"
        if not self._is_sqlite:
            columns, values = f"{columns}, words", f"{values}, search_words({title}, {body}, '')"
        self._run(f"INSERT INTO {table}_search ({columns}) SELECT {values} {source}")

    def _put_follows(self) -> None:
        sizes, at = self._sizes, self._moment(str(self._now - self._sizes.seconds))
        target = f"{self._group} + 1 + (a.actor_id * 7 + k.i * {_STRIDE}) % {sizes.communities}"
        self._run(
            "INSERT INTO follow (follower_id, target_id, iri, state, created_at)"
            f" SELECT a.actor_id, {target}, '{self._origin}/follow/' || a.actor_id || '-' || k.i,"
            f" 'accepted', {at} FROM account a"
            f" JOIN fill_number k ON k.i <= {min(20, sizes.communities)}"
        )
        every = sizes.communities_per_local
        local = f"{self._group} + 1 + {every} * {self._hash('a.id', 0, sizes.communities // every)}"
        self._run(
            "INSERT INTO follow (follower_id, target_id, iri, state, created_at)"
            f" SELECT a.id, {local}, a.iri || '#follow', 'accepted', {at} FROM actor a"
            f" WHERE a.id > {self._actor} AND a.id <= {self._group} AND NOT a.local"
        )

    # Posts, comments, votes

    def _plan_posts(self) -> None:
        sizes = self._sizes
        age = f"{sizes.seconds} * ({sizes.posts} - i) / {sizes.posts}"
        at = f"CAST({self._now} - {age} AS double precision)"
        comments = f"1 + {self._skew('i', 3, 28)}"
        hot = max(1, sizes.posts - 9)
        votes = f"1 + {self._skew('i', 4, 118)}"
        self._run(
            f"CREATE TEMP TABLE fill_post AS SELECT i, {self._post} + i AS id,"
            f" {self._group} + 1 + {self._skew('i', 1, sizes.communities, 3)} AS community_id,"
            f" {self._actor} + 1 + {self._skew('i', 2, sizes.people)} AS author_id,"
            f" {at} AS at, votes, votes * (i % 7) / 14 AS downs,"
            f" CASE i WHEN {hot} THEN {sizes.longest} ELSE comments END AS comments"
            f" FROM (SELECT i, {votes} AS votes, {comments} AS comments"
            f" FROM {self._series(sizes.posts)}) AS made"
        )
        if not self._is_sqlite:
            self._run("ANALYZE fill_post")

    def _plan_comments(self) -> None:
        lasts = self._least(str(2 * DAY), f"{self._now} - p.at")
        last = "lag(id, {}) OVER (PARTITION BY post_id ORDER BY k)"
        parts = [self._digits(f"above{back}") + " || '.' || " for back in (3, 2, 1)]
        path = " ".join(f"WHEN {d} THEN {''.join(parts[3 - d :])} own" for d in range(4))
        self._run(
            "CREATE TEMP TABLE fill_comment AS"
            f" SELECT id, post_id, at, votes, downs, (k - 1) % 4 AS depth,"
            f" {self._actor} + 1 + {self._skew('id', 2, self._sizes.people)} AS author_id,"
            " CASE (k - 1) % 4 WHEN 0 THEN NULL ELSE above1 END AS parent_id,"
            f" CASE (k - 1) % 4 {path} END AS path,"
            f" {self._least('3 - (k - 1) % 4', 'n - k')} AS replies"
            f" FROM (SELECT *, {self._digits('id')} AS own,"
            f" {last.format(1)} AS above1, {last.format(2)} AS above2, {last.format(3)} AS above3,"
            f" 1 + {self._skew('id', 5, 16)} AS votes, id % 3 AS downs FROM ("
            f" SELECT row_number() OVER (ORDER BY at, post_id, k) + {self._comment} AS id, made.*"
            f" FROM (SELECT p.id AS post_id, k.i AS k, p.comments AS n,"
            f" p.at + {lasts} * k.i / (p.comments + 1) AS at"
            " FROM fill_post p JOIN fill_number k ON k.i <= p.comments) AS made"
            ") AS numbered) AS threaded"
        )
        self._run("UPDATE fill_comment SET downs = 0 WHERE downs >= votes")
        self._run("CREATE UNIQUE INDEX fill_comment_id ON fill_comment (id)")
        if not self._is_sqlite:
            self._run("ANALYZE fill_comment")

    def _iri(self, kind: str, at: str, author: str = "a") -> str:
        return (
            f"CASE WHEN {author}.local THEN '{self._origin}' ELSE 'https://' || {author}.host END"
            f" || '/{kind}/' || {at}.id"
        )

    def _put_posts(self) -> None:
        now, at, sizes = self._now, self._moment("p.at"), self._sizes
        rare, link = max(1, sizes.posts // 20), max(10, sizes.posts * 9 // 20)
        extra = f"CASE WHEN p.i % {rare} = 0 THEN ' {RARE}' ELSE '' END"
        common = f"CASE WHEN p.i % 4 = 3 THEN ' {COMMON}' ELSE '' END"
        text = f"two.words || ' ' || three.words || {common}"
        url = (
            f"CASE p.i % 2 WHEN 0 THEN 'https://news.example/' || {self._hash('p.i', 3, link)} END"
        )
        stopped = self._least(str(ACTIVE_FOR.total_seconds()), f"{now} - p.at")
        last = f"p.at + {stopped} * p.comments / (p.comments + 1)"
        source = (
            "FROM fill_post p JOIN actor a ON a.id = p.author_id"
            f" JOIN fill_phrase one ON one.i = {self._hash('p.i', 0, PHRASES)}"
            f" JOIN fill_phrase two ON two.i = {self._hash('p.i', 1, PHRASES)}"
            f" JOIN fill_phrase three ON three.i = {self._hash('p.i', 5, PHRASES)}"
        )
        self._run(
            "INSERT INTO post (id, iri, local, community_id, author_id, wire_type, title, url,"
            " body_source, body_html, nsfw, published_at, upvotes, downvotes, comments,"
            f" last_comment_at) SELECT p.id, {self._iri('post', 'p')}, a.local, p.community_id,"
            f" p.author_id, 'Page', one.words || {extra}, {url}, '', '<p>' || {text} || '</p>',"
            f" FALSE, {at}, p.votes - p.downs, p.downs, p.comments, {self._moment(last)} {source}"
        )
        columns, values = "rowid, title, body, url", f"p.id, one.words || {extra}, {text}, ''"
        if not self._is_sqlite:
            more = f"setweight(to_tsvector('simple', {extra} || {common}), 'B')"
            columns, values = f"{columns}, words", f"{values}, one.a || two.b || three.b || {more}"
        self._run(f"INSERT INTO post_search ({columns}) SELECT {values} {source}")
        self._run(
            "INSERT INTO search_word (word, language, backwards)"
            f" SELECT 'word' || i, 'de', i || 'drow' FROM {self._series(min(sizes.votes, 50_000))}"
        )
        score, few = "(p.votes - 2 * p.downs)", self._least("p.votes - p.downs", "p.downs")
        order = f"log10({self._most(f'abs{score}', '1')}) * sign({score})"
        many = self._most("p.votes - p.downs", "p.downs")
        split = f"CASE WHEN p.downs > 0 THEN pow(p.votes, 1.0 * {few} / {many}) ELSE 0 END"
        self._run(
            "INSERT INTO post_rank (post_id, community_id, hot, active, controversy, score, scaled,"
            " comments, published_at, commented_at)"
            f" SELECT p.id, p.community_id, {order} + p.at / {POST_SECONDS},"
            f" {order} + ({last}) / {POST_SECONDS}, {split}, {score},"
            f" {order} + p.at / {POST_SECONDS} - p.community_id % 4, p.comments, {at},"
            f" {self._moment(last)} FROM fill_post p"
        )
        self._run(
            "INSERT INTO link_preview (post_id, url, state, title, description, due_at)"
            " SELECT id, url, 'done', title, '', published_at FROM post"
            f" WHERE url IS NOT NULL AND id > {self._post}"
        )

    def _put_comments(self) -> None:
        rare = max(1, self._sizes.votes // 200)
        extra = (
            f"CASE WHEN c.id % 4 = 3 THEN ' {COMMON}' ELSE '' END"
            f" || CASE WHEN c.id % {rare} = 0 THEN ' {RARE}' ELSE '' END"
        )
        text = f"one.words || '. ' || two.words || '. ' || three.words || {extra}"
        source = (
            "FROM fill_comment c JOIN actor a ON a.id = c.author_id"
            f" JOIN fill_phrase one ON one.i = {self._hash('c.id', 0, PHRASES)}"
            f" JOIN fill_phrase two ON two.i = {self._hash('c.id', 1, PHRASES)}"
            f" JOIN fill_phrase three ON three.i = {self._hash('c.id', 5, PHRASES)}"
        )
        self._run(
            "INSERT INTO comment (id, iri, local, post_id, parent_id, path, depth, author_id,"
            " body_source, body_html, published_at, upvotes, downvotes, replies)"
            f" SELECT c.id, {self._iri('comment', 'c')}, a.local, c.post_id, c.parent_id, c.path,"
            f" c.depth, c.author_id, '', '<p>' || {text} || '</p>', {self._moment('c.at')},"
            f" c.votes - c.downs, c.downs, c.replies {source}"
        )
        score, few = "(c.votes - 2 * c.downs)", self._least("c.votes - c.downs", "c.downs")
        order = f"log10({self._most(f'abs{score}', '1')}) * sign({score})"
        many = self._most("c.votes - c.downs", "c.downs")
        split = f"CASE WHEN c.downs > 0 THEN pow(c.votes, 1.0 * {few} / {many}) ELSE 0 END"
        self._run(
            "INSERT INTO comment_rank (comment_id, community_id, hot, controversy, score,"
            f" published_at) SELECT c.id, p.community_id, {order} + c.at / {COMMENT_SECONDS},"
            f" {split}, {score}, {self._moment('c.at')}"
            " FROM fill_comment c JOIN fill_post p ON p.id = c.post_id"
        )
        columns, values = "rowid, title, body, url", f"c.id, '', {text}, ''"
        if not self._is_sqlite:
            more = f"setweight(to_tsvector('simple', {extra}), 'B')"
            columns, values = f"{columns}, words", f"{values}, one.b || two.b || three.b || {more}"
        self._run(f"INSERT INTO comment_search ({columns}) SELECT {values} {source}")

    def _put_votes(self) -> None:
        digest = self._digest("c.id || '-' || k.i")
        for kind in ("post", "comment"):
            voter = f"{self._actor} + 1 + (c.id * 7919 + k.i * {_STRIDE}) % {self._sizes.people}"
            self._run(
                f"INSERT INTO {kind}_vote ({kind}_id, voter_id, score, iri, voted_at)"
                f" SELECT c.id, {voter}, CASE WHEN k.i <= c.downs THEN -1 ELSE 1 END,"
                f" 'sha256:' || substr({digest}, 1, 22),"
                f" {self._moment('c.at + 60 * k.i')}"
                f" FROM fill_{kind} c JOIN fill_number k ON k.i <= c.votes"
            )

    def _count(self) -> None:
        for column, counted in (
            ("posts", "SELECT community_id, count(*) AS n FROM fill_post GROUP BY 1"),
            ("comments", "SELECT community_id, sum(comments) AS n FROM fill_post GROUP BY 1"),
            (
                "subscribers",
                "SELECT target_id AS community_id, count(*) AS n FROM follow GROUP BY 1",
            ),
        ):
            self._run(
                f"UPDATE community SET {column} = counted.n FROM ({counted}) AS counted"
                f" WHERE counted.community_id = actor_id AND actor_id > {self._group}"
            )
        self._run(f"UPDATE community SET followers = subscribers WHERE actor_id > {self._group}")
        # As a recent count would find it, roughly.
        self._run(
            "UPDATE community SET users_active_month = posts + comments"
            f" WHERE actor_id > {self._group}"
        )
        self._run(
            "INSERT INTO author_counts (author_id, posts, comments)"
            " SELECT author_id, sum(posts), sum(comments) FROM"
            " (SELECT author_id, 1 AS posts, 0 AS comments FROM fill_post"
            " UNION ALL SELECT author_id, 0, 1 FROM fill_comment) AS counted GROUP BY 1"
        )

    # What members see, moderators did, and servers exchanged

    def _put_personal(self) -> None:
        sizes, now = self._sizes, self._moment(str(self._now))
        read = f"CASE WHEN k.i > 190 THEN NULL ELSE {now} END"
        which = self._hash("a.actor_id * 200 + k.i", 0, sizes.votes // 10)
        self._run(
            "INSERT INTO notification (recipient_id, kind, actor_id, community_id, post_id,"
            " comment_id, created_at, read_at)"
            " SELECT a.actor_id, 'reply', c.author_id, p.community_id, c.post_id, c.id,"
            f" {self._moment('c.at')}, {read} FROM fill_number k JOIN account a ON k.i <= 200"
            f" JOIN fill_comment c ON c.id = {self._comment} + 1 + {which}"
            " JOIN post p ON p.id = c.post_id ORDER BY k.i, a.actor_id"
        )
        post = f"{self._post} + 1 + (a.actor_id * 7 + k.i * 7919) % {sizes.posts}"
        for table, columns, values, number in (
            ("post_visit", "post_id, comments, visited_at", f"{post}, 1, {now}", 100),
            ("saved_post", "post_id, saved_at", f"{post}, {now}", 20),
            ("hidden_post", "post_id, hidden_at", f"{post}, {now}", 5),
            ("followed_post", "post_id, followed_at", f"{post}, {now}", 10),
            ("muted_post", "post_id, muted_at", f"{post}, {now}", 5),
        ):
            self._run(
                f"INSERT INTO {table} (person_id, {columns})"
                f" SELECT a.actor_id, {values} FROM account a"
                f" JOIN fill_number k ON k.i <= {min(number, sizes.posts)}"
            )
        which = f"(a.actor_id * 7 + k.i * 7919) % {sizes.votes // 10}"
        self._run(
            "INSERT INTO saved_comment (person_id, comment_id, saved_at)"
            f" SELECT a.actor_id, c.id, {now} FROM account a JOIN fill_number k ON k.i <= 20"
            f" JOIN fill_comment c ON c.id = {self._comment} + 1 + {which}"
        )

    def _put_moderation(self) -> None:
        sizes, votes = self._sizes, self._sizes.votes
        comment = f"c.id = {self._comment} + 1 + {self._hash('s.i', 0, votes // 10)}"
        person = f"{self._actor} + 1 + {self._hash('s.i', 2, sizes.people)}"
        acts, reports = max(500, votes // 200), max(100, votes // 2000)
        at = self._moment(f"{self._now} - {sizes.seconds} * (1 - s.i / {acts + 1.0})")
        old = self._moment(f"{self._now} - {31 * DAY} * (1 - s.i / {votes / 100 + 1})")
        kind = "CASE s.i % 3 WHEN 0 THEN 'restore' WHEN 1 THEN 'remove' ELSE 'lock' END"
        self._run(
            "INSERT INTO modlog (community_id, moderator_id, kind, about, target_iri, person_id,"
            f" reason, created_at) SELECT p.community_id, {person}, {kind}, 'comment', c.iri,"
            f" c.author_id, 'For the rule ' || (s.i % 7), {at}"
            f" FROM {self._series(acts)} JOIN comment c ON {comment}"
            " JOIN post p ON p.id = c.post_id"
        )
        self._run(
            "INSERT INTO revision (post_id, body_html, written_at, replaced_at)"
            f" SELECT p.id, '<p>An earlier version</p>', {at}, {at}"
            f" FROM {self._series(votes // 200)}"
            f" JOIN fill_post p ON p.i = 1 + {self._hash('s.i', 1, sizes.posts)}"
        )
        self._run(
            "INSERT INTO report (iri, reporter_id, community_id, comment_id, person_id, reason,"
            " reported_text, created_at, resolved_at)"
            f" SELECT 'https://h1.example/flag/' || s.i, {person}, p.community_id, c.id,"
            f" c.author_id, 'Spam', 'Words', {at},"
            f" CASE WHEN s.i % {reports // 20} = 0 THEN NULL ELSE {at} END"
            f" FROM {self._series(reports)} JOIN comment c ON {comment}"
            " JOIN post p ON p.id = c.post_id"
        )
        self._run(
            "INSERT INTO community_ban (community_id, person_id, reason, created_at)"
            f" SELECT {self._group} + 1 + s.i % {sizes.communities},"
            f" {self._actor} + {sizes.people} - s.i, 'Spam', {at}"
            f" FROM {self._series(min(sizes.people, max(1, votes // 2000)))}"
        )
        self._run(
            "INSERT INTO tombstone (iri, kind, actor_iri, created_at, awaited)"
            " SELECT 'https://h' || (s.i % 20) || '.example/like/' || s.i, 'undone',"
            f" 'https://h' || (s.i % 20) || '.example/u/p' || s.i, {old}, FALSE"
            f" FROM {self._series(votes // 100)}"
        )
        self._run(
            "INSERT INTO boost (subject_iri, actor_iri, iri)"
            f" SELECT '{self._origin}/post/' || s.i, 'https://h2.example/u/p' || s.i, NULL"
            f" FROM {self._series(votes // 100)}"
        )

    def _put_journal(self) -> None:
        number = self._sizes.votes // 20
        at = f"{self._now} - {21 * DAY} * (1 - i / {number + 1.0})"
        body = self._bytes("'{\"x\": \"' || repeat_ || '\"}'").replace("repeat_", f"'{'y' * 600}'")
        state = (
            "CASE WHEN i % 100 < 3 THEN 'refused' WHEN i % 100 < 5 THEN 'ignored' ELSE 'done' END"
        )
        code = "CASE WHEN i % 100 < 5 THEN 'not_followed' END"
        self._run(
            "INSERT INTO inbox_journal (dedupe_key, activity_id, activity_type, actor, signer,"
            " host, subject, body, spliceable, authenticated, signed_at, request_id, received_at,"
            " state, tries, due_at, closed_at, code, reason)"
            f" SELECT {self._digest('i')}, 'https://' || host || '/activities/' || i, 'Like', who,"
            f" who, host, '{self._origin}/post/' || (i / 20),"
            f" CASE WHEN i * 3 > {number * 2} THEN {body} END, TRUE, TRUE, at, 'request-' || i, at,"
            f" {state}, 1, at, at + 1, {code}, {code} FROM (SELECT i, {at} AS at,"
            f" 'h' || (i % {self._sizes.hosts}) || '.example' AS host, 'https://h' ||"
            f" (i % {self._sizes.hosts}) || '.example/u/p' || (i % 97) AS who"
            f" FROM {self._series(number)}) AS made"
        )

    def _put_outbox(self) -> None:
        number, hosts = max(1, self._sizes.votes // 100), self._sizes.hosts
        first = self._last("outbox_activity")
        body = self._bytes(f'\'{{"x": "{"y" * 600}"}}\'')
        at = f"{self._now} - {7 * DAY} * (1 - i / {number + 1.0})"
        self._run(
            "INSERT INTO outbox_activity (activity_id, actor, subject, body, created_at)"
            f" SELECT '{self._origin}/activities/announce/' || i,"
            f" '{self._origin}/c/group' || (i % 7),"
            f" '{self._origin}/post/' || (i / 20), {body}, {at} FROM {self._series(number)}"
        )
        host = f"'h' || (k.i + 10 * (a.id % ({hosts} / 10))) || '.example'"
        waits = f"k.i = 1 AND a.id % {hosts} = 0"
        self._run(
            "INSERT INTO outbox_delivery (activity, inbox, host, subject, state, tries, due_at,"
            f" last_status, created_at, closed_at) SELECT id, 'https://' || host || '/inbox', host,"
            " subject, CASE WHEN waits THEN 'waiting' WHEN id % 100 = 7 THEN 'failed'"
            " ELSE 'delivered' END, 1, created_at, 202, created_at,"
            " CASE WHEN waits THEN NULL ELSE created_at + 1 END FROM (SELECT a.id, a.subject,"
            f" a.created_at, {host} AS host, {waits} AS waits FROM outbox_activity a"
            f" JOIN fill_number k ON k.i <= 10 WHERE a.id > {first}) AS made"
        )
        resting = f"CASE WHEN i = 2 THEN {self._now + 10 * DAY} END"
        self._run(
            "INSERT INTO outbox_peer (host, failures, resting_until, last_success, gone)"
            f" SELECT 'h' || (i - 1) || '.example', CASE i WHEN 2 THEN 5 ELSE 0 END, {resting},"
            f" {self._now}, FALSE FROM {self._series(hosts)}"
        )
