"""How a reader wants the comments of a thread: their order, as a tree or in one flat list, and with
the replies collapsed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args
from urllib.parse import urlencode

from fedcom.http.numbers import number_in
from fedcom.views.comment_feed import Order
from fedcom.web.html.request_context import PageContext

ORDERS: tuple[Order, ...] = get_args(Order)
FLAT_ORDERS: tuple[Order, ...] = ("old", "new")
"""A flat list is by time."""


@dataclass(frozen=True, slots=True)
class ThreadChoice:
    """The parameters in the address of a thread, and the addresses of its variants."""

    order: Order = "hot"
    is_flat: bool = False
    # Only comments at the top show their texts.
    is_folded: bool = False
    # Comments after this one are new, whatever the last visit was; 0 for the last visit.
    since: int = 0
    # As far as the address names them.
    params: Mapping[str, str] | None = None

    @property
    def orders(self) -> tuple[Order, ...]:
        """The orders to choose from."""
        return FLAT_ORDERS if self.is_flat else ORDERS

    def link(self, **changes: str) -> str:
        """The address of the same thread with other query parameters, at its comments."""
        query = {**(self.params or {}), **changes}
        wanted = {name: value for name, value in query.items() if value}
        return f"?{urlencode(wanted)}#comments"


def choose(context: PageContext, *, is_branch: bool) -> ThreadChoice:
    """The choice in the query (`sort`, `view`, `fold`, `since`), else the member's preference; the
    page of one comment, a branch of its thread, is always a tree.
    """
    query = context.request.query_params
    account = context.member.account if context.member else None
    view = query.get("view", "")
    prefers = view == "flat" if view else account is not None and account.flat_threads
    is_flat = prefers and not is_branch
    orders = FLAT_ORDERS if is_flat else ORDERS
    return ThreadChoice(
        order=next((one for one in orders if one == query.get("sort", "")), orders[0]),
        is_flat=is_flat,
        is_folded=not is_flat and query.get("fold", "") == "replies",
        since=number_in(query.get("since", "")),
        params={name: query[name] for name in ("sort", "view", "fold") if name in query},
    )
