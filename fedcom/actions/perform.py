"""The single entry point for everything a peer can see, whether done by a member or received.

No rule, effect or activity may live here: those belong to the action itself.
"""

from typing import TypeVar

from fedcom.actions.base import Action, Federated
from fedcom.actions.federate.recipients import federate
from fedcom.context import Context
from inbox.ports import ReceivedActivity

R = TypeVar("R")


def perform(ctx: Context, action: Action[R], received: ReceivedActivity | None = None) -> R:
    """Check, apply and federate an action, in the caller's transaction.

    `received` is the activity as it arrived, or None for a local action. It decides who is told,
    never who may act.
    Returns the action's result; raises Denied, Invalid, NotFound or Conflict before any change.
    """
    try:
        action.check(ctx)
        result = action.apply(ctx)
        if isinstance(action, Federated):
            federate(ctx, action, result, received)
    finally:
        ctx.cache.forget()
    return result
