"""The collections of a conversation: `context` of each post, `replies` of each post and comment."""

import hashlib
from typing import Any

import pytest

from fedcom.actions.delete import Delete
from fedcom.actions.remove import RemoveContent
from fedcom.federation.threads import PAGE, digest
from fedcom.models.actor import community
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.queries import replies
from tests.support.documents import page, person
from tests.support.node import Node
from tests.support.people import ORIGIN, Home, received
from tests.support.plans import counted

pytestmark = pytest.mark.anyio

CATS = f"{ORIGIN}/c/cats"
KIM = "https://kim.example/u/kim"


def conversation(home: Home) -> tuple[Post, list[Comment]]:
    """A post of ours; below it kim (remote), bob below kim, ann below the post."""
    kim = home.person(KIM)
    post = home.post()
    first = home.comment(post, by=kim, iri="https://kim.example/note/1")
    second = home.comment(post, parent=first)
    third = home.comment(post, by=home.ann)
    return post, [first, second, third]


async def items_of(node: Node, collection: dict[str, Any]) -> list[str]:
    """All ids in a collection, page after page."""
    found: list[str] = []
    page: Any = collection["first"]
    while page is not None:
        listed = await node.get_json(page.removeprefix(ORIGIN)) if isinstance(page, str) else page
        found += listed.get("orderedItems", []) + listed.get("items", [])
        page = listed.get("next")
    return found


async def test_posts_and_comments_link_to_their_thread_and_replies(node: Node) -> None:
    post, (_, second, _) = conversation(node.home)

    written = await node.get_json("/post/1")
    assert written["context"] == f"{post.iri}/context"
    assert written["replies"] == f"{post.iri}/replies"

    answer = await node.get_json(second.iri.removeprefix(ORIGIN))
    assert answer["context"] == f"{post.iri}/context"
    assert answer["replies"]["id"] == f"{second.iri}/replies"


@pytest.mark.parametrize(
    ("thread_of_parent", "shown"),
    [
        ("https://kim.example/threads/7", "https://kim.example/threads/7"),
        ({"id": "https://kim.example/threads/7"}, "https://kim.example/threads/7"),
        (f"{ORIGIN}/post/1/context", None),
        ("javascript:alert(1)", None),
        (None, None),
    ],
)
async def test_a_comment_below_a_peers_post_names_the_peers_thread(
    node: Node, thread_of_parent: Any, shown: str | None
) -> None:
    dogs = node.home.group("https://dogs.example/c/dogs")
    node.home.follow(node.home.bob, dogs)
    node.network.put(
        person(KIM), page("https://kim.example/post/1", KIM, dogs.iri, context=thread_of_parent)
    )
    found = await node.instance.lookup("https://kim.example/post/1")
    assert isinstance(found, Post)

    comment = node.home.comment(found)
    note = await node.get_json(comment.iri.removeprefix(ORIGIN))

    assert note.get("context") == shown
    assert note["replies"]["id"] == f"{comment.iri}/replies"


async def test_notes_embed_their_replies(node: Node) -> None:
    """GoToSocial reads no collection of which it only has the id."""
    post, (first, second, third) = conversation(node.home)
    fourth = node.home.comment(post, parent=second)

    status = (await node.get("/post/1", User_Agent="gotosocial/0.20.0")).json()
    note = await node.get_json(second.iri.removeprefix(ORIGIN))

    assert status["replies"]["totalItems"] == 2
    assert status["replies"]["first"]["items"] == [third.iri, first.iri]
    assert note["replies"]["first"] == {
        "id": f"{second.iri}/replies?page=1",
        "type": "CollectionPage",
        "partOf": f"{second.iri}/replies",
        "items": [fourth.iri],
    }
    assert note["replies"]["type"] == "Collection"


async def test_the_context_lists_the_thread_from_its_root_and_belongs_to_the_community(
    node: Node,
) -> None:
    post, (first, second, third) = conversation(node.home)

    answer = await node.get("/post/1/context")
    thread = await node.get_json("/post/1/context")

    assert answer.headers["content-type"] == "application/activity+json; charset=utf-8"
    assert thread == {
        "@context": thread["@context"],
        "id": f"{post.iri}/context",
        "type": "OrderedCollection",
        "attributedTo": CATS,
        "audience": CATS,
        "totalItems": 4,
        "first": f"{post.iri}/context?page=1",
        "last": f"{post.iri}/context?page=1",
    }
    assert await items_of(node, thread) == [post.iri, first.iri, second.iri, third.iri]


