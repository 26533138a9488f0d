"""Vote: Like (+1), Dislike (-1), and the Undo of either (0)."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from activitypub.vocab.activities import dislike, like, undo
from fedcom.actions.base import Activity, Audience, Federated
from fedcom.context import Context
from fedcom.effects.counts import put_vote
from fedcom.effects.tombstones import record_replaced
from fedcom.models.actor import Person
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.models.vote import stored_iri
from fedcom.queries.located import locate, standing_in
from fedcom.queries.policy import policy_of
from fedcom.rules.permissions import may_downvote, may_vote

Score = Literal[-1, 0, 1]


@dataclass(frozen=True, slots=True)
class VoteChange:
    """The vote before and after: a local person's Undo has to name the former."""

    before: int
    before_iri: str | None
    iri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote(Federated[VoteChange]):
    """One person's vote on a post or a comment; 0 withdraws it."""

    by: Person
    target: Post | Comment
    score: Score
    # The id of a peer's Like or Dislike; a local vote gets its id when it is created.
    iri: str | None = None
    is_transient: ClassVar[bool] = True

    def check(self, ctx: Context) -> None:
        """If open to this person, on a post or comment that still exists."""
        community = locate(ctx, self.target, self.by).community
        mine = standing_in(ctx, self.by, community)
        may_vote(self.by, community, mine, self.target, ctx.now)
        if self.score < 0:
            may_downvote(downvotes=policy_of(ctx).downvotes)

    def apply(self, ctx: Context) -> VoteChange:
        """Make this the person's only vote on the target; the previous one is no longer in
        force.
        """
        iri = self.iri or ctx.new_iri("dislike" if self.score < 0 else "like")
        stored = stored_iri(iri, local=self.by.local)
        before = put_vote(ctx, self.by, self.target, self.score, stored)
        if before is None:
            return VoteChange(0, None, iri)
        if before[1] != stored and not self.by.local:
            record_replaced(ctx, before[1], self.by.iri)
        return VoteChange(before[0], before[1], iri)

    def to_activity(self, ctx: Context, result: VoteChange) -> Activity:
        """Like, Dislike, or Undo of the previous vote."""
        if self.score != 0:
            return self._cast(ctx, self.score, result.iri)
        return self._taken_back(ctx, result)

    def to_microblogs(self, ctx: Context, result: VoteChange) -> Activity | None:
        """Undo{Like} where a Dislike replaces it: they do not know Dislike, and would keep the
        Like.
        """
        is_turned = self.score < 0 < result.before
        return self._taken_back(ctx, result) if is_turned else None

    def _taken_back(self, ctx: Context, result: VoteChange) -> Activity:
        former = self._cast(ctx, result.before, result.before_iri or result.iri)
        return undo(ctx.new_iri("undo"), former)

    def _cast(self, ctx: Context, score: int, iri: str) -> Activity:
        community = locate(ctx, self.target).community.iri
        build = dislike if score < 0 else like
        return build(iri, self.by.iri, self.target.iri, community=community)

    def audience(self, ctx: Context, result: VoteChange) -> Audience:
        """The community, and the author, whose server may not follow it (Mastodon's never does)."""
        at = locate(ctx, self.target)
        return Audience(subject=self.target.iri, community=at.community, people=(at.author,))
