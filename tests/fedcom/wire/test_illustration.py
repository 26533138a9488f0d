"""Pictures and content warnings in other servers' formats, and in ours."""

from dataclasses import replace
from typing import Any

import pytest

from activitypub.document import Document
from fedcom.actions.comment import note_of
from fedcom.models.post import Post
from fedcom.queries.actors import get_community, get_person
from fedcom.wire.comment import read_comment, read_message
from fedcom.wire.illustration import Illustration
from fedcom.wire.post import read_post, to_page
from tests.support.people import ORIGIN, Home

CAT = "https://peer.example/pictrs/image/cat.webp"
NOTE = {"type": "Note", "id": "https://peer.example/n/1", "content": "<p>Butter</p>"}
PAGE = {"type": "Page", "id": "https://peer.example/post/1", "name": "A cat"}


def read(document: dict[str, Any]) -> tuple[str | None, Illustration | None]:
    content = read_post(Document(document))
    return content.url, content.image


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(
            PAGE | {"attachment": [{"type": "Image", "url": CAT, "name": " A\ncat "}]},
            (CAT, Illustration(CAT, "A cat")),
            id="Lemmy from 0.19.4 on",
        ),
        pytest.param(
            PAGE
            | {
                "attachment": [{"type": "Link", "href": "https://news.example/"}],
                "image": {"type": "Image", "url": CAT},
            },
            ("https://news.example/", Illustration(CAT)),
            id="Lemmy: a link with a thumbnail",
        ),
        pytest.param(
            NOTE
            | {
                "attachment": [
                    {"type": "Document", "mediaType": "video/mp4", "url": f"{CAT}.mp4"},
                    {"type": "Document", "mediaType": "image/png", "url": CAT, "name": "A cat"},
                ]
            },
            (f"{CAT}.mp4", Illustration(CAT, "A cat")),
            id="Mastodon: the first that is a picture",
        ),
        pytest.param(
            NOTE | {"attachment": {"type": "Document", "url": "https://peer.example/C.JPG"}},
            ("https://peer.example/C.JPG", Illustration("https://peer.example/C.JPG")),
            id="one, and without a media type",
        ),
        pytest.param(
            PAGE | {"image": [{"type": "Image", "url": CAT, "name": "x"}]},
            (None, Illustration(CAT)),
            id="PieFed: several in image",
        ),
        pytest.param(
            {"type": "Video", "id": "https://tube.example/v/1", "icon": [{"url": CAT}]},
            ("https://tube.example/v/1", Illustration(CAT)),
            id="PeerTube: the icon of a video",
        ),
        pytest.param(
            NOTE | {"attachment": [{"type": "PropertyValue", "name": "x", "value": "y"}, "z", 7]},
            (None, None),
            id="nothing to see",
        ),
        pytest.param(
            PAGE | {"image": {"type": "Image", "url": "javascript:alert(1)"}},
            (None, None),
            id="no address",
        ),
    ],
)
def test_pictures_of_others_are_found(
    document: dict[str, Any], expected: tuple[str | None, Illustration | None]
) -> None:
    assert read(document) == expected


@pytest.mark.parametrize(
    ("document", "warning"),
    [
        (NOTE | {"summary": "Food", "sensitive": True}, "Food"),
        (NOTE | {"summary": "Food\u202e\n!", "sensitive": True}, "Food !"),
        (NOTE | {"summary": "\u200b", "sensitive": True}, ""),
        (NOTE | {"summary": None, "sensitive": True}, ""),
        (NOTE | {"summary": "Food", "sensitive": False}, ""),
        (PAGE | {"summary": "Claws", "sensitive": True}, "Claws"),
        (PAGE | {"summary": "A cat #cats", "sensitive": True}, ""),
        (PAGE | {"type": "Article", "summary": "It begins so", "sensitive": True}, ""),
    ],
)
def test_the_summary_of_a_sensitive_object_is_a_content_warning(
    document: dict[str, Any], warning: str
) -> None:
    assert read_post(Document(document)).content_warning == warning
    if document["type"] == "Note" and document["sensitive"]:
        assert read_comment(Document(document)).content_warning == warning


