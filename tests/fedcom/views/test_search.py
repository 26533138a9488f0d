import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import delete, event, insert, text, update

from fedcom.db import Database
from fedcom.models.account import account
from fedcom.models.actor import actor, community
from fedcom.models.comment import comment, comment_rank
from fedcom.models.personal import actor_block, host_block
from fedcom.models.post import post
from fedcom.queries.search_words import MOST_VARIANTS, widen
from fedcom.text.search_terms import MAX_TERMS, Phrase, Terms, TermSet, parse_terms
from fedcom.views import search_statement
from fedcom.views.comment_feed import CommentQuery, order_beside
from fedcom.views.feed import FeedQuery, Sort as FeedSort, Span
from fedcom.views.paging import Cursor, Page, PageNumber
from fedcom.views.search import (
    Hit,
    SearchQuery,
    Viewer,
    search_comments,
    search_communities,
    search_people,
    search_posts,
)
from fedcom.views.search_statement import Scope, Sort
from tests.fedcom.views import test_comment_feed, test_feed
from tests.fedcom.views.test_feed import NOW, counted
from tests.support.plans import steps
from tests.support.rows import NOON, Rows

SEARCHES: tuple[Callable[..., Any], ...] = (
    search_posts,
    search_comments,
    search_communities,
    search_people,
)


def posts(rows: Rows, query: str, viewer: Viewer | None = None, **more: Any) -> list[int]:
    wanted = SearchQuery(widen(rows.conn, parse_terms(query)), **more)
    return [line.view.id for line in search_posts(rows.conn, wanted, viewer or Viewer()).items]


def comments(rows: Rows, query: str, viewer: Viewer | None = None, **more: Any) -> list[int]:
    wanted = SearchQuery(parse_terms(query), **more)
    return [line.view.id for line in search_comments(rows.conn, wanted, viewer or Viewer()).items]


def names(found: Page[Hit[Any]]) -> list[str]:
    return [line.view.name for line in found.items]


def communities(rows: Rows, query: str, viewer: Viewer | None = None, **more: Any) -> list[str]:
    wanted = SearchQuery(parse_terms(query), **more)
    return names(search_communities(rows.conn, wanted, viewer or Viewer()))


def people(rows: Rows, query: str, viewer: Viewer | None = None, **more: Any) -> list[str]:
    wanted = SearchQuery(parse_terms(query), **more)
    return names(search_people(rows.conn, wanted, viewer or Viewer()))


BODY = (
    "<p>He said “foo_bar”: <em>un</em>believable!</p><p>R&amp;D &lt;b&gt; don't"
    '<br>Überstraße</p><a href="https://hidden.example" rel="nofollow">link</a>'
)


FOUND = {
    "cafe": True,
    "CAFÉ": True,
    "caf": True,
    "afe": False,
    "caf said": False,
    "caf* said": True,
    "cafe believable": False,
    "unbelievable": True,
    "said cafe foo": True,
    '"he said"': True,
    '"said he"': False,
    "foo_bar": True,
    "bar": True,
    "r&d": True,
    "amp": False,
    "don't": True,
    "dont": False,
    "uberstraße": True,
    "nofollow": False,
    "hidden.example": False,
    "link.example/some-path": True,
    "https://link.example/some-path?a=1": True,
    "cafe -said": False,
    "cafe -sai": True,
    'cafe -"said he"': True,
    "東京": True,
    "京タ": True,
    "cafe 京タ": True,
    "cafe -京タ": False,
    "大阪": False,
    "🎉": True,
    "🎈": False,
    "picture": True,
    "careful": True,
    "%": False,
    "-said": False,
    "": False,
}


def test_a_post_is_found_by_its_words(rows: Rows) -> None:
    made = rows.post(
        rows.community(),
        rows.person(),
        title="The Café 🎉 東京タワー",
        body_html=BODY,
        url="https://link.example/some-path?a=1",
        image_alt="A picture",
        content_warning="Careful",
    )

    assert {query: posts(rows, query) for query in FOUND} == {
        query: [made] * is_found for query, is_found in FOUND.items()
    }


