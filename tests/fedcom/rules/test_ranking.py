from datetime import UTC, datetime, timedelta

import pytest

from fedcom.rules.ranking import (
    ACTIVE_FOR,
    COMMENT_SECONDS,
    POST_SECONDS,
    active_key,
    comment_hot,
    controversy,
    hot_key,
    scaled_key,
)

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rank", "seconds"), [(hot_key, POST_SECONDS), (comment_hot, COMMENT_SECONDS)]
)
def test_a_tenfold_score_is_worth_a_fixed_head_start(rank, seconds):
    earlier = NOON - timedelta(seconds=seconds)
    assert rank(10, earlier) == pytest.approx(rank(1, NOON), abs=1e-6)
    assert rank(11, earlier) > rank(1, NOON)
    assert rank(9, earlier) < rank(1, NOON)


@pytest.mark.parametrize("rank", [hot_key, comment_hot])
def test_votes_and_youth_lift_and_votes_down_sink(rank):
    keys = [rank(score, NOON) for score in (-1000, -10, 0, 10, 1000)]
    assert keys == sorted(set(keys))
    assert rank(-1, NOON) == rank(0, NOON) == rank(1, NOON)
    assert rank(5, NOON + timedelta(seconds=1)) > rank(5, NOON)


def test_a_comment_lifts_an_active_post_as_if_it_were_posted_now():
    later = NOON + timedelta(hours=5)

    assert active_key(7, NOON, None) == hot_key(7, NOON)
    assert active_key(7, NOON, later) == hot_key(7, later)


def test_comments_after_two_days_lift_nothing_more():
    latest = active_key(3, NOON, NOON + ACTIVE_FOR)

    assert active_key(3, NOON, NOON + ACTIVE_FOR - timedelta(seconds=1)) < latest
    assert active_key(3, NOON, NOON + ACTIVE_FOR + timedelta(days=400)) == latest


def test_a_comment_that_claims_to_be_older_than_its_post_sinks_nothing():
    assert active_key(3, NOON, NOON - timedelta(days=9)) == active_key(3, NOON, None)


def test_the_score_counts_in_relation_to_the_size_of_the_community():
    assert scaled_key(10, NOON, 98) == pytest.approx(scaled_key(100, NOON, 998))
    assert scaled_key(10, NOON, 98) > scaled_key(90, NOON, 998)
    # Followers that a server counts wrongly, and a community that grows by a tenth.
    assert scaled_key(3, NOON, -7) == scaled_key(3, NOON, 0)
    later = NOON + timedelta(minutes=32)
    assert scaled_key(3, NOON, 9_000) < scaled_key(3, later, 9_900)


def test_unanimous_votes_are_not_controversial():
    assert controversy(0, 0) == controversy(900, 0) == controversy(0, 900) == 0


def test_many_even_votes_are_more_controversial_than_few_and_than_uneven_ones():
    keys = [controversy(*votes) for votes in ((100, 1), (90, 10), (2, 2), (60, 40), (50, 50))]

    assert keys == sorted(set(keys))
    assert controversy(30, 70) == controversy(70, 30)
