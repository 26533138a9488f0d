"""The admin's settings of content, access and defaults, and what they change on the pages."""

import pytest

from activitypub.document import Document
from fedcom.accounts.sessions import create_session
from fedcom.actions.follow import Follow
from fedcom.actions.perform import perform
from fedcom.actions.profile import EditProfile
from fedcom.actions.vote import Vote
from fedcom.app import _routes
from fedcom.context import Context
from fedcom.models.actor import Person
from fedcom.models.site import Site
from fedcom.remote.actors import put_actor
from fedcom.site.settings import (
    edit_site,
    get_site,
    list_allowed_instances,
    list_blocked_urls,
    set_banner,
)
from fedcom.wire.body import Body
from tests.fedcom.web.browser import PAGE_HEADERS
from tests.fedcom.web.conftest import World
from tests.fedcom.web.test_access import MATRIX, make_targets
from tests.support import documents
from tests.support.people import received

pytestmark = pytest.mark.anyio

ACTIVITY = "application/activity+json"
SECRETS = ("Zebrafinch", "Quokka", "Bobolink")


async def change(world: World, **changes: object) -> Site:
    return await world.instance.unit(lambda ctx: edit_site(ctx, **changes))


async def test_the_page_about_content_saves_all_of_it(world: World) -> None:
    ann = world.browser("ann")
    page = await ann.get("/admin/content")
    assert page.html.count("checked") == 2
    sent = await ann.post(
        "/admin/content",
        content_warning="Adults only",
        only_admins_create_communities="on",
        hides_moderators="on",
        slur_filter="blorb",
        blocked_urls="spam.example\r\nhttps://example.org/ads",
    )
    assert sent.location == "/admin/content"
    site = await world.instance.read(get_site)
    assert (site.downvotes, site.nsfw, site.mails_reports) == (False, False, False)
    assert (site.only_admins_create_communities, site.hides_moderators) == (True, True)
    assert (site.content_warning, site.slur_filter) == ("Adults only", "blorb")
    assert await world.instance.read(list_blocked_urls) == ["example.org/ads", "spam.example"]
    page = await ann.get("/admin/content")
    assert "example.org/ads\nspam.example" in page.html


@pytest.mark.parametrize(("pattern", "text"), [("(a", "regular expression"), ("a*", "every text")])
async def test_a_bad_filter_is_explained_beside_its_field(
    world: World, pattern: str, text: str
) -> None:
    page = await world.browser("ann").post("/admin/content", slur_filter=pattern)
    assert (page.status, 'id="e-slur_filter"' in page.html, text in page.text) == (422, True, True)


async def test_the_page_about_access_saves_all_of_it(world: World) -> None:
    ann = world.browser("ann")
    page = await ann.post("/admin/access", private="on", federated="on")
    assert (page.status, "cannot federate" in page.text) == (422, True)
    sent = await ann.post(
        "/admin/access", private="on", host="good.example\r\n", no_ai_crawlers="on"
    )
    assert sent.location == "/admin/access"
    site = await world.instance.read(get_site)
    assert (site.private, site.federated) == (True, False)
    assert (site.search_engines, site.ai_crawlers) == (True, False)
    assert await world.instance.read(list_allowed_instances) == ["good.example"]


async def test_an_allow_list_that_cuts_somebody_off_is_confirmed_first(world: World) -> None:
    def follow(ctx: Context) -> None:
        kim = put_actor(ctx, Document(documents.person("https://peer.example/u/kim")))
        assert isinstance(kim, Person)
        perform(ctx, Follow(by=kim, target=world.community), received(kim.iri))

    await world.instance.unit(follow)
    ann, wanted = world.browser("ann"), {"federated": "on", "host": "good.example"}
    page = await ann.post("/admin/access", **wanted)
    assert (page.status, "peer.example : followers there: 1" in page.text) == (422, True)
    assert await world.instance.read(list_allowed_instances) == []
    sent = await ann.post("/admin/access", confirmed="on", **wanted)
    assert sent.location == "/admin/access"
    assert "federates with 1 server only" in (await ann.get("/admin/instances")).text
    # Who is cut off already is no reason to ask again.
    assert (await ann.post("/admin/access", **wanted)).location == "/admin/access"


async def test_guests_and_new_members_begin_with_the_defaults(world: World) -> None:
    await world.post()
    ann = world.browser("ann")
    fields = {"app_listing_mode": "Card", "app_theme": "darkly"}
    sent = await ann.post("/admin/defaults", default_scope="local", default_sort="new", **fields)
    assert sent.location == "/admin/defaults"
    site = await world.instance.read(get_site)
    assert (site.app_listing_mode, site.app_theme) == ("Card", "darkly")
    assert not site.answers_apps_as_lemmy
    front = await world.browser().get("/")
    assert 'sort=new" aria-current="page"' in front.html
    assert 'list=local" aria-current="page"' in front.html


async def test_nothing_of_a_private_site_is_shown_to_guests(world: World) -> None:
    def name(ctx: Context) -> None:
        action = EditProfile(by=world.people["bob"], title="Bobolink", summary=Body("", ""))
        action.apply(ctx)

    await world.instance.unit(name)
    post = await world.post("Zebrafinch", url="https://zebrafinch.example")
    await world.comment(post, "Quokka")
    targets = await make_targets(world) | {"post": post.id, "place": "cats", "author": "bob"}
    targets |= {name: person.id for name, person in world.people.items()}
    paths = [str(path).format(**targets) for path, fields, *_ in MATRIX if fields is None]
    paths += [f"{path}?q=zebrafinch" for path in ("/search", "/communities")]
    named = (route.path for route in _routes() if "{name}" in route.path)
    paths += [path.replace("{name}", "bob") for path in named]
    paths += [
        *("/api/v3/post/list", "/api/v3/comment/list", "/api/v3/community?name=cats"),
        *(f"/api/v3/post?id={post.id}", "/api/v3/user?username=bob", "/api/v3/search?q=quokka"),
    ]
    guest = world.browser()

    async def shown(accept: str) -> set[str]:
        found = [(path, await guest.get(path, Accept=accept)) for path in paths]
        return {path for path, page in found if any(one in page.html for one in SECRETS)}

    assert len(await shown(PAGE_HEADERS["Accept"])) > 10
    assert await shown(ACTIVITY)
    await change(world, private=True, federated=False)
    for accept in (PAGE_HEADERS["Accept"], ACTIVITY, "application/json"):
        assert await shown(accept) == set()
    member = await world.browser("eve").get(f"/post/{post.id}")
    assert "Quokka" in member.html


