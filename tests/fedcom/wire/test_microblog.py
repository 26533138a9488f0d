"""Posts for microblogs: the content of the Note contains everything."""

from typing import Any

import pytest

from activitypub.document import Document
from fedcom.actions.delete import Delete
from fedcom.models.actor import Community, Person
from fedcom.models.post import Post
from fedcom.text.html import to_text
from fedcom.wire.body import Body
from fedcom.wire.illustration import Illustration
from fedcom.wire.microblog import MOST_PICTURES, to_status as write
from fedcom.wire.post import to_page
from tests.support.people import ORIGIN, Home


@pytest.fixture
def dialect() -> str:
    """Translation asks no database."""
    return "sqlite"


REPLIES = {"id": "https://home.example/post/1/replies", "type": "Collection"}


def to_status(post: Post, author: Person, community: Community, *named: Person) -> dict[str, Any]:
    return write(post, author, community, named, REPLIES)


def test_title_link_and_text_are_in_the_content_and_the_warning_is_one(home: Home) -> None:
    post = home.post(
        title="R&D <at> home",
        url="https://news.example/?a=1&b=2",
        body=Body.of_markdown("About #cats."),
        language="de",
        content_warning="Teeth",
    )

    status = to_status(post, home.bob, home.cats)

    lines = to_text(status["content"]).splitlines()
    assert lines == ["R&D <at> home", "https://news.example/?a=1&b=2", "About #cats."]
    assert 'href="https://news.example/?a=1&amp;b=2"' in status["content"]
    assert f'href="{ORIGIN}/search?q=%23cats"' in status["content"]
    assert status["contentMap"] == {"de": status["content"]}
    assert (status["type"], status["summary"], status["sensitive"]) == ("Note", "Teeth", True)
    # GoToSocial and Takahe turn a name into a content warning, and log warnings about a Link.
    assert not {"name", "source", "attachment", "inReplyTo"} & status.keys()


def test_it_is_the_same_post_as_the_page(home: Home) -> None:
    post = home.post(body=Body.of_markdown("About #cats."))

    status = to_status(post, home.bob, home.cats, home.ann)
    page = to_page(post, home.bob, home.cats, (home.ann,))

    same = ("id", "url", "attributedTo", "audience", "cc", "tag", "context", "published")
    assert {name: status[name] for name in same} == {name: page[name] for name in same}
    assert set(status["to"]) == set(page["to"])
    assert (status["replies"], page["replies"]) == (REPLIES, REPLIES["id"])
    assert page["tag"][-1] == {
        "type": "Hashtag",
        "href": f"{ORIGIN}/search?q=%23cats",
        "name": "#cats",
    }


def test_an_empty_body_leaves_the_title(home: Home) -> None:
    status = to_status(home.post(title="Cats sleep", body=Body("", "")), home.bob, home.cats)

    assert status["content"] == "<p><strong>Cats sleep</strong></p>"


def test_pictures_are_attached_each_once_and_no_more_than_are_shown(home: Home) -> None:
    shown = "https://pictures.example/{}.png"
    text = "".join(f"![Cat {number}]({shown.format(number)})" for number in range(6))
    post = home.post(
        url=shown.format(0),
        image=Illustration(shown.format(0), "The best"),
        body=Body.of_markdown(text),
    )

    status = to_status(post, home.bob, home.cats)

    attached = [(Document(one).url, one["name"]) for one in status["attachment"]]
    assert len(attached) == MOST_PICTURES
    assert attached[:2] == [(shown.format(0), "The best"), (shown.format(1), "Cat 1")]
    assert f'<a href="{shown.format(0)}"' not in status["content"]


def test_the_text_of_a_page_has_its_language_too(home: Home) -> None:
    page = to_page(home.post(language="de"), home.bob, home.cats)

    assert page["contentMap"] == {"de": page["content"]}
    assert "contentMap" not in to_page(home.post(language=None), home.bob, home.cats)


def test_a_deleted_post_has_no_text(home: Home) -> None:
    post = home.post()
    home.perform(Delete(by=home.bob, target=post))

    status = to_status(home.fresh(post), home.bob, home.cats)

    assert (status["type"], "content" in status) == ("Tombstone", False)
