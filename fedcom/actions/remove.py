"""Remove and Restore: a moderator takes a post or comment out of the community, or puts it back.

On the wire both authors and moderators say Delete; who is who is decided by whose the object is,
so the readers of Delete and Undo{Delete} are here, above both.
"""

from dataclasses import dataclass

from activitypub.document import Document
from activitypub.vocab.activities import delete as delete_activity, undo
from fedcom.actions.base import Action, Activity, Answer, Audience, Microblogs, Part, Readers
from fedcom.actions.close import CloseCommunity, ReopenCommunity
from fedcom.actions.delete import Delete, Undelete, audience_of, given_again, set_shown
from fedcom.actions.delete_actor import DeleteActor
from fedcom.actions.message import DeleteMessage, UndeleteMessage, read_delete, read_undelete
from fedcom.actions.moderation_notes import note_of_removal
from fedcom.actions.outside_mention import ForgetMention, find_outside_mention
from fedcom.actions.post import check_public
from fedcom.actions.record_deletion import ForgetDeletion, RecordDeletion
from fedcom.actions.sent import last_iri
from fedcom.actions.vouching import check_vouched
from fedcom.context import Context
from fedcom.effects.modlog import log_content, reason_of
from fedcom.effects.resolve_reports import Outcome, settle_content
from fedcom.errors import Conflict, Denied, Invalid
from fedcom.models.actor import Community, Person
from fedcom.models.comment import Comment
from fedcom.queries.actors import find_actor, get_person, standing
from fedcom.queries.bans import is_banned_by_us
from fedcom.queries.content import Content, community_of, find_content
from fedcom.queries.messages import find_message
from fedcom.queries.modlog import is_taken_down
from fedcom.remote.actors import participant_at
from fedcom.rules.permissions import may_act, may_moderate
from fedcom.wire.comment import read_comment
from fedcom.wire.post import TYPES, read_post
from inbox.ports import ReceivedActivity


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveContent(Action[Content]):
    """A moderator takes it out of the community, for a reason that is kept in the modlog."""

    by: Person
    target: Content
    reason: str = ""
    # The community says that the author deleted it, and the origin only that it is not there: an
    # origin that blocks us says the same, so it goes from the community and is not erased.
    vouched: bool = False

    def check(self, ctx: Context) -> None:
        """For moderators, and only once."""
        if not self.vouched:
            community = community_of(ctx.conn, self.target)
            may_moderate(self.by, community, standing(ctx.conn, self.by, community), ctx.now)
        if self.target.removed_at is not None:
            raise Conflict("already_removed", "It is already removed.")

    def apply(self, ctx: Context) -> Content:
        """Hide it, write the modlog, and close what was reported of it."""
        log_content(ctx, self.by, self.target, "remove", self.reason)
        if not self.vouched:
            settle_content(ctx, self.by, self.target, Outcome("removed", self.reason))
        return set_shown(ctx, self.target, {"removed_at": ctx.now})

    def to_activity(self, ctx: Context, result: Content) -> Activity:
        """Delete with a summary: to Lemmy the summary makes it a moderator's."""
        return delete_activity(
            ctx.new_iri("delete"),
            self.by.iri,
            result.iri,
            community=community_of(ctx.conn, result).iri,
            reason=self.reason or "",
        )

    def audience(self, ctx: Context, result: Content) -> Audience:
        """The community; to microblogs only taking back the boost says it."""
        return _moderated(ctx, result, Microblogs.UNBOOST)

    def answers(self, ctx: Context, result: Content) -> tuple[Answer, ...]:
        """A note to an author on a microblog, from our community."""
        return self.beside(ctx, result)

    def beside(self, ctx: Context, result: Content) -> tuple[Answer, ...]:
        """The same, whoever's moderator it was."""
        community = community_of(ctx.conn, result)
        if self.vouched or not community.local or self.by.id == result.author_id:
            return ()
        author = get_person(ctx.conn, result.author_id)
        return note_of_removal(ctx, community, author, result, self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreContent(Action[Content]):
    """A moderator puts it back."""

    by: Person
    target: Content
    reason: str = ""

    def check(self, ctx: Context) -> None:
        """For moderators, of what was removed; elsewhere not of what an admin here took down, or
        what fell with a ban of ours.
        """
        community = community_of(ctx.conn, self.target)
        may_moderate(self.by, community, standing(ctx.conn, self.by, community), ctx.now)
        author = get_person(ctx.conn, self.target.author_id)
        if not community.local and is_banned_by_us(ctx.conn, author, ctx.now):
            may_act(author, ctx.now)
        if not (community.local or self.by.local) and is_taken_down(ctx.conn, self.target.iri):
            raise Denied("taken_down", "An admin of this server has removed it.")
        if self.target.removed_at is None:
            raise Conflict("not_removed", "It is not removed.")

    def apply(self, ctx: Context) -> Content:
        """Show it and write the modlog."""
        log_content(ctx, self.by, self.target, "restore", self.reason)
        return set_shown(ctx, self.target, {"removed_at": None})

    def to_activity(self, ctx: Context, result: Content) -> Activity:
        """Undo{Delete} with a summary."""
        removed = delete_activity(
            last_iri(ctx, "delete", self.by, result.iri),
            self.by.iri,
            result.iri,
            community=community_of(ctx.conn, result).iri,
            reason=self.reason or "",
        )
        return undo(ctx.new_iri("undo"), removed)

    def audience(self, ctx: Context, result: Content) -> Audience:
        """The community; microblogs get a new boost."""
        return _moderated(ctx, result, Microblogs.BOOST)

    def parts(self, ctx: Context, result: Content) -> tuple[Part, ...]:
        """The author's Create anew, where nothing is left to be restored."""
        return given_again(ctx, result)


def _moderated(ctx: Context, target: Content, microblogs: Microblogs) -> Audience:
    told = audience_of(ctx, target, microblogs)
    return Audience(
        subject=told.subject,
        community=told.community,
        microblogs=told.microblogs,
        post=told.post,
    )


def _read_delete(
    ctx: Context, received: ReceivedActivity
) -> Action[Content] | CloseCommunity | DeleteMessage | DeleteActor | RecordDeletion | None:
    iri = received.activity.object_id
    if iri is None:
        raise Invalid("object_missing", "The Delete names no object.")
    target = find_content(ctx.conn, iri)
    if target is None:
        return _delete_other(ctx, iri, received)
    by = participant_at(ctx, received.actor)
    is_own = by.id == target.author_id and not _as_moderator(ctx, received.activity, by, target)
    if is_own and received.confirmed:
        return None if target.deleted_at else Delete(by=by, target=target)
    check_vouched(ctx, received, community_of(ctx.conn, target))
    if target.removed_at is not None:
        return None
    return RemoveContent(
        by=by,
        target=target,
        reason=reason_of(received.activity),
        vouched=is_own,
    )


def _as_moderator(ctx: Context, deletion: Document, by: Person, target: Content) -> bool:
    """Whether a moderator speaks, also of their own: Lemmy 0.19 says so by a `summary`, even an
    empty one."""
    said_why = isinstance(deletion.get("summary"), str)
    return said_why and standing(ctx.conn, by, community_of(ctx.conn, target)).may_moderate


def _delete_other(
    ctx: Context, iri: str, received: ReceivedActivity
) -> CloseCommunity | DeleteMessage | DeleteActor | RecordDeletion | None:
    about = find_message(ctx.conn, iri)
    if about is not None:
        return read_delete(ctx, received, about)
    if not received.confirmed:
        # An origin that blocks us says 404 of everybody, and any origin of what is yet to be made:
        # nobody is erased, or kept from being heard, by what another announces.
        raise Denied(
            "not_confirmed",
            "Not confirmed: the origin responds 404 for %(iri)s, which does not prove a deletion.",
            iri=iri,
        )
    someone = find_actor(ctx.conn, iri)
    if isinstance(someone, Person | Community) and someone.iri == received.actor:
        # Lemmy's word; who says nothing of it (Mastodon) takes everything along, and so does a
        # community, outside of which its posts are nowhere.
        stays = isinstance(someone, Person) and received.activity.get("removeData") is False
        return None if someone.deleted_at else DeleteActor(by=someone, removes_content=not stays)
    if isinstance(someone, Community):
        check_vouched(ctx, received, someone)
        by, reason = participant_at(ctx, received.actor), reason_of(received.activity)
        return CloseCommunity(by=by, community=someone, reason=reason, vouched=not someone.local)
    mention = find_outside_mention(ctx, iri)
    if mention is not None and get_person(ctx.conn, mention.author_id).iri == received.actor:
        return ForgetMention(iri=iri, actor_iri=received.actor, mention=mention)
    return RecordDeletion(iri=iri, actor_iri=received.actor)


def _read_undo(
    ctx: Context, received: ReceivedActivity
) -> Action[Content] | ReopenCommunity | UndeleteMessage | ForgetDeletion | None:
    deleted = received.object
    iri = deleted.object_id
    if iri is None:
        raise Invalid("object_missing", "The Delete to undo names no object.")
    target = find_content(ctx.conn, iri)
    if target is None:
        about = find_message(ctx.conn, iri)
        if about is not None:
            return read_undelete(ctx, received, about)
        community = find_actor(ctx.conn, iri)
        if isinstance(community, Community):
            check_vouched(ctx, received, community)
            by = participant_at(ctx, received.actor)
            return ReopenCommunity(by=by, community=community, vouched=not community.local)
        return ForgetDeletion(iri=iri, actor_iri=received.actor)
    by = participant_at(ctx, received.actor)
    if by.id != target.author_id or _as_moderator(ctx, deleted, by, target):
        check_vouched(ctx, received, community_of(ctx.conn, target))
        return RestoreContent(by=by, target=target, reason=reason_of(deleted))
    if target.deleted_at is None:
        return None
    return Undelete(by=by, target=target, words=_words(ctx, target, by, ctx.document(iri)))


def _words(ctx: Context, target: Content, by: Person, document: Document) -> dict[str, object]:
    """What its origin says again; ours is blank since the deletion."""
    if document.type not in TYPES or document.owner != by.iri:
        raise Denied(
            "not_confirmed",
            "Not confirmed: the origin does not serve %(iri)s as a post or comment by %(actor)s.",
            iri=target.iri,
            actor=by.iri,
        )
    check_public(document)
    if isinstance(target, Comment):
        said_again = read_comment(document)
        return {
            "body_source": said_again.body.source,
            "body_html": said_again.body.html,
            "content_warning": said_again.content_warning,
        }
    again = read_post(document, community_of(ctx.conn, target))
    return {
        "title": again.title,
        "url": again.url,
        "image_url": again.image.url if again.image else None,
        "image_alt": again.image.alt if again.image else "",
        "content_warning": again.content_warning,
        "body_source": again.body.source,
        "body_html": again.body.html,
    }


READERS: Readers = {
    ("Delete",): _read_delete,
    ("Undo", "Delete"): _read_undo,
}
