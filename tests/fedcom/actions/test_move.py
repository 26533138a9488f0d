"""Posts that move from one remote community to another: how it is read, and what changes."""

from typing import Any

import pytest

from activitypub.document import Document
from activitypub.errors import NotThere
from fedcom.actions.ban import Ban
from fedcom.actions.base import Action
from fedcom.actions.move import MovePost
from fedcom.actions.pin import Pin
from fedcom.actions.report import Report
from fedcom.actions.take_down import take_down
from fedcom.context import Context, Fetched
from fedcom.errors import Conflict, Denied, FedcomError
from fedcom.federation.listeners import activity_routes, reader_of
from fedcom.models.actor import Community
from fedcom.models.comment import comment_rank
from fedcom.models.moderation import modlog, report
from fedcom.models.post import Post, post_rank
from inbox.ports import ReceivedActivity
from tests.fedcom.actions.receiving import read, receive
from tests.support.documents import Json, activity, page, undo
from tests.support.people import Home, received
from tests.support.recount import miscounted_authors

BB = "https://bb.example"
KIM, POST, TOPIC = f"{BB}/uid/1", f"{BB}/post/1", f"{BB}/topic/1"
TALK, NEWS, LEMMY = f"{BB}/category/1", f"{BB}/category/2", "https://lemmy.example/c/dogs"


@pytest.fixture
def dialect() -> str:
    """Rows by key; the same on every database."""
    return "sqlite"


class Forum:
    """Two categories of a NodeBB, of which bob follows the first; kim's topic with a reply."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.talk, self.news = home.group(TALK, "nodebb"), home.group(NEWS, "nodebb")
        self.kim = home.person(KIM, "nodebb")
        home.follow(home.bob, self.talk)
        served = page(POST, KIM, TALK, context=TOPIC)
        self.post: Post = receive(home, activity("Create", KIM, served), via=TALK)
        self.comment = home.comment(self.post, by=self.kim)

    def counts(self) -> list[tuple[int, int]]:
        """The posts and comments of both categories."""
        fresh = [self.home.fresh(community) for community in (self.talk, self.news)]
        with self.home.database.connect() as conn:
            assert miscounted_authors(conn) == {}
        return [(community.posts, community.comments) for community in fresh]

    def community(self) -> tuple[int, bool]:
        """The topic's community, and whether it is visible."""
        post = self.home.fresh(self.post)
        return post.community_id, post.is_shown

    def log(self) -> list[tuple[str, str]]:
        return [(row["kind"], row["reason"]) for row in self.home.rows(modlog)]


def moved(origin: str = TALK, target: str = NEWS, obj: str = TOPIC, **more: Any) -> Json:
    return activity("Move", KIM, obj, origin=origin, target=target, **more)


def served(community: str = NEWS) -> Json:
    return page(POST, KIM, community, context=TOPIC)


def boosted(community: str) -> Json:
    return activity("Update", KIM, served(community))


LET_GO = undo(activity("Announce", TALK, POST))


@pytest.fixture
def forum(home: Home) -> Forum:
    return Forum(home)


def test_a_moved_topic_is_in_the_other_category_with_its_replies(forum: Forum) -> None:
    home, before = forum.home, forum.counts()

    receive(home, moved(), served())

    assert (before, forum.counts()) == ([(1, 1), (0, 0)], [(0, 0), (1, 1)])
    assert forum.community() == (forum.news.id, True)
    assert [row["community_id"] for row in home.rows(post_rank)] == [forum.news.id]
    assert [row["community_id"] for row in home.rows(comment_rank)] == [forum.news.id]
    assert forum.log() == [("move", forum.news.handle)]
    assert home.sent() == []
    assert read(home, moved(), served()) is None


@pytest.mark.parametrize("order", ["MAU", "AMU", "UAM", "MU", "UM", "AU", "UA"])
def test_the_activities_of_a_move_may_arrive_in_any_order(forum: Forum, order: str) -> None:
    ways = {"M": (moved(), None), "A": (boosted(NEWS), NEWS), "U": (LET_GO, None)}
    for name in order:
        document, via = ways[name]
        action = read(forum.home, document, served(), via=via)
        if isinstance(action, MovePost):
            forum.home.perform(action, received(document["actor"]))

    assert forum.community() == (forum.news.id, True)
    assert forum.counts() == [(0, 0), (1, 1)]


def test_a_topic_released_by_a_category_is_hidden_until_announced_again(forum: Forum) -> None:
    home = forum.home

    receive(home, LET_GO)

    assert forum.community() == (forum.talk.id, False)
    assert forum.counts() == [(0, 1), (0, 0)]
    assert home.rows(post_rank) == []
    assert forum.log() == [("remove", "The community no longer announces it.")]
    assert read(home, LET_GO) is None
    receive(home, boosted(TALK), served(TALK), via=TALK)
    assert (forum.community(), forum.counts()) == ((forum.talk.id, True), [(1, 1), (0, 0)])


