"""The admin's pages: members, communities, invitations, colours, and the state of federation."""

import re
from pathlib import Path

import pytest
from sqlalchemy import event, insert, select, update

from activitypub.document import Document
from activitypub.errors import NotThere
from activitypub.nodeinfo import Software
from database.counting import COUNTED
from fedcom.accounts.invitations import list_invitations
from fedcom.accounts.members import get_account
from fedcom.context import Context
from fedcom.models.account import account, password_reset
from fedcom.models.follow import follow
from fedcom.models.moderation import modlog
from fedcom.models.omission import omission
from fedcom.remote.actors import community_at
from fedcom.remote.peers import put_peer
from fedcom.site import health
from fedcom.site.health import Finding, Health, check_health, measure_database
from fedcom.web.admin_federation import reason_of
from inbox import journal
from inbox.journal import JournalEntry
from outbox.deliveries import deliveries, peers
from outbox.publish import publish
from tests.fedcom.web.conftest import World
from tests.fedcom.web.test_pages import insert_owls
from tests.support.documents import group
from tests.support.people import give_email

OWLS = "https://peer.example/c/owls"

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True),
]


async def publish_to(world: World, *hosts: str) -> None:
    """One waiting delivery for each of these hosts."""
    await world.instance.unit(
        lambda ctx: publish(
            ctx.conn,
            activity_id=ctx.new_iri("create"),
            actor=world.people["bob"].iri,
            body=b"{}",
            subject="x",
            inboxes=[f"https://{host}/inbox" for host in hosts],
            now=ctx.now.timestamp(),
        )
    )


async def fail(world: World, host: str, *, status: int | None = 503, answer: str = "no") -> None:
    """Three failed attempts at this host, which then rests."""

    def work(ctx):
        now = ctx.now.timestamp()
        health = {"failures": 3, "failing_since": now, "last_failure": now, "last_status": status}
        known = {"last_answer": answer, "resting_until": now + 600, "host": host}
        ctx.conn.execute(peers.delete().where(peers.c.host == host))
        ctx.conn.execute(insert(peers).values({**health, **known}))
        mine = deliveries.c.host == host
        ctx.conn.execute(update(deliveries).where(mine).values(tries=3, due_at=now + 600))

    await world.instance.unit(work)


async def test_a_failing_peer_is_shown_with_its_reason_and_retried(world: World) -> None:
    await publish_to(world, "sick.example", "fine.example")
    await fail(world, "sick.example")
    await world.instance.unit(
        lambda ctx: put_peer(ctx.conn, "sick.example", Software("lemmy", "0.19.5"), ctx.now)
    )
    ann = world.browser("ann")
    page = await ann.get("/admin/federation")
    assert "Internal error on that server. Trying again later. (503 no)" in page.text
    assert "lemmy 0.19.5" in page.text
    assert "Next attempt: Jan 1, 2026, 12:10 PM UTC" in page.text
    assert page.html.count('name="host" value="sick.example"') == 1

    sent = await ann.post("/admin/federation/retry", host="sick.example")

    assert sent.location == "/admin/federation"
    [row] = await world.instance.read(
        lambda conn: conn.execute(
            select(deliveries.c.due_at).where(deliveries.c.host == "sick.example")
        ).all()
    )
    assert row.due_at == world.instance.clock().timestamp()
    page = await ann.get("/admin/federation")
    assert "Next attempt:" not in page.text
    nothing = await ann.post("/admin/federation/retry", host="nobody.example")
    assert (nothing.status, "No deliveries are waiting" in nothing.text) == (409, True)


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (None, "ConnectTimeout", "Unreachable: ConnectTimeout"),
        (401, "bad signature", "signature was not accepted"),
        (403, "", "may be blocking this one"),
        (410, "", "inbox no longer exists"),
        (429, "", "more slowly"),
        (500, "", "Internal error on that server"),
        (400, "not_found", "delivery was rejected. (400 not_found)"),
        (None, None, ""),
    ],
)
async def test_a_peers_response_is_shown_as_a_sentence(
    status: int | None, answer: str | None, expected: str, dialect: str
) -> None:
    sentence = reason_of(status, answer)
    assert expected in sentence
    assert bool(sentence) == bool(expected)


async def test_refused_activities_are_shown_with_their_reason(world: World) -> None:
    entry = JournalEntry(
        "https://evil.example/1", "Create", "https://evil.example/u/x", "https://evil.example/u/x",
        "evil.example", None, b"{}", False, True, "id", 1.0,
    )  # fmt: skip

    def refuse(ctx):
        journal.append(ctx.conn, [entry])
        ctx.conn.execute(
            update(journal.journal).values(
                state="refused", closed_at=2.0, code="site_ban", reason="They are banned here."
            )
        )

    await world.instance.unit(refuse)
    page = await world.browser("ann").get("/admin/federation")
    assert "They are banned here." in page.text
    assert "evil.example" in page.text


