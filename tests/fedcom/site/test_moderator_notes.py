"""Notes among moderators: who writes, reads and deletes them, and what becomes of them."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from fedcom.actions.moderators import AddModerator
from fedcom.actions.report import Report
from fedcom.context import Context
from fedcom.effects.wipe import wipe_personal
from fedcom.errors import FedcomError
from fedcom.models.actor import Person
from fedcom.models.moderation import moderator_note
from fedcom.personal.export import PARTS, read_part
from fedcom.site.moderator_notes import delete_note, note_on_person, note_on_report
from fedcom.views.moderation_history import count_history, get_history
from fedcom.views.moderator_note import list_notes, list_notes_on
from tests.support.people import Home


def refused(home: Home, work: Callable[[Context], object]) -> str:
    with pytest.raises(FedcomError) as caught:
        home(work)
    return caught.value.code


def read(home: Home, viewer: Person, about: Person) -> list[str]:
    found = home(lambda ctx: list_notes(ctx.conn, about.id, viewer_id=viewer.id))
    return [note.text for note in found]


def test_notes_are_read_by_the_moderators_of_the_community_and_never_by_the_person(
    home: Home,
) -> None:
    mia, eve = home.member("mia"), home.member("eve")
    home.community("dogs", by=eve)
    home.perform(AddModerator(by=home.ann, community=home.cats, person=mia))
    made = home.perform(Report(by=eve, target=home.post(), reason="Rude"))

    home(lambda ctx: note_on_report(ctx, mia, made, " Third time. "))
    home(lambda ctx: note_on_person(ctx, home.ann, home.bob, None, "Met them."))
    home(lambda ctx: note_on_person(ctx, home.ann, mia, home.cats, "A good moderator."))

    assert read(home, home.ann, home.bob) == ["Met them.", "Third time."]
    assert read(home, mia, home.bob) == ["Third time."]
    # Not the moderators of another community, and nobody what is about themselves.
    assert read(home, eve, home.bob) == read(home, home.bob, home.bob) == read(home, mia, mia) == []
    (one,) = home(lambda ctx: list_notes_on(ctx.conn, [made.id], viewer_id=mia.id))
    assert (one.text, one.community and one.community.name) == ("Third time.", "cats")
    history = home(lambda ctx: get_history(ctx.conn, home.bob.id, viewer_id=mia.id))
    assert (history.counts.reports, history.counts.notes) == (1, 1)
    assert [line.reason for line in history.reports] == ["Rude"]
    counts = home(lambda ctx: count_history(ctx.conn, [home.bob.id], viewer_id=eve.id))
    assert (counts[home.bob.id].reports, counts[home.bob.id].notes) == (0, 0)


def test_notes_are_written_by_moderators_about_others_and_deleted_by_their_author(
    home: Home,
) -> None:
    mia, eve = home.member("mia"), home.member("eve")
    home.perform(AddModerator(by=home.ann, community=home.cats, person=mia))
    made = home.perform(Report(by=eve, target=home.post(by=mia), reason="Rude"))
    for code, work in (
        ("not_a_moderator", lambda ctx: note_on_person(ctx, eve, home.bob, home.cats, "Hm.")),
        ("not_a_moderator", lambda ctx: note_on_person(ctx, mia, home.bob, None, "Hm.")),
        ("own_content", lambda ctx: note_on_report(ctx, mia, made, "I was not.")),
        ("note_empty", lambda ctx: note_on_person(ctx, mia, home.bob, home.cats, " ")),
        ("body_too_long", lambda ctx: note_on_person(ctx, mia, home.bob, home.cats, "x" * 2_001)),
    ):
        assert refused(home, work) == code
    home(lambda ctx: note_on_person(ctx, mia, home.bob, home.cats, "Hm."))
    home(lambda ctx: note_on_person(ctx, home.ann, mia, home.cats, "Hm, too."))
    first, second = (row["id"] for row in home.rows(moderator_note))
    assert refused(home, lambda ctx: delete_note(ctx, eve, first)) == "not_your_note"
    assert refused(home, lambda ctx: delete_note(ctx, mia, second)) == "couldnt_find_note"

    home(lambda ctx: delete_note(ctx, mia, first))

    assert [row["id"] for row in home.rows(moderator_note)] == [second]


def test_notes_are_exported_to_their_author_and_go_with_the_person_or_the_report(
    home: Home,
) -> None:
    made = home.perform(Report(by=home.member("eve"), target=home.post(), reason="Rude"))
    home(lambda ctx: note_on_report(ctx, home.ann, made, "Third time."))
    (part,) = [one for one in PARTS if one.name == "moderator_notes"]

    def exported(person: Person) -> list[tuple[str, str]]:
        rows, _ = home(lambda ctx: read_part(ctx.conn, part, person.id))
        return [(row["text"], row["about"]) for row in rows]

    assert exported(home.ann) == [("Third time.", home.bob.iri)]
    assert exported(home.bob) == []
    home(lambda ctx: ctx.conn.execute(text("DELETE FROM report")))
    assert home.rows(moderator_note) == []
    home(lambda ctx: note_on_person(ctx, home.ann, home.bob, None, "Gone soon."))
    home(lambda ctx: wipe_personal(ctx.conn, home.bob.id))
    assert home.rows(moderator_note) == []