def test_a_reply_from_a_third_server_moves_along_to_the_next_category(
    forum: Forum,
) -> None:
    home, lea = forum.home, forum.home.person("https://lea.example/u/lea")
    post = home.post(by=lea, community=forum.talk)
    receive(home, undo(activity("Announce", TALK, post.iri)))
    again = activity("Update", lea.iri, page(post.iri, lea.iri, TALK))

    receive(home, again, via=NEWS)

    after = home.fresh(post)
    assert (after.community_id, after.is_shown) == (forum.news.id, True)


def test_a_category_that_cannot_be_read_takes_the_topic_out_of_the_former_one(forum: Forum) -> None:
    unknown = f"{BB}/category/3"
    fetched = Fetched({POST: Document(served(unknown))})
    fetched.failures[unknown] = NotThere("not_there", "404", url=unknown, status=404)
    document = moved(target=unknown)

    def do(ctx: Context) -> Action[Any] | None:
        incoming = ReceivedActivity(Document(document), KIM, evidence="signature")
        return reader_of(activity_routes(), incoming.activity)(ctx, incoming)

    action = forum.home(do, fetched=fetched)

    assert isinstance(action, MovePost)
    assert action.target is None
    forum.home.perform(action, received(KIM))
    assert forum.community() == (forum.talk.id, False)
    receive(forum.home, moved(target=NEWS), served())
    assert forum.community() == (forum.news.id, True)


def test_reports_move_along_and_pins_do_not(forum: Forum) -> None:
    home = forum.home
    home.perform(Report(by=home.bob, target=forum.post, reason="Spam"))
    home.perform(Report(by=home.bob, target=forum.comment, reason="Spam"))
    home.perform(Pin(by=forum.kim, post=forum.post, pinned=True), received(KIM))

    receive(home, moved(), served())

    assert {row["community_id"] for row in home.rows(report)} == {forum.news.id}
    assert home.fresh(forum.post).featured_at is None


def test_a_move_back_into_a_removed_state_restores_nothing(forum: Forum) -> None:
    home = forum.home
    home.perform(home(lambda ctx: take_down(ctx, home.ann, forum.post, "Spam")))

    receive(home, moved(), served())

    assert forum.community() == (forum.news.id, False)
    assert forum.counts() == [(0, 0), (0, 1)]


def test_a_released_topic_of_a_banned_author_does_not_come_back(forum: Forum) -> None:
    home = forum.home
    receive(home, LET_GO)
    home.perform(Ban(by=home.ann, person=forum.kim, community=None))

    with pytest.raises(Denied):
        receive(home, moved(), served())


@pytest.mark.parametrize(
    ("document", "origin", "code"),
    [
        (moved(), served(TALK), "not_confirmed"),
        (moved(obj=f"{BB}/topic/9"), served(), "unknown_object"),
        (moved(target=LEMMY), served(LEMMY), "not_confirmed"),
        (activity("Move", KIM, KIM, target=NEWS), served(), "not_moved"),
        (activity("Move", KIM, POST, target=NEWS), served(), "not_moved"),
        (undo(activity("Announce", KIM, POST)), served(), "unknown_object"),
        (undo(activity("Announce", TALK, f"{BB}/post/9")), served(), "unknown_object"),
    ],
)
def test_a_move_not_confirmed_by_the_post_is_refused(
    forum: Forum, document: Json, origin: Json, code: str
) -> None:
    with pytest.raises(FedcomError) as caught:
        read(forum.home, document, origin)

    assert caught.value.code == code


def test_another_category_that_announces_the_topic_moves_it_only_if_the_topic_says_so(
    forum: Forum,
) -> None:
    elsewhere = forum.home.group(LEMMY)

    assert read(forum.home, boosted(TALK), served(TALK), via=NEWS) is None
    assert read(forum.home, boosted(LEMMY), served(LEMMY), via=elsewhere.iri) is None
    assert read(forum.home, undo(activity("Announce", NEWS, POST))) is None


def test_local_posts_and_posts_in_local_communities_cannot_be_moved(forum: Forum) -> None:
    home = forum.home
    ours = home.post(by=home.bob, community=forum.talk)
    lemmy = home.group(LEMMY)

    def refused(by: Any, post: Post, target: Community | None) -> bool:
        with pytest.raises(Denied, match="not_theirs"):
            home.perform(MovePost(by=by, post=post, target=target), received(by.iri))
        return True

    assert refused(forum.kim, ours, forum.news)
    assert refused(forum.kim, home.post(by=home.bob), forum.news)
    assert refused(forum.kim, forum.post, home.cats)
    assert refused(forum.kim, forum.post, lemmy)
    with pytest.raises(Conflict):
        home.perform(MovePost(by=forum.kim, post=forum.post, target=forum.talk), received(KIM))
