"""Delete and Undo{Delete}: of a post or comment, a message, an actor or a community.

Both authors and moderators send Delete; the object's owner decides which of the two it is.
"""

from typing import Any

from activitypub.document import Document
from fedcom.actions.base import Action, Readers
from fedcom.actions.close import CloseCommunity, ReopenCommunity
from fedcom.actions.delete import Delete, Undelete
from fedcom.actions.delete_actor import DeleteActor
from fedcom.actions.delete_community import DeleteCommunity, UndeleteCommunity
from fedcom.actions.outside_mention import ForgetMention
from fedcom.actions.record_deletion import ForgetDeletion, RecordDeletion
from fedcom.actions.remove import RemoveContent, RestoreContent
from fedcom.context import Context
from fedcom.effects.modlog import reason_of
from fedcom.effects.outside_mentions import find_outside_mention
from fedcom.errors import Denied, Invalid
from fedcom.inbound.message import read_delete, read_undelete
from fedcom.inbound.post import check_public
from fedcom.models.actor import Community, Person
from fedcom.models.comment import Comment
from fedcom.queries.actors import find_actor, get_person
from fedcom.queries.content import Content, find_content
from fedcom.queries.located import locate, standing_in
from fedcom.queries.messages import find_message
from fedcom.remote.actors import participant_at
from fedcom.remote.vouching import check_vouched
from fedcom.wire.comment import read_comment
from fedcom.wire.post import TYPES, read_post
from inbox.ports import ReceivedActivity


def _read_delete(ctx: Context, received: ReceivedActivity) -> Action[Any] | None:
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
    check_vouched(ctx, received, locate(ctx, target).community)
    if target.removed_at is not None:
        return None
    return RemoveContent(
        by=by,
        target=target,
        reason=reason_of(received.activity),
        vouched=is_own,
    )


def _as_moderator(ctx: Context, deletion: Document, by: Person, target: Content) -> bool:
    """Whether it is a moderator's, even on their own content: Lemmy 0.19 marks it by a `summary`,
    even an empty one.
    """
    is_moderators = _has_reason(deletion)
    return is_moderators and standing_in(ctx, by, locate(ctx, target).community).may_moderate


def _has_reason(deletion: Document) -> bool:
    return isinstance(deletion.get("summary"), str)


def _delete_other(ctx: Context, iri: str, received: ReceivedActivity) -> Action[Any] | None:
    content = find_message(ctx.conn, iri)
    if content is not None:
        return read_delete(ctx, received, content)
    if not received.confirmed:
        # An origin that blocks us answers 404 for every actor, and any origin does so for an id
        # that is not used yet: an announced Delete neither erases an actor nor keeps one from being
        # accepted.
        raise Denied(
            "not_confirmed",
            "Not confirmed: the origin responds with 404 for %(iri)s, which does not prove a"
            " deletion.",
            iri=iri,
        )
    deleted_actor = find_actor(ctx.conn, iri)
    if isinstance(deleted_actor, Person | Community) and deleted_actor.iri == received.actor:
        # Lemmy's property. Without it (Mastodon) everything is deleted, and always with a
        # community, outside of which its posts do not exist.
        stays = isinstance(deleted_actor, Person) and received.activity.get("removeData") is False
        return (
            None
            if deleted_actor.deleted_at
            else DeleteActor(by=deleted_actor, removes_content=not stays)
        )
    if isinstance(deleted_actor, Community):
        return _delete_community(ctx, received, deleted_actor)
    mention = find_outside_mention(ctx, iri)
    if mention is not None and get_person(ctx.conn, mention.author_id).iri == received.actor:
        return ForgetMention(iri=iri, actor_iri=received.actor, mention=mention)
    return RecordDeletion(iri=iri, actor_iri=received.actor)


def _delete_community(
    ctx: Context, received: ReceivedActivity, community: Community
) -> CloseCommunity | DeleteCommunity | None:
    """An admin's if it has a reason, else that of a remote community's moderator."""
    check_vouched(ctx, received, community)
    by, vouched = participant_at(ctx, received.actor), not community.local
    if vouched and not _has_reason(received.activity):
        is_known = community.deleted_at is not None
        return None if is_known else DeleteCommunity(by=by, community=community, vouched=True)
    reason = reason_of(received.activity)
    return CloseCommunity(by=by, community=community, reason=reason, vouched=vouched)


def _read_undo(ctx: Context, received: ReceivedActivity) -> Action[Any] | None:
    deleted = received.object
    iri = deleted.object_id
    if iri is None:
        raise Invalid("object_missing", "The Delete to undo names no object.")
    target = find_content(ctx.conn, iri)
    if target is None:
        content = find_message(ctx.conn, iri)
        if content is not None:
            return read_undelete(ctx, received, content)
        community = find_actor(ctx.conn, iri)
        if isinstance(community, Community):
            return _restore_community(ctx, received, community)
        return ForgetDeletion(iri=iri, actor_iri=received.actor)
    by = participant_at(ctx, received.actor)
    if by.id != target.author_id or _as_moderator(ctx, deleted, by, target):
        check_vouched(ctx, received, locate(ctx, target).community)
        return RestoreContent(by=by, target=target, reason=reason_of(deleted))
    if target.deleted_at is None:
        return None
    return Undelete(
        by=by, target=target, columns=_origin_columns(ctx, target, by, ctx.document(iri))
    )


def _restore_community(
    ctx: Context, received: ReceivedActivity, community: Community
) -> ReopenCommunity | UndeleteCommunity:
    check_vouched(ctx, received, community)
    by, vouched = participant_at(ctx, received.actor), not community.local
    is_deleted = community.deleted_at is not None
    if vouched and is_deleted and not _has_reason(received.object):
        return UndeleteCommunity(by=by, community=community, vouched=True)
    return ReopenCommunity(by=by, community=community, vouched=vouched)


def _origin_columns(
    ctx: Context, target: Content, by: Person, document: Document
) -> dict[str, object]:
    """The origin's current document; our copy has been blank since the deletion."""
    if document.type not in TYPES or document.owner != by.iri:
        raise Denied(
            "not_confirmed",
            "Not confirmed: the origin does not serve %(iri)s as a post or comment by %(actor)s.",
            iri=target.iri,
            actor=by.iri,
        )
    check_public(document)
    if isinstance(target, Comment):
        restored = read_comment(document)
        return {
            "body_source": restored.body.source,
            "body_html": restored.body.html,
            "content_warning": restored.content_warning,
        }
    again = read_post(document, locate(ctx, target).community)
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
