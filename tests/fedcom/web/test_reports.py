"""The form that reports something, and the queue in which reports are resolved."""

import pytest

from activitypub.document import Document
from activitypub.errors import NotThere
from fedcom.actions.community import CreateCommunity
from fedcom.actions.lock import Lock
from fedcom.actions.message import SendMessage
from fedcom.actions.report import Report
from fedcom.context import Context
from fedcom.models.actor import Community
from fedcom.models.comment import Comment
from fedcom.models.message import Message
from fedcom.models.moderation import ReportRow
from fedcom.models.post import Post
from fedcom.queries.comments import get_comment
from fedcom.queries.content import get_again
from fedcom.queries.reports import get_report
from fedcom.remote.actors import community_at
from fedcom.wire.body import Body
from tests.fedcom.web.conftest import KEY, World
from tests.support import documents

pytestmark = pytest.mark.anyio


async def flag(world: World, target: Post | Comment | Message, by: str, reason: str) -> ReportRow:
    action = Report(by=world.people[by], target=target, reason=reason)
    made = await world.perform(action)
    assert isinstance(made, ReportRow)
    return made


async def state(world: World, row: ReportRow) -> ReportRow:
    return await world.instance.read(lambda conn: get_report(conn, row.id))


async def is_locked(world: World, target: Post | Comment) -> bool:
    found = await world.instance.read(lambda conn: get_again(conn, target))
    return found.locked_at is not None


async def test_a_member_reports_a_comment_and_is_back_in_the_thread(world: World) -> None:
    post = await world.post()
    comment = await world.comment(post, "Some rude words")
    eve = world.browser("eve")

    assert f'href="/comment/{comment.id}/report"' in (await eve.get(f"/post/{post.id}")).html
    form = await eve.get(f"/comment/{comment.id}/report")
    sent = await eve.post(f"/comment/{comment.id}/report", reason="Rule 1")

    assert "Some rude words" in form.text
    assert sent.location == f"/post/{post.id}#comment-{comment.id}"
    assert "Report sent." in (await eve.get(f"/post/{post.id}")).text
    assert "Rule 1" in (await world.browser("mia").get("/notifications")).text


async def test_the_form_shows_the_reported_content(world: World) -> None:
    post = await world.post("Cats sleep")
    comment = await world.comment(post, "Some rude words")
    message = await world.perform(
        SendMessage(by=world.people["bob"], to=world.people["eve"], body=Body.of_markdown("Psst"))
    )
    assert isinstance(message, Message)
    eve = world.browser("eve")

    for kind, number, text in (
        ("post", post.id, "Cats sleep"),
        ("comment", comment.id, "Some rude words"),
        ("message", message.id, "Psst"),
    ):
        page = await eve.get(f"/{kind}/{number}/report")
        assert f"Report this {kind}" in page.text
        assert text in page.text
    assert "Cats sleep" not in (await eve.get(f"/comment/{comment.id}/report")).text


async def test_a_report_without_a_reason_shows_the_form_again(world: World) -> None:
    post = await world.post()

    page = await world.browser("eve").post(f"/post/{post.id}/report", reason=" ")

    assert page.status == 422
    assert "Please say what is wrong." in page.text


async def test_moderators_see_the_number_of_open_reports_on_every_page(world: World) -> None:
    row = await flag(world, await world.post(), "eve", "Rule 1")

    for name in ("mia", "ann"):
        assert "Reports open: 1" in (await world.browser(name).get("/communities")).text
    for name in ("eve", "bob", ""):
        page = await world.browser(name).get("/communities")
        assert "/reports" not in page.html
    await world.browser("mia").post(f"/reports/{row.id}/resolve")
    assert "open:" not in (await world.browser("mia").get("/communities")).text


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_reports_of_one_comment_are_grouped_with_their_context(
    world: World,
) -> None:
    post = await world.post("Cats sleep")
    above = await world.comment(post, "What is above")
    comment = await world.comment(post, "Some rude words", parent=above)
    await flag(world, comment, "eve", "Rule 1")
    row = await flag(world, comment, "ann", "Rule 2")
    await flag(world, post, "eve", "Not about cats")

    page = await world.browser("mia").get("/reports")

    assert page.html.count("<li id=") == 2
    for text in ("Cats sleep", "What is above", "Some rude words", "Rule 1", "Rule 2"):
        assert text in page.text
    assert "Author: 3 reports" in page.text
    assert f"/reports/{row.id}/remove" in page.html
    assert "/c/cats/ban?person=bob%40forum.example" in page.html
    assert page.html.count('accesskey="r"') == 1


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_removing_it_from_the_queue_resolves_all_its_reports(world: World) -> None:
    comment = await world.comment(await world.post(), "Some rude words")
    first = await flag(world, comment, "eve", "He hurt me")
    second = await flag(world, comment, "ann", "He hurt her")
    mia = world.browser("mia")

    await mia.post(f"/reports/{second.id}/remove", reason="Rule 2", back="/reports")

    removed = await world.instance.read(lambda conn: get_comment(conn, comment.id))
    assert removed.removed_at is not None
    for row in (first, second):
        assert (await state(world, row)).resolver_id == world.people["mia"].id
    assert "No open reports" in (await mia.get("/reports")).text
    assert "Rule 2" in (await world.browser().get("/c/cats/modlog")).text
    notifications = (await world.browser("bob").get("/notifications")).text
    assert "Reason: Rule 2" in notifications
    assert "hurt" not in notifications + (await world.browser().get("/modlog.xml")).html
    assert "Some rude words" in (await mia.get("/reports?show=resolved")).text
    assert "Rule 2" not in (await mia.get("/notifications")).text


