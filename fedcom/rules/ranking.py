"""The keys that lists are sorted by, highest first: made when something changes, never by a clock.

A tenfold score is worth a fixed head start in time, so the order of two posts never changes while
nobody votes, and nothing has to be ranked again because an hour has passed. (Reddit's formula;
Lemmy's divides by the age instead and rewrites every row every few minutes.)
"""

import math
from datetime import datetime, timedelta

POST_SECONDS = 45_000
"""The head start of a tenfold score among posts: twelve and a half hours."""

COMMENT_SECONDS = 180_000
"""The same among comments: a thread lives for days, and its best answers should stay on top."""

ACTIVE_FOR = timedelta(days=2)
"""How long comments keep lifting a post in the list of active ones."""


def hot_key(score: int, published: datetime) -> float:
    """The key of a post with `score` (votes up less votes down), published at an aware moment.

    A moment in the future ranks above everything: whoever stores a peer's `published` caps it at
    the time of arrival.
    """
    return _hot(score, published, POST_SECONDS)


def active_key(score: int, published: datetime, last_comment: datetime | None) -> float:
    """As `hot_key`, counted from the newest comment of the post's first two days.

    Later comments lift nothing: nobody can dig out an old post by answering it (as with Lemmy).
    """
    moved = published
    if last_comment is not None:
        moved = max(published, min(last_comment, published + ACTIVE_FOR))
    return _hot(score, moved, POST_SECONDS)


def controversy(upvotes: int, downvotes: int) -> float:
    """High for many votes that are evenly split; 0 when all agree."""
    few, many = sorted([upvotes, downvotes])
    return float((few + many) ** (few / many)) if few else 0.0


def comment_hot(score: int, published: datetime) -> float:
    """The key of a comment among its siblings; see `hot_key`."""
    return _hot(score, published, COMMENT_SECONDS)


def _hot(score: int, published: datetime, seconds: int) -> float:
    order = math.copysign(math.log10(max(abs(score), 1)), score)
    return order + published.timestamp() / seconds
