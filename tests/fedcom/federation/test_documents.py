"""The documents that peers are served, and those that they must never be served."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete as delete_rows, insert, select, update

from fedcom.accounts.applications import deny
from fedcom.accounts.register import NewAccount, register
from fedcom.actions.comment import EditComment
from fedcom.actions.delete import Delete, Undelete
from fedcom.actions.delete_actor import DeleteActor
from fedcom.actions.follow import Follow, Unfollow
from fedcom.actions.message import DeleteMessage, EditMessage, SendMessage, UndeleteMessage
from fedcom.actions.moderators import AddModerator
from fedcom.actions.perform import perform
from fedcom.actions.post import EditPost
from fedcom.actions.profile import EditProfile
from fedcom.actions.remove import RemoveContent, RestoreContent
from fedcom.actions.report import Report, WithdrawReport
from fedcom.actions.vote import Vote
from fedcom.context import Context
from fedcom.models.actor import community as community_table
from fedcom.models.post import post as post_table
from fedcom.models.site import site
from fedcom.remote.actors import forget_actor
from fedcom.wire.body import Body
from outbox.deliveries import activities
from tests.support.documents import activity, person
from tests.support.node import Node
from tests.support.people import NO_KEY, ORIGIN, Home, received
from tests.support.plans import counted

pytestmark = pytest.mark.anyio

KIM = "https://kim.example/u/kim"
KINDS = ("create", "announce")
SECRET = Body.of_markdown("Something that is taken back.")


def issued(home: Home, kind: str, *, inside: str = "") -> list[str]:
    """The paths of the activities of this kind that we issued."""
    statement = select(activities.c.activity_id, activities.c.body).order_by(activities.c.id)
    with home.database.connect() as conn:
        return [
            row.activity_id.removeprefix(ORIGIN)
            for row in conn.execute(statement)
            if f"/activities/{kind}/" in row.activity_id and inside.encode() in row.body
        ]


async def test_an_actor_is_served_at_its_id(node: Node) -> None:
    for path, kind in (("/u/bob", "Person"), ("/c/cats", "Group"), ("/actor", "Application")):
        answer = await node.get(path)

        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("application/activity+json")
        assert answer.headers["vary"] == "Accept, Accept-Encoding"
        served = await node.get_json(path)
        assert (served["id"], served["type"]) == (f"{ORIGIN}{path}", kind)
        assert served["publicKey"]["owner"] == served["id"]


@pytest.mark.parametrize(
    "path",
    [
        "/u/nobody",
        "/u/Bob",
        "/u/home.example",
        "/u/cats",
        "/c/bob",
        "/c/nowhere",
        "/u/nobody/outbox",
        "/u/home.example/outbox",
        "/c/bob/outbox",
        "/post/404",
        "/comment/404",
        f"/post/{2**64}",
        f"/comment/{10**30}",
        "/activities/create/0",
    ],
)
async def test_an_unknown_document_is_404(node: Node, path: str) -> None:
    assert (await node.get(path)).status_code == 404


async def test_a_post_and_a_comment_are_served_with_their_text(node: Node) -> None:
    post = node.home.post()
    comment = node.home.comment(post)

    page = await node.get_json(f"/post/{post.id}")
    note = await node.get_json(f"/comment/{comment.id}")

    assert (page["type"], page["name"], page["audience"]) == (
        "Page",
        "Cats sleep",
        node.home.cats.iri,
    )
    assert (note["type"], note["inReplyTo"]) == ("Note", post.iri)


async def test_remote_documents_are_never_served_under_our_origin(node: Node) -> None:
    kim = node.home.person(KIM)
    post = node.home.post(by=kim)
    comment = node.home.comment(post, by=kim)

    dogs = node.home.group("https://forum.example/c/dogs")
    for path, origin in (
        (f"/post/{post.id}", post.iri),
        (f"/comment/{comment.id}", comment.iri),
        ("/u/kim@kim.example", KIM),
        ("/c/dogs@forum.example", dogs.iri),
        ("/u/bob@home.example", node.home.bob.iri),
    ):
        answer = await node.get(path)
        assert (answer.status_code, answer.headers["location"]) == (302, origin)
        assert answer.content == b""
        assert "Accept" in answer.headers["vary"]
    for path in ("/u/kim", "/u/kim/outbox", "/u/dogs@forum.example", "/u/zoe@kim.example"):
        assert (await node.get(path)).status_code == 404


async def test_there_is_no_redirect_to_the_origin_of_hidden_content(node: Node) -> None:
    kim = node.home.person(KIM)
    post = node.home.post(by=kim)
    node.home.perform(RemoveContent(by=node.home.ann, target=post))
    node.home(lambda ctx: forget_actor(ctx, kim))

    assert (await node.get(f"/post/{post.id}")).status_code == 404
    assert (await node.get("/u/kim@kim.example")).status_code == 404


async def test_documents_are_for_scripts_of_every_page_and_asked_for_only_when_changed(
    node: Node,
) -> None:
    post = node.home.post()
    for path in (f"/post/{post.id}", "/u/bob", "/c/cats/outbox", f"/post/{post.id}/context"):
        answer = await node.get(path)
        again = await node.get(path, If_None_Match=answer.headers["etag"])

        assert answer.headers["access-control-allow-origin"] == "*"
        assert "ETag" in answer.headers["access-control-expose-headers"]
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == answer.headers["etag"]
    changed = EditPost(by=node.home.bob, post=post, title="Cats do sleep")
    before = await node.get(f"/post/{post.id}")
    node.home.perform(changed)
    assert (await node.get(f"/post/{post.id}", If_None_Match=before.headers["etag"])).content


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/actor",
        "/u/bob",
        "/c/cats/outbox",
        "/post/1",
        "/comment/1/replies",
        "/activities/create/0",
        "/.well-known/webfinger",
        "/nodeinfo/2.1",
    ],
)
async def test_a_browser_that_asks_first_may_ask_for_every_document(node: Node, path: str) -> None:
    answer = await node.get(
        path,
        accept="*/*",
        method="OPTIONS",
        Origin="https://reader.example",
        Access_Control_Request_Method="GET",
        Access_Control_Request_Headers="accept,if-none-match",
    )

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-headers"] == "*"
    assert "GET" in answer.headers["access-control-allow-methods"]


@pytest.mark.parametrize("path", ["/c/cats/submit", "/settings", "/login", "/inbox"])
async def test_no_other_site_may_ask_for_forms(node: Node, path: str) -> None:
    answer = await node.get(path, accept="*/*", method="OPTIONS", Origin="https://reader.example")

    assert answer.status_code == 405
    assert "access-control-allow-methods" not in answer.headers


async def test_scripts_may_read_why_there_is_no_document(node: Node) -> None:
    for path in ("/post/404", "/.well-known/webfinger"):
        answer = await node.get(path)

        assert answer.headers["access-control-allow-origin"] == "*"
        assert json.loads(answer.content)["code"] in {"couldnt_find_post", "resource_missing"}


@pytest.mark.parametrize("path", ["/u/bob", "/c/cats", "/actor", "/"])
async def test_no_shared_cache_keeps_a_key_that_was_replaced(node: Node, path: str) -> None:
    answer = await node.get(path)

    assert answer.headers["cache-control"] == "public, no-cache"


def delete(home: Home, it: Any) -> Delete:
    return Delete(by=home.bob, target=it)


def undelete(home: Home, it: Any) -> Undelete:
    return Undelete(by=home.bob, target=it)


def remove(home: Home, it: Any) -> RemoveContent:
    return RemoveContent(by=home.ann, target=it)


def restore(home: Home, it: Any) -> RestoreContent:
    return RestoreContent(by=home.ann, target=it)


Take = Callable[[Home, Any], Any]


@pytest.mark.parametrize(
    ("take", "give"),
    [(delete, undelete), (remove, restore)],
)
async def test_deleted_content_is_a_tombstone_and_no_document_has_its_text(
    node: Node, take: Take, give: Take
) -> None:
    home = node.home
    home.follow(home.person("https://forum.example/u/fan", "lemmy"), home.cats)
    post = home.post(body=SECRET)
    comment = home.comment(home.post(), text=SECRET.source)
    carriers = [path for kind in KINDS for path in issued(home, kind, inside="Something")]
    assert len(carriers) == 4
    for path in carriers:
        assert (await node.get(path)).status_code == 200

    for target, path in ((post, f"/post/{post.id}"), (comment, f"/comment/{comment.id}")):
        home.perform(take(home, target))
        answer = await node.get(path)
        assert answer.status_code == 410
        served = await node.get_json(path)
        assert (served["type"], served["id"]) == ("Tombstone", target.iri)
        assert b"Something" not in answer.content

    leaks = [path for path in carriers if b"Something" in (await node.get(path)).content]
    assert leaks == []
    for path in ("/c/cats/outbox", "/u/bob/outbox"):
        assert b"Something" not in (await node.get(path)).content

    home.perform(give(home, home.fresh(post)))
    assert (await node.get(f"/post/{post.id}")).status_code == 200


async def test_an_edit_removes_the_previous_text_from_every_address(node: Node) -> None:
    home, clock = node.home, node.home.clock
    home.follow(home.person("https://forum.example/u/fan", "lemmy"), home.cats)
    post = home.post(body=SECRET)
    comment = home.comment(post, text=SECRET.source)
    former = [path for kind in KINDS for path in issued(home, kind, inside="Something")]
    clock.advance(seconds=1)

    better = Body.of_markdown("Harmless.")
    home.perform(EditPost(by=home.bob, post=post, title="Better", body=better))
    home.perform(EditComment(by=home.bob, comment=comment, body=better))

    assert len(former) == 4
    for path in former:
        assert b"Something" not in (await node.get(path)).content
    for path in (*issued(home, "update"), *former[:2]):
        assert b"Harmless" in (await node.get(path)).content


async def test_a_profile_is_served_in_no_older_form(node: Node) -> None:
    home = node.home
    for title in ("Old", "New"):
        home.perform(EditProfile(by=home.bob, title=title, summary=Body.of_markdown(title)))
        home.clock.advance(seconds=1)

    old, new = issued(home, "update")
    assert (await node.get(old)).status_code == 404
    assert (await node.get(new)).status_code == 200

    home.perform(DeleteActor(by=home.bob))
    assert (await node.get(new)).status_code == 404
    gone = await node.get("/u/bob")
    assert gone.status_code == 410
    assert b"New" not in gone.content
    assert (await node.get("/u/bob/outbox")).status_code == 404


async def test_private_activities_are_not_served_publicly(node: Node) -> None:
    home = node.home
    dogs = home.group("https://dogs.example/c/dogs")
    home.follow(home.bob, dogs)
    theirs = home.post(by=home.person(KIM), community=dogs)
    home.perform(Report(by=home.bob, target=theirs, reason="Rude."))

    flags = issued(home, "flag")
    assert flags
    for path in flags:
        assert (await node.get(path)).status_code == 404


async def test_our_root_is_the_instance_for_servers_and_a_page_for_people(node: Node) -> None:
    found = await node.get_json("/")

    assert (found["type"], found["id"]) == ("Application", f"{ORIGIN}/actor")
    page = await node.get("/", accept="text/html")
    assert page.headers["content-type"].startswith("text/html")


async def test_a_removed_community_hides_all_of_its_content(node: Node) -> None:
    home = node.home
    post = home.post()
    comment = home.comment(post)
    made = issued(home, "create")

    def close(ctx: Context) -> None:
        ctx.conn.execute(update(community_table).values(removed_at=ctx.now))

    home(close)

    assert (await node.get("/c/cats")).status_code == 410
    for path in (
        *("/c/cats/outbox", "/c/cats/followers", "/c/cats/moderators", "/c/cats/featured"),
        *(f"/post/{post.id}", f"/comment/{comment.id}"),
        *[path for path in made if path != made[0]],
    ):
        assert (await node.get(path)).status_code == 404, path
    outbox = await node.get_json("/u/bob/outbox")
    assert (outbox["totalItems"], outbox["orderedItems"]) == (0, [])


async def test_a_community_has_the_collections_that_peers_read(node: Node) -> None:
    home = node.home
    kim = home.person(KIM)
    home.follow(kim, home.cats)
    ours, theirs = home.post(title="Ours"), home.post(by=kim, title="Theirs")
    home.perform(Delete(by=home.bob, target=home.post(title="Deleted")))

    def pin(ctx: Context) -> None:
        ctx.conn.execute(
            update(post_table).where(post_table.c.id == ours.id).values(featured_at=ctx.now)
        )

    home(pin)

    outbox = await node.get_json("/c/cats/outbox")
    assert outbox["totalItems"] == 2
    assert [item["type"] for item in outbox["orderedItems"]] == ["Announce", "Announce"]
    inner = [item["object"] for item in outbox["orderedItems"]]
    assert theirs.iri in inner
    assert {one["object"]["name"] for one in inner if isinstance(one, dict)} == {"Ours"}
    followers = await node.get_json("/c/cats/followers")
    assert followers["totalItems"] == 2
    assert followers["items"] == []
    assert (await node.get_json("/c/cats/moderators"))["orderedItems"] == [home.ann.iri]
    featured = await node.get_json("/c/cats/featured")
    assert [page["name"] for page in featured["orderedItems"]] == ["Ours"]
    for path in ("/u/bob/featured", "/actor/featured"):
        assert (await node.get_json(path))["orderedItems"] == []
    following = await node.get_json("/u/bob/following")
    assert (following["totalItems"], following["items"]) == (0, [])


async def test_a_persons_outbox_has_posts_and_comments_newest_first(node: Node) -> None:
    home = node.home
    post = home.post()
    home.clock.advance(seconds=1)
    home.comment(post)

    outbox = await node.get_json("/u/bob/outbox")

    assert outbox["totalItems"] == 2
    assert [item["object"]["type"] for item in outbox["orderedItems"]] == ["Note", "Page"]
    assert (await node.get("/u/bob/moderators")).status_code == 404


async def test_an_outbox_lists_activities_by_the_ids_that_were_delivered(node: Node) -> None:
    home = node.home
    home.follow(home.person("https://forum.example/u/fan", "lemmy"), home.cats)
    home.follow(home.person("https://birds.example/u/fan", "mastodon"), home.cats)
    home.comment(home.post())
    home.post()
    sent = {f"{ORIGIN}{path}" for kind in KINDS for path in issued(home, kind)}

    for path in ("/c/cats/outbox", "/u/bob/outbox"):
        items = (await node.get_json(path))["orderedItems"]

        assert len(items) == (2 if path == "/c/cats/outbox" else 3)
        for item in items:
            assert item["id"] in sent
            served = await node.get_json(item["id"].removeprefix(ORIGIN))
            assert (served["id"], served["type"]) == (item["id"], item["type"])
            assert item["object"]["id"] == served["object"]["id"]


async def test_a_create_is_one_for_as_long_as_its_object_is_shown(node: Node) -> None:
    home = node.home
    post = home.post()
    comment = home.comment(post)
    theirs = home.post(by=home.person(KIM))
    home(lambda ctx: ctx.conn.execute(delete_rows(activities)))  # a month later
    paths = {
        f"/activities/create/post-{post.id}": ("Create", post.iri),
        f"/activities/create/comment-{comment.id}": ("Create", comment.iri),
        f"/activities/announce/post-{post.id}": ("Announce", post.iri),
        f"/activities/announce/post-{theirs.id}": ("Announce", theirs.iri),
    }

    for path, (kind, iri) in paths.items():
        served = await node.get_json(path)
        assert (served["id"], served["type"]) == (f"{ORIGIN}{path}", kind)
        assert iri.encode() in (await node.get(path)).content

    home.perform(Delete(by=home.bob, target=comment))
    home.perform(RemoveContent(by=home.ann, target=post))
    home.perform(RemoveContent(by=home.ann, target=theirs))
    for path in (
        *paths,
        f"/activities/create/post-{theirs.id}",
        f"/activities/announce/comment-{comment.id}",
        "/activities/create/post-404",
    ):
        assert (await node.get(path)).status_code == 404, path


async def test_activities_of_other_servers_are_not_served_here(node: Node) -> None:
    home = node.home
    kim, there = home.person(KIM), home.post(community=home.group("https://dogs.example/c/dogs"))
    theirs, remark = home.post(by=kim), home.comment(home.post(), by=kim)

    for path in (
        f"/activities/create/post-{theirs.id}",
        f"/activities/create/comment-{remark.id}",
        f"/activities/announce/post-{there.id}",
    ):
        assert (await node.get(path)).status_code == 404, path
    assert (await node.get(f"/activities/create/post-{there.id}")).status_code == 200


async def test_an_outbox_outlives_a_community_that_its_server_has_deleted(node: Node) -> None:
    home = node.home
    dogs = home.group("https://dogs.example/c/dogs")
    home.follow(home.bob, dogs)
    home.comment(home.post(by=home.person(KIM), community=dogs, iri="https://dogs.example/post/1"))
    home.post(title="Ours")

    home.perform(DeleteActor(by=dogs), received(dogs.iri))

    listed = await node.get_json("/u/bob/outbox")
    assert [item["object"].get("name") for item in listed["orderedItems"]] == ["Ours"]
    assert listed["totalItems"] == 1


async def test_the_pages_of_an_outbox_list_all_posts(node: Node) -> None:
    home = node.home
    made = []
    for number in range(11):
        home.clock.advance(seconds=1)
        post = home.post(title=f"Cats {number}")
        made += [post.iri, home.comment(post).iri]

    outbox = await node.get_json("/u/bob/outbox")
    first = await node.get_json(outbox["first"].removeprefix(ORIGIN))
    last = await node.get_json(first["next"].removeprefix(ORIGIN))

    assert (outbox["type"], outbox["totalItems"]) == ("OrderedCollection", 22)
    assert first["type"] == last["type"] == "OrderedCollectionPage"
    assert (first["id"], first["partOf"]) == (outbox["first"], outbox["id"])
    assert (last["id"], last["prev"]) == (outbox["last"], first["id"])
    assert "next" not in last
    assert outbox["orderedItems"] == first["orderedItems"]
    listed = [item["object"]["id"] for page in (first, last) for item in page["orderedItems"]]
    assert len(listed) == 22
    assert set(listed) == set(made)
    assert listed[-1] == made[0]
    for page in ("0", "3", "x", "9" * 40):
        assert (await node.get(f"/u/bob/outbox?page={page}")).status_code == 404
    empty = await node.get_json("/u/ann/outbox?page=1")
    assert (empty["orderedItems"], empty["partOf"]) == ([], f"{ORIGIN}/u/ann/outbox")


async def test_the_instance_actors_collections_are_empty(node: Node) -> None:
    for path in ("/actor/outbox", "/actor/followers"):
        served = await node.get_json(path)
        assert (served["id"], served["totalItems"]) == (f"{ORIGIN}{path}", 0)


async def test_pending_accounts_are_not_served(node: Node) -> None:
    home = node.home

    def apply(ctx: Context) -> int:
        ctx.conn.execute(update(site).values(registration="approval"))
        newcomer = NewAccount(name="zoe", password_hash="-", application="Please")
        return register(ctx, newcomer, NO_KEY).person.id

    zoe = home(apply)

    for path in ("/u/zoe", "/u/zoe/outbox", "/u/zoe/followers"):
        assert (await node.get(path)).status_code == 404, path
    for resource in ("acct:zoe@home.example", f"{ORIGIN}/u/zoe"):
        asked = await node.get(f"/.well-known/webfinger?resource={resource}", accept="*/*")
        assert asked.status_code == 404
    node.network.put(person(KIM))
    answer = await node.receive(activity("Follow", KIM, f"{ORIGIN}/u/zoe"))
    assert answer == "404 couldnt_find_object"

    home(lambda ctx: deny(ctx, zoe))
    assert (await node.get("/u/zoe")).status_code == 404


async def test_a_remote_activity_is_not_served(node: Node) -> None:
    """Issued under no id of ours, it cannot be fetched."""
    home = node.home

    def plant(ctx: Context) -> None:
        ctx.conn.execute(
            insert(activities).values(
                activity_id="https://kim.example/activities/create/1",
                actor=KIM,
                subject="x",
                body=b"{}",
                created_at=0,
            )
        )

    home(plant)
    assert (await node.get("/activities/create/1")).status_code == 404


async def test_reports_are_not_served(node: Node) -> None:
    """Neither the report nor the community's activity about it to remote moderators."""
    home = node.home
    kim = home.person(KIM, "piefed")
    home.perform(AddModerator(by=home.ann, community=home.cats, person=kim))
    theirs = home.post(by=home.person("https://lea.example/u/lea", "lemmy"))
    made = home.perform(Report(by=home.bob, target=theirs, reason="Rude."))
    home.perform(WithdrawReport(by=home.bob, report=made))

    flagged = issued(home, "undo", inside='"Flag"')
    paths = [*issued(home, "flag"), *issued(home, "announce", inside='"Flag"'), *flagged]

    assert len(paths) == 4
    for path in paths:
        assert (await node.get(path)).status_code == 404, path


