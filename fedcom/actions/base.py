"""What an action is: a small frozen value with its rule, its effect and its activity.

A form, an API call, the command line and the inbox all build the same value and pass it to
`perform`. An action never asks where it came from; whether it was *received* only decides who is
told of it (`federate`). An `Action` is only ever received; a `Federated` one is also sent.
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
    """What followers of the community on microblog servers are sent.

    They understand posts that the community boosts, and nothing else of FEP-1b12
    (Mastodon 4.6: every other Announce costs it a request and is dropped).
    """

    NOTHING = auto()
    # Announce of the bare id of the post; once per post.
    BOOST = auto()
    # Undo of that Announce, by its stored id: a moderator removed the post from the community.
    UNBOOST = auto()
    # The author's own activity: an edit of the boosted post.
    THE_ACTIVITY = auto()
    # Both: the author deleted the post.
    ERASE = auto()
    # The community itself has changed: the same Update, but by the community, because Mastodon
    # accepts changes of an account from that account alone.
    THE_COMMUNITY = auto()


@dataclass(frozen=True, slots=True)
class Audience:
    """The recipients of an action.

    `community` is where it happens: a local one announces the action, a remote one is sent it.
    `people` are sent a local action directly; so are the acting person's `followers` if
    `to_followers`, every server that has content of theirs and receives profile changes if
    `to_readers`, every known forum if `everywhere`, and every other server too if `to_all`.
    `subject` is the id whose deliveries must arrive in order. `post` is the post that microblog
    servers know by a boost. The community also sends it to `announced_to`, although they no longer
    follow it. If `private`, only `people` may ever read it. If `forums_only`, the community
    announces it to known forums alone, because ActivityStreams has no such activity: readers with
    strict types refuse the whole Announce (Fedify 2.3.6 answers 400).
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
    """Another local actor's activity that the action requires: the Accept of a Follow.

    If `private`, it carries no proof, with which the reader could show others who sent it.
    """

    actor: str
    activity: Activity
    to: Actor
    private: bool = False


def in_private(note: DirectNote | None) -> tuple[Response, ...]:
    """A direct note in its sent form, if there is one."""
    if note is None:
        return ()
    return (Response(note.sender.iri, note.activity, note.to, private=True),)


@dataclass(frozen=True, slots=True)
class Fallback:
    """The effect of an action on one object, for servers that its own activity does not tell:
    those for which `is_needed` (given their software and its version).

    A local actor sends `activity` about the id `subject`; `community` is where that is.
    """

    community: Community
    subject: str
    activity: Activity
    is_needed: Callable[[str | None, str | None], bool]


class Action(ABC, Generic[R]):
    """Something that an actor did and a peer sent us, or that is also sent (`Federated`)."""

    @abstractmethod
    def check(self, ctx: Context) -> None:
        """Raise Denied, Invalid or Conflict unless this is allowed now."""

    @abstractmethod
    def apply(self, ctx: Context) -> R:
        """Change the database; the result goes to the caller and into the outgoing activities."""


class Federated(Action[R]):
    """An action that is sent to peers; if received in a local community, it is announced."""

    # Usually a person; communities act themselves when they follow, change keys or are deleted.
    by: Person | Community
    # Whether peers can fetch the result by its id, so that announcing the id is enough.
    is_fetchable: ClassVar[bool] = False
    # Whether its Announce is served for a week only, because there are so many of them.
    is_transient: ClassVar[bool] = False

    @abstractmethod
    def to_activity(self, ctx: Context, result: R) -> Activity:
        """The action as an ActivityPub activity by `by`."""

    @abstractmethod
    def audience(self, ctx: Context, result: R) -> Audience:
        """The recipients."""

    def to_microblogs(self, ctx: Context, result: R) -> Activity | None:
        """What microblog servers are sent instead; None if that is the same."""
        return None

    def responses(self, ctx: Context, result: R) -> tuple[Response, ...]:
        """What local actors send in response when this was received."""
        return ()

    def copies(self, ctx: Context, result: R) -> tuple[Response, ...]:
        """What other local actors send when this is done here, to servers that require it of
        them.
        """
        return ()

    def fallbacks(self, ctx: Context, result: R) -> tuple[Fallback, ...]:
        """Additional activities when this is done here, for followers of the community or its
        server that do not understand the action's own activity.
        """
        return ()


Shape = tuple[str, ...]
# A reader looks at the target and returns the action, or None if there is nothing to do (it is
# already known). It raises Denied, Invalid, NotFound, or NeedsFetch for an object to fetch first.
Reader = Callable[[Context, ReceivedActivity], Action[Any] | None]
Readers = Mapping[Shape, Reader]