@pytest.mark.parametrize(
    ("press", "outcome"),
    [
        ("remove", "The content you reported was removed"),
        ("resolve", "Your report was reviewed and closed"),
    ],
)
@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_the_reporter_is_notified_of_the_decision(
    world: World, press: str, outcome: str
) -> None:
    comment = await world.comment(await world.post(), "Some rude words")
    row = await flag(world, comment, "eve", "He hurt me")

    await world.browser("mia").post(f"/reports/{row.id}/{press}", reason="As agreed")

    notifications = (await world.browser("eve").get("/notifications")).text
    assert outcome in notifications
    assert "Reason: As agreed" in notifications
    assert "mia" not in notifications
    assert "He hurt me" not in notifications


async def test_without_a_reason_the_removal_has_none(world: World) -> None:
    post = await world.post()
    row = await flag(world, post, "eve", "He hurt me")

    await world.browser("mia").post(f"/reports/{row.id}/remove", reason="")

    assert "He hurt me" not in (await world.browser("bob").get("/notifications")).text
    assert "He hurt me" not in (await world.browser("bob").get(f"/post/{post.id}")).text


async def test_a_reason_that_is_refused_is_still_in_its_field(world: World) -> None:
    post = await world.post()
    row = await flag(world, post, "eve", "Rule 1")
    await flag(world, await world.post("Another"), "eve", "Rule 1")

    page = await world.browser("mia").post(f"/reports/{row.id}/remove", reason="x" * 501)

    assert page.status == 422
    assert page.html.count("x" * 501) == 1
    assert "at most 500 characters" in page.text
    assert (await state(world, row)).resolved_at is None


async def test_a_dismissed_report_can_be_reopened(world: World) -> None:
    row = await flag(world, await world.post(), "eve", "Rule 1")
    mia = world.browser("mia")

    await mia.post(f"/reports/{row.id}/resolve")
    assert (await state(world, row)).resolved_at is not None
    await mia.post(f"/reports/{row.id}/reopen")

    assert (await state(world, row)).resolved_at is None
    assert "Rule 1" in (await mia.get("/reports")).text


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_the_reported_comment_is_locked_and_unlocked_and_its_report_stays_open(
    world: World,
) -> None:
    post = await world.post()
    comment = await world.comment(post)
    row = await flag(world, comment, "eve", "Rule 1")
    mia = world.browser("mia")

    offered = await mia.get("/reports")
    assert "Lock this comment" in offered.text
    assert "Lock this post" not in offered.text
    assert offered.html.count('accesskey="l"') == 1
    await mia.post(f"/reports/{row.id}/lock", reason="A quarrel")

    assert await is_locked(world, comment)
    assert not await is_locked(world, post)
    locked = await mia.get("/reports")
    assert f"/reports/{row.id}/unlock" in locked.html
    assert f"/reports/{row.id}/lock" not in locked.html
    assert "A quarrel" in (await world.browser().get("/c/cats/modlog")).text
    await mia.post(f"/reports/{row.id}/unlock")

    assert not await is_locked(world, comment)
    assert "Lock this comment" in (await mia.get("/reports")).text
    assert (await state(world, row)).resolved_at is None


async def test_the_reported_post_is_locked_and_unlocked_and_its_comments_are_not(
    world: World,
) -> None:
    post = await world.post()
    comment = await world.comment(post)
    row = await flag(world, post, "eve", "Rule 1")
    mia = world.browser("mia")

    offered = await mia.get("/reports")
    assert "Lock this post" in offered.text
    assert "Lock this comment" not in offered.text
    await mia.post(f"/reports/{row.id}/lock")

    assert await is_locked(world, post)
    assert not await is_locked(world, comment)
    assert f"/reports/{row.id}/unlock" in (await mia.get("/reports")).html
    await mia.post(f"/reports/{row.id}/unlock")

    assert not await is_locked(world, post)


async def test_a_comment_on_a_locked_post_can_still_be_locked(world: World) -> None:
    post = await world.post()
    await flag(world, await world.comment(post), "eve", "Rule 1")
    await world.perform(Lock(by=world.people["mia"], target=post, locked=True))

    page = await world.browser("mia").get("/reports")

    assert "Lock this comment" in page.text
    assert "Unlock" not in page.text


async def test_the_reported_text_is_kept_after_an_edit(world: World) -> None:
    post = await world.post("Cats sleep")
    await flag(world, post, "eve", "Rule 1")
    mia = world.browser("mia")
    assert "Text when it was" not in (await mia.get("/reports")).text

    await world.browser("bob").post(f"/post/{post.id}/edit", title="Innocent")

    page = await mia.get("/reports")
    assert "Text when it was reported Cats sleep" in page.text