async def test_long_threads_have_pages_with_stable_addresses(node: Node) -> None:
    home = node.home
    post = home.post()
    comments = [home.comment(post) for _ in range(2 * PAGE - 1)]

    thread = await node.get_json("/post/1/context")
    second = await node.get_json("/post/1/context?page=2")

    assert thread["totalItems"] == 2 * PAGE
    assert thread["last"] == f"{post.iri}/context?page=2"
    assert await items_of(node, thread) == [post.iri, *(one.iri for one in comments)]
    assert second["orderedItems"][0] == comments[PAGE - 1].iri
    assert second["prev"] == f"{post.iri}/context?page=1"
    assert "next" not in second
    assert second["partOf"] == f"{post.iri}/context"

    replies = await node.get_json("/post/1/replies")
    assert replies["first"]["next"] == f"{post.iri}/replies?page=2"
    assert await items_of(node, replies) == [one.iri for one in comments]


@pytest.mark.parametrize("number", ["0", "2", "-1", "x", "²", "", "9999999999999999999999"])
async def test_pages_out_of_range_are_not_found(node: Node, number: str) -> None:
    node.home.post()

    for path in ("/post/1/context", "/post/1/replies"):
        assert (await node.get(f"{path}?page={number}")).status_code == 404


async def test_deleted_and_removed_content_is_not_listed(node: Node) -> None:
    home = node.home
    post, (first, second, third) = conversation(home)
    home.perform(RemoveContent(by=home.ann, target=second, reason=""))
    home.perform(Delete(by=home.ann, target=third))

    thread = await node.get_json("/post/1/context")

    assert thread["totalItems"] == 2
    assert await items_of(node, thread) == [post.iri, first.iri]
    assert (await node.get_json("/post/1/replies"))["totalItems"] == 1


async def test_the_replies_collection_has_direct_replies_local_ones_first(node: Node) -> None:
    # Mastodon reads five of the first page at once, and only those of the host it requested.
    post, (first, second, third) = conversation(node.home)

    listed = await node.get_json("/post/1/replies")
    assert {name: listed[name] for name in ("id", "type", "totalItems", "first")} == {
        "id": f"{post.iri}/replies",
        "type": "OrderedCollection",
        "totalItems": 2,
        "first": {
            "id": f"{post.iri}/replies?page=1",
            "type": "OrderedCollectionPage",
            "partOf": f"{post.iri}/replies",
            "orderedItems": [third.iri, first.iri],
        },
    }
    page = await node.get_json("/post/1/replies?page=1")
    assert page["id"] == f"{post.iri}/replies?page=1"
    assert page["orderedItems"] == [third.iri, first.iri]

    answer = node.home.comment(post, parent=second)
    below = await node.get_json(f"{second.iri.removeprefix(ORIGIN)}/replies")
    assert below["first"]["items"] == [answer.iri]


async def test_the_replies_of_a_post_list_the_whole_tree_with_our_comments_inline(
    node: Node,
) -> None:
    # PieFed 1.7 reads comments from nothing else.
    _, (first, second, third) = conversation(node.home)

    listed = (await node.get_json("/post/1/replies"))["orderedItems"]

    named = [one if isinstance(one, str) else one["id"] for one in listed]
    assert sorted(named) == sorted([first.iri, second.iri, third.iri])
    inline = {one["id"]: one for one in listed if not isinstance(one, str)}
    assert set(inline) == {one.iri for one in (first, second, third) if one.local}
    assert all(one["type"] == "Note" and one["content"] for one in inline.values())
    assert inline[second.iri]["inReplyTo"] == first.iri


