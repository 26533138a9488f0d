"""The rules of the site and of communities: who changes them, their numbers, and as reasons."""

import pytest

from fedcom.errors import FedcomError
from fedcom.models.actor import Community, Person
from fedcom.models.rule import Rule
from fedcom.queries.rules import list_applicable_rules, list_rules
from fedcom.site.rules import MAX_RULES, MAX_TEXT, add_rule, edit_rule, move_rule, remove_rule
from fedcom.wire.body import Body
from tests.support.people import Home

EMPTY = Body("", "")


def add(home: Home, by: Person, place: Community | None, name: str, text: str = "") -> Rule:
    return home(lambda ctx: add_rule(ctx, by, place, name, Body.of_markdown(text)))


def names(home: Home, place: Community | None) -> list[tuple[int, str]]:
    found = home(lambda ctx: list_rules(ctx.conn, place.id if place else None))
    return [(one.position, one.name) for one in found]


def test_rules_are_added_changed_moved_and_removed(home: Home) -> None:
    first, second, third = (
        add(home, home.ann, home.cats, name) for name in ("One", "Two", "Three")
    )
    add(home, home.ann, None, "No spam")
    home(lambda ctx: move_rule(ctx, home.ann, home.cats, third.id, up=True))
    assert names(home, home.cats) == [(1, "One"), (2, "Three"), (3, "Two")]
    home(lambda ctx: move_rule(ctx, home.ann, home.cats, first.id, up=True))
    home(lambda ctx: move_rule(ctx, home.ann, home.cats, first.id, up=False))
    assert names(home, home.cats) == [(1, "Three"), (2, "One"), (3, "Two")]

    home(lambda ctx: remove_rule(ctx, home.ann, home.cats, third.id))
    text = Body.of_markdown("*Always*.")
    home(lambda ctx: edit_rule(ctx, home.ann, home.cats, second.id, "  Be   kind ", text))

    assert names(home, home.cats) == [(1, "One"), (2, "Be kind")]
    assert names(home, None) == [(1, "No spam")]
    changed = home(lambda ctx: list_rules(ctx.conn, home.cats.id))[1]
    assert (changed.text_source, changed.text_html) == ("*Always*.", "<p><em>Always</em>.</p>")


def test_only_moderators_and_admins_change_rules_and_only_here(home: Home) -> None:
    made = add(home, home.ann, home.cats, "Be kind")
    theirs = home.group("https://peer.example/c/dogs")
    for by, place, code in (
        (home.bob, home.cats, "not_a_moderator"),
        (home.bob, None, "not_an_admin"),
        (home.ann, theirs, "not_a_moderator"),
    ):
        with pytest.raises(FedcomError) as caught:
            add(home, by, place, "Mine")
        assert caught.value.code == code
    # A rule is changed in its own list only.
    with pytest.raises(FedcomError) as caught:
        home(lambda ctx: remove_rule(ctx, home.ann, None, made.id))
    assert caught.value.code == "couldnt_find_rule"


def test_names_texts_and_lists_have_a_limit(home: Home) -> None:
    for name, text, code in (
        ("", "", "name_missing"),
        ("x" * 81, "", "name_too_long"),
        ("One", "x" * (MAX_TEXT + 1), "body_too_long"),
    ):
        with pytest.raises(FedcomError) as caught:
            home(lambda ctx, n=name, t=text: add_rule(ctx, home.ann, None, n, Body(t, "")))
        assert caught.value.code == code

    def fill() -> None:
        home(lambda ctx: [add_rule(ctx, home.ann, None, "Yes", EMPTY) for _ in range(MAX_RULES)])

    fill()
    with pytest.raises(FedcomError) as caught:
        add(home, home.ann, None, "One more")
    assert caught.value.code == "too_many_rules"


def test_a_broken_rule_is_named_in_the_reason(home: Home) -> None:
    own, of_site = add(home, home.ann, home.cats, "Be kind"), add(home, home.ann, None, "No spam")
    other = home.community("birds", languages=("de",))
    german = add(home, home.ann, other, "Sei nett")

    here, there, outside = (
        home(lambda ctx, place=place: list_applicable_rules(ctx.conn, place))
        for place in (home.cats, other, None)
    )
    assert here.to_reason(0, "Loud") == "Loud"
    assert here.to_reason(own.id, "Loud") == "Rule 1: Be kind \u2013 Loud"
    assert here.to_reason(of_site.id, "") == "Server rule 1: No spam"
    # In the only language of the community.
    assert there.to_reason(german.id, "") == "Regel 1: Sei nett"
    assert outside.to_reason(of_site.id, "") == "Rule 1: No spam"
    with pytest.raises(FedcomError) as caught:
        here.to_reason(german.id, "")
    assert caught.value.code == "rule_unknown"