async def test_moderators_resolve_reports_in_their_communities_only(world: World) -> None:
    action = CreateCommunity(by=world.people["ann"], name="dogs", key=KEY)
    dogs = await world.perform(action)
    assert isinstance(dogs, Community)
    world.community, cats = dogs, world.community
    row = await flag(world, await world.post("Dogs bark"), "eve", "Rule 1")
    world.community = cats
    mia, ann = world.browser("mia"), world.browser("ann")

    assert "Dogs bark" not in (await mia.get("/reports")).text
    assert "Dogs bark" not in (await mia.get(f"/reports?community={dogs.id}")).text
    assert (await mia.post(f"/reports/{row.id}/resolve")).status == 403
    assert "Dogs bark" in (await ann.get(f"/reports?community={dogs.id}")).text
    assert "Dogs bark" not in (await ann.get(f"/reports?community={cats.id}")).text


async def test_a_private_message_is_read_by_admins_alone(world: World) -> None:
    action = SendMessage(
        by=world.people["bob"], to=world.people["eve"], body=Body.of_markdown("Psst")
    )
    message = await world.perform(action)
    assert isinstance(message, Message)
    eve = world.browser("eve")

    conversation = await eve.get("/messages/bob")
    assert f'href="/message/{message.id}/report"' in conversation.html
    assert (await world.browser("mia").get(f"/message/{message.id}/report")).status == 404
    sent = await eve.post(f"/message/{message.id}/report", reason="Rule 1")

    assert sent.location == f"/messages/bob#message-{message.id}"
    assert "Psst" in (await world.browser("ann").get("/reports")).text
    assert "Psst" not in (await world.browser("mia").get("/reports")).text
    assert "Psst" not in (await world.browser("ann").get("/notifications")).text
    assert "/u/bob/ban" in (await world.browser("ann").get("/reports")).html


async def test_nothing_of_a_report_is_on_public_pages(world: World) -> None:
    post = await world.post()
    row = await flag(world, post, "eve", "Rule 1")
    await world.browser("mia").post(f"/reports/{row.id}/resolve")

    for path in ("/", "/c/cats", f"/post/{post.id}", "/c/cats/modlog", "/u/bob", "/u/eve"):
        page = await world.browser().get(path)
        assert "Rule 1" not in page.text, path
        assert "/u/eve" not in page.html or path == "/u/eve"


async def test_a_removal_on_its_page_resolves_the_report(world: World) -> None:
    post = await world.post()
    row = await flag(world, post, "eve", "Rule 1")
    mia = world.browser("mia")

    await mia.post(f"/post/{post.id}/remove", reason="spam")

    assert (await state(world, row)).resolver_id == world.people["mia"].id
    page = await mia.get("/reports")
    assert "No open reports" in page.text
    assert "open:" not in page.text


async def test_a_report_about_removed_content_is_only_resolved(world: World) -> None:
    post = await world.post()
    row = await flag(world, post, "eve", "Rule 1")
    await world.browser("ann").post(f"/post/{post.id}/remove", reason="spam")
    mia = world.browser("mia")
    await mia.post(f"/reports/{row.id}/reopen")

    assert f"/reports/{row.id}/remove" not in (await mia.get("/reports")).html
    await mia.post(f"/reports/{row.id}/remove")

    assert (await state(world, row)).resolved_at is not None


async def test_an_admin_removes_reported_content_of_a_remote_community(world: World) -> None:
    def meet(ctx: Context) -> Community:
        document = documents.group("https://dogs.example/c/dogs")
        ctx.fetched.documents[document["id"]] = Document(document)
        ctx.fetched.failures[f"{document['id']}/moderators"] = NotThere(
            "not_there", "404", url=document["id"], status=404
        )
        return community_at(ctx, document["id"])

    world.community = await world.instance.unit(meet)
    post = await world.post("Dogs bark")
    row = await flag(world, post, "eve", "Rule 1")
    ann, mia = world.browser("ann"), world.browser("mia")

    assert f'href="/post/{post.id}/remove"' in (await ann.get(f"/post/{post.id}")).html
    assert f'href="/post/{post.id}/remove"' not in (await mia.get(f"/post/{post.id}")).html
    queue = await ann.get("/reports")
    assert f"/reports/{row.id}/remove" in queue.html
    assert f"/reports/{row.id}/lock" not in queue.html
    assert "/u/bob/ban" in queue.html
    assert "tells other servers" in (await ann.get(f"/post/{post.id}/remove")).text
    assert (await mia.post(f"/post/{post.id}/remove", reason="x")).status == 403
    await ann.post(f"/reports/{row.id}/remove", reason="Illegal")

    assert (await world.browser("eve").get(f"/post/{post.id}")).status == 410
    assert (await state(world, row)).resolved_at is not None
    await ann.post(f"/post/{post.id}/restore")
    assert (await world.browser("eve").get(f"/post/{post.id}")).status == 200
