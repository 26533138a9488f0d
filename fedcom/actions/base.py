"""What an action is: a small frozen value with its rule, its effect and its words on the wire.

A form, an API call, the command line and the inbox all build the same value and hand it to
`perform`. An action never asks where it came from; whether something was *heard* decides only who
is told of it (`federate`). What is only ever heard is an `Action`, what is told is `Federated`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, ClassVar, Generic, TypeVar

from fedcom.context import Context
from fedcom.effects.moderation_notes import DirectNote
from fedcom.models.actor import Actor, Community, Person
from fedcom.models.post import Post
from inbox.ports import ReceivedActivity

R = TypeVar("R")

Activity = dict[str, Any]


class Microblogs(Enum):
    """What followers of the community on microblog servers are told.

    They understand posts that the community boosts, and nothing else of FEP-1b12
    (Mastodon 4.6: every other Announce costs it a request and is dropped).
    """

    NOTHING = auto()
    # Announce of the bare id of the post; once for each post.
    BOOST = auto()
    # Undo of that Announce, by its stored id: a moderator took the post out of the community.
    UNBOOST = auto()
    # The author's own activity: an edit of what was boosted.
    THE_ACTIVITY = auto()
    # Both: the author has deleted it.
    ERASE = auto()
    # The community itself has changed: the same Update, but by the community, because Mastodon
    # takes a change of an account from that account alone.
    THE_COMMUNITY = auto()


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom an action concerns.

    `community` is where it happens: if it is ours it announces the action, if it is a peer's the
    action is sent there. `people` are told directly when the action is done here; `followers` of
    the acting person as well when `to_followers`, with `to_readers` every server that has something
    of theirs and hears of changed profiles; every forum that is known here when `everywhere`, and
    every other server too when `to_all`.
    `subject` is the id whose deliveries must arrive in order. `post` is the post that microblogs
    know by a boost. `announced_to` are told by the community although they follow it no longer.
    What is `private` only `people` may ever read. With `forums_only` the community announces it to
    known forums alone, because ActivityStreams has no such activity: readers that are strict about
    types refuse the whole Announce (Fedify 2.3.6 answers 400).
    """

    subject: str
    community: Community | None = None
    people: tuple[Actor, ...] = ()
    to_followers: bool = False
    to_readers: bool = False
    microblogs: Microblogs = Microblogs.NOTHING
    post: Post | None = None
    private: bool = False
    everywhere: bool = False
    to_all: bool = False
    announced_to: tuple[Actor, ...] = ()
    forums_only: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """An activity of another local actor that the action calls for: the Accept of a Follow.

    What is `private` has no proof, by which its reader could show others who said it.
    """

    actor: str
    activity: Activity
    to: Actor
    private: bool = False


def in_private(note: DirectNote | None) -> tuple[Response, ...]:
    """A direct note, if there is one to be sent, as it goes out."""
    if note is None:
        return ()
    return (Response(note.sender.iri, note.activity, note.to, private=True),)


@dataclass(frozen=True, slots=True)
class Fallback:
    """What an action did to one thing, for servers to which the action's own activity does not say
    it: those for which `is_needed` (of their software and its version).

    `activity` is said by a local actor about the id `subject`; `community` is where that is.
    """

    community: Community
    subject: str
    activity: Activity
    is_needed: Callable[[str | None, str | None], bool]


class Action(ABC, Generic[R]):
    """Something that somebody did and a peer told us, or does and peers are told (`Federated`)."""

    @abstractmethod
    def check(self, ctx: Context) -> None:
        """Raise Denied, Invalid or Conflict unless this may be done now."""

    @abstractmethod
    def apply(self, ctx: Context) -> R:
        """Change the database; what is returned goes to the caller, and to what peers are told."""


class Federated(Action[R]):
    """An action that peers are told of: what is done here, and what is heard in our communities."""

    # Mostly a person; communities speak for themselves when they follow, change keys or end.
    by: Person | Community
    # Whether peers can fetch what the action made from its id, so that announcing the id says it.
    is_fetchable: ClassVar[bool] = False

    @abstractmethod
    def to_activity(self, ctx: Context, result: R) -> Activity:
        """The action in the words of ActivityPub, as `by` says it."""

    @abstractmethod
    def audience(self, ctx: Context, result: R) -> Audience:
        """Whom it concerns."""

    def to_microblogs(self, ctx: Context, result: R) -> Activity | None:
        """What servers of microblogs are sent instead; None where that is the same."""
        return None

    def responses(self, ctx: Context, result: R) -> tuple[Response, ...]:
        """What local actors say in return when this was heard."""
        return ()

    def copies(self, ctx: Context, result: R) -> tuple[Response, ...]:
        """What other local actors say when this is done here, to servers that want their word."""
        return ()

    def fallbacks(self, ctx: Context, result: R) -> tuple[Fallback, ...]:
        """What is said besides when this is done here, to followers of the community or its server
        that do not understand the action's own activity."""
        return ()


Shape = tuple[str, ...]
# A reader looks at the target and gives the action, or None when there is nothing to do (it is
# known already). It raises Denied, Invalid, NotFound, or NeedsFetch for what must be fetched first.
Reader = Callable[[Context, ReceivedActivity], Action[Any] | None]
Readers = Mapping[Shape, Reader]
