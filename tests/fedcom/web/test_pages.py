import gzip
import re

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import OperationalError

from fedcom.actions.community import CreateCommunity
from fedcom.actions.delete import Delete
from fedcom.actions.follow import Follow
from fedcom.actions.perform import perform
from fedcom.actions.remove import RemoveContent
from fedcom.context import Context
from fedcom.models.actor import actor, community
from fedcom.models.boost import boost
from fedcom.models.follow import follow
from fedcom.models.post import post as posts
from fedcom.queries.actors import get_community
from fedcom.web.html.render import SCRIPTS, script_address
from outbox.deliveries import activities, deliveries
from tests.fedcom.web.conftest import KEY, World

pytestmark = pytest.mark.anyio

ADMIN = [
    *("/admin", "/admin/registration", "/admin/invitations", "/admin/members"),
    "/admin/communities",
    *("/admin/members?q=bo", "/admin/members?q=nobody", "/admin/instances", "/admin/federation"),
]


@pytest.mark.parametrize(
    ("start", "others"),
    [("/settings", ["/settings/delete"]), ("/admin", ["/admin/members?q=bo"]), ("/saved", [])],
)
async def test_every_tab_of_a_group_of_pages_leads_to_a_page_on_which_it_is_the_current_one(
    world: World, start: str, others: list[str]
) -> None:
    ann = world.browser("ann")
    tabs = re.compile(rf'<a href="({start}[^"]*|/drafts)"( aria-current="page")?>[^<]+</a>')

    paths = [start, *others]
    for path in paths:
        nav = re.search(r'<nav class="tabs".*?</nav>', (await ann.get(path)).html, re.DOTALL)
        shown = tabs.findall(nav[0] if nav else "")
        current = [one for one, is_current in shown if is_current]
        assert len(current) == 1, path
        assert current == [path] or path in others
        paths += [one for one, _ in shown if one not in paths]
    assert len(paths) > 3


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("who", ["", "bob", "mia", "ann"])
async def test_every_page_renders_for_everybody_who_may_see_it(world: World, who: str) -> None:
    post = await world.post(url="https://news.example/a")
    comment = await world.comment(post)
    await world.comment(post, "And more", comment, by="eve")
    at, below = f"/post/{post.id}", f"/comment/{comment.id}"
    everybody = [
        *("/", "/?list=all&sort=new", "/?list=local", "/communities", "/communities?list=local"),
        *("/c/cats", "/c/cats?sort=new", "/c/cats/modlog", "/u/bob", "/u/bob?show=comments"),
        *("/search", "/search?q=%21a%40b.example", "/login", "/login?next=/c/cats", "/register"),
        *(at, below, f"{at}?sort=old", f"{at}?sort=new"),
    ]
    members = [
        *("/?list=subscribed", "/communities?list=subscribed", "/communities/new", "/settings"),
        *("/submit", "/submit?title=A&url=https://a.example", "/c/cats/submit"),
        f"{at}?reply={comment.id}",
    ]
    only = {
        "": [],
        "bob": [*members, f"{at}/edit", f"{below}/edit"],
        "mia": [*members, "/c/cats/edit", f"{at}/remove", f"{below}/remove"],
        "ann": [*members, "/c/cats/edit", *ADMIN],
    }
    browser = world.browser(who)

    for path in everybody + only[who]:
        page = await browser.get(path)
        assert page.status == 200, (path, page.text)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        # Forms are nobody else's, not even a guest's.
        is_shared = not who and not path.startswith(("/search", "/login", "/register"))
        keeps = "public" if is_shared else "private"
        assert page.headers["cache-control"] == f"{keeps}, no-cache", path
        assert "Accept" in page.headers["vary"]
        html = page.html
        for address in map(script_address, SCRIPTS):
            for kind in ("defer", 'type="module"'):
                html = html.replace(f'<script src="{address}" {kind}></script>', "", 1)
        assert not re.search(r"<script|\sstyle=|\son[a-z]+=", html), path


async def test_pages_link_to_their_document(world: World) -> None:
    post = await world.post()
    comment = await world.comment(post)
    for path in ("/c/cats", "/u/bob", f"/post/{post.id}", f"/comment/{comment.id}"):
        page = await world.browser().get(path)
        iri = f"https://forum.example{path}"
        link = f'<{iri}>; rel="alternate"; type="application/activity+json"'
        assert page.headers["link"] == link
        assert f'type="application/activity+json" href="{iri}"' in page.html


async def test_the_same_address_answers_programs_with_the_document(world: World) -> None:
    answer = await world.browser().get("/c/cats", Accept="application/activity+json")

    assert "json" in answer.headers["content-type"]