async def test_the_tree_of_a_post_is_read_in_one_go(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replies, "PAGE", 2)
    post = node.home.post()

    async def tree(chains: int) -> tuple[list[Any], int]:
        for _ in range(chains):
            above = node.home.comment(post)
            below = [node.home.comment(post, parent=above) for _ in range(3)]
            node.home.comment(post, parent=below[0])
        with counted() as statements:
            listed = (await node.get_json("/post/1/replies"))["orderedItems"]
        return listed, len(statements)

    listed, few = await tree(1)
    longer, many = await tree(3)
    assert few == many
    assert (len(listed), len(longer)) == (5, 20)
    assert sorted(note["replies"]["totalItems"] for note in listed) == [0, 0, 0, 1, 3]
    for note in longer:
        # As it is in the comment's own document, which is read by itself.
        own = await node.get_json(note["id"].removeprefix(ORIGIN))
        assert {**own, "@context": None} == {**note, "@context": None}


async def test_threads_of_deleted_posts_are_gone_and_of_closed_communities_not_there(
    node: Node,
) -> None:
    home = node.home
    post, (_, second, _) = conversation(home)
    path = second.iri.removeprefix(ORIGIN)
    home.perform(Delete(by=home.bob, target=second))
    answer = await node.get(f"{path}/replies")
    assert (answer.status_code, answer.json()["formerType"]) == (410, "Collection")

    home.perform(RemoveContent(by=home.ann, target=post, reason=""))
    for name in ("context", "replies"):
        answer = await node.get(f"/post/1/{name}")
        gone = answer.json()
        assert answer.status_code == 410
        assert (gone["id"], gone["type"]) == (f"{post.iri}/{name}", "Tombstone")
        assert gone["formerType"] == "OrderedCollection"

    home(lambda ctx: ctx.conn.execute(community.update().values(removed_at=ctx.now)) and None)
    for closed in ("/post/1/context", "/post/1/replies", f"{path}/replies"):
        assert (await node.get(closed)).status_code == 404


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("named", "location"),
    [
        ("https://kim.example/threads/7", "https://kim.example/threads/7"),
        ("https://elsewhere.example/threads/7", "https://kim.example/post/1"),
        (None, "https://kim.example/post/1"),
    ],
)
async def test_requests_for_a_remote_thread_are_redirected_to_its_origin(
    node: Node, named: str | None, location: str
) -> None:
    home = node.home
    dogs = home.group("https://dogs.example/c/dogs")
    home.follow(home.bob, dogs)
    node.network.put(person(KIM), page("https://kim.example/post/1", KIM, dogs.iri, context=named))
    post = await node.instance.lookup("https://kim.example/post/1")
    assert isinstance(post, Post)
    kim = home.person(KIM)
    comment = home.comment(post, by=kim)

    for path, origin in (
        (f"/post/{post.id}/context", location),
        (f"/post/{post.id}/replies", post.iri),
        (f"/comment/{comment.id}/replies", comment.iri),
    ):
        answer = await node.get(path)
        assert (answer.status_code, answer.headers["location"]) == (302, origin)
    home.perform(Delete(by=kim, target=comment), received(KIM))
    for path in (f"/comment/{comment.id}/replies", "/post/99/context", "/comment/99/replies"):
        assert (await node.get(path)).status_code == 404


def test_the_digest_is_the_same_in_any_order() -> None:
    one, two = "https://a.example/1", "https://a.example/2"
    hashes = [hashlib.sha256(iri.encode()).digest() for iri in (one, two)]
    both = bytes(left ^ right for left, right in zip(*hashes, strict=True)).hex()

    assert digest([one]) == hashlib.sha256(one.encode()).hexdigest()
    assert digest([one, two]) == digest([two, one]) == both


async def test_a_conditional_request_for_an_unchanged_thread_gets_304(node: Node) -> None:
    post, comments = conversation(node.home)
    known = digest([post.iri, *(one.iri for one in comments)])

    answer = await node.get("/post/1/context")
    assert answer.headers["etag"] == f'"{known}"'

    for named in (f'"{known}"', f'W/"{known}"', f'"other", "{known}"', "*"):
        same = await node.get("/post/1/context", if_none_match=named)
        assert (same.status_code, same.content) == (304, b""), named
        assert same.headers["etag"] == f'"{known}"'
    assert (await node.get("/post/1/context", if_none_match='"other"')).status_code == 200

    node.home.comment(post)
    changed = await node.get("/post/1/context", if_none_match=f'"{known}"')
    assert changed.status_code == 200
