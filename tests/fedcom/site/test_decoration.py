"""Taglines and custom emoji: what admins may write, and what members' texts and peers get."""

from typing import Any

import pytest

from fedcom.actions.comment import CreateComment
from fedcom.actions.message import SendMessage
from fedcom.actions.post import CreatePost, EditPost
from fedcom.errors import FedcomError
from fedcom.models.decoration import CustomEmoji
from fedcom.queries.decoration import find_random_tagline, list_emoji, list_taglines
from fedcom.site.decoration import create_emoji, delete_emoji, edit_emoji, set_taglines
from fedcom.wire.body import Body
from fedcom.wire.microblog import to_status
from fedcom.wire.post import to_page
from tests.support.people import ORIGIN, Home

CAT = f"{ORIGIN}/media/cat.webp"
PICTURE = f'<img src="{CAT}" alt=":cat:" title=":cat:"'
TAG = {"type": "Emoji", "id": CAT, "name": ":cat:", "icon": {"type": "Image", "url": CAT}}


def emoji(home: Home, shortcode: str = "cat", url: str = CAT, **more: Any) -> CustomEmoji:
    return home(lambda ctx: create_emoji(ctx, shortcode, url, **more))


def test_one_of_the_taglines_is_found(home: Home) -> None:
    assert home(lambda ctx: find_random_tagline(ctx.conn)) is None
    lines = [Body.of_markdown(text) for text in ("*One*", "Two", "")]
    home(lambda ctx: set_taglines(ctx, lines))

    found = home(lambda ctx: list_taglines(ctx.conn))
    assert [(one.source, one.html) for one in found] == [
        ("*One*", "<p><em>One</em></p>"),
        ("Two", "<p>Two</p>"),
    ]
    chosen = [home(lambda ctx: find_random_tagline(ctx.conn)) for _ in range(60)]
    assert {one.source for one in chosen if one} == {"*One*", "Two"}
    home(lambda ctx: set_taglines(ctx, []))
    assert home(lambda ctx: list_taglines(ctx.conn)) == []


@pytest.mark.parametrize(
    ("texts", "code"), [(["x" * 501], "body_too_long"), (["x"] * 101, "too_many_items")]
)
def test_too_long_and_too_many_taglines_are_refused(
    home: Home, texts: list[str], code: str
) -> None:
    with pytest.raises(FedcomError) as caught:
        home(lambda ctx: set_taglines(ctx, [Body(text, "") for text in texts]))
    assert caught.value.code == code


def test_an_emoji_is_made_changed_and_deleted(home: Home) -> None:
    made = emoji(home, ":Cat:", alt="A cat", category="Animals", keywords=["pet", "pet", "fur"])
    assert (made.shortcode, made.alt, made.category) == ("cat", "A cat", "Animals")
    assert (made.keywords, made.updated_at) == ("pet fur", None)
    url = f"{ORIGIN}/media/dog.webp"
    changed = home(lambda ctx: edit_emoji(ctx, made.id, url, alt="No cat"))
    assert (changed.image_url, changed.alt, changed.keywords) == (url, "No cat", "")
    assert changed.updated_at is not None
    home(lambda ctx: delete_emoji(ctx, made.id))
    assert home(lambda ctx: list_emoji(ctx.conn)) == []
    for work in (delete_emoji, lambda ctx, number: edit_emoji(ctx, number, url)):
        with pytest.raises(FedcomError) as caught:
            home(lambda ctx, work=work: work(ctx, made.id))
        assert caught.value.code == "couldnt_find_custom_emoji"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"shortcode": "x"}, "shortcode_invalid"),
        ({"shortcode": "a b"}, "shortcode_invalid"),
        ({"shortcode": "taken"}, "shortcode_taken"),
        ({"url": "javascript:x"}, "url_scheme"),
        ({"alt": "x" * 1001}, "alt_too_long"),
        ({"category": "x" * 65}, "display_name_too_long"),
        ({"keywords": ["x" * 501]}, "keywords_too_long"),
    ],
)
def test_emoji_that_make_no_sense_are_refused(home: Home, fields: Any, code: str) -> None:
    emoji(home, "taken")
    with pytest.raises(FedcomError) as caught:
        emoji(home, **fields)
    assert caught.value.code == code


def test_a_name_in_colons_becomes_the_picture_in_what_members_write(home: Home) -> None:
    emoji(home)
    text = Body.of_markdown("A :cat:, `:cat:`, :dog: and 10:30:45")
    post = home.perform(CreatePost(by=home.bob, community=home.cats, title="Cats", body=text))
    comment = home.perform(CreateComment(by=home.bob, post=post, parent=None, body=text))
    message = home.perform(SendMessage(by=home.bob, to=home.ann, body=text))

    for one in (post, comment, message):
        assert one.body_html.count(PICTURE) == 1
        assert "<code>:cat:</code>, :dog: and 10:30:45" in one.body_html
        assert one.body_source == text.source
    plain = Body.of_markdown("None")
    edited = home.perform(EditPost(by=home.bob, post=post, title="Cats", body=plain))
    assert "<img" not in edited.body_html


def test_peers_get_the_name_and_a_tag_with_the_picture(home: Home) -> None:
    emoji(home)
    text = Body.of_markdown("A :cat: and a :cat:\n\n![tree](https://a.example/tree.png)")
    post = home.perform(CreatePost(by=home.bob, community=home.cats, title="Cats", body=text))

    page = to_page(post, home.bob, home.cats)
    assert page["content"].startswith("<p>A :cat: and a :cat:</p>")
    assert page["source"]["content"] == text.source
    assert [tag for tag in page["tag"] if tag["type"] == "Emoji"] == [TAG]
    status = to_status(post, home.bob, home.cats, (), {})
    assert "A :cat: and a :cat:" in status["content"]
    assert TAG in status["tag"]
    assert [one["url"] for one in status["attachment"]] == ["https://a.example/tree.png"]


def test_texts_keep_the_picture_of_a_deleted_emoji(home: Home) -> None:
    made = emoji(home)
    text = Body.of_markdown("A :cat:")
    before = home.perform(CreatePost(by=home.bob, community=home.cats, title="Cats", body=text))
    home(lambda ctx: delete_emoji(ctx, made.id))

    assert PICTURE in home.fresh(before).body_html
    after = home.perform(CreatePost(by=home.bob, community=home.cats, title="Cats", body=text))
    assert after.body_html == "<p>A :cat:</p>"