async def test_echoes_are_listed_separately_and_can_be_filtered_by_server(world: World) -> None:
    await publish_to(world, "echo.example", "sick.example")

    def refuse(ctx):
        for host, state in (("echo.example", "echoed"), ("sick.example", "failed")):
            ctx.conn.execute(
                update(deliveries)
                .where(deliveries.c.host == host)
                .values(state=state, closed_at=2.0, last_status=400, last_answer=host)
            )

    await world.instance.unit(refuse)
    ann = world.browser("ann")

    failed, _, echoes = (await ann.get("/admin/federation")).text.partition("Copies rejected")
    assert ("400 sick.example" in failed, "400 echo.example" in failed) == (True, False)
    assert "400 echo.example" in echoes
    only = (await ann.get("/admin/federation?host=Sick.Example")).text
    assert "Showing sick.example only" in only
    assert "echo.example" not in only


async def test_more_deliveries_than_a_thousand_are_not_counted(world: World) -> None:
    await publish_to(world, *(f"h{number}.example" for number in range(COUNTED - 1)))
    ann = world.browser("ann")
    assert re.search(r"waiting: 999\b(?!\+)", (await ann.get("/admin/federation")).text)

    for _ in range(2):
        await publish_to(world, "sick.example")
        assert re.search(r"waiting: 1,000\+", (await ann.get("/admin/federation")).text)


async def test_backlogs_that_wait_too_long_are_reported(world: World) -> None:
    await publish_to(world, "slow.example")

    def ask(ctx):
        asked = {"follower_id": world.people["bob"].id, "target_id": insert_owls(ctx)}
        more = {"iri": "https://x.example/1", "state": "pending", "created_at": ctx.now}
        ctx.conn.execute(insert(follow).values(**asked, **more))

    await world.instance.unit(ask)
    ann = world.browser("ann")
    assert "Waiting for more" not in (await ann.get("/admin/federation")).text

    world.instance.clock.advance(minutes=61)

    page = (await ann.get("/admin/federation")).text
    assert re.search(r"peer\.example\s+1 unanswered follow requests by members", page)
    assert re.search(r"slow\.example\s+1 outgoing deliveries", page)


def elsewhere(ctx: Context) -> int:
    """A community on peer.example."""
    fetched = {OWLS: Document(group(OWLS))}
    nothing = NotThere("not_there", "404", url=f"{OWLS}/moderators")
    ctx.fetched.documents.update(fetched)
    ctx.fetched.failures[f"{OWLS}/moderators"] = nothing
    return community_at(ctx, OWLS).id


async def test_backfill_omissions_are_listed_with_their_reason(world: World) -> None:
    def leave_out(ctx: Context) -> None:
        row = {
            "community_id": elsewhere(ctx),
            "source": "https://peer.example/c/owls/outbox",
            "item": "https://peer.example/post/7",
            "code": "not_public",
            "reason": "What is not public is kept by nobody.",
            "created_at": ctx.now,
        }
        ctx.conn.execute(insert(omission).values(row))

    browser = world.browser("ann")
    before = (await browser.get("/admin/federation")).text.partition("that could not be fetched")[2]
    assert "None." in before
    await world.instance.unit(leave_out)

    table = (await browser.get("/admin/federation")).text.partition("that could not be fetched")[2]
    for text in ("peer.example", "https://peer.example/post/7", "not_public", "kept by nobody"):
        assert text in table
    assert "None." not in table


async def test_the_page_shows_size_version_and_health(world: World) -> None:
    page = await world.browser("ann").get("/admin/federation")
    assert "Everything is working." in page.text
    assert re.search(r"[\d.]+ [kMGT]?B of [\d.]+ [GT]B free", page.text)
    assert re.search(r"Fedcom \d+\.\d+", page.text)
    size = await world.instance.read(measure_database)
    assert 100_000 < size < 100_000_000


async def test_only_admins_see_problems_on_every_page(world: World) -> None:
    hosts = [f"sick{number}.example" for number in range(3)]
    await publish_to(world, *hosts)
    for host in hosts[:2]:
        await fail(world, host)
    assert "several servers are failing" not in (await world.browser("ann").get("/")).text
    await fail(world, hosts[2])
    world.instance.clock.advance(minutes=1)
    for path in ("/", "/c/cats", "/nowhere"):
        assert "several servers are failing" in (await world.browser("ann").get(path)).text
        assert "several servers are failing" not in (await world.browser("bob").get(path)).text


