"""The keys that lists are sorted by, highest first: computed on changes, never by a clock.

A tenfold score is worth a fixed head start in time, so the order of two posts never changes without
new votes, and no key has to be updated because time has passed. (Reddit's formula; Lemmy's divides
by the age instead and rewrites every row every few minutes.)
"""

import math
from datetime import datetime, timedelta

POST_SECONDS = 45_000
"""The head start of a tenfold score among posts: twelve and a half hours."""

COMMENT_SECONDS = 180_000
"""The same among comments: a thread lives for days, and its best replies should stay on top."""

ACTIVE_FOR = timedelta(days=2)
"""How long comments keep lifting a post in the list of active ones."""


def hot_key(score: int, published: datetime) -> float:
    """The key of a post with `score` (upvotes minus downvotes), published at an aware datetime.

    A time in the future ranks above everything: the caller caps a peer's `published` at the time of
    arrival.
    """
    return _hot(score, published, POST_SECONDS)


def active_key(score: int, published: datetime, last_comment: datetime | None) -> float:
    """As `hot_key`, counted from the newest comment of the post's first two days.

    Later comments have no effect: nobody can revive an old post by replying to it (as in Lemmy).
    """
    moved = published
    if last_comment is not None:
        moved = max(published, min(last_comment, published + ACTIVE_FOR))
    return _hot(score, moved, POST_SECONDS)


def scaled_key(score: int, published: datetime, followers: int) -> float:
    """As `hot_key`, with the score divided by the size of the community, so that small ones have
    their share of a list of many communities.

    `followers` are counted when the key is written: a community that grows by a tenth until the
    next vote changes it by no more than half an hour. (Lemmy 0.19 divides its rank by the logarithm
    of the people active in a month, which comes to much the same for posts of some ten points.)
    """
    return hot_key(score, published) - math.log10(max(followers, 0) + 2)


def controversy(upvotes: int, downvotes: int) -> float:
    """High for many votes that are evenly split; 0 if all agree."""
    few, many = sorted([upvotes, downvotes])
    return float((few + many) ** (few / many)) if few else 0.0


def comment_hot(score: int, published: datetime) -> float:
    """The key of a comment among its siblings; see `hot_key`."""
    return _hot(score, published, COMMENT_SECONDS)


def _hot(score: int, published: datetime, seconds: int) -> float:
    order = math.copysign(math.log10(max(abs(score), 1)), score)
    return order + published.timestamp() / seconds