def test_a_subject_is_shown_though_nothing_is_sensitive() -> None:
    """Pleroma's subject line; GoToSocial keeps warnings and the sensitive flag apart."""
    subject = NOTE | {"summary": "Food & drink", "sensitive": False}

    titled = read_post(Document(subject))
    named = read_post(Document(PAGE | {"summary": "Food & drink", "content": "<p>Butter</p>"}))
    comment, message = read_comment(Document(subject)), read_message(Document(subject))

    assert (titled.title, titled.body.html) == ("Food & drink", "<p>Butter</p>")
    assert (titled.content_warning, titled.nsfw) == ("", False)
    opened = "<p><strong>Food &amp; drink</strong></p><p>Butter</p>"
    assert (named.title, named.body.html) == ("A cat", opened)
    assert (comment.content_warning, comment.body.html) == ("Food & drink", "<p>Butter</p>")
    assert (message.content_warning, message.body.html) == ("", opened)


def test_a_summary_that_says_the_title_again_is_no_subject() -> None:
    page = read_post(Document(PAGE | {"summary": "A cat #cats", "content": "<p>Butter</p>"}))

    assert page.body.html == "<p>Butter</p>"


@pytest.mark.parametrize("warning", ["", "Claws"])
def test_an_attachment_may_be_sensitive_by_itself(warning: str) -> None:
    """Pixelfed and Misskey mark pictures, not texts."""
    pictures = [
        {"type": "Image", "url": f"{CAT}?{name}", "sensitive": name == "claws"}
        for name in ("paws", "claws")
    ]
    note = NOTE | {"attachment": pictures, "summary": warning or None, "sensitive": bool(warning)}

    assert read_post(Document(note)).nsfw is True
    html = read_comment(Document(note)).body.html
    assert f'src="{CAT}?paws"' in html
    assert (f'src="{CAT}?claws"' in html) is bool(warning)
    assert f"{CAT}?claws" in html


def test_the_title_of_a_note_with_a_warning_does_not_reveal_its_text() -> None:
    warned = Document(NOTE | {"summary": "Food", "sensitive": True})

    assert read_post(warned).title == "Food"
    assert read_post(Document(NOTE)).title == "Butter"


def page_of(home: Home, post: Post) -> dict[str, Any]:
    return home(
        lambda ctx: to_page(
            post, get_person(ctx.conn, post.author_id), get_community(ctx.conn, post.community_id)
        )
    )


def test_a_local_picture_is_an_image_with_its_description(home: Home) -> None:
    url = f"{ORIGIN}/media/cat.webp"
    post = home.post(url=url, image=Illustration(url, "A cat"), content_warning="Claws")

    page = page_of(home, post)

    assert page["attachment"] == [
        {"type": "Image", "url": url, "name": "A cat", "mediaType": "image/webp"}
    ]
    assert page["image"] == {"type": "Image", "url": url}
    assert (page["summary"], page["sensitive"]) == ("Claws", True)


def test_a_link_stands_before_the_picture_beside_it(home: Home) -> None:
    post = home.post(url="https://news.example/", image=Illustration(CAT))

    kinds = [attachment["type"] for attachment in page_of(home, post)["attachment"]]

    assert kinds == ["Link", "Image"]


def test_without_picture_and_warning_the_fields_are_absent(home: Home) -> None:
    page = page_of(home, home.post())

    assert {"attachment", "image", "summary"}.isdisjoint(page)
    assert page["sensitive"] is False


def test_the_warning_of_a_comment_is_sent_as_microblogs_do(home: Home) -> None:
    plain = home.comment(home.post())

    def sent_fields(warning: str) -> dict[str, Any]:
        return home(lambda ctx: note_of(ctx, replace(plain, content_warning=warning)))

    assert (sent_fields("Food")["summary"], sent_fields("Food")["sensitive"]) == ("Food", True)
    assert "summary" not in sent_fields("")


def attached(query: str, **more: str) -> dict[str, Any]:
    return {"type": "Document", "mediaType": "image/png", "url": f"{CAT}?{query}"} | more


def test_pictures_below_an_answer_are_seen_in_it() -> None:
    note = NOTE | {"attachment": [attached("1", name='A "cat"'), attached("2")]}

    html = read_comment(Document(note)).body.html

    assert html.startswith("<p>Butter</p><p><img ")
    assert f'src="{CAT}?1"' in html
    assert 'alt="A &quot;cat&quot;"' in html
    assert f'src="{CAT}?2"' in html


def test_a_post_of_several_pictures_shows_the_first_once_and_the_others_below() -> None:
    post = read_post(Document(NOTE | {"attachment": [attached("1"), attached("2")]}))

    assert (post.url, post.image) == (f"{CAT}?1", Illustration(f"{CAT}?1"))
    assert f"{CAT}?1" not in post.body.html
    assert f'src="{CAT}?2"' in post.body.html