async def test_deliveries_without_a_worker_are_a_problem(world: World) -> None:
    await publish_to(world, "fine.example")
    world.instance.clock.advance(minutes=4)
    assert (await look(world)).alerts == ()
    world.instance.clock.advance(minutes=2)
    assert (await look(world)).alerts == ("sending",)
    page = await world.browser("ann").get("/admin/federation")
    assert "Deliveries are stuck" in page.text
    assert "Everything is working" not in page.text
    now = world.instance.clock().timestamp()
    await world.instance.unit(
        lambda ctx: ctx.conn.execute(insert(peers).values(host="b.example", last_success=now))
    )
    assert (await look(world)).alerts == ()


async def test_an_inbox_without_a_worker_is_a_problem(world: World) -> None:
    now = world.instance.clock().timestamp()
    entry = JournalEntry("i", "Create", "a", "a", "h", None, b"{}", False, True, "r", now)
    await world.instance.unit(lambda ctx: journal.append(ctx.conn, [entry]))
    assert (await look(world)).alerts == ()
    world.instance.clock.advance(minutes=6)
    assert (await look(world)).alerts == ("inbox",)
    assert (
        "Incoming activities are stuck"
        in (await world.browser("ann").get("/admin/federation")).text
    )


def test_a_disk_that_is_nearly_full_is_a_problem(dialect: str) -> None:
    assert Health(0, None, None, 5, 100).alerts == ()
    assert Health(0, None, None, 4, 100).alerts == ("disk",)


async def look(world: World) -> Health:
    folder = Path(world.instance.settings.data_dir)
    return await world.instance.read(
        lambda conn: check_health(conn, folder, world.instance.clock())
    )


async def test_health_is_checked_for_admins_only_and_once_a_minute(world: World) -> None:
    statements: list[str] = []
    for engine in (world.instance.database._reader,):
        event.listen(
            engine, "before_cursor_execute", lambda *args: statements.append(args[2]), named=False
        )
    counts = {}
    for who in ("ann", "ann again", "bob"):
        statements.clear()
        await world.browser(who.split()[0]).get("/communities")
        counts[who] = sum("outbox_peer" in statement for statement in statements)
    assert counts == {"ann": 1, "ann again": 0, "bob": 0}


async def test_members_are_found_promoted_and_given_a_link(world: World) -> None:
    ann, bob = world.browser("ann"), world.people["bob"].id
    page = await ann.get("/admin/members?q=BO")
    assert 'value="BO"' in page.html
    assert ("/u/bob" in page.html, "/u/eve" in page.html) == (True, False)
    assert "No members found" in (await ann.get("/admin/members?q=%25")).text
    await ann.post("/admin/members/role", person=str(bob), role="admin")
    assert (await world.instance.read(lambda conn: get_account(conn, bob))).is_admin
    await ann.post("/admin/members/role", person=str(bob), role="member")
    last = await ann.post("/admin/members/role", person=str(world.people["ann"].id), role="member")
    assert (last.status, "cannot be removed" in last.text) == (409, True)
    page = await ann.post("/admin/members/reset", person=str(bob))
    assert "https://forum.example/reset?token=" in page.text
    links = await world.instance.read(lambda conn: conn.execute(select(password_reset)).all())
    assert len(links) == 1


async def test_a_community_is_closed_with_a_reason_and_opened_again(world: World) -> None:
    ann, number = world.browser("ann"), str(world.community.id)
    long = await ann.post("/admin/communities/close", community=number, reason="x" * 501)
    assert (long.status, f'value="{"x" * 501}"' in long.html) == (422, True)
    await ann.post("/admin/communities/close", community=number, reason="spam only")
    assert (await world.browser("bob").get("/c/cats")).status == 410
    assert "/c/cats" not in (await world.browser("bob").get("/communities")).html
    page = await ann.get("/admin/communities")
    assert "Reopen" in page.text
    await ann.post("/admin/communities/reopen", community=number)
    assert (await world.browser("bob").get("/c/cats")).status == 200
    log = await world.instance.read(lambda conn: conn.execute(select(modlog)).mappings().all())
    logged = [(one["kind"], one["reason"]) for one in log if "_community" in one["kind"]]
    assert logged == [("remove_community", "spam only"), ("restore_community", "")]


async def test_no_page_shows_content_of_a_closed_community(world: World) -> None:
    post = await world.post("Cats sleep")
    comment = await world.comment(post, "They do sleep")
    pages = [f"/{path}" for path in (f"post/{post.id}", f"comment/{comment.id}")]
    pages += [f"{page}/{more}" for page in pages for more in ("report", "history")]
    pages += ["/c/cats", f"/feeds/post/{post.id}.xml", f"/submit?from={post.id}"]
    eve = world.browser("eve")
    for path in pages:
        assert "sleep" in (await eve.get(path)).html, path
    number = str(world.community.id)
    await world.browser("ann").post("/admin/communities/close", community=number, reason="spam")
    for path in pages:
        page = await eve.get(path)
        assert page.status == (200 if path.startswith("/submit") else 410), path
        assert "sleep" not in page.html, path