NAMES = (
    *("C++", "I use c++17", "C#", "C", "Abc++"),
    *(".NET", "On example.net", "F#, ASP.NET", "node.js"),
)


def test_names_with_signs_are_found_as_such(rows: Rows) -> None:
    cats, bob = rows.community(), rows.person()
    made = [rows.post(cats, bob, title="A", body_html=f"<p>{name}</p>") for name in NAMES]
    titled = [rows.post(cats, bob, title=name) for name in NAMES]

    for query, found in {
        "c++": [0, 1],
        "C++17": [1],
        "c#": [2],
        "c": [0, 1, 2, 3],
        "c -c++": [2, 3],
        ".net": [5],
        ".NET -c++": [5],
        "f#": [7],
        "Asp.Net": [7],
        "node.js": [8],
        '"c#"': [2],
    }.items():
        both = [each[at] for each in (made, titled) for at in found]
        assert sorted(posts(rows, query)) == both, query
        assert sorted(posts(rows, query, title_only=True)) == both[len(found) :], query


def test_other_forms_of_a_word_and_compounds_are_found_and_marked(rows: Rows) -> None:
    cats, bob = rows.community(), rows.person()
    named = rows.post(cats, bob, title="Damenfahrrad", language="de")
    way = rows.post(cats, bob, title="Radeln", body_html="<p>Der Fahrradweg</p>", language="de")
    many = rows.post(cats, bob, title="Zwei alte Fahrräder", language="de")
    other = rows.post(cats, bob, title="Houses", language="en")
    rows.read_words()

    assert {*posts(rows, "Fahrrad")} == {*posts(rows, "fahrrädern")} == {named, way, many}
    assert posts(rows, "fahrrad", sort="new") == [many, way, named]
    assert posts(rows, "alt fahrrad") == [many]
    assert posts(rows, '"fahrrad"') == []
    assert posts(rows, "housing", title_only=True) == [other]
    found = search_posts(rows.conn, SearchQuery(widen(rows.conn, parse_terms("house"))), Viewer())
    assert [hit.title for hit in found.items] == [(("Houses", True),)]


def test_the_most_variants_of_the_most_words_can_be_searched_for(rows: Rows) -> None:
    made = rows.post(rows.community(), rows.person(), title="zz needle")
    others = (f"x{'y' * number}z" for number in range(MOST_VARIANTS - 1))
    some = Phrase(("needles",), prefix=True, variants=(*others, "needle"))
    wanted = SearchQuery(Terms(TermSet((some,) * MAX_TERMS)))

    assert [hit.view.id for hit in search_posts(rows.conn, wanted, Viewer()).items] == [made]
    assert search_people(rows.conn, wanted, Viewer()).items == ()


def test_who_has_exactly_the_name_comes_first(rows: Rows) -> None:
    rows.community("other", title="Robert", summary_html="robert " * 9)
    rows.person("robert", host="b.example", domain="example.com")
    for number in range(5):
        rows.person(f"r{number}", title="Robert Robert")
    rows.person("titled", title="Robert")
    rows.person("robert")
    rows.person("robert_smith", title="Robert")
    rows.community("robert")

    found = search_people(rows.conn, SearchQuery(parse_terms("@Robert")), Viewer()).items
    assert [hit.view.slug for hit in found[:2]] == ["robert", "robert@example.com"]
    assert {hit.view.slug for hit in found[2:4]} == {"titled", "robert_smith"}
    assert communities(rows, "robert") == ["robert", "other"]


