"""Previous versions: kept in order on an edit, and erased when the author deletes."""

from typing import Any

import pytest

from activitypub.iri import PUBLIC
from fedcom.accounts.delete_account import delete_account
from fedcom.actions.comment import EditComment
from fedcom.actions.delete import Delete, Undelete
from fedcom.actions.delete_actor import DeleteActor
from fedcom.actions.post import EditPost, Provenance
from fedcom.actions.remove import RemoveContent
from fedcom.effects.revisions import KEPT
from fedcom.errors import Denied
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.models.revision import Revision
from fedcom.queries.revisions import list_revisions
from fedcom.wire.body import Body
from tests.fedcom.actions.receiving import receive
from tests.support.documents import activity, note
from tests.support.people import Home, received

KIM = "https://kim.example/u/kim"
NOTE = "https://kim.example/note/1"


def versions(home: Home, about: Post | Comment) -> list[Revision]:
    with home.database.connect() as conn:
        return list_revisions(conn, about)


def edit(home: Home, about: Post, **changes: Any) -> Post:
    body = Body.of_markdown(about.body_source)
    fields: dict[str, Any] = {"title": about.title, "url": about.url, "body": body}
    home.clock.advance(minutes=1)
    return home.perform(EditPost(by=home.bob, post=about, **fields | changes))


def test_every_edit_of_a_post_keeps_the_previous_version(home: Home) -> None:
    first = home.post(url="https://a.example/1")
    second = edit(home, first, body=Body.of_markdown("They do *not*."))
    third = edit(home, second, title="Cats never sleep", url=None)

    newer, older = versions(home, first)
    assert (older.title, older.url, older.body_html) == (first.title, first.url, first.body_html)
    assert (newer.title, newer.url, newer.body_html) == (first.title, first.url, second.body_html)
    assert (older.written_at, older.replaced_at) == (first.published_at, second.updated_at)
    assert (newer.written_at, newer.replaced_at) == (second.updated_at, third.updated_at)


def test_an_edit_that_no_reader_sees_keeps_nothing(home: Home) -> None:
    first = home.post()
    edit(home, first, nsfw=True)

    assert versions(home, first) == []


def test_edits_by_peers_are_kept_too(home: Home) -> None:
    about = home.comment(home.post(), by=home.person(KIM), text="Before", iri=NOTE)
    post_iri = home.fresh(home.post()).iri
    fields = note(NOTE, KIM, post_iri, to=[home.cats.iri, PUBLIC], content="<p>After</p>")
    receive(home, activity("Update", KIM, fields))

    assert [version.body_html for version in versions(home, about)] == ["<p>Before</p>"]
    assert home.fresh(about).body_html == "<p>After</p>"


def test_only_the_newest_of_very_many_versions_are_kept(home: Home) -> None:
    about = home.comment(home.post(), text="0")
    for number in range(1, KEPT + 3):
        body = Body.of_markdown(str(number))
        home.perform(EditComment(by=home.bob, comment=about, body=body))

    kept = [version.body_html for version in versions(home, about)]
    assert kept == [f"<p>{number}</p>" for number in range(KEPT + 1, 1, -1)]


def test_a_deletion_deletes_previous_versions(home: Home) -> None:
    first = edit(home, home.post(), title="Another title")
    about = home.comment(first)
    home.perform(EditComment(by=home.bob, comment=about, body=Body.of_markdown("Other")))
    other = edit(home, home.post(), title="Another title")

    home.perform(Delete(by=home.bob, target=home.fresh(first)))
    home.perform(Delete(by=home.bob, target=home.fresh(about)))
    home.perform(Undelete(by=home.bob, target=home.fresh(first)))

    assert versions(home, first) == versions(home, about) == []
    assert len(versions(home, other)) == 1


def test_a_removal_keeps_previous_versions(home: Home) -> None:
    first = edit(home, home.post(), title="Another title")
    home.perform(RemoveContent(by=home.ann, target=first, reason="spam"))

    assert len(versions(home, first)) == 1


def test_a_deleted_account_that_leaves_its_content_leaves_only_the_last_version(home: Home) -> None:
    first = edit(home, home.post(), title="Another title")
    about = home.comment(first)
    home.perform(EditComment(by=home.bob, comment=about, body=Body.of_markdown("Other")))
    home(lambda ctx: delete_account(ctx, home.bob.id, removes_content=False))

    assert home.fresh(first).title == "Another title"
    assert versions(home, first) == versions(home, about) == []


def test_a_deleted_remote_account_leaves_only_the_last_version_too(home: Home) -> None:
    about = home.comment(home.post(), by=home.person(KIM), iri=NOTE)
    source = Provenance(NOTE, "Note", None, None)
    home.perform(
        EditComment(by=home.person(KIM), comment=about, body=Body("", "Other"), source=source),
        received(KIM),
    )
    receive(home, activity("Delete", KIM, KIM, removeData=False))

    assert home.fresh(about).body_html == "Other"
    assert versions(home, about) == []


def test_an_edit_of_what_was_deleted_meanwhile_writes_nothing(home: Home) -> None:
    kim = home.person(KIM)
    post, comment = home.post(by=kim, iri=f"{KIM}/1"), home.comment(home.post(), by=kim, iri=NOTE)
    new_body, source = Body("", "Other"), Provenance(NOTE, "Note", None, None)
    edits: list[EditPost | EditComment] = [
        EditPost(by=kim, post=post, title="Other", body=new_body, source=source),
        EditComment(by=kim, comment=comment, body=new_body, source=source),
    ]
    for about, action in zip((post, comment), edits, strict=True):
        home.perform(Delete(by=kim, target=about), received(KIM))

        with pytest.raises(Denied, match="deleted"):
            home.perform(action, received(KIM))
        assert home.fresh(about).body_html == ""
        assert versions(home, about) == []


def test_a_deleted_account_leaves_no_versions(home: Home) -> None:
    first = edit(home, home.post(), title="Another title")
    home.perform(DeleteActor(by=home.bob), received(home.bob.iri))

    assert versions(home, first) == []
