"""The ids of a new object: known to be unused, or looked up by each reader as for others."""

from collections.abc import Callable

import pytest
from sqlalchemy import event, insert

from activitypub.document import Document
from fedcom.actions.perform import perform
from fedcom.actions.vote import Vote
from fedcom.context import Context
from fedcom.effects.outside_mentions import find_outside_mention
from fedcom.effects.tombstones import record_deleted, record_undone, refuse_deleted
from fedcom.models.digest import digest_of
from fedcom.models.outside_mention import outside_mention
from fedcom.models.post import post
from fedcom.models.purge import purged
from fedcom.queries.located import find_located
from fedcom.queries.unused_ids import is_unused, look_up_ids
from tests.support.documents import activity, note
from tests.support.people import Home

pytestmark = pytest.mark.each_database

KIM = "https://kim.example/u/kim"
NOTE = f"{KIM}/note/1"
CREATE = Document(activity("Create", KIM, note(NOTE, KIM, "https://home.example/post/1")))


def _mention(home: Home, ctx: Context) -> None:
    row = {"iri": NOTE, "author_id": home.bob.id, "excerpt": ""}
    ctx.conn.execute(insert(outside_mention).values(row))


@pytest.mark.parametrize(
    "store",
    [
        lambda home, ctx: ctx.conn.execute(post.update().values(iri=NOTE)),
        lambda home, ctx: record_deleted(ctx, NOTE, KIM),
        lambda home, ctx: record_undone(ctx, CREATE.id or "", KIM),
        lambda home, ctx: ctx.conn.execute(insert(purged).values(digest=digest_of(NOTE))),
        _mention,
    ],
    ids=["a post", "deleted before", "an undone Create", "purged", "a mention"],
)
def test_an_id_with_a_trace_is_not_unused(
    home: Home, store: Callable[[Home, Context], object]
) -> None:
    home.post()

    def work(ctx: Context) -> bool:
        store(home, ctx)
        look_up_ids(ctx, CREATE)
        return is_unused(ctx, NOTE)

    assert home(work) is False


def test_a_comment_has_its_id(home: Home) -> None:
    made = home.comment(home.post())
    create = Document(activity("Create", KIM, note(made.iri, KIM, "https://home.example/post/1")))

    def work(ctx: Context) -> bool:
        look_up_ids(ctx, create)
        return is_unused(ctx, made.iri)

    assert home(work) is False


def test_the_id_of_the_create_itself_is_not_said_to_be_unused(home: Home) -> None:
    about = home.post()
    create = Document({**CREATE.raw, "id": about.iri})

    def work(ctx: Context) -> tuple[bool, bool]:
        look_up_ids(ctx, create)
        return is_unused(ctx, NOTE), find_located(ctx, about.iri) is not None

    assert home(work) == (True, True)


def test_one_statement_answers_all_readers(home: Home) -> None:
    def work(ctx: Context) -> tuple[object, object, int]:
        sent: list[str] = []
        event.listen(ctx.conn, "before_cursor_execute", lambda *given: sent.append(given[2]))
        look_up_ids(ctx, CREATE)
        refuse_deleted(ctx, NOTE, KIM)
        return find_located(ctx, NOTE, KIM), find_outside_mention(ctx, NOTE), len(sent)

    assert home(work) == (None, None, 1)


def test_it_is_forgotten_with_the_action(home: Home) -> None:
    about = home.post()

    def work(ctx: Context) -> bool:
        look_up_ids(ctx, CREATE)
        perform(ctx, Vote(by=home.ann, target=about, score=1))
        return is_unused(ctx, NOTE)

    assert home(work) is False
