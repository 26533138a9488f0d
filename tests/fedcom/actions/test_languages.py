"""Languages of discussions, Matrix ids and bots: what members choose, and what peers are told."""

import pytest

from activitypub.document import Document
from fedcom.actions.comment import CreateComment
from fedcom.actions.community import EditCommunity
from fedcom.actions.post import CreatePost, EditPost
from fedcom.actions.profile import EditProfile
from fedcom.errors import Invalid
from fedcom.models.actor import Community, Person
from fedcom.queries.actors import get_person
from fedcom.remote.actors import put_actor
from fedcom.site.settings import edit_site
from fedcom.views.feed import FeedQuery, list_posts
from fedcom.wire.actor import to_document
from fedcom.wire.body import EMPTY, Body
from tests.fedcom.actions.receiving import receive
from tests.support import documents
from tests.support.documents import activity, page
from tests.support.people import ORIGIN, Home

KIM = "https://peer.example/u/kim"


def in_languages(home: Home, *codes: str) -> Community:
    """!cats, for posts in these languages."""
    change = EditCommunity(
        by=home.ann,
        community=home.cats,
        title="Cats",
        description=EMPTY,
        nsfw=False,
        posting_restricted=False,
        languages=codes,
    )
    return home.perform(change)


def test_a_community_takes_what_members_write_in_its_languages_only(home: Home) -> None:
    cats = in_languages(home, "de", "cy")
    assert cats.languages == "cy de"

    post = home.perform(CreatePost(by=home.bob, community=cats, title="Katzen", language="de"))
    home.perform(CreatePost(by=home.bob, community=cats, title="Cats"))
    text = Body.of_markdown("Hello")
    refused = (
        CreatePost(by=home.bob, community=cats, title="Cats", language="en"),
        EditPost(by=home.bob, post=post, title="Cats", language="en"),
        CreateComment(by=home.bob, post=post, parent=None, body=text, language="en"),
    )
    for action in refused:
        with pytest.raises(Invalid) as caught:
            home.perform(action)
        assert caught.value.code == "language_not_allowed"
        assert "Cymraeg, Deutsch" in caught.value.detail
    in_languages(home)
    home.perform(CreateComment(by=home.bob, post=post, parent=None, body=text, language="en"))


def test_posts_of_other_servers_are_accepted_in_any_language(home: Home) -> None:
    in_languages(home, "de")
    kim = home.person(KIM)
    english = {"identifier": "en", "name": "English"}
    created = activity("Create", kim.iri, page(f"{KIM}/1", kim.iri, f"{ORIGIN}/c/cats"))
    created["object"]["language"] = english

    assert receive(home, created).language == "en"


def test_peers_are_told_the_languages_of_a_community_and_ours_are_read(home: Home) -> None:
    cats = in_languages(home, "de")
    document = to_document(cats, ORIGIN)
    assert document["language"] == [{"identifier": "de", "name": "Deutsch"}]

    spoken = [{"identifier": code, "name": code} for code in ("und", "en", "tlh", "de")]
    dogs = home.group("https://peer.example/c/dogs", language=spoken)
    assert dogs.languages == "de en"


def test_lists_have_the_chosen_languages_and_posts_without_one(home: Home) -> None:
    for title, language in (("Katzen", "de"), ("Felines", "en"), ("Chats", "fr"), ("Any", None)):
        home.perform(CreatePost(by=home.bob, community=home.cats, title=title, language=language))

    def titles(*languages: str) -> set[str]:
        wanted = FeedQuery("all", "new", languages=languages)
        return {one.title for one in home(lambda ctx: list_posts(ctx.conn, wanted)).items}

    assert titles() == {"Katzen", "Felines", "Chats", "Any"}
    assert titles("de", "fr") == {"Katzen", "Chats", "Any"}
    assert titles("cy") == {"Any"}


def test_unknown_languages_are_refused(home: Home) -> None:
    for work in (
        lambda: in_languages(home, "tlh"),
        lambda: home(lambda ctx: edit_site(ctx, languages=["xx"])),
    ):
        with pytest.raises(Invalid) as caught:
            work()
        assert caught.value.code == "language_unknown"


def profile(home: Home, **fields: object) -> Person:
    bob = home(lambda ctx: get_person(ctx.conn, home.bob.id))
    return home.perform(EditProfile(by=bob, title="Bob", summary=EMPTY, **fields))


def test_a_member_gives_a_matrix_id_and_takes_it_back(home: Home) -> None:
    bob = profile(home, matrix_user_id=" @bob:matrix.example ")
    assert bob.matrix_user_id == "@bob:matrix.example"
    assert to_document(bob, ORIGIN)["matrixUserId"] == "@bob:matrix.example"
    assert profile(home).matrix_user_id == "@bob:matrix.example"
    assert profile(home, matrix_user_id="").matrix_user_id is None


@pytest.mark.parametrize(
    "matrix_id", ["bob", "@bob", "@bob:", "bob:a.example", "@b b:a.example", "@b:" + "x" * 300]
)
def test_what_is_no_matrix_id_is_refused(home: Home, matrix_id: str) -> None:
    with pytest.raises(Invalid) as caught:
        profile(home, matrix_user_id=matrix_id)
    assert caught.value.code == "invalid_matrix_id"


def test_a_bot_is_a_service_to_peers_and_its_posts_can_be_left_out(home: Home) -> None:
    bob = profile(home, is_bot=True)
    assert (bob.is_bot, to_document(bob, ORIGIN)["type"]) == (True, "Service")
    home.perform(CreatePost(by=bob, community=home.cats, title="By a bot"))
    home.perform(CreatePost(by=home.ann, community=home.cats, title="By ann"))

    def titles(**query: bool) -> set[str]:
        wanted = FeedQuery("all", "new", **query)
        return {one.title for one in home(lambda ctx: list_posts(ctx.conn, wanted)).items}

    assert titles() == {"By a bot", "By ann"}
    assert titles(show_bots=False) == {"By ann"}
    own = FeedQuery("author", "new", subject_id=bob.id, show_bots=False)
    assert len(home(lambda ctx: list_posts(ctx.conn, own)).items) == 1
    assert profile(home).is_bot
    assert not profile(home, is_bot=False).is_bot


@pytest.mark.parametrize(
    ("given", "read"), [("@kim:m.example", "@kim:m.example"), ("kim", None), (["x"], None)]
)
def test_the_matrix_id_of_a_remote_person_is_read(home: Home, given: object, read: object) -> None:
    document = Document(documents.person(KIM, matrixUserId=given))
    assert home(lambda ctx: put_actor(ctx, document)).matrix_user_id == read
