from datetime import UTC, datetime, timedelta

import pytest

from fedcom.rules.ranking import COMMENT_SECONDS, POST_SECONDS, comment_hot, hot_key

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