async def test_the_front_page_goes_on_with_older_posts(world: World) -> None:
    made = [(await world.post(f"Post number {number}")).id for number in range(25)]
    browser = world.browser("bob")

    first = await browser.get("/?list=all&sort=new")
    older = re.search(r'rel="next" href="([^"]+)"', first.html)
    assert older is not None
    second = await browser.get("/" + older[1].replace("&amp;", "&"))

    shown = [
        int(number)
        for page in (first, second)
        for number in re.findall(r'<li id="post-(\d+)"', page.html)
    ]
    assert shown == made[::-1]
    assert 'rel="next"' not in second.html


async def test_members_see_their_followed_communities_first_or_everything_if_empty(
    world: World,
) -> None:
    await world.post("For followers")

    assert "For followers" in (await world.browser("eve").get("/")).text
    assert "Follow some communities" in (await world.browser("eve").get("/?list=subscribed")).text


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/?list=all", "Write the first post"),
        ("/?list=subscribed", "Find communities"),
        ("/c/cats", "Write the first post"),
        ("/communities?list=subscribed", "Browse all communities"),
        ("/u/eve", "Write your first post"),
        ("/u/eve?show=comments", "Browse posts"),
    ],
)
async def test_an_empty_list_explains_what_to_do(world: World, path: str, text: str) -> None:
    assert text in (await world.browser("eve").get(path)).text


async def test_an_empty_log_has_a_friendly_text(world: World) -> None:
    await world.perform(CreateCommunity(by=world.people["eve"], name="dogs", key=KEY))

    assert "No moderation actions yet" in (await world.browser().get("/c/dogs/modlog")).text


async def test_the_author_sees_the_number_of_boosts(world: World) -> None:
    post = await world.post()
    comment = await world.comment(post, "Sure", by="eve")

    def count(ctx: Context) -> None:
        for iri, name in ((post.iri, "kim"), (post.iri, "lea"), (comment.iri, "kim")):
            row = {"subject_iri": iri, "actor_iri": f"https://kim.example/u/{name}"}
            ctx.conn.execute(insert(boost).values(**row))

    await world.instance.unit(count)
    path = f"/post/{post.id}"
    shown = {name: (await world.browser(name).get(path)).text for name in ("bob", "eve", "")}
    assert "Boosted by 2 people on other servers." in shown["bob"]
    assert "Boosted by 1 person on other servers." in shown["eve"]
    assert "Boosted by 2" not in shown["eve"]
    assert "Boosted" not in shown[""]
    assert "Boosted by 1 person" in (await world.browser("eve").get(f"/comment/{comment.id}")).text


async def test_a_deleted_post_is_a_placeholder_that_its_author_can_restore(
    world: World,
) -> None:
    post = await world.post("Secret title", url="https://secret.example/")
    comment = await world.comment(post, "Secret words")
    answer = await world.comment(post, "A comment", comment, by="eve")
    await world.perform(Delete(by=world.people["bob"], target=comment))
    page = await world.browser("bob").get(f"/post/{post.id}")
    assert "Deleted by its author" in page.text
    assert "Secret words" not in page.html
    assert "A comment" in page.text
    assert f"/comment/{comment.id}/undelete" in page.html
    assert (await world.browser().get(f"/comment/{comment.id}")).status == 410
    assert (await world.browser().get(f"/comment/{answer.id}")).status == 200

    await world.perform(Delete(by=world.people["bob"], target=post))
    page = await world.browser("bob").get(f"/post/{post.id}")
    assert page.status == 410
    assert "secret" not in page.html.lower()
    assert f"/post/{post.id}/undelete" in page.html
    assert "undelete" not in (await world.browser("eve").get(f"/post/{post.id}")).html
    for path in ("/?list=all", "/c/cats", "/u/bob", "/u/bob?show=comments"):
        assert "Secret" not in (await world.browser("ann").get(path)).html


async def test_a_removed_post_is_a_placeholder_and_the_log_has_the_reason(world: World) -> None:
    post = await world.post("Secret title")
    await world.perform(RemoveContent(by=world.people["mia"], target=post, reason="off topic"))

    page = await world.browser("mia").get(f"/post/{post.id}")
    assert (page.status, "Removed by a moderator" in page.text) == (410, True)
    assert f"/post/{post.id}/restore" in page.html
    assert "/restore" not in (await world.browser("bob").get(f"/post/{post.id}")).html
    assert "Secret" not in (await world.browser("eve").get(f"/post/{post.id}")).html
    log = await world.browser().get("/c/cats/modlog")
    assert "off topic" in log.text
    assert f'href="/post/{post.id}"' in log.html


