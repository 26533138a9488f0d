"""Peers' comments: what is fetched for them, which objects become comments, and which do not."""

from collections.abc import Callable

import pytest

from activitypub.document import Document
from activitypub.iri import PUBLIC
from fedcom.actions.post import EditPost
from fedcom.context import Fetched
from fedcom.errors import Denied, FedcomError, NotFound
from fedcom.inbound.content_at import concerns_us, content_at
from fedcom.models.comment import Comment
from fedcom.models.post import Post, post
from fedcom.queries.comments import find_comment
from fedcom.rules.limits import MAX_DEPTH
from tests.fedcom.actions.receiving import read, receive
from tests.support.documents import Json, activity, note, page, person
from tests.support.people import ORIGIN, Home

KIM, LEA = "https://kim.example/u/kim", "https://lea.example/u/lea"
POST, NOTE = "https://kim.example/post/1", "https://kim.example/note/1"
SEEN_AT = "https://kim.example/@kim/1"
DOGS = "https://dogs.example/c/dogs"


def look_up(home: Home, iri: str, served: Json | None = None) -> Post | Comment:
    """The object that a member's look-up of `iri` finds, where `served` is."""
    fetched = Fetched({iri: Document(served)} if served else {})
    return home(lambda ctx: content_at(ctx, iri), fetched=fetched, wanted=True)


def test_an_unknown_local_id_is_never_fetched(home: Home) -> None:
    with pytest.raises(NotFound) as caught:
        look_up(home, f"{ORIGIN}/post/4711")
    assert caught.value.code == "unknown_object"


def test_a_post_found_at_its_page_is_the_one_we_know(home: Home) -> None:
    known = home.post(by=home.person(KIM), iri=POST)

    assert look_up(home, SEEN_AT, page(POST, KIM, home.cats.iri)) == home.fresh(known)


@pytest.mark.parametrize(
    ("served", "code"),
    [
        (person(SEEN_AT), "not_content"),
        (page(f"{ORIGIN}/post/4711", KIM, DOGS), "not_content"),
        (page(SEEN_AT, LEA, DOGS), "owner_elsewhere"),
    ],
)
def test_a_page_address_resolves_only_to_a_post_of_its_own_host(
    home: Home, served: Json, code: str
) -> None:
    with pytest.raises(FedcomError) as caught:
        look_up(home, SEEN_AT, served)
    assert caught.value.code == code


def test_a_note_that_is_known_as_a_post_edits_the_post(home: Home) -> None:
    """With Mastodon everything is a Note, including the posts in our communities."""
    target = home.post(by=home.person(KIM), iri=POST)
    fields = note(POST, KIM, to=[home.cats.iri, PUBLIC], name="Better")

    assert isinstance(read(home, activity("Update", KIM, fields)), EditPost)
    receive(home, activity("Update", KIM, fields))

    assert home.fresh(target).title == "Better"


CONCERN: list[tuple[Callable[[Home], list[str]], bool]] = [
    (lambda home: [], False),
    (lambda home: [LEA], False),
    (lambda home: ["https://nobody.example/u/known"], False),
    (lambda home: [home.bob.iri], True),
    (lambda home: [LEA, home.cats.iri], True),
    (lambda home: [DOGS], True),
]


@pytest.mark.parametrize(("named", "does"), CONCERN)
def test_a_note_is_relevant_if_it_names_a_member_or_a_followed_person(
    home: Home, named: Callable[[Home], list[str]], does: bool
) -> None:
    """We fetch whole threads if they concern us; unknown peers must not make us fetch."""
    home.person(LEA)
    home.follow(home.bob, home.group(DOGS))
    document = Document(note(NOTE, KIM, to=[], cc=named(home)))

    assert home(lambda ctx: concerns_us(ctx, document)) is does


def test_only_the_beginning_of_a_very_long_recipient_list_is_read(home: Home) -> None:
    crowd = [f"https://crowd.example/{number}" for number in range(70_000)]

    assert home(lambda ctx: concerns_us(ctx, Document(note(NOTE, KIM, to=[home.bob.iri, *crowd]))))
    named_last = Document(note(NOTE, KIM, to=[*crowd, home.bob.iri]))
    assert not home(lambda ctx: concerns_us(ctx, named_last))


def test_nothing_is_fetched_for_an_irrelevant_reply(
    home: Home,
) -> None:
    home.person(KIM)

    with pytest.raises(Denied) as caught:
        read(home, activity("Create", KIM, note(NOTE, KIM, POST)))
    assert caught.value.code == "not_followed"


def test_a_repeated_comment_with_the_same_text_is_no_edit(home: Home) -> None:
    home.person(KIM)
    fields = note(NOTE, KIM, home.post().iri)
    receive(home, activity("Create", KIM, fields))

    assert read(home, activity("Update", KIM, fields)) is None
    edited = receive(home, activity("Update", KIM, fields | {"content": "<p>Better</p>"}))
    assert edited.body_html == "<p>Better</p>"


def test_a_comment_that_becomes_a_poll_is_edited_and_stays_a_comment(home: Home) -> None:
    """Mastodon makes a Question of a reply to which a poll is added."""
    home.person(KIM)
    fields = note(NOTE, KIM, home.post().iri)
    made = receive(home, activity("Create", KIM, fields))
    asked = {
        "type": "Question",
        "oneOf": [{"type": "Note", "name": "Tea"}],
        "to": [PUBLIC, home.cats.iri],
    }
    edited = receive(home, activity("Update", KIM, fields | asked))

    assert edited.id == made.id
    assert "Tea" in edited.body_html
    assert len(home.rows(post)) == 1


def test_a_poll_that_replies_to_something_is_a_comment(home: Home) -> None:
    home.person(KIM)
    above = home.post()
    asked = note(NOTE, KIM, above.iri, type="Question", oneOf=[{"type": "Note", "name": "Tea"}])

    assert receive(home, activity("Create", KIM, asked)).post_id == above.id


def test_a_comment_made_private_does_not_show_its_new_text(home: Home) -> None:
    home.person(KIM)
    fields = note(NOTE, KIM, home.post().iri)
    made = receive(home, activity("Create", KIM, fields))

    with pytest.raises(Denied) as caught:
        receive(home, activity("Update", KIM, fields | {"to": [LEA], "content": "Secret"}))
    assert caught.value.code == "not_public"
    assert home.fresh(made) == made


def test_a_reply_to_the_deepest_comment_becomes_its_sibling(home: Home) -> None:
    kim = home.person(KIM)
    post = home.post()
    deepest = home.comment(post)
    for _ in range(MAX_DEPTH - 1):
        deepest = home.comment(post, parent=deepest)

    receive(
        home,
        activity("Create", KIM, note(NOTE, KIM, to=[home.cats.iri, PUBLIC], inReplyTo=deepest.iri)),
    )

    made = home(lambda ctx: find_comment(ctx.conn, NOTE))
    assert made is not None
    assert (made.author_id, made.parent_id) == (kim.id, deepest.parent_id)
    assert made.depth == MAX_DEPTH - 1
