"""Several reports decided at once, and the offer to undo a decision."""

import pytest

from fedcom.actions.report import Report
from fedcom.queries.comments import get_comment
from fedcom.queries.content import get_again
from tests.fedcom.web.conftest import World

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)
async def test_ticked_reports_are_removed_and_what_failed_is_said(world: World) -> None:
    post = await world.post("Cats sleep")
    comment = await world.comment(post, "Some rude words")
    eve, mia = world.people["eve"], world.browser("mia")
    for target in (post, comment):
        await world.perform(Report(by=eve, target=target, reason="Rude"))
    queue = await mia.get("/reports")
    assert "Decide several reports at once" in queue.text
    shown = queue.html.partition('name="shown" value="')[2].partition('"')[0]

    nothing = await mia.post("/reports/selected/remove", reason="Rule 1", shown=shown)
    assert "Please select at least one report." in nothing.text
    assert (nothing.status, nothing.html.count('value="Rule 1"')) == (422, 1)
    wrong = await mia.post("/reports/selected/ban", days="soon", all="on", shown=shown)
    assert "Enter a number of days" in wrong.text
    done = await mia.post("/reports/selected/remove", reason="Rule 1", all="on", shown=shown)

    assert "2 reports were resolved." in done.text
    assert "Failed" not in done.text
    removed = await world.instance.read(lambda conn: get_comment(conn, comment.id))
    assert removed.removed_at is not None
    assert "No open reports" in (await mia.get("/reports")).text

    account = await world.perform(Report(by=eve, target=world.people["bob"], reason="Rude"))
    more = await world.post("Dogs bark")
    other = await world.perform(Report(by=eve, target=more, reason="Rude"))
    ticked = {f"report-{account.id}": "on", f"report-{other.id}": "on"}
    both = await world.browser("ann").post("/reports/selected/remove", **ticked)
    assert "1 report was resolved. 1 failed." in both.text
    assert "Only posts and comments can be removed or locked." in both.text


async def test_a_report_is_handed_over_and_noted_in_the_history_of_its_author(
    world: World,
) -> None:
    post = await world.post("Cats sleep")
    made = await world.perform(Report(by=world.people["eve"], target=post, reason="Rude"))
    ann, mia, bob = (world.browser(name) for name in ("ann", "mia", "bob"))

    sent = await mia.post(f"/reports/{made.id}/note", note="Third time.", back="/reports")
    assert sent.location == "/reports"
    empty = await mia.post(f"/reports/{made.id}/note", note=" ")
    assert (empty.status, "Please write something first." in empty.text) == (422, True)
    await mia.post(f"/reports/{made.id}/give", assignee="admins")
    queue = (await mia.get("/reports")).text
    for said in ("The admins have this report", "Third time.", "1 report, 0 removals, 1 note"):
        assert said in queue
    assert "You have no reports." in (await mia.get("/reports?show=mine")).text
    assert "mia handed a report over to you" in (await ann.get("/notifications")).text
    assert "Cats sleep" in (await ann.get("/reports?show=mine")).text

    path = "/u/bob/moderation"
    assert f'href="{path}"' in (await mia.get("/u/bob")).html
    assert path not in (await bob.get("/u/bob")).html + (await world.browser().get("/u/bob")).html
    assert (await ann.post(path, note="Met them.")).location == path
    history = await ann.get(path)
    for said in ("Third time.", "Met them.", "admins only", "Rude", "Cats sleep"):
        assert said in history.text
    assert "Met them." not in (await mia.get(path)).text
    note = history.html.partition('formaction="/notes/')[2].partition("/")[0]
    assert (await ann.post(f"/notes/{note}/delete", back=path)).location == path
    assert "Met them." not in (await ann.get(path)).text


async def test_the_notice_of_a_decision_offers_to_undo_it(world: World) -> None:
    post, mia = await world.post("Cats sleep"), world.browser("mia")
    made = await world.perform(Report(by=world.people["eve"], target=post, reason="Rude"))
    path = f"/post/{post.id}"
    for press, undo in (
        (f"{path}/lock", f"{path}/unlock"),
        (f"{path}/remove", f"{path}/restore"),
        (f"/reports/{made.id}/resolve", f"/reports/{made.id}/reopen"),
        (f"/reports/{made.id}/remove", f"{path}/restore"),
    ):
        pressed = await mia.post(press, reason="Rule 1")
        shown = await mia.get(pressed.location)
        assert f'<form class="notice" method="post" action="{undo}">' in shown.html
        undone = await mia.post(undo, back="/reports", undone="on")
        assert undone.location == "/reports"
        assert '<form class="notice"' not in (await mia.get("/reports")).html
    found = await world.instance.read(lambda conn: get_again(conn, post))
    assert (found.locked_at, found.removed_at) == (None, None)

    await mia.post("/c/cats/ban", person="bob", content="on")
    bans = await mia.get("/c/cats/banned")
    assert 'action="/c/cats/unban"' in bans.html
    fields = {"person": str(world.people["bob"].id), "content": "on"}
    for name, value in fields.items():
        assert f'name="{name}" value="{value}"' in bans.html.partition('<form class="notice"')[2]
    await mia.post("/c/cats/unban", **fields)
    found = await world.instance.read(lambda conn: get_again(conn, post))
    assert found.removed_at is None
