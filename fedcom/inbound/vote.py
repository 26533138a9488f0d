"""Like, Dislike and EmojiReact, and the Undo of each: a vote on a post or a comment."""

from activitypub.document import Document
from fedcom.actions.base import Readers
from fedcom.actions.vote import Score, Vote
from fedcom.context import Context
from fedcom.effects.counts import find_vote
from fedcom.effects.tombstones import was_undone
from fedcom.errors import Invalid, NotFound
from fedcom.inbound.content_at import concerns_us, content_at
from fedcom.models.actor import Person
from fedcom.models.comment import Comment
from fedcom.models.located import Located
from fedcom.models.post import Post
from fedcom.models.vote import stored_iri
from fedcom.queries.actors import find_actor
from fedcom.queries.located import find_located, locate
from fedcom.queries.policy import policy_of
from fedcom.remote.actors import participant_at
from fedcom.remote.vouching import check_vouched
from inbox.ports import ReceivedActivity


def _read_vote(ctx: Context, received: ReceivedActivity) -> Vote | None:
    activity = received.activity
    if activity.object_id is None:
        raise Invalid("object_missing", "The %(type)s names no object.", type=activity.type)
    at = _voted_on(ctx, received, activity.object_id)
    check_vouched(ctx, received, at.community, direct=_is_direct(received, at.content))
    voter: Person = participant_at(ctx, received.actor)
    score: Score = _score(activity)
    vote = find_vote(ctx, voter, at.content)
    if score < 0 and not policy_of(ctx).downvotes:
        score = 0  # it still replaces their upvote (Lemmy 0.19)
    if score == (0 if vote is None else vote[0]):
        return None
    return Vote(by=voter, target=at.content, score=score, iri=activity.id)


def _read_undo(ctx: Context, received: ReceivedActivity) -> Vote | None:
    taken_back = received.object
    if taken_back.object_id is None:
        raise Invalid("object_missing", "The vote to undo names no object.")
    at = find_located(ctx, taken_back.object_id, received.actor)
    if at is None or find_actor(ctx.conn, received.actor) is None:
        return None
    voter = participant_at(ctx, received.actor)
    check_vouched(ctx, received, at.community, direct=_is_direct(received, at.content))
    vote = find_vote(ctx, voter, at.content)
    if vote is None or _was_replaced(ctx, taken_back, voter, by=vote):
        return None
    return Vote(by=voter, target=at.content, score=0)


def _was_replaced(ctx: Context, taken_back: Document, voter: Person, by: tuple[int, str]) -> bool:
    """Whether an Undo is about an earlier vote than the current one.

    Not by the type alone: Lemmy 0.19 undoes every vote as if it had been a Like, under an id that
    it makes up.
    """
    score, stored = by
    iri = taken_back.id
    if iri is None or score == _score(taken_back):
        return False
    return stored_iri(iri, local=voter.local) != stored and was_undone(ctx, iri)


def _is_direct(received: ReceivedActivity, target: Post | Comment) -> bool:
    """Whether it is between the voter and a local author alone, wherever the target is.

    Only if the voter sent it: forwarded old votes in a remote community cannot be told from new
    ones, because the later ones may have been announced there.
    """
    return target.local and received.evidence == "signature"


def _voted_on(ctx: Context, received: ReceivedActivity, iri: str) -> Located:
    """The target of the vote. Fetched only if a local community is named: votes are cheap to
    send.
    """
    found = find_located(ctx, iri, received.actor)
    if found is not None:
        return found
    if received.via is None and not concerns_us(ctx, received.activity):
        raise NotFound(
            "unknown_object", "There is no post or comment with the id %(iri)s here.", iri=iri
        )
    return locate(ctx, content_at(ctx, iri, received.via))


def _score(vote: Document) -> Score:
    return -1 if vote.type == "Dislike" else 1


READERS: Readers = {
    ("Like",): _read_vote,
    ("Dislike",): _read_vote,
    # Emoji reactions of Pleroma, Akkoma and Misskey count as approval.
    ("EmojiReact",): _read_vote,
    ("Undo", "Like"): _read_undo,
    ("Undo", "Dislike"): _read_undo,
    ("Undo", "EmojiReact"): _read_undo,
}
