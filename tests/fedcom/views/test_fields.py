"""The fields of views for a guest, a member and a moderator, on both databases."""

from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from fedcom.models.account import account
from fedcom.models.media import link_preview, media
from fedcom.models.moderation import community_ban, moderator, modlog, report
from fedcom.models.notification import notification
from fedcom.models.personal import (
    actor_block,
    hidden_post,
    host_block,
    post_visit,
    saved_comment,
    saved_post,
)
from fedcom.models.revision import revision
from fedcom.queries.comments import get_comment
from fedcom.views.comment import CommentView
from fedcom.views.comment_feed import CommentQuery, list_comments
from fedcom.views.community import get_community_page
from fedcom.views.feed import FeedQuery, Only, list_posts
from fedcom.views.modlog import LogFilter, list_modlog
from fedcom.views.notification import list_notifications
from fedcom.views.post import PostView, get_post_view
from fedcom.views.report import ReportQuery, list_reports
from fedcom.views.thread import find_thread
from tests.support.rows import NOON, Rows

LATER = NOON + timedelta(days=1)


class SampleRows:
    """A remote post by Zoe in Cats, which Mia moderates; Bob did everything a member can do."""

    def __init__(self, rows: Rows) -> None:
        self.conn, self.rows = rows.conn, rows
        self.cats = rows.community("cats", title="Cats", icon_url="https://x/cats.png", nsfw=True)
        self.zoe = rows.person("zoe", host="peer.example", kind="Service", banned_at=NOON)
        self.bob, self.mia = rows.person("bob"), rows.person("mia", icon_url="https://x/mia.png")
        self.post = rows.post(
            self.cats,
            self.zoe,
            url="https://news.example/a",
            body_html="<p>Words</p>",
            comments=3,
            upvotes=2,
        )
        self.comment = rows.comment(self.post, self.zoe).id
        self._bob_did()
        self._zoe_is()

    def put(self, table: Any, **values: Any) -> None:
        self.conn.execute(insert(table).values(**values))

    def _bob_did(self) -> None:
        mine = {"person_id": self.bob}
        on_post = {**mine, "post_id": self.post}
        self.rows.vote(self.bob, 1, post=self.post)
        self.rows.vote(self.bob, -1, comment=self.comment)
        self.rows.follow(self.bob, self.cats, "pending")
        self.put(saved_post, saved_at=NOON, **on_post)
        self.put(hidden_post, hidden_at=NOON, **on_post)
        self.put(saved_comment, saved_at=NOON, comment_id=self.comment, **mine)
        self.put(post_visit, comments=1, visited_at=NOON, new_after=NOON, **on_post)
        self.put(host_block, host="peer.example", blocked_at=NOON, **mine)
        self.put(actor_block, blocked_id=self.cats, blocked_at=NOON, **mine)

    def _zoe_is(self) -> None:
        at = {"community_id": self.cats}
        self.put(moderator, person_id=self.mia, appointed_at=NOON, **at)
        self.put(moderator, person_id=self.zoe, appointed_at=LATER, **at)
        self.put(community_ban, person_id=self.zoe, reason="", created_at=NOON, **at)
        admin = {"password_hash": "", "role": "admin", "state": "active", "created_at": NOON}
        self.put(account, actor_id=self.mia, **admin)
        before = {"title": "", "body_html": "", "written_at": NOON, "replaced_at": LATER}
        self.put(revision, post_id=self.post, **before)
        picture = {"name": "large", "thumbnail": "small", "media_type": "image/webp"}
        size = {"width": 1, "height": 1, "bytes": 1, "purpose": "preview", "created_at": NOON}
        made = self.conn.execute(insert(media).values(**picture, **size).returning(media.c.id))
        preview = {"title": "News", "description": "All of it", "media_id": made.scalar_one()}
        link = {"post_id": self.post, "url": "https://news.example/a", "due_at": NOON}
        self.put(link_preview, state="done", **link, **preview)


@pytest.fixture
def samples(rows: Rows) -> SampleRows:
    return SampleRows(rows)


def listed(samples: SampleRows, viewer: int) -> PostView:
    """The post in a list: Bob finds it only in his list of hidden posts."""
    only: Only | None = "hidden" if viewer == samples.bob else None
    wanted = FeedQuery("community", "new", subject_id=samples.cats, text=6, only=only)
    (found,) = list_posts(samples.conn, wanted, viewer_id=viewer, now=LATER).items
    return found


def differing(one: PostView, other: PostView) -> set[str]:
    """The fields in which two views differ."""
    names = [field.name for field in fields(one)]
    return {name for name in names if getattr(one, name) != getattr(other, name)}


@pytest.mark.parametrize("who", ["", "bob", "mia"])
def test_a_post_is_the_same_in_a_list_and_on_its_page(samples: SampleRows, who: str) -> None:
    viewer = getattr(samples, who) if who else 0
    page = get_post_view(samples.conn, samples.post, viewer_id=viewer, now=LATER)
    found = listed(samples, viewer)

    assert differing(found, page) == {"body_html"}
    assert (found.body_html, page.body_html) == ("<p>Wor", "<p>Words</p>")