async def test_an_invitation_is_created_shown_and_revoked(world: World) -> None:
    ann = world.browser("ann")
    assert "No invitations yet" in (await ann.get("/admin/invitations")).text
    bad = {"note": "kept", "uses": "0", "days": "7"}
    page = await ann.post("/admin/invitations", **bad)
    assert (page.status, 'value="kept"' in page.html) == (422, True)
    assert 'id="e-uses"' in page.html
    for days in ("soon", "3651", "0000011111111111", "9" * 20):
        page = await ann.post("/admin/invitations", **{**bad, "uses": "2", "days": days})
        assert (page.status, 'id="e-days"' in page.html) == (422, True)
    await ann.post("/admin/invitations", note="for the club", uses="2", days="7")
    [made] = await world.instance.read(list_invitations)
    page = await ann.get("/admin/invitations")
    assert f"https://forum.example/register?invitation={made.code}" in page.text
    assert "2 uses left, until Jan 8, 2026" in page.text
    await ann.post("/admin/invitations/remove", invitation=str(made.id))
    assert await world.instance.read(list_invitations) == []


async def test_an_invitation_that_is_sent_twice_is_made_once(world: World) -> None:
    ann = world.browser("ann")
    form = (await ann.get("/admin/invitations")).html
    typed = {"note": "", "uses": "1", "days": "7", "once": once_of(form)}

    for _ in range(2):
        assert (await ann.post("/admin/invitations", **typed)).location == "/admin/invitations"
    assert len(await world.instance.read(list_invitations)) == 1

    await ann.post("/admin/invitations", **typed | {"uses": "3"})
    again = (await ann.get("/admin/invitations")).html
    await ann.post("/admin/invitations", **typed | {"once": once_of(again)})
    assert len(await world.instance.read(list_invitations)) == 3


def once_of(html: str) -> str:
    found = re.search(r'name="once" value="([^"]+)"', html)
    assert found
    return found[1]


async def test_a_colour_is_seen_before_it_is_saved(world: World) -> None:
    ann = world.browser("ann")
    typed = {"site_name": "Kept name", "hue": "300", "rules": "1. Be kind"}
    page = await ann.post("/admin", **typed, preview="on")
    assert "&amp;hue=300" in page.html
    assert 'value="Kept name"' in page.html
    assert "hue=" not in (await world.browser().get("/")).html.partition("<body")[0]
    await ann.post("/admin", **typed)
    assert "&amp;hue=300" in (await world.browser().get("/")).html
    for hue in ("999", "-1", "00011111", "red"):
        page = await ann.post("/admin", **{**typed, "hue": hue})
        assert (page.status, 'id="e-hue"' in page.html) == (422, True)


def test_the_limits_for_problems_are_those_in_the_documents(dialect: str) -> None:
    text = " ".join((Path(__file__).parents[3] / "docs/admin.md").read_text().split())
    assert "three or more servers" in text
    assert (health.MANY_PEERS, health.SCARCE, health.STUCK) == (3, 0.05, 300)


async def test_the_e_mail_address_of_a_found_member_is_shown(world: World) -> None:
    bob = world.people["bob"]
    await world.instance.unit(lambda ctx: give_email(ctx, bob.id, "bob@mail.example"))
    ann = world.browser("ann")

    assert "bob@mail.example" not in (await ann.get("/admin/members")).text
    assert "bob@mail.example" in (await ann.get("/admin/members?q=bob")).text


async def test_what_the_doctor_found_is_shown_in_the_language_of_the_admin(world: World) -> None:
    ann = world.browser("ann")
    good = Finding("mail", "ok", "The mail server accepts connections.")
    world.instance.findings = [good]
    assert "Everything is working." in (await ann.get("/admin/health")).text
    world.instance.findings = [
        good,
        Finding(
            "mail",
            "failed",
            "The mail server cannot be used: %(reason)s",
            "Check smtp_url.",
            {"reason": "<refused> 100%"},
        ),
    ]

    page = (await ann.get("/admin/health")).text

    assert "1 check found something to look at." in page
    assert "The mail server cannot be used: <refused> 100%" in page
    assert "Check smtp_url." in page
    of_ann = account.c.actor_id == world.people["ann"].id
    german_ann = update(account).where(of_ann).values(interface_language="de")
    await world.instance.unit(lambda ctx: ctx.conn.execute(german_ann))
    german = (await ann.get("/admin/health")).text
    assert "Der Mailserver ist nicht benutzbar: <refused> 100%" in german