async def test_a_locked_post_has_no_reply_form_and_says_so(world: World) -> None:
    post = await world.post()
    await world.comment(post)
    await world.instance.unit(
        lambda ctx: ctx.conn.execute(
            update(posts).where(posts.c.id == post.id).values(locked_at=ctx.now)
        )
    )

    page = await world.browser("eve").get(f"/post/{post.id}")

    assert "No more comments can be added" in page.text
    assert "?reply=" not in page.html


def insert_owls(ctx: Context) -> int:
    """!owls on peer.example; its row id."""
    values = {"iri": "https://peer.example/c/owls", "kind": "Group", "local": False}
    names = {"name": "owls", "host": "peer.example", "inbox": "https://peer.example/inbox"}
    made = ctx.conn.execute(
        insert(actor).values(published_at=ctx.now, **values, **names).returning(actor.c.id)
    ).scalar_one()
    ctx.conn.execute(insert(community).values(actor_id=made))
    return int(made)


async def test_a_community_names_itself_as_microblogs_and_as_forums_find_it(world: World) -> None:
    page = await world.browser().get("/c/cats")

    assert "Mastodon and other microblogs @cats@forum.example" in page.text
    assert "Lemmy and other forums !cats@forum.example" in page.text
    for handle in ("@cats@forum.example", "!cats@forum.example"):
        # The script shows the button; without it, there is no button that does nothing.
        assert re.search(f'<button [^>]*data-copy="{handle}"[^>]* hidden>', page.html)


async def test_the_follower_count_of_a_remote_community_names_its_source(world: World) -> None:
    owls = await world.instance.unit(insert_owls)

    async def assert_shown(text: str, *, known: int, claimed: int | None) -> None:
        values = {"subscribers": known, "claimed_followers": claimed}
        mine = update(community).where(community.c.actor_id == owls)
        await world.instance.unit(lambda ctx: ctx.conn.execute(mine.values(values)))
        for path in ("/c/owls@peer.example", "/communities", "/search?q=owl&type=communities"):
            assert text in (await world.browser().get(path)).text, path

    await assert_shown("4,321 followers, according to its server", known=3, claimed=4321)
    await assert_shown("5 followers known here", known=5, claimed=4)
    await assert_shown("0 followers known here", known=0, claimed=None)
    assert "known here" not in (await world.browser().get("/c/cats")).text


async def test_a_follow_that_waits_for_the_other_server_is_explained(world: World) -> None:
    def ask(ctx: Context) -> None:
        made = insert_owls(ctx)
        ctx.conn.execute(
            insert(follow).values(
                follower_id=world.people["bob"].id,
                target_id=made,
                iri="https://x.example/1",
                state="pending",
                created_at=ctx.now,
            )
        )

    await world.instance.unit(ask)
    page = await world.browser("bob").get("/c/owls@peer.example")

    assert "Waiting for peer.example to accept" in page.text
    assert "Requested" in page.text
    assert "Requested" in (await world.browser("bob").get("/communities")).text


async def test_a_refused_follow_is_shown_and_can_be_repeated(world: World) -> None:
    def ask(ctx: Context) -> str:
        made = insert_owls(ctx)
        owls = get_community(ctx.conn, made)
        return perform(ctx, Follow(by=world.people["bob"], target=owls)).iri

    def refuse(ctx: Context, iri: str) -> None:
        of_it = select(activities.c.id).where(activities.c.activity_id == iri)
        refused = {"state": "failed", "last_status": 403, "closed_at": ctx.now.timestamp()}
        mine = deliveries.c.activity == of_it.scalar_subquery()
        ctx.conn.execute(deliveries.update().where(mine).values(refused))

    iri = await world.instance.unit(ask)
    browser = world.browser("bob")
    assert "Request again" not in (await browser.get("/c/owls@peer.example")).text
    await world.instance.unit(lambda ctx: refuse(ctx, iri))

    page = await browser.get("/c/owls@peer.example")
    assert "peer.example declined your request" in page.text
    listed = (await browser.get("/communities?list=subscribed")).text
    assert "Request declined" in listed
    assert "Requested" not in listed
    await browser.post("/c/owls@peer.example/follow")
    again = await browser.get("/c/owls@peer.example")
    assert "Request again" not in again.text
    assert "Waiting for peer.example to accept" in again.text
    assert "Requested" in (await browser.get("/communities?list=subscribed")).text