def test_a_guest_sees_author_community_and_counts(samples: SampleRows) -> None:
    post = get_post_view(samples.conn, samples.post, now=LATER)

    assert (post.vote, post.is_saved, post.is_hidden, post.last_visit) == (0, False, False, None)
    assert (post.community.follow, post.community.is_blocked) == (None, False)
    assert not post.is_author_blocked
    assert (post.is_readable, post.was_edited) == (True, True)
    assert (post.is_sensitive, post.nsfw) == (True, False)
    assert post.preview is not None
    assert (post.preview.title, post.preview.description) == ("News", "All of it")
    assert (post.preview.picture, post.preview.thumbnail) == ("large", "small")
    assert (post.author.handle, post.author.is_bot) == ("zoe@peer.example", True)
    assert (post.author.is_banned(LATER), post.author.is_deleted) == (True, False)
    assert (post.community.display_name, post.community.icon_url) == ("Cats", "https://x/cats.png")
    assert (post.standing.is_moderator, post.standing.is_banned) == (True, True)
    assert not post.standing.is_admin


def test_a_member_sees_their_own_votes_and_marks(samples: SampleRows) -> None:
    post = get_post_view(samples.conn, samples.post, viewer_id=samples.bob, now=LATER)
    (comment,) = find_thread(samples.conn, post, viewer_id=samples.bob, now=LATER).comments

    assert (post.vote, post.is_saved, post.is_hidden) == (1, True, True)
    assert post.is_author_blocked
    assert (post.community.follow, post.community.is_blocked) == ("pending", True)
    assert post.last_visit is not None
    assert (post.last_visit.comments, post.last_visit.visited_at) == (1, NOON)
    assert (post.last_visit.new_after, post.new_comments) == (NOON, 2)
    assert (comment.vote, comment.is_saved, comment.is_author_blocked) == (-1, True, True)


def test_a_comment_is_the_same_in_a_thread_and_in_its_authors_list(samples: SampleRows) -> None:
    wanted = CommentQuery("author", "new", subject_id=samples.zoe, nsfw=True)
    for viewer in (0, samples.mia):
        post = get_post_view(samples.conn, samples.post, viewer_id=viewer, now=LATER)
        (below,) = find_thread(samples.conn, post, viewer_id=viewer, now=LATER).comments
        (own,) = list_comments(samples.conn, wanted, viewer_id=viewer, now=LATER).items

        assert isinstance(below, CommentView)
        assert differing(below, own) == set()
        assert (below.post.title, below.community.name) == (post.title, "cats")
        assert (below.path, below.depth, below.parent_id) == (f"{below.id:012d}", 0, None)
        assert below.standing == post.standing


@pytest.mark.parametrize("who", ["", "bob", "mia"])
def test_a_community_has_the_viewers_relation_to_it(samples: SampleRows, who: str) -> None:
    viewer = getattr(samples, who) if who else 0
    page = get_community_page(
        samples.conn, samples.cats, viewer_id=viewer, is_admin=who == "mia", now=LATER
    )

    assert [one.name for one in page.moderators] == ["mia", "zoe"]
    assert (page.follow, page.is_blocked) == (("pending", True) if who == "bob" else (None, False))
    assert page.standing.may_moderate == (who == "mia")
    assert page.ban is None
    assert page.is_refused is False


def test_moderators_are_given_all_of_a_report(samples: SampleRows) -> None:
    samples.put(
        report,
        iri="https://x/flag",
        reporter_id=samples.bob,
        community_id=samples.cats,
        comment_id=samples.comment,
        person_id=samples.zoe,
        reason="Rude",
        reported_text="before",
        created_at=NOON,
    )

    wanted = ReportQuery(viewer_id=samples.mia, is_admin=True)
    (found,) = list_reports(samples.conn, wanted).items
    assert (found.post_id, found.may_moderate) == (samples.post, True)
    assert found.author is not None
    assert found.community is not None
    assert (found.author.name, found.community.name) == ("zoe", "cats")
    assert [(one.by.name, one.reason) for one in found.complaints] == [("bob", "Rude")]
    assert (found.former_text, found.is_locked, found.resolver) == ("before", False, None)
    assert (
        list_reports(samples.conn, ReportQuery(viewer_id=samples.bob, is_admin=False)).items == ()
    )


def test_the_log_and_notifications_name_whole_people_and_communities(samples: SampleRows) -> None:
    at = {"community_id": samples.cats, "reason": "", "created_at": NOON}
    by_zoe = {"person_id": samples.zoe}
    iri = get_comment(samples.conn, samples.comment).iri
    samples.put(modlog, moderator_id=samples.mia, kind="remove", target_iri=iri, **by_zoe, **at)
    about = {"post_id": samples.post, "comment_id": samples.comment, "actor_id": samples.zoe}
    samples.put(notification, recipient_id=samples.mia, kind="reply", **about, **at)

    (entry,) = list_modlog(samples.conn, LogFilter(), viewer_id=samples.bob).items
    (notice,) = list_notifications(samples.conn, samples.mia).items

    assert entry.subject is not None
    assert entry.moderator is not None
    assert (entry.subject.name, entry.moderator.icon_url) == ("zoe", "https://x/mia.png")
    assert (entry.comment_id, entry.post_id, entry.title) == (samples.comment, None, "Post 1")
    assert entry.community is not None
    assert (entry.community.follow, entry.community.nsfw) == ("pending", True)
    assert notice.by is not None
    assert notice.community is not None
    assert (notice.by.is_bot, notice.community.title, notice.post_title) == (True, "Cats", "Post 1")
    assert (notice.excerpt, notice.is_open, notice.read_at) == ("text 2", True, None)