async def test_activities_between_two_servers_are_served_by_id(node: Node) -> None:
    """Follows, their responses and votes are addressed to nobody, and peers look them up later."""
    home = node.home
    kim, dogs = home.person(KIM), home.group("https://forum.example/c/dogs")
    home.follow(home.bob, dogs)
    theirs = home.post(by=home.person("https://forum.example/u/lea"), community=dogs)
    home.perform(Follow(by=home.bob, target=kim))
    home.perform(Unfollow(by=home.bob, target=kim))
    home.perform(Follow(by=kim, target=home.bob), received(KIM))
    for score in (1, -1, 0):
        home.perform(Vote(by=home.bob, target=theirs, score=score))

    kinds = ("follow", "accept", "like", "dislike", "undo")
    paths = {kind: issued(home, kind) for kind in kinds}

    assert [len(paths[kind]) for kind in kinds] == [1, 2, 1, 1, 2]
    for kind, ids in paths.items():
        for path in ids:
            answer = await node.get_json(path)
            assert (answer["id"], answer["type"].lower()) == (f"{ORIGIN}{path}", kind)


async def test_nothing_of_a_private_message_is_served(node: Node) -> None:
    home = node.home
    kim = home.person(KIM)
    message = home.perform(SendMessage(by=home.bob, to=kim, body=SECRET))
    message = home.perform(EditMessage(by=home.bob, message=message, body=SECRET))
    message = home.perform(DeleteMessage(by=home.bob, message=message))
    home.perform(UndeleteMessage(by=home.bob, message=message))

    kinds = ("create", "update", "delete", "undo")
    paths = [path for kind in kinds for path in issued(home, kind, inside="/message/")]

    assert len(paths) == 4
    for path in paths:
        assert (await node.get(path)).status_code == 404, path


