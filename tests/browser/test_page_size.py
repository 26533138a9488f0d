"""The weight of a page on the network: bytes transferred, and requests."""

import random
import sqlite3

import pytest
from playwright.sync_api import Browser, Request, expect

from tests.browser.screens import PHONE, tab
from tests.browser.servers import Servers, attach
from tests.support.server_processes import Node
from tests.support.visitor import FORM_HEADERS, Visitor

BYTES = 60_000
SCRIPT_BYTES = 20_000
REQUESTS = 10

PEOPLE = 100
"""With a picture each, in the long thread."""


def words(seed: int, count: int) -> str:
    """Text without repetition, so that it compresses no better than real text."""
    random_letters = random.Random(seed)
    return " ".join(
        "".join(random_letters.choices("etaoinshrdlu", k=random_letters.randint(2, 9)))
        for _ in range(count)
    )


def write_comments(who: Visitor, post: str, count: int) -> None:
    """Many comments, each third one a reply to the one before it."""
    page = who.open(post)
    fields = page.form(f"{post}/comment").fields
    parent = ""
    for number in range(count):
        body = f"Comment {number}. {words(number, 30)}"
        values = {**fields, "parent": parent, "body": body}
        answer = who.client.post(f"{post}/comment", data=values, headers=FORM_HEADERS)
        assert answer.status_code == 303, answer.text[:500]
        made = answer.headers["location"].rpartition("-")[2]
        parent = made if number % 3 else ""


@pytest.fixture(scope="module")
def busy(servers: Servers) -> str:
    """A thread of 200 comments, and a front page of twenty posts."""
    bob = servers.people["bob"]
    post = bob.submit("/c/cats", "A long talk", body="Go on.")
    for number in range(20):
        bob.submit("/c/cats", f"Cats, part {number}", body=words(number, 80))
    write_comments(bob, post, 200)
    attach(bob, bob.open("/settings/pictures"), "icon", "icon")
    share_out(servers.alpha, post, PEOPLE)
    return post


def share_out(node: Node, post: str, people: int) -> None:
    """Give the comments of bob on a post, and the posts from that one on, to so many people with
    his picture, which has another address for each of them.
    """
    number = int(post.rpartition("/")[2])
    with sqlite3.connect(node.folder / "fedcom.sqlite3", timeout=30) as conn:
        (bob,) = conn.execute("SELECT id FROM actor WHERE name = 'bob'").fetchone()
        columns = [row[1] for row in conn.execute("PRAGMA table_info(actor)")]
        others = ", ".join(one for one in columns if one not in {"id", "iri", "name"})
        copy = f"INSERT INTO actor (iri, name, {others}) SELECT iri || ?1, name || ?1, {others}"
        made = [
            conn.execute(f"{copy} FROM actor WHERE id = ?2", (f"_{one}", bob)).lastrowid
            for one in range(people)
        ]
        for table, condition in (("post", "id >= ?2"), ("comment", "post_id = ?2")):
            found = f"SELECT id FROM {table} WHERE author_id = ?1 AND {condition}"
            for one, (row,) in enumerate(conn.execute(found, (bob, number)).fetchall()):
                by = made[one % people]
                conn.execute(f"UPDATE {table} SET author_id = ? WHERE id = ?", (by, row))


@pytest.mark.parametrize("who", ["", "bob"])
@pytest.mark.parametrize("what", ["front", "thread"])
def test_a_page_stays_below_its_size_limit(
    browser: Browser, servers: Servers, busy: str, what: str, who: str
) -> None:
    seen: list[Request] = []

    def note(request: Request) -> None:
        seen.append(request)

    with tab(browser, PHONE, servers.people[who]) as page:
        page.on("requestfinished", note)
        page.goto(busy if what == "thread" else "/?list=local&sort=new")
        page.wait_for_load_state("networkidle")
        lines = page.locator("li[id^=comment-]" if what == "thread" else "ol.posts > li").count()
        sizes = {one.url: one.sizes()["responseBodySize"] for one in seen}
        faces = page.locator(".face img").count()
        page.mouse.wheel(0, 2 * PHONE.height)
        expect(page.locator(".face img").nth(faces)).to_be_visible()
    assert lines == (200 if what == "thread" else 20)
    assert faces > 1
    assert len(sizes) <= REQUESTS, sizes
    assert sum(sizes.values()) <= BYTES, sizes
    assert sum(size for url, size in sizes.items() if ".js" in url) <= SCRIPT_BYTES, sizes