def test_matches_are_marked_in_title_and_text(rows: Rows) -> None:
    cats, bob = rows.community("cats", title="Cats"), rows.person("bob")
    made = rows.post(cats, bob, title="Sleepy cats", body_html="<p>Cats &lt;sleep&gt;</p>")
    secret = rows.post(
        cats, bob, title="Cats", body_html="<p>Eaten</p>", content_warning="Sad cats"
    )
    listed = "<ul><li>Sleep</li><li>eat</li></ul>"
    comment_id = rows.comment(made, bob, body_html=listed, published_at=NOON)

    wanted = SearchQuery(parse_terms("cats"), sort="new")
    covered, found = search_posts(rows.conn, wanted, Viewer()).items
    assert found.title == (("Sleepy ", False), ("cats", True))
    assert found.text == (("Cats", True), (" <sleep>", False))
    assert (found.view.author.name, found.view.community.name) == ("bob", "cats")
    assert (covered.view.id, covered.text) == (secret, (("Sad ", False), ("cats", True)))

    below = search_comments(rows.conn, SearchQuery(parse_terms("sleep")), Viewer()).items[0]
    assert (below.view.id, below.view.post.id, below.view.published_at) == (
        comment_id.id,
        made,
        NOON,
    )
    assert "".join(piece.text for piece in below.title) == "Sleepy cats"
    assert below.text == (("Sleep", True), (" · eat", False))


def test_each_list_is_one_statement(rows: Rows) -> None:
    cats, bob = rows.community("cats"), rows.person("bob", title="cats")
    for _ in range(3):
        rows.comment(rows.post(cats, bob, title="cats"), bob, body_html="<p>cats</p>")
    wanted = SearchQuery(parse_terms("cats author:bob -dogs"), scope="subscribed", sort="new")
    rows.follow(bob, cats)

    for search_for in SEARCHES:
        with counted(rows.conn) as statements:
            assert search_for(rows.conn, wanted, Viewer(bob)).items or search_for is search_people
        assert len(statements) == 1


def test_an_edit_a_deletion_and_a_restoration_are_seen_at_once(rows: Rows) -> None:
    cats, bob = rows.community(), rows.person()
    made = rows.post(cats, bob, title="old words")
    comment_id = rows.comment(made, bob, body_html="<p>old words</p>").id

    rows.conn.execute(update(post).values(title="new words"))
    rows.conn.execute(update(comment).values(body_html="<p>new words</p>"))
    assert (posts(rows, "old"), posts(rows, "new")) == ([], [made])
    assert (comments(rows, "old"), comments(rows, "new")) == ([], [comment_id])

    for table in (comment, post):
        for mark in (table.c.deleted_at, table.c.removed_at):
            rows.conn.execute(update(table).values({mark: NOON}))
            assert (posts(rows, "new") == []) == (table is post)
            assert comments(rows, "new") == []
            assert indexed(rows, table.name) == 0
            rows.conn.execute(update(table).values({mark: None}))
            assert (posts(rows, "new"), comments(rows, "new")) == ([made], [comment_id])

    rows.conn.execute(update(post).values(upvotes=5))
    for table in (comment_rank, comment):
        rows.conn.execute(delete(table))
    assert (comments(rows, "new"), indexed(rows, "comment")) == ([], 0)


def indexed(rows: Rows, name: str) -> int:
    return int(rows.conn.execute(text(f"SELECT count(*) FROM {name}_search")).scalar_one())


def test_content_of_closed_communities_is_not_found(rows: Rows) -> None:
    cats, bob = rows.community(), rows.person()
    made = rows.post(cats, bob, title="words")
    rows.comment(made, bob, body_html="words")

    rows.conn.execute(update(community).values(removed_at=NOON))
    assert (posts(rows, "words"), comments(rows, "words"), communities(rows, "cats")) == ([],) * 3
    rows.conn.execute(update(community).values(removed_at=None))
    rows.conn.execute(update(actor).where(actor.c.id == cats).values(deleted_at=NOON))
    assert (posts(rows, "words"), comments(rows, "words"), communities(rows, "cats")) == ([],) * 3


def test_sensitive_posts_are_found_by_those_who_want_to_see_them(rows: Rows) -> None:
    cats, bob = rows.community("cats"), rows.person()
    nude = rows.community("nude", title="cats", nsfw=True)
    made = [rows.post(cats, bob, title="words", nsfw=True), rows.post(nude, bob, title="words")]
    comment_id = [rows.comment(each, bob, body_html="words").id for each in made]
    willing = Viewer(bob, show_nsfw=True)

    assert (posts(rows, "words"), comments(rows, "words")) == ([], [])
    assert communities(rows, "cats", sort="new") == ["cats"]
    assert posts(rows, "words", scope="community", community_id=nude) == made[1:]
    assert posts(rows, "words", willing, sort="new") == made[::-1]
    assert comments(rows, "words", willing, sort="new") == comment_id[::-1]
    assert set(communities(rows, "cats", willing)) == {"cats", "nude"}