async def test_every_address_in_an_actor_document_is_served(node: Node) -> None:
    for path in ("/u/bob", "/c/cats", "/actor"):
        actor = await node.get_json(path)
        boxes = ("outbox", "followers", "following", "featured")
        named = [actor[name] for name in boxes if name in actor]
        assert actor["featured"] == f"{ORIGIN}{path}/featured"
        assert len(named) >= 2
        assert actor["following"] == f"{ORIGIN}{path}/following"
        for iri in named:
            found = await node.get_json(iri.removeprefix(ORIGIN))
            assert found["id"] == iri


async def test_an_outbox_item_is_the_same_document_as_its_object(node: Node) -> None:
    """An item of the outbox has the id of the object, so that a fetch finds the same."""
    home = node.home
    post = home.post()
    home(lambda ctx: perform(ctx, EditProfile(by=home.bob, title="B", summary=SECRET)))

    outbox = await node.get_json("/c/cats/outbox")
    (item,) = outbox["orderedItems"]
    assert item["object"]["object"]["id"] == post.iri
    assert item["object"]["object"] == {
        name: value
        for name, value in (await node.get_json(f"/post/{post.id}")).items()
        if name != "@context"
    }


async def test_mentions_are_read_from_links_without_parsing_the_text_again(node: Node) -> None:
    """Anyone may fetch a document and an outbox, as often as they like."""
    home = node.home
    kim = home.person(KIM)
    post = home.post(body=Body.of_markdown("@kim@kim.example and @bob, @nobody@kim.example"))
    comment = home.comment(post, text="!cats and @kim@kim.example")
    tags = [tag["href"] for tag in (await node.get_json(f"/post/{post.id}"))["tag"]]
    assert tags == [home.cats.iri, kim.iri, home.bob.iri]

    home(lambda ctx: ctx.conn.execute(update(post_table).values(body_source="[" * 9_000)))

    again = await node.get_json(f"/post/{post.id}")
    assert [tag["href"] for tag in again["tag"]] == tags
    listed = (await node.get_json("/c/cats/outbox"))["orderedItems"][0]["object"]["object"]
    assert [tag["href"] for tag in listed["tag"]] == tags
    note = await node.get_json(f"/comment/{comment.id}")
    assert {tag["href"] for tag in note["tag"]} == {home.cats.iri, kim.iri}


async def test_a_deleted_actor_keeps_the_key_that_verifies_its_delete(
    node: Node,
) -> None:
    alive = await node.get_json("/u/bob")
    node.home.perform(DeleteActor(by=node.home.bob))

    answer = await node.get("/u/bob")
    left = await node.get_json("/u/bob")

    assert (answer.status_code, left["type"], left["formerType"]) == (410, "Tombstone", "Person")
    assert left["publicKey"] == alive["publicKey"]
    assert "name" not in left


async def test_an_outbox_of_many_posts_reads_its_authors_and_its_community_once(
    node: Node,
) -> None:
    async def cost(posts: int) -> int:
        for _ in range(posts):
            node.home.post(body=Body.of_markdown("Nobody is mentioned."))
        with counted() as statements:
            page = await node.get_json("/c/cats/outbox?page=1")
        items = page["orderedItems"]
        assert {item["object"]["actor"] for item in items} == {node.home.bob.iri}
        return len(statements)

    assert await cost(3) == await cost(9)
