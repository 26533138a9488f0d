"""The target of a mention's link: the person's page on this server in our pages, their own in
documents.
"""

import json

import pytest

from fedcom.actions.comment import EditComment
from fedcom.wire.body import Body
from tests.support.people import ORIGIN, Home

KIM = "https://kim.example/u/kim"
DOGS = "https://dogs.example/c/dogs"
TEXT = (
    "Ask @kim@kim.example, @ann, !dogs@dogs.example or @nobody@kim.example in `@kim@kim.example`."
)
HERE = (f"{ORIGIN}/u/kim@kim.example", f"{ORIGIN}/c/dogs@dogs.example")


@pytest.fixture
def peopled(home: Home) -> Home:
    home.follow(home.person(KIM, "mastodon"), home.bob)
    home.group(DOGS)
    home.sent()
    return home


def contents(home: Home) -> list[str]:
    """The HTML of every object that was sent."""
    found = []
    for _, body in home.sent_bodies():
        document = json.loads(body)
        while isinstance(document.get("object"), dict):
            document = document["object"]
        if "content" in document:
            found.append(document["content"])
    return found


def test_a_mention_leads_to_our_page_and_is_sent_as_a_link_to_theirs(peopled: Home) -> None:
    post = peopled.post(body=Body.of_markdown(TEXT))
    comment = peopled.comment(post, text=TEXT)

    for html in (post.body_html, comment.body_html):
        assert all(f'href="{page}" class="mention"' in html for page in HERE)
        assert f'href="{ORIGIN}/u/ann" class="mention"' in html
        assert html.count("<a ") == 3
    sent = contents(peopled)
    assert len(sent) >= 2
    for html in sent:
        assert f'href="{KIM}" class="mention"' in html
        assert f'href="{DOGS}" class="mention"' in html
        assert f'href="{ORIGIN}/u/ann" class="mention"' in html
        assert not any(page in html for page in HERE)


def test_an_edit_is_sent_with_their_links_too(peopled: Home) -> None:
    comment = peopled.comment(peopled.post())
    peopled.sent()
    body = Body.of_markdown(TEXT)
    peopled.perform(EditComment(by=peopled.bob, comment=comment, body=body))

    assert HERE[0] in peopled.fresh(comment).body_html
    assert all(KIM in html and HERE[0] not in html for html in contents(peopled))