@pytest.mark.parametrize("blocked", ["author", "community", "author's host", "community's host"])
def test_blocked_content_is_not_found(rows: Rows, blocked: str) -> None:
    me = rows.person("me")
    cats = rows.community("cats", host="c.example", title="words")
    bob = rows.person("bob", host="a.example", title="words")
    made = rows.post(cats, bob, title="words")
    comment_id = rows.comment(rows.post(cats, me), bob, body_html="words").id
    whom: dict[str, int | str] = {
        "author": bob,
        "community": cats,
        "author's host": "a.example",
        "community's host": "c.example",
    }
    values = {"person_id": me, "blocked_at": NOON}
    if isinstance(whom[blocked], int):
        rows.conn.execute(insert(actor_block).values(blocked_id=whom[blocked], **values))
    else:
        rows.conn.execute(insert(host_block).values(host=whom[blocked], **values))

    assert (posts(rows, "words", Viewer(me)), comments(rows, "words", Viewer(me))) == ([], [])
    assert (posts(rows, "words"), comments(rows, "words")) == ([made], [comment_id])
    is_person = blocked.startswith("author")
    assert people(rows, "words", Viewer(me)) == ["bob"] * (not is_person)
    assert communities(rows, "words", Viewer(me)) == ["cats"] * is_person


def test_a_search_can_be_filtered(rows: Rows) -> None:
    me, zoe = rows.person("me"), rows.person("Zoe", host="a.example")
    cats, owls = rows.community("cats"), rows.community("owls", host="c.example")
    mine, hers = rows.post(cats, me, title="words"), rows.post(owls, zoe, title="words")
    comment_id = rows.comment(mine, zoe, body_html="words").id
    rows.follow(me, owls)

    scopes: dict[Scope, list[int]] = {
        "all": [hers, mine],
        "local": [mine],
        "subscribed": [hers],
        "community": [mine],
    }
    for scope, found in scopes.items():
        narrowed = {"scope": scope, "sort": "new", "community_id": cats}
        assert posts(rows, "words", Viewer(me), **narrowed) == found
    assert posts(rows, "words", scope="subscribed") == []
    assert posts(rows, "author:Zoe@A.example") == [hers]
    assert posts(rows, "words author:@zoe") == []
    assert posts(rows, "author:Me -nothing") == [mine]
    assert posts(rows, "author:me -words") == []
    assert posts(rows, "words community:!owls@c.example") == [hers]
    assert comments(rows, "community:cats") == [comment_id]
    assert comments(rows, "author:me words") == []
    assert communities(rows, "cats owls") == []
    assert communities(rows, "cat", scope="local") == ["cats"]
    assert communities(rows, "owls", Viewer(me), scope="subscribed") == ["owls"]
    assert people(rows, "zoe", scope="local") == []
    assert communities(rows, "author:me") == people(rows, "author:me") == []


def test_people_and_communities_are_found_by_name_and_title(rows: Rows) -> None:
    rows.person("bob", title="Robert Müller", summary_html="<p>gardener</p>")
    waits = rows.person("wanda", title="Robert")
    rows.person("gone", title="Robert", deleted_at=NOON)
    rows.conn.execute(
        insert(account).values(
            actor_id=waits, password_hash="", role="member", state="pending", created_at=NOON
        )
    )
    rows._actor("Application", "i", "instance", {"title": "Robert"})
    rows.community("big_cats", title="Roar", summary_html="<p>Lions of <b>Robert</b></p>")

    assert people(rows, "robert") == people(rows, "muller bo") == ["bob"]
    assert people(rows, "gardener") == people(rows, "roar") == []
    assert communities(rows, "cats") == communities(rows, "lions roar") == ["big_cats"]
    found = search_communities(rows.conn, SearchQuery(parse_terms("robert")), Viewer()).items[0]
    assert found.text == (("Lions of ", False), ("Robert", True))
    assert (found.view.subscribers, found.view.nsfw) == (0, False)