async def test_our_own_host_in_an_address_leads_to_the_short_one(world: World) -> None:
    for long, short in (("/c/cats@forum.example", "/c/cats"), ("/u/bob@Forum.example", "/u/bob")):
        page = await world.browser().get(long)
        assert (page.status, page.location) == (308, short)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nowhere", 404),
        ("/c/nobody", 404),
        ("/c/ca%00ts", 404),
        ("/c/bob", 404),
        ("/u/cats", 404),
        ("/c/a@b@c", 404),
        ("/c/..%20", 404),
        ("/post/0", 404),
        ("/post/99999999999999999999999", 404),
        ("/comment/99999999999999999999999", 404),
        ("/?list=all&after=x", 422),
        ("/communities?after=x", 422),
        ("/u/bob?after=x", 422),
        ("/post/1?after=%00", 404),
        ("/static/missing.css", 404),
        ("/static/..%2f..%2fsettings.py", 404),
        ("/logout", 405),
    ],
)
async def test_an_unknown_page_has_a_helpful_error(world: World, path: str, status: int) -> None:
    page = await world.browser("bob").get(path)

    assert page.status == status
    assert "front page" in page.text
    assert "Log out" in page.text


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_a_nul_in_an_address_is_no_server_error(world: World) -> None:
    guest, post = world.browser(), await world.post()
    asked = [
        *("/c/x%00", "/u/x%00", "/c/x%00/outbox", "/activities/create/x%00"),
        *("/communities?q=%00", f"/post/{post.id}?after=%00", "/register?invitation=%00"),
    ]
    for accepted in ("text/html", "application/activity+json"):
        answers = [await guest.get(path, Accept=accepted) for path in asked]
        assert {page.status for page in answers} <= {200, 404, 406}


@pytest.mark.parametrize("path", ["/post/{}", "/message/{}", "/feeds/post/{}.xml", "/c/{}"])
async def test_a_number_of_thousands_of_digits_is_that_of_nothing(world: World, path: str) -> None:
    for accepted in ("text/html", "application/activity+json"):
        page = await world.browser("bob").get(path.format("9" * 5000), Accept=accepted)
        assert page.status in {404, 406}


async def test_an_unknown_community_elsewhere_is_offered_to_be_looked_up(world: World) -> None:
    for path in ("", "?sort=new", "/modlog"):
        page = await world.browser("bob").get(f"/c/owls@peer.example{path}")
        assert page.status == 404
        assert 'href="/search?q=%21owls%40peer.example"' in page.html
    page = await world.browser("bob").get("/u/kim@peer.example?show=posts")
    assert 'href="/search?q=%40kim%40peer.example"' in page.html
    assert 'href="/search"' in (await world.browser("bob").get("/nothing/a@b.example")).html


async def test_our_script_gets_errors_in_the_language_of_the_page(world: World) -> None:
    post = await world.post()
    headers = {"Accept": "application/json", "Accept-Language": "de"}
    bob, path = world.browser("bob"), f"/post/{post.id}/comment"
    empty = await bob.post(path, headers=headers, body=" ")
    assert (empty.status, "schreib zuerst etwas" in empty.html) == (422, True)
    old = await bob.post(path, headers=headers, body="Words", form_token="of another log-in")
    assert (old.status, "einer früheren Sitzung" in old.html) == (403, True)


async def test_programs_get_errors_as_json(world: World) -> None:
    answer = await world.browser().get("/post/99", Accept="application/json")

    assert answer.headers["content-type"] == "application/problem+json"
    assert '"code":"couldnt_find_post"' in answer.html


async def test_a_closed_community_is_gone_with_its_posts(world: World) -> None:
    post = await world.post()
    await world.instance.unit(
        lambda ctx: ctx.conn.execute(
            update(community)
            .where(community.c.actor_id == world.community.id)
            .values(removed_at=ctx.now)
        )
    )
    for path in ("/c/cats", f"/post/{post.id}"):
        assert (await world.browser().get(path)).status == 410


async def test_a_crash_gives_a_page_with_its_number(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(work: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(world.instance, "read", crash)
    page = await world.browser().get("/")

    assert page.status == 500
    assert "secret" not in page.html
    assert page.headers["x-request-id"] in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_a_busy_database_gives_a_page_that_asks_to_retry(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(work: object) -> None:
        raise OperationalError("SELECT", {}, Exception("database is locked"))

    monkeypatch.setattr(world.instance, "read", busy)
    page = await world.browser().get("/")

    assert (page.status, page.headers["retry-after"]) == (503, "5")
    assert "try again" in page.text


async def test_the_style_sheet_is_small_and_kept(world: World) -> None:
    address = re.search(r'href="(/static/style\.css[^"]*)"', (await world.browser().get("/")).html)
    assert address is not None
    answer = await world.browser().get(address[1])

    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    assert len(gzip.compress(answer.html.encode())) < 8 * 1024


async def test_a_session_in_use_is_kept_alive(world: World) -> None:
    for _ in range(4):
        world.instance.clock.advance(days=20)
        assert "Log out" in (await world.browser("bob").get("/")).text
    world.instance.clock.advance(days=40)
    assert "Log out" not in (await world.browser("bob").get("/")).text
