"""Our rows as documents, and that reading such a document gives the same values again."""

import re

import pytest

from activitypub.document import Document
from activitypub.iri import PUBLIC
from fedcom.actions.comment import note_of
from fedcom.actions.delete import Delete
from fedcom.models.actor import Community
from fedcom.queries.actors import get_community, get_person
from fedcom.wire.actor import to_document
from fedcom.wire.addressing import comment_iri, instance_iri, key_iri, post_iri
from fedcom.wire.body import Body
from fedcom.wire.comment import read_comment
from fedcom.wire.post import read_post, to_page
from tests.support.people import HOST, ORIGIN, Home


@pytest.fixture
def dialect() -> str:
    """Translation asks no database; the rows come from one all the same."""
    return "sqlite"


def test_a_page_of_ours_reads_as_it_was_written(home: Home) -> None:
    post = home.post(
        title="Cats sleep",
        url="https://cats.example/sleep",
        body=Body.of_markdown("They *do*."),
        nsfw=True,
        language="en",
    )

    document = Document(to_page(post, home.bob, home.cats))
    found = read_post(document)

    assert document.owner == home.bob.iri
    assert document.is_public
    assert document.audience == home.cats.iri
    assert home.cats.iri in document.to
    assert [mention.href for mention in document.mentions] == [home.cats.iri]
    assert (found.iri, found.title, found.url) == (post.iri, post.title, post.url)
    assert found.body == Body(post.body_source, post.body_html)
    assert (found.nsfw, found.language, found.wire_type) == (True, "en", "Page")
    assert found.published == post.published_at


def test_a_note_of_ours_reads_as_it_was_written(home: Home) -> None:
    post = home.post(by=home.ann)
    comment = home.comment(post, text="So says @ann.")

    document = Document(home(lambda ctx: note_of(ctx, comment)))
    found = read_comment(document)

    assert document.in_reply_to == post.iri
    assert PUBLIC in document.to
    assert home.ann.iri in document.cc
    named = {mention.href: mention.name for mention in document.mentions}
    assert named == {home.cats.iri: f"@cats@{HOST}", home.ann.iri: f"@ann@{HOST}"}
    assert found.body.source == "So says @ann."
    assert f'href="{home.ann.iri}"' in found.body.html


def test_emptied_fields_are_sent_empty_because_lemmy_keeps_absent_ones(home: Home) -> None:
    page = to_page(home.post(body=Body("", "")), home.bob, home.cats)
    person = to_document(home.bob, ORIGIN)

    assert (page["content"], page["source"]["content"]) == ("", "")
    assert (person["summary"], person["source"]["content"]) == ("", "")


def test_a_deleted_object_has_no_text(home: Home) -> None:
    post = home.post()
    home.perform(Delete(by=home.bob, target=post))

    page = to_page(home.fresh(post), home.bob, home.cats)

    assert page["type"] == "Tombstone"
    assert page["formerType"] == "Page"
    assert not {"name", "content", "source"} & page.keys()


def test_actors_are_serialized_by_their_kind(home: Home) -> None:
    voice = home(lambda ctx: get_person(ctx.conn, 1))
    cats = home(lambda ctx: get_community(ctx.conn, home.cats.id))
    for actor, kind in ((home.bob, "Person"), (cats, "Group"), (voice, "Application")):
        document = Document(to_document(actor, ORIGIN))
        assert document.type == kind
        assert document.shared_inbox == f"{ORIGIN}/inbox"
        assert document.owner == actor.iri
        assert document.public_keys[0].id == key_iri(actor.iri)
    assert isinstance(cats, Community)
    assert Document(to_document(cats, ORIGIN)).moderators == f"{cats.iri}/moderators"


def test_ids_are_where_they_are_served(home: Home) -> None:
    assert instance_iri(ORIGIN) == f"{ORIGIN}/actor"
    assert post_iri(ORIGIN, 7) == f"{ORIGIN}/post/7"
    assert comment_iri(ORIGIN, 7) == f"{ORIGIN}/comment/7"


def test_a_body_is_rendered_once_and_knows_its_source() -> None:
    assert Body.of_markdown("") == Body("", "")
    assert Body.of_markdown("a\r\nb ").source == "a\nb"
    theirs = Body.of_document(Document({"content": "<p>x</p>", "source": "not an object"}))
    assert theirs == Body("", "<p>x</p>")


KIM = "https://lemmy.example/u/kim"


def of_peer(source: str, content: str | None = "<p>theirs</p>", **more: object) -> str:
    """The HTML that is shown for a peer's text."""
    fields = {"source": {"content": source, "mediaType": "text/markdown"}, "content": content}
    return Body.of_document(Document({"attributedTo": KIM} | fields | more)).html


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("H~2~O and ~~not~~", "<p>H<sub>2</sub>O and <s>not</s></p>"),
        ("x[^1]\n\n[^1]: Why", "<p>x<sup>[1]</sup></p>"),
        ("::: spoiler End\nDead\n:::", "<details><summary>End</summary>"),
        ("[x](https://a.example/)", 'href="https://a.example/"'),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        # Only the peer can resolve or render these.
        ("![](/assets/x.png)", "<p>theirs</p>"),
        ("[x]( <../up> )", "<p>theirs</p>"),
        ("[x][1]\n\n[1]: /up", "<p>theirs</p>"),
        (" \n", "<p>theirs</p>"),
        ("x" * 70_000, "<p>theirs</p>"),
    ],
)
def test_a_peers_markdown_is_rendered_by_our_own_rules(source: str, shown: str) -> None:
    assert shown in of_peer(source)


def test_markdown_without_html_is_always_rendered() -> None:
    assert of_peer("[x](/up)", None) == of_peer("[x](/up)", "")
    assert "theirs" not in of_peer("[x](/up)", None)
    assert "y" * 70_000 in of_peer("y" * 70_000, None)


def test_mentions_in_a_peers_markdown_link_to_the_actors_in_its_tags() -> None:
    tags = [
        {"type": "Mention", "href": "https://ken.example/u/ken", "name": "@ken@ken.example"},
        {"type": "Mention", "href": "https://lemmy.example/u/lea", "name": "@lea"},
        {"type": "Mention", "href": "https://nodebb.example/uid/3", "name": "@Bob@lemmy.example"},
        {"type": "Mention", "href": "no id", "name": "@ann"},
    ]

    html = of_peer("@ken@ken.example @lea @bob @ann @ken !cats@home.example", tag=tags)

    assert 'href="https://ken.example/u/ken"' in html
    assert 'href="https://lemmy.example/u/lea"' in html
    assert 'href="https://nodebb.example/uid/3"' in html
    assert html.count("<a ") == 3, "a name without a host is nobody here"


def test_mentions_without_a_tag_link_where_the_html_links() -> None:
    tags = [{"type": "Mention", "href": "https://ken.example/u/ken", "name": "@ken@ken.example"}]
    theirs = (
        '<p><a href="https://ken.example/another">@ken@ken.example</a>'
        ' <a href="https://lea.example/u/lea">@lea@lea.example</a> @bob@bob.example</p>'
    )

    html = of_peer("@ken@ken.example @lea@lea.example @bob@bob.example", theirs, tag=tags)

    assert re.findall('href="([^"]*)"', html) == [
        "https://ken.example/u/ken",
        "https://lea.example/u/lea",
    ], "a tag counts for more than the HTML"
