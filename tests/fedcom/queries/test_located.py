"""The rows around a post or comment: read once for an action, and discarded after it."""

from dataclasses import replace

from sqlalchemy import event, update

from fedcom.actions.lock import Lock
from fedcom.actions.moderators import AddModerator
from fedcom.actions.perform import perform
from fedcom.actions.vote import Vote
from fedcom.context import Context
from fedcom.models.comment import Comment
from fedcom.models.moderation import community_ban
from fedcom.models.post import Post, post
from fedcom.queries.actors import standing
from fedcom.queries.located import find_located, locate, locate_parent, standing_in
from fedcom.remote.actors import participant_at
from tests.support.people import Home

KIM = "https://kim.example/u/kim"


def statements(ctx: Context) -> list[str]:
    """The statements sent on this connection from now on."""
    sent: list[str] = []
    event.listen(ctx.conn, "before_cursor_execute", lambda *given: sent.append(given[2]))
    return sent


def test_a_post_is_found_with_its_community_and_its_author(home: Home) -> None:
    about = home.post()
    at = home(lambda ctx: find_located(ctx, about.iri))

    assert at is not None
    assert at.content == at.post == home.fresh(about)
    assert (at.community.iri, at.author) == (home.cats.iri, home.bob)


def test_a_comment_is_found_with_its_post(home: Home) -> None:
    about = home.post()
    made = home.comment(about, by=home.ann)
    at = home(lambda ctx: find_located(ctx, made.iri))

    assert at is not None
    assert (at.content, at.post.id) == (home.fresh(made), about.id)
    assert (at.community.iri, at.author) == (home.cats.iri, home.ann)


def test_unknown_content_is_requested_once(home: Home) -> None:
    def work(ctx: Context) -> tuple[object, object, int]:
        sent = statements(ctx)
        found = find_located(ctx, f"{KIM}/note/1")
        return found, find_located(ctx, f"{KIM}/note/1"), len(sent)

    assert home(work) == (None, None, 2)


def test_the_standing_of_the_acting_person_is_one_statement(home: Home) -> None:
    kim, about = home.person(KIM), home.post()
    home.perform(AddModerator(by=home.ann, community=home.cats, person=kim))
    home.perform(Vote(by=kim, target=about, score=-1))
    ban = {"community_id": home.cats.id, "person_id": kim.id, "reason": "spam"}
    home(lambda ctx: ctx.conn.execute(community_ban.insert().values(created_at=ctx.now, **ban)))

    def work(ctx: Context) -> None:
        sent = statements(ctx)
        at = find_located(ctx, about.iri, KIM)
        assert at is not None
        assert participant_at(ctx, KIM) == kim
        mine = standing_in(ctx, kim, at.community)
        assert ctx.cache.votes[kim.id, about.iri] is not None
        assert len(sent) == 1
        assert mine == standing(ctx.conn, kim, at.community)
        assert mine.is_moderator
        assert mine.is_banned(ctx.now)

    home(work)


def test_the_content_is_the_row_that_was_given_and_what_surrounds_it_is_kept(home: Home) -> None:
    about = home.post()

    def work(ctx: Context) -> tuple[Post, str, int]:
        locate(ctx, about)
        changed = update(post).where(post.c.id == about.id).values(title="Dogs")
        ctx.conn.execute(changed)
        sent = statements(ctx)
        at = locate(ctx, replace(about, title="Dogs"))
        return at.post, at.community.iri, len(sent)

    found, place, sent = home(work)
    assert (found.title, place, sent) == ("Dogs", home.cats.iri, 0)


def test_the_parent_of_a_comment(home: Home) -> None:
    about = home.post()
    above = home.comment(about, by=home.ann)
    below = home.comment(about, parent=above)

    def answered(ctx: Context, made: Comment) -> tuple[str, str]:
        at = locate_parent(ctx, made)
        return at.content.iri, at.author.iri

    assert home(lambda ctx: answered(ctx, above)) == (about.iri, home.bob.iri)
    assert home(lambda ctx: answered(ctx, below)) == (above.iri, home.ann.iri)


def test_after_an_action_everything_is_read_again(home: Home) -> None:
    about = home.post()

    def work(ctx: Context) -> tuple[object, object]:
        before = find_located(ctx, about.iri)
        perform(ctx, Lock(by=home.ann, target=about, locked=True))
        after = find_located(ctx, about.iri)
        assert before is not None
        assert after is not None
        return before.post.locked_at, after.post.locked_at

    before, after = home(work)
    assert before is None
    assert after is not None
