"""A form that is sent again makes nothing new."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from fedcom.context import Context
from fedcom.errors import Invalid
from fedcom.models.personal import sent_form
from fedcom.personal.sent_forms import KEPT, old_sent_forms, once
from tests.support.people import Home
from tests.support.pruning import prune_now


def test_a_repeated_form_leads_to_the_first_result(home: Home) -> None:
    numbers = count(7)

    made = [
        home(lambda ctx, key=key, by=by: once(ctx, by, key, lambda: next(numbers)))
        for by, key in [
            (home.bob, "a"),
            (home.bob, "a"),
            (home.bob, "b"),
            (home.ann, "a"),
            (home.bob, ""),
            (home.bob, ""),
        ]
    ]

    assert made == [7, 7, 8, 9, 10, 11]


def test_a_refused_form_may_be_sent_again(home: Home) -> None:
    def refuse() -> int:
        raise Invalid("title_too_short", "Too short.")

    with pytest.raises(Invalid):
        home(lambda ctx: once(ctx, home.bob, "a", refuse))

    assert home(lambda ctx: once(ctx, home.bob, "a", lambda: 7)) == 7


def test_concurrent_repeats_create_one_result(home: Home) -> None:
    numbers = count(7)

    def send(_: int) -> int:
        return home(lambda ctx: once(ctx, home.bob, "a", lambda: next(numbers)))

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(send, range(3))) == [7, 7, 7]


def test_forms_are_forgotten_in_the_end(home: Home) -> None:
    def prune(ctx: Context) -> None:
        prune_now(ctx.conn, old_sent_forms(ctx.now))

    home(lambda ctx: once(ctx, home.bob, "a", lambda: 7))
    home.clock.advance(seconds=KEPT.total_seconds() - 1)
    home(prune)
    assert len(home.rows(sent_form)) == 1
    home.clock.advance(seconds=1)
    home(prune)

    assert home.rows(sent_form) == []