def test_better_matches_come_first(rows: Rows) -> None:
    cats, bob = rows.community(), rows.person()
    filler = "other words that say nothing " * 20
    titled = rows.post(cats, bob, title="needle", body_html=filler)
    worded = rows.post(cats, bob, title="thing", body_html=f"{filler} needle")
    rows.post(cats, bob, title="thing", body_html=filler)

    assert posts(rows, "needle") == [titled, worded]
    assert posts(rows, "needle", sort="new") == [worded, titled]


@pytest.mark.parametrize("sort", ["relevance", "new"])
@pytest.mark.parametrize("query", ["cats", "東", "author:bob"])
def test_pages_follow_each_other_without_gap_or_repetition(
    rows: Rows, sort: Sort, query: str
) -> None:
    cats, bob = rows.community(), rows.person("bob")
    made = [
        rows.post(cats, bob, title=f"東 cats {'cats' * (number % 3)}", published_at=NOON)
        for number in range(11)
    ]

    seen: list[int] = []
    after = None
    while True:
        wanted = SearchQuery(parse_terms(query), sort=sort, after=after, limit=4)
        page = search_posts(rows.conn, wanted, Viewer())
        seen += [line.view.id for line in page.items]
        if page.next is None:
            break
        after = Cursor.read(str(page.next), whole=False)
    assert len(seen) == len(made)
    assert set(seen) == set(made)


@pytest.mark.parametrize("query", ["words", "author:bob"])
def test_an_invalid_cursor_is_no_server_error(rows: Rows, query: str) -> None:
    rows.post(rows.community(), rows.person("bob"), title="words")
    for key in (2.0**53 - 1, -(2.0**53) + 1):
        for sort in ("new", "relevance"):
            after = Cursor(key, 2**53 - 1)
            assert len(posts(rows, query, sort=sort, after=after)) == (key > 0)


Limit = Callable[[str, int], None]


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> Iterator[Limit]:
    """Sets a limit, which is a constant in the statements."""

    def forget() -> None:
        search_statement.page_statement.cache_clear()
        search_statement.count_statement.cache_clear()

    def set_limit(name: str, value: int) -> None:
        monkeypatch.setattr(search_statement, name, value)
        forget()

    yield set_limit
    forget()


NEWEST = 40 * search_statement.BLOCK


