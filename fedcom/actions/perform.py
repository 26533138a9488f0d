"""The one door: whatever a peer could see comes through here, done by a member or heard.

No rule, no effect and no word on the wire may live here: those are the action's own.
"""

from typing import TypeVar

from fedcom.actions.base import Action, Federated
from fedcom.actions.federate.tell import federate
from fedcom.context import Context
from inbox.ports import ReceivedActivity

R = TypeVar("R")


def perform(ctx: Context, action: Action[R], received: ReceivedActivity | None = None) -> R:
    """Check, apply and tell whoever is concerned, in the caller's transaction.

    `received` is the activity as it arrived, or None for what is done here. It decides who is told,
    never who may.
    Returns what the action gives; raises Denied, Invalid, NotFound or Conflict before any change.
    """
    try:
        action.check(ctx)
        result = action.apply(ctx)
        if isinstance(action, Federated):
            federate(ctx, action, result, received)
    finally:
        ctx.seen.forget()
    return result