async def test_guests_of_a_private_site_see_what_it_is_and_can_join(world: World) -> None:
    texts = {"description": Body.of_markdown("About *cats*."), "short_description": "Cats!"}
    await change(world, private=True, federated=False, **texts)
    guest = world.browser()

    front = await guest.get("/")
    assert ("About" in front.text, "Cats!" in front.text) == (True, True)
    assert 'href="/register"' in front.html
    assert 'href="/communities"' not in front.html
    assert (await guest.get("/login")).status == 200
    assert (await guest.get("/register")).status == 200
    post = await guest.get("/c/cats")
    assert post.location == "/login?next=/c/cats"
    feed = await guest.get("/feeds/all.xml")
    assert feed.status == 403


async def test_a_banned_member_of_a_private_site_sees_the_ban_and_no_more(world: World) -> None:
    post = await world.post("Zebrafinch")
    await change(world, private=True, federated=False)
    await world.browser("ann").post("/u/bob/ban", reason="Spam")
    bob, number = world.browser("bob"), world.people["bob"].id
    token = await world.instance.unit(lambda ctx: create_session(ctx.conn, number, "test", ctx.now))
    bob.client.cookies.set(bob.cookie, token)

    assert (await bob.get(f"/post/{post.id}")).location == "/settings/bans"
    assert "Spam" in (await bob.get("/settings/bans")).text


async def test_documents_and_discovery_end_with_federation(world: World) -> None:
    post = await world.post()
    paths = (
        *("/actor", "/u/bob", "/c/cats/outbox", f"/post/{post.id}", f"/post/{post.id}/replies"),
        "/.well-known/webfinger?resource=acct:bob@forum.example",
    )
    guest = world.browser()

    before = [(await guest.get(path, Accept=ACTIVITY)).status for path in paths]
    await change(world, federated=False)
    after = [(await guest.get(path, Accept=ACTIVITY)).status for path in paths]
    assert (before, after) == ([200] * len(paths), [404] * len(paths))
    assert (await guest.get(f"/post/{post.id}")).status == 200
    assert (await guest.get("/nodeinfo/2.1")).status == 200


async def test_pages_have_no_button_to_vote_down_where_there_are_no_downvotes(
    world: World,
) -> None:
    post = await world.post()
    await world.comment(post)
    eve, paths = world.browser("eve"), ("/?list=all", f"/post/{post.id}", "/u/bob", "/c/cats")

    for path in paths:
        assert 'class="vote down"' in (await eve.get(path)).html, path
    await change(world, downvotes=False)
    for path in paths:
        page = await eve.get(path)
        assert ('class="vote down"' in page.html, 'class="vote up"' in page.html) == (False, True)
    sent = await eve.post(f"/post/{post.id}/vote", score="-1")
    assert (sent.status, "no downvotes" in sent.text) == (403, True)


async def test_sensitive_posts_are_nowhere_in_lists_where_there_is_no_such_content(
    world: World,
) -> None:
    await world.post("Zebrafinch", nsfw=True)
    eve = world.browser("eve")
    account = {"theme": "auto", "front_scope": "all", "front_sort": "new", "show_nsfw": "on"}
    await eve.post("/settings/appearance", **account)

    paths = ("/", "/search?q=zebrafinch")
    for path in paths:
        assert "Zebrafinch" in (await eve.get(path)).html
    await change(world, nsfw=False)
    for path in paths:
        assert "Zebrafinch</a>" not in (await eve.get(path)).html
    assert 'name="nsfw"' not in (await eve.get("/submit")).html


async def test_guests_see_sensitive_posts_after_the_content_warning(world: World) -> None:
    await world.post("Zebrafinch", nsfw=True)
    guest = world.browser()

    assert "Zebrafinch" not in (await guest.get("/")).html
    await change(world, content_warning="Adults only")
    page = await guest.get("/")
    assert ("Zebrafinch" in page.html, "Adults only" in page.text) == (True, True)
    page = await world.browser("eve").get("/?list=all")
    assert ("Zebrafinch" in page.html, "Adults only" in page.text) == (False, False)


async def test_earlier_downvotes_count_after_downvotes_end(world: World) -> None:
    post = await world.post()
    await world.perform(Vote(by=world.people["eve"], target=post, score=-1))
    await change(world, downvotes=False)

    page = await world.browser("eve").get(f"/post/{post.id}")
    assert "1 up, 1 down" in page.html


async def test_the_banner_is_above_the_description(world: World) -> None:
    address = "https://forum.example/media/x.webp"
    await world.instance.unit(lambda ctx: set_banner(ctx.conn, "x.webp", address))

    assert 'class="banner" src="/media/x.webp"' in (await world.browser().get("/")).html
    document = await world.browser().get("/actor", Accept=ACTIVITY)
    assert f'"{address}"' in document.html
    sent = await world.browser("ann").post("/admin/logo", no_banner="on")
    assert sent.location == "/admin/logo"
    assert (await world.instance.read(get_site)).banner is None
