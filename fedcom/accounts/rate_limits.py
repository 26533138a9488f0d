"""How much a member may do in a given time: limits that stop floods and that nobody else reaches.

The interfaces do everything for members through `act`, or through `count_action` when no peer could
see it. Peers have limits of their own, and the command line has none. Why these numbers:
docs/decisions/0031.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from fedcom.accounts.members import find_account
from fedcom.accounts.throttle import Limit, count_attempt
from fedcom.actions.ban import Ban
from fedcom.actions.base import Federated
from fedcom.actions.close import CloseCommunity, ReopenCommunity
from fedcom.actions.comment import CreateComment, EditComment
from fedcom.actions.community import CreateCommunity, EditCommunity
from fedcom.actions.delete import Delete, Undelete
from fedcom.actions.delete_community import DeleteCommunity, UndeleteCommunity
from fedcom.actions.distinguish import Distinguish
from fedcom.actions.follow import Follow, Unfollow
from fedcom.actions.lock import Lock
from fedcom.actions.message import DeleteMessage, EditMessage, SendMessage, UndeleteMessage
from fedcom.actions.moderators import AddModerator, RemoveModerator
from fedcom.actions.perform import perform
from fedcom.actions.pictures import ChangePictures
from fedcom.actions.pin import Pin
from fedcom.actions.post import CreatePost, EditPost
from fedcom.actions.profile import EditProfile
from fedcom.actions.remove import RemoveContent, RestoreContent
from fedcom.actions.report import Report, WithdrawReport
from fedcom.actions.take_down import Reinstate, TakeDown
from fedcom.actions.transfer import TransferCommunity
from fedcom.actions.unban import Unban
from fedcom.actions.vote import Vote
from fedcom.actions.warn import Warn
from fedcom.catalogues import mark
from fedcom.context import Context
from fedcom.errors import Sentence
from fedcom.models.account import Account
from fedcom.models.actor import Person

R = TypeVar("R")

NEWCOMER = timedelta(days=1)
"""How long after sign-up the lower limits apply."""

_MINUTES, _HOUR, _DAY = timedelta(minutes=10), timedelta(hours=1), timedelta(days=1)

_TOO_MANY = mark(
    "You have reached a limit: %(tries)s %(what)s in %(window)s. Try again in %(wait)s."
)


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many are allowed within `window`: the `usual` number, and that for newcomers."""

    usual: int
    newcomer: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class ActionLimits:
    """Actions that are counted together, how to call them (`what`, a plural), and how many are
    allowed."""

    name: str
    what: str
    allowances: tuple[Allowance, ...]

    def limits(self, *, is_newcomer: bool = False) -> tuple[Limit, ...]:
        """The limits, each under a name of its own; the same names for newcomers, so that counting
        does not start again after the first day."""
        return tuple(
            Limit(
                f"pace:{self.name}:{position}",
                allowed.newcomer if is_newcomer else allowed.usual,
                allowed.window,
            )
            for position, allowed in enumerate(self.allowances)
        )


def _limits_of(name: str, what: str, *allowances: tuple[int, int, timedelta]) -> ActionLimits:
    return ActionLimits(name, what, tuple(Allowance(*numbers) for numbers in allowances))


