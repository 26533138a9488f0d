"""The communities that a list covers, and how a list is found in them: by sorting what they have,
or by walking down an index and skipping what they do not have.
"""

from collections.abc import Mapping
from typing import Any, Literal

from sqlalchemy import CTE, Column, ColumnElement, Select, bindparam, case, func, select

from fedcom.models.actor import actor, community
from fedcom.models.follow import follow
from fedcom.models.post import post, post_rank
from fedcom.views.planning import constant
from fedcom.views.post import author, group
from fedcom.views.viewer import MODERATED, VIEWER

Scope = Literal["subscribed", "local", "all", "moderated", "community", "author"]

FEW = 2000
"""Sorting up to this many posts is faster than finding them among all (measured with 100 000
posts).
"""

CONSIDERED = 5
"""Of a list that has to be sorted, so many times the items of a page are read whole at first: the
others are only compared by their keys. If the viewer may see too few of them, all are read.
"""

GROUPS: Mapping[Scope, Select[Any]] = {
    "subscribed": select(follow.c.target_id).where(follow.c.follower_id == VIEWER),
    "local": select(actor.c.id).where(actor.c.local, actor.c.kind == "Group"),
    "moderated": MODERATED,
}
"""The scopes that are a number of communities, and the ids of those."""


def are_few(counter: Column[int], ids: Select[Any]) -> ColumnElement[bool]:
    """Whether the communities have at most `FEW` posts or comments, by their `counter`."""
    counted = select(func.coalesce(func.sum(counter), 0)).where(community.c.actor_id.in_(ids))
    return counted.scalar_subquery() <= FEW


def ranked(rows: Select[Any], number: int, condition: ColumnElement[bool] | None = None) -> CTE:
    """The first of these sorted rows: `CONSIDERED` times `number`, or as many as the parameter
    `most` says if `number` is 0 (`first_rows`). With a condition, none at all unless it holds.
    """
    most: ColumnElement[int] = bindparam("most")
    if condition is not None:
        # Inside, what PostgreSQL expects; outside, what is wanted.
        rows = select(rows.limit(constant(number * CONSIDERED or FEW)).subquery("best"))
        most = case((condition, most), else_=0)
    elif number:
        most = constant(number * CONSIDERED)
    return rows.limit(most).cte("ranked").prefix_with("MATERIALIZED")


def none_of(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """No such row exists, written so that PostgreSQL expects to keep nearly every post.

    It estimates that NOT IN and NOT EXISTS keep half of the rows, so that a few of them leave next
    to none, and then chooses joins that are a hundred times slower.
    """
    found = select(func.max(1)).where(*conditions).correlate(post_rank, post, author, group)
    return func.coalesce(found.scalar_subquery(), 0) != 1