@pytest.mark.parametrize(
    "ids",
    [
        range(1, 10),
        range(NEWEST, NEWEST - 9, -1),
        range(NEWEST, 0, -search_statement.BLOCK),
        range(NEWEST, 0, -7 * search_statement.BLOCK),
        [*range(NEWEST, NEWEST - 3, -1), 1, 2],
        [*range(NEWEST, NEWEST - 3, -1), 1],
        [NEWEST, 1, 2, 3, 4, 5, 6, 7],
        [1, 2, 3],
        [],
    ],
)
@pytest.mark.parametrize("sort", ["relevance", "new"])
def test_of_frequent_words_the_most_recent_matches_are_considered(
    rows: Rows, limit: Limit, ids: Sequence[int], sort: Sort
) -> None:
    limit("MOST", 5)
    limit("MAX_BLOCKS", 30)
    cats, bob = rows.community(), rows.person()
    for number in ids:
        # The older ones would be better.
        body = "needle " * (1 + (number < NEWEST // 2))
        rows.post(cats, bob, id=number, title="thing", body_html=f"<p>{body}")
    rows.post(cats, bob, id=NEWEST + 1, title="thing")

    assert sorted(posts(rows, "needle", sort=sort)) == sorted(sorted(ids)[-5:])


def test_a_frequent_word_is_not_the_beginning_of_others(rows: Rows, limit: Limit) -> None:
    limit("MOST", 3)
    cats, bob = rows.community(), rows.person()
    longer = rows.post(cats, bob, title="needles", published_at=NOON)
    few = [rows.post(cats, bob, title="needle", published_at=NOON) for _ in range(2)]
    assert posts(rows, "needle", sort="new") == [*reversed(few), longer]

    more = rows.post(cats, bob, title="needle", published_at=NOON)
    rows.post(cats, bob, title="needles", published_at=NOON)
    assert posts(rows, "needle", sort="new") == [more, *reversed(few)]


def test_a_search_within_a_part_considers_more_matches(rows: Rows, limit: Limit) -> None:
    limit("MOST", 3)
    cats, dogs, bob = rows.community(), rows.community("dogs"), rows.person("bob")
    old = rows.post(dogs, rows.person("ann"), title="needle")
    new = [rows.post(cats, bob, title="needle", published_at=NOON) for _ in range(5)]

    assert posts(rows, "needle", sort="new") == new[:1:-1]
    assert posts(rows, "needle", scope="community", community_id=dogs) == [old]
    assert posts(rows, "needle author:ann") == [old]
    assert posts(rows, "needle community:dogs") == [old]


@pytest.mark.parametrize("sort", ["relevance", "new"])
@pytest.mark.parametrize("hidden", [4, 5, 20])
def test_a_page_is_full_whatever_the_best_matches_are(rows: Rows, sort: Sort, hidden: int) -> None:
    cats, bob, eve = rows.community(), rows.person(), rows.person("eve")
    shown = [rows.post(cats, bob, title="needle and thread", published_at=NOON) for _ in range(3)]
    for _ in range(hidden):
        rows.post(cats, eve, title="needle", published_at=NOON)
    rows.conn.execute(insert(actor_block).values(person_id=bob, blocked_id=eve, blocked_at=NOON))

    found = posts(rows, "needle", Viewer(bob), sort=sort, limit=1)
    rest = posts(rows, "needle", Viewer(bob), sort=sort, limit=1, after=PageNumber(3))
    assert (found, rest) == ([shown[2]], [shown[0]])


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.parametrize("sort", ["relevance", "new"])
def test_a_more_frequent_word_costs_no_more(rows: Rows, limit: Limit, sort: Sort) -> None:
    limit("MOST", 100)
    cats, bob = rows.community(), rows.person()
    costs = []
    for number in (200, 1800):
        for _ in range(number):
            rows.post(cats, bob, title="needle", published_at=NOON)
        with steps(rows.conn) as taken:
            assert len(posts(rows, "needle", sort=sort)) == 20
        costs.append(len(taken))
    assert 0 < costs[1] < 1.1 * costs[0]


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.one_of(
        st.text(alphabet=st.characters(), max_size=60),
        st.text(alphabet="ab \"'*-:@!()&|<>\\^~+{}[]%_東é\u0301", max_size=40),
    )
)
def test_no_query_text_causes_a_server_error(database: Database, query: str) -> None:
    wanted = SearchQuery(parse_terms(query))
    with database.connect() as conn:
        for search_for in SEARCHES:
            assert search_for(conn, wanted, Viewer()).items == ()


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.text(alphabet=st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")))
def test_any_query_is_accepted(database: Database, typed: str) -> None:
    with database.begin() as conn:
        rows = Rows(conn)
        name = f"c{conn.execute(text('SELECT count(*) FROM actor')).scalar()}"
        place = rows.community(name, title=typed, summary_html=typed)
        number = conn.execute(text("SELECT count(*) FROM post")).scalar()
        rows.post(place, place, iri=f"p{number}", title=typed, body_html=f"<p>{typed}")


def test_the_index_is_used(rows: Rows) -> None:
    if rows.conn.dialect.name == "postgresql":
        rows.conn.execute(text("SET LOCAL enable_seqscan = off"))
    plans: list[str] = []

    def explain(conn: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if "matched" in statement and "EXPLAIN" not in statement:
            verb = "EXPLAIN QUERY PLAN " if conn.dialect.name == "sqlite" else "EXPLAIN "
            plan = conn.exec_driver_sql(verb + statement, values)
            plans.append("\n".join(str(row[-1]) for row in plan))

    event.listen(rows.conn, "before_cursor_execute", explain)
    for search_for in SEARCHES:
        search_for(rows.conn, SearchQuery(parse_terms("cats"), scope="local"), Viewer(7))
    event.remove(rows.conn, "before_cursor_execute", explain)

    assert len(plans) == len(SEARCHES)
    for plan, name in zip(plans, ("post", "comment", "actor", "actor"), strict=True):
        is_sqlite = rows.conn.dialect.name == "sqlite"
        used = (
            rf"SCAN {name}_search VIRTUAL TABLE INDEX \d+:M" if is_sqlite else rf"ix_{name}_search"
        )
        assert re.search(used, plan)
        # The rows of the matches and of the page are found by their ids.
        assert f"SCAN {name}\n" not in plan


@pytest.mark.parametrize("size", [50_000])
def test_the_longest_text_is_indexed_in_short_time(rows: Rows, size: int) -> None:
    cats, bob = rows.community(), rows.person()
    # All different words, all mark-up, only marks.
    for body in (
        " ".join(f"w{number:x}é" for number in range(size // 6)),
        "<b>x</b>" * (size // 8),
        "\u0301\u0323\u05b0\u064b" * (size // 4),
    ):
        made = rows.post(cats, bob, title="long", body_html=body)
        assert made in posts(rows, "long")


def all_pages(
    rows: Rows, find: Callable[..., Any], wanted: SearchQuery, viewer: Viewer
) -> list[int]:
    """The ids on all pages, of seven results each."""
    seen: list[int] = []
    after = None
    while True:
        page = find(rows.conn, replace(wanted, limit=7, after=after), viewer, NOW)
        seen += [hit.view.id for hit in page.items]
        after = page.next
        if after is None:
            return seen


PLACES: tuple[Scope, ...] = ("all", "local", "subscribed", "moderated", "community")


@pytest.mark.parametrize("scope", PLACES)
def test_found_posts_have_every_order_and_span_that_lists_have(rows: Rows, scope: Scope) -> None:
    library = test_feed.Library(rows)
    dogs, viewer = library.communities["dogs"], Viewer(library.me)
    spans: tuple[Span, ...] = ("all", "month")
    for sort in get_args(FeedSort):
        for span in spans:
            wanted = SearchQuery(parse_terms("post"), scope, sort, dogs, span=span)
            listed = FeedQuery(scope, sort, span, dogs, show_hidden=True)
            found = all_pages(rows, search_posts, wanted, viewer)
            assert found == library.expected(listed) != [], (sort, span)


@pytest.mark.parametrize("sort", get_args(FeedSort))
def test_found_posts_of_one_person(rows: Rows, sort: FeedSort) -> None:
    library = test_feed.Library(rows)
    viewer = Viewer(library.me, show_nsfw=True)
    wanted = SearchQuery(parse_terms("post"), "all", sort, author_id=library.bob)
    listed = FeedQuery("author", sort, subject_id=library.bob, nsfw=True)

    found = all_pages(rows, search_posts, wanted, viewer)

    assert found == library.expected(listed) != []


@pytest.mark.parametrize("scope", PLACES)
def test_found_comments_have_the_orders_that_go_with_those_of_posts(
    rows: Rows, scope: Scope
) -> None:
    library = test_comment_feed.Library(rows)
    dogs, viewer = library.communities["dogs"], Viewer(library.me)
    for sort in get_args(FeedSort):
        wanted = SearchQuery(parse_terms("text"), scope, sort, dogs)
        listed = CommentQuery(scope, order_beside(sort), dogs)
        found = all_pages(rows, search_comments, wanted, viewer)
        assert found == library.expected(listed) != [], sort


def test_a_search_of_titles_finds_nothing_in_texts(rows: Rows) -> None:
    body = "<p>dogs 大阪</p>"
    made = rows.post(
        rows.community(), rows.person(), title="About cats 東京", body_html=body,
        url="https://news.example/",
    )  # fmt: skip

    for query, is_found in {
        "cats": True,
        "cat": True,
        '"about cats"': True,
        "cats about": True,
        "dogs": False,
        "cats dogs": False,
        '"cats dogs"': False,
        "東京": True,
        "大阪": False,
        "news.example": False,
        "cats -dogs": False,
    }.items():
        assert posts(rows, query, title_only=True) == [made] * is_found, query