# usual, newcomers', within
COMMENTS = _limits_of("comment", mark("comments"), (50, 20, _MINUTES), (500, 100, _DAY))
POSTS = _limits_of("post", mark("posts"), (20, 10, _HOUR), (60, 20, _DAY))
VOTES = _limits_of("vote", mark("votes"), (300, 150, _MINUTES), (5_000, 1_000, _DAY))
MESSAGES = _limits_of("message", mark("private messages"), (60, 20, _MINUTES), (500, 50, _DAY))
REPORTS = _limits_of("report", mark("reports"), (20, 10, _HOUR), (100, 20, _DAY))
COMMUNITIES = _limits_of("community", mark("new communities"), (3, 2, _DAY), (10, 10, 30 * _DAY))
FOLLOWS = _limits_of("follow", mark("follows and unfollows"), (100, 50, _HOUR), (500, 200, _DAY))
EDITS = _limits_of("edit", mark("edits and deletions"), (60, 30, _MINUTES), (500, 200, _DAY))
APPEALS = _limits_of("appeal", mark("messages in appeals"), (5, 5, _HOUR), (20, 20, _DAY))
MODERATION = _limits_of(
    "moderation", mark("moderation actions"), (120, 60, _MINUTES), (2_000, 500, _DAY)
)
UPLOADS = _limits_of("upload", mark("uploaded pictures"), (60, 20, _HOUR), (300, 60, _DAY))
LOOK_UPS = _limits_of(
    "lookup", mark("look-ups on other servers"), (100, 60, _MINUTES), (1_000, 300, _DAY)
)
LISTS = _limits_of(
    "list", mark("things saved, hidden or blocked"), (300, 150, _MINUTES), (3_000, 1_000, _DAY)
)

ACTION_LIMITS = (
    *(POSTS, COMMENTS, VOTES, EDITS, MESSAGES, FOLLOWS, LISTS, UPLOADS, LOOK_UPS),
    *(COMMUNITIES, REPORTS, APPEALS, MODERATION),
)
"""All of them, in the order in which they are listed for members."""

LIMITS = tuple(limit for pace in ACTION_LIMITS for limit in pace.limits())
"""All names and windows, for housekeeping."""

LIMITS_OF_ACTION: dict[type[Federated[Any]], ActionLimits] = {
    CreateComment: COMMENTS,
    CreatePost: POSTS,
    Vote: VOTES,
    SendMessage: MESSAGES,
    **dict.fromkeys((Report, WithdrawReport), REPORTS),
    CreateCommunity: COMMUNITIES,
    **dict.fromkeys((Follow, Unfollow), FOLLOWS),
    **dict.fromkeys((EditPost, EditComment, EditMessage, EditProfile, EditCommunity), EDITS),
    **dict.fromkeys((Delete, Undelete, DeleteMessage, UndeleteMessage, ChangePictures), EDITS),
    **dict.fromkeys((RemoveContent, RestoreContent, Lock, Pin, Ban, Unban, Warn), MODERATION),
    **dict.fromkeys((Distinguish, TransferCommunity), MODERATION),
    **dict.fromkeys((AddModerator, RemoveModerator, TakeDown, Reinstate), MODERATION),
    **dict.fromkeys((CloseCommunity, ReopenCommunity), MODERATION),
    **dict.fromkeys((DeleteCommunity, UndeleteCommunity), MODERATION),
}
"""The limits for each action of a member; others are only received, or made by the server."""


def act(ctx: Context, action: Federated[R], counted: Person | None = None) -> R:
    """Count and perform what a member does here, whatever the interface.

    It counts for `counted`, by default for the action's `by`. Raises TooMany before anything is
    changed, and what `perform` raises; refused actions do not count, because the caller's
    transaction is rolled back.
    """
    by = counted or action.by
    if isinstance(by, Person):
        count_action(ctx, by, LIMITS_OF_ACTION[type(action)])
    return perform(ctx, action)


def count_action(ctx: Context, by: Person, pace: ActionLimits) -> None:
    """Count one action against `pace`. Admins have no limits. Raises TooMany."""
    if not ctx.has_limits:
        return
    login = find_account(ctx.conn, by.id)
    if login is not None and login.is_admin:
        return
    for limit in pace.limits(is_newcomer=_is_newcomer(login, ctx.now)):
        what = Sentence(pace.what)
        count_attempt(ctx.conn, limit, f"{by.id}", ctx.now, refusal=_TOO_MANY, what=what)


def _is_newcomer(login: Account | None, now: datetime) -> bool:
    return login is not None and now - login.created_at < NEWCOMER
