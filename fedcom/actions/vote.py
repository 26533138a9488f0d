"""Vote: Like (+1), Dislike (-1), and the Undo of either (0)."""

from dataclasses import dataclass
from typing import Literal

from activitypub.document import Document
from activitypub.vocab.activities import dislike, like, undo
from fedcom.actions.base import Action, Activity, Audience, Readers
from fedcom.actions.comment import concerns_us, content_at
from fedcom.actions.vouching import check_vouched
from fedcom.context import Context
from fedcom.effects.counts import find_vote, put_vote
from fedcom.effects.tombstones import record_undone, was_undone
from fedcom.errors import Invalid, NotFound
from fedcom.models.actor import Person
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.queries.actors import find_actor, get_person, standing
from fedcom.queries.content import community_of, find_content
from fedcom.remote.actors import participant_at
from fedcom.rules.permissions import may_vote
from inbox.ports import ReceivedActivity

Score = Literal[-1, 0, 1]


@dataclass(frozen=True, slots=True)
class Ballot:
    """The vote as it was and is: what an Undo has to name."""

    before: int
    before_iri: str | None
    iri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote(Action[Ballot]):
    """One person's vote on a post or a comment; 0 takes it back."""

    by: Person
    target: Post | Comment
    score: Score
    # The id of a peer's Like or Dislike; ours get theirs when they are made.
    iri: str | None = None

    def check(self, ctx: Context) -> None:
        """Open to this person, on something that is still there."""
        community = community_of(ctx.conn, self.target)
        may_vote(self.by, community, standing(ctx.conn, self.by, community), self.target, ctx.now)

    def apply(self, ctx: Context) -> Ballot:
        """Make this the person's only vote on the target; the one before is no longer in force."""
        before = find_vote(ctx, self.by, self.target)
        iri = self.iri or ctx.new_iri("dislike" if self.score < 0 else "like")
        if before is not None and before[1] != iri and not self.by.local:
            record_undone(ctx, before[1], self.by.iri)
        put_vote(ctx, self.by, self.target, self.score, iri)
        return Ballot(before[0] if before else 0, before[1] if before else None, iri)

    def to_activity(self, ctx: Context, result: Ballot) -> Activity:
        """Like, Dislike, or Undo of the one that stood before."""
        community = community_of(ctx.conn, self.target).iri
        if self.score != 0:
            word = like if self.score > 0 else dislike
            return word(result.iri, self.by.iri, self.target.iri, community=community)
        return self._taken_back(ctx, result)

    def to_microblogs(self, ctx: Context, result: Ballot) -> Activity | None:
        """Undo{Like} where a Dislike takes its place: they know none, and would keep the Like."""
        is_turned = self.score < 0 < result.before
        return self._taken_back(ctx, result) if is_turned else None

    def _taken_back(self, ctx: Context, result: Ballot) -> Activity:
        word = dislike if result.before < 0 else like
        community = community_of(ctx.conn, self.target).iri
        stood = word(
            result.before_iri or result.iri, self.by.iri, self.target.iri, community=community
        )
        return undo(ctx.new_iri("undo"), stood)

    def audience(self, ctx: Context, result: Ballot) -> Audience:
        """The community, and the author, whose server may not follow it (Mastodon's never does)."""
        return Audience(
            subject=self.target.iri,
            community=community_of(ctx.conn, self.target),
            people=(get_person(ctx.conn, self.target.author_id),),
        )


def _read_vote(ctx: Context, received: ReceivedActivity) -> Vote | None:
    activity = received.activity
    if activity.object_id is None:
        raise Invalid("object_missing", "The %(type)s names no object.", type=activity.type)
    target = _target(ctx, received, activity.object_id)
    check_vouched(
        ctx, received, community_of(ctx.conn, target), direct=_is_direct(received, target)
    )
    voter, score = participant_at(ctx, received.actor), _score(activity)
    vote = find_vote(ctx, voter, target)
    if vote is not None and vote[0] == score:
        return None
    return Vote(by=voter, target=target, score=score, iri=activity.id)


def _read_undo(ctx: Context, received: ReceivedActivity) -> Vote | None:
    taken_back = received.object
    if taken_back.object_id is None:
        raise Invalid("object_missing", "The vote to undo names no object.")
    target, someone = _find_target(ctx, taken_back.object_id), find_actor(ctx.conn, received.actor)
    if target is None or someone is None:
        return None
    voter = get_person(ctx.conn, someone.id)  # Groups vote too
    check_vouched(
        ctx, received, community_of(ctx.conn, target), direct=_is_direct(received, target)
    )
    vote = find_vote(ctx, voter, target)
    if vote is None or _was_replaced(ctx, taken_back, by=vote):
        return None
    return Vote(by=voter, target=target, score=0)


def _was_replaced(ctx: Context, taken_back: Document, by: tuple[int, str]) -> bool:
    """Whether an Undo is about an earlier vote than the one that stands.

    Not by the type alone: Lemmy 0.19 takes back every vote as if it had been a Like, under an id
    that it makes up.
    """
    score, iri = by
    if score == _score(taken_back) or taken_back.id in (None, iri):
        return False
    return was_undone(ctx, taken_back.id or "")


def _is_direct(received: ReceivedActivity, target: Post | Comment) -> bool:
    """Whether it is between the voter and our member alone, wherever the target is.

    Only if the voter sent it: what others bring of old votes in a community elsewhere cannot be
    told from new ones, because the later ones may have been announced there.
    """
    return target.local and received.evidence == "signature"


def _target(ctx: Context, received: ReceivedActivity, iri: str) -> Post | Comment:
    """What is voted on. Fetched only when a community here is named: votes cost nothing to send."""
    found = _find_target(ctx, iri)
    if found is not None:
        return found
    if received.via is None and not concerns_us(ctx, received.activity):
        raise NotFound(
            "unknown_object", "There is no post or comment with the id %(iri)s here.", iri=iri
        )
    return content_at(ctx, iri, received.via)


def _find_target(ctx: Context, iri: str) -> Post | Comment | None:
    return find_content(ctx.conn, iri)


def _score(vote: Document) -> Score:
    return -1 if vote.type == "Dislike" else 1


READERS: Readers = {
    ("Like",): _read_vote,
    ("Dislike",): _read_vote,
    # Emoji reactions of Pleroma, Akkoma and Misskey count as what they are: approval.
    ("EmojiReact",): _read_vote,
    ("Undo", "Like"): _read_undo,
    ("Undo", "Dislike"): _read_undo,
    ("Undo", "EmojiReact"): _read_undo,
}