@pytest.mark.parametrize(
    ("note", "added"),
    [
        pytest.param(
            NOTE | {"attachment": [attached("1", mediaType="video/mp4", name="It <sleeps>")]},
            f'<p><a href="{CAT}?1" rel="nofollow noopener noreferrer">It &lt;sleeps&gt;</a></p>',
            id="a video is linked",
        ),
        pytest.param(
            NOTE | {"sensitive": True, "attachment": [attached("1", name="Claws")]},
            f'<p><a href="{CAT}?1" rel="nofollow noopener noreferrer">Claws</a></p>',
            id="what is sensitive is not shown unasked",
        ),
        pytest.param(
            NOTE | {"content": f'<img src="{CAT}?1&amp;a">', "attachment": [attached("1&a")]},
            "",
            id="a picture that the text shows is not shown again",
        ),
        pytest.param(
            NOTE
            | {
                "attachment": [
                    {"type": "Link", "href": "https://news.example/"},
                    {"type": "PropertyValue", "name": "x", "value": "y"},
                    attached("1", url="javascript:alert(1)"),
                ]
            },
            "",
            id="what is not seen or heard is no part of the text",
        ),
        pytest.param(
            NOTE | {"attachment": [attached("1", url="http://peer.example/cat.png", name="Cat")]},
            '<p><a href="http://peer.example/cat.png" rel="nofollow noopener noreferrer">'
            "Cat</a></p>",
            id="a picture without TLS is linked",
        ),
        pytest.param(
            NOTE | {"attachment": [{"type": "Video", "url": "https://cat_tv.example/"}]},
            '<p><a href="https://cat_tv.example/" rel="nofollow noopener noreferrer">'
            "https://cat_tv.example/</a></p>",
            id="an address need not be one that an id may have",
        ),
        pytest.param(
            NOTE | {"attachment": [{"type": "Note", "id": "https://peer.example/n/2"}]},
            '<p><a href="https://peer.example/n/2" rel="nofollow noopener noreferrer">'
            "https://peer.example/n/2</a></p>",
            id="an attached note is linked",
        ),
    ],
)
def test_attachments_below_a_text(note: dict[str, Any], added: str) -> None:
    bare = {name: value for name, value in note.items() if name != "attachment"}

    html = read_comment(Document(note)).body.html

    assert html == read_comment(Document(bare)).body.html + added


EVENT = NOTE | {"type": "Event", "name": "Cat show", "startTime": "2026-03-01T18:00:00+01:00"}
PLACE = {
    "type": "Place",
    "name": "Town hall",
    "address": {"type": "PostalAddress", "streetAddress": "Mill St. 1", "addressLocality": "Ulm"},
}


@pytest.mark.parametrize(
    ("document", "added"),
    [
        (EVENT, "<p>2026-03-01 17:00 UTC</p>"),
        (
            EVENT | {"endTime": "2026-03-01T20:00:00Z", "location": PLACE},
            "<p>2026-03-01 17:00 - 2026-03-01 20:00 UTC</p><p>Town hall, Mill St. 1, Ulm</p>",
        ),
        (EVENT | {"startTime": "soon", "location": "Ulm <b>"}, "<p>Ulm &lt;b&gt;</p>"),
        (EVENT | {"startTime": None, "location": [1, {"address": 2}]}, ""),
        (
            NOTE | {"type": "Question", "oneOf": [{"name": "Yes"}, {"name": "<i>No"}, "x"]},
            "<ul><li>Yes</li><li>&lt;i&gt;No</li></ul>",
        ),
        (
            NOTE | {"type": "Question", "anyOf": [{"name": "Tea"}, {"name": "Milk"}]},
            "<ul><li>Tea</li><li>Milk</li></ul>",
        ),
        (NOTE | {"type": "Question", "anyOf": {"name": "Yes"}}, ""),
        (NOTE | {"startTime": "2026-03-01T18:00:00Z", "oneOf": [{"name": "Yes"}]}, ""),
    ],
)
def test_events_have_their_time_and_place_and_polls_their_choices(
    document: dict[str, Any], added: str
) -> None:
    assert read_post(Document(document)).body.html == f"<p>Butter</p>{added}"


def test_more_pictures_than_anybody_attaches_are_not_shown() -> None:
    many = [attached(str(number)) for number in range(50)]

    html = read_comment(Document(NOTE | {"attachment": many})).body.html

    assert html.count("<img ") == 20
