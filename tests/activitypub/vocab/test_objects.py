from datetime import UTC, datetime

import pytest

from activitypub.document import Document, MentionTag
from activitypub.iri import PUBLIC
from activitypub.vocab.objects import (
    Addressing,
    Language,
    TextContent,
    hashtag,
    image,
    link,
    mention,
    message,
    note,
    page,
    tombstone,
)

CATS = "https://fedcom.example/c/cats"
ANN = "https://fedcom.example/u/ann"
BOB = "https://peer.example/users/bob"
POST = "https://fedcom.example/post/1"
COMMENT = "https://fedcom.example/comment/2"
WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
GERMAN = Language("de", "Deutsch")
TEXT = TextContent(html="<p>hi</p>", markdown="hi", language=GERMAN)


def place(iri, **changes):
    return Addressing(id=iri, author=ANN, community=CATS, published=WHEN, **changes)


def test_a_post_is_the_page_that_lemmy_reads():
    document = page(
        place(POST, updated=WHEN, thread=f"{POST}/context", replies=f"{POST}/replies"),
        "A title",
        TEXT,
        attachments=[link("https://link.example/")],
        thumbnail_url="https://media.example/t.webp",
        summary="hi",
    )
    assert document == {
        "id": POST,
        "type": "Page",
        "attributedTo": ANN,
        "audience": CATS,
        "content": "<p>hi</p>",
        "mediaType": "text/html",
        "source": {"content": "hi", "mediaType": "text/markdown"},
        "language": {"identifier": "de", "name": "Deutsch"},
        "url": POST,
        "context": f"{POST}/context",
        "replies": f"{POST}/replies",
        "published": "2026-01-02T03:04:05Z",
        "updated": "2026-01-02T03:04:05Z",
        "to": [CATS, PUBLIC],
        "cc": [],
        "name": "A title",
        "summary": "hi",
        "attachment": [{"type": "Link", "href": "https://link.example/"}],
        "image": {"type": "Image", "url": "https://media.example/t.webp"},
        "contentMap": {"de": "<p>hi</p>"},
        "sensitive": False,
        "commentsEnabled": True,
        "stickied": False,
    }


def test_a_post_without_text_has_no_text_fields():
    document = page(place(POST), "A title", TextContent())
    assert not {"content", "mediaType", "source", "language", "attachment", "image"} & set(document)


def test_a_comment_is_the_note_that_lemmy_and_mastodon_read():
    tags = [mention(BOB, "@bob@peer.example"), mention(CATS, "@cats@fedcom.example")]
    document = note(place(COMMENT, mentioned=[BOB, BOB], tags=tags), TEXT, in_reply_to=POST)
    assert document == {
        "id": COMMENT,
        "type": "Note",
        "attributedTo": ANN,
        "audience": CATS,
        "content": "<p>hi</p>",
        "mediaType": "text/html",
        "source": {"content": "hi", "mediaType": "text/markdown"},
        "language": {"identifier": "de", "name": "Deutsch"},
        "url": COMMENT,
        "tag": [
            {"type": "Mention", "href": BOB, "name": "@bob@peer.example"},
            {"type": "Mention", "href": CATS, "name": "@cats@fedcom.example"},
        ],
        "published": "2026-01-02T03:04:05Z",
        "to": [PUBLIC, CATS],
        "cc": [BOB],
        "inReplyTo": POST,
        "contentMap": {"de": "<p>hi</p>"},
        "sensitive": False,
        "distinguished": False,
    }


@pytest.mark.parametrize("text", [TextContent(html="<p>x</p>"), TextContent(language=GERMAN)])
def test_a_language_map_needs_a_language_and_a_text(text):
    assert "contentMap" not in note(place(COMMENT), text, in_reply_to=POST)


def test_our_objects_read_back_unchanged():
    tags = [mention(CATS, "@cats@fedcom.example"), hashtag("https://fedcom.example/t/x", "x")]
    read = Document(note(place(COMMENT, tags=tags), TEXT, in_reply_to=POST))
    assert (read.owner, read.is_public, read.audience) == (ANN, True, CATS)
    assert (read.content, read.source_markdown, read.language) == ("<p>hi</p>", "hi", "de")
    assert read.mentions == (MentionTag(CATS, "@cats@fedcom.example"),)
    assert (read.in_reply_to, read.published) == (POST, WHEN)


@pytest.mark.parametrize("kind", ["ChatMessage", "Note"])
def test_a_message_is_for_its_recipients_only(kind):
    tags = [mention(BOB, "@bob@peer.example")]
    document = message(POST, ANN, [BOB], TEXT, published=WHEN, kind=kind, tags=tags)
    read = Document(document)
    assert read.type == kind
    assert read.addressed == (BOB,)
    assert not read.is_public
    assert "cc" not in document
    assert document["tag"] == tags


def test_a_deleted_object_becomes_a_tombstone():
    assert tombstone(POST, former_type="Page", deleted=WHEN) == {
        "id": POST,
        "type": "Tombstone",
        "formerType": "Page",
        "deleted": "2026-01-02T03:04:05Z",
    }
    assert tombstone(POST) == {"id": POST, "type": "Tombstone"}


@pytest.mark.parametrize("name", ["cats", "#cats"])
def test_a_hashtag_has_one_hash(name):
    assert hashtag("https://fedcom.example/t/cats", name)["name"] == "#cats"


def test_an_image_carries_its_alternative_text():
    assert image("https://m.example/x.png", alt="A cat", media_type="image/png") == {
        "type": "Image",
        "url": "https://m.example/x.png",
        "name": "A cat",
        "mediaType": "image/png",
    }
    assert image(None) is None
