"""A remote public post in no known community, as a mention of the members whom it names."""

from typing import Any

from sqlalchemy import select

from activitypub.document import Document
from activitypub.errors import FetchFailed
from fedcom.actions.base import Action, Reader
from fedcom.actions.outside_mention import RecordMention
from fedcom.context import Context
from fedcom.effects.outside_mentions import find_outside_mention, notified_of
from fedcom.errors import FedcomError, NeedsFetch
from fedcom.models.actor import Person, actor
from fedcom.queries.actors import find_actor
from fedcom.queries.content import find_content
from fedcom.queries.located import find_located
from fedcom.remote.actors import page_near, participant_at
from fedcom.text.html import excerpt_of
from fedcom.wire.addressing import person_iri
from fedcom.wire.comment import read_comment
from inbox.ports import ReceivedActivity

MAX_NOTIFIED = 10
"""Members who are notified of one post, as with messages."""


def or_mention(read: Reader, ctx: Context, received: ReceivedActivity) -> Action[Any] | None:
    """The action that `read` returns for a post or comment; if that is refused and the author
    published it, a mention of the members whom it names.

    It does not wait for fetching the thread unless the thread names a community known here: the
    server of a parent's author may be gone, and the members are notified nevertheless. Parts of the
    thread that were stored before the refusal remain.
    """
    members = _members_named(ctx, received)
    if not members:
        return read(ctx, received)
    try:
        return read(ctx, received)
    except NeedsFetch as missing:
        raise NeedsFetch(missing.iri, required=_names_community(ctx, received.object)) from missing
    except (FedcomError, FetchFailed):
        if _is_kept(ctx, received.object):
            raise
    return _mention(ctx, received, members)


def _mention(
    ctx: Context, received: ReceivedActivity, members: tuple[Person, ...]
) -> RecordMention | None:
    document = received.object
    content = read_comment(document)
    known = find_outside_mention(ctx, content.iri)
    written = content.updated
    excerpt = content.content_warning or excerpt_of(content.body.html) or document.name or ""
    if known is not None:
        is_older = written is None or (known.updated_at is not None and written < known.updated_at)
        notified = notified_of(ctx, known.id)
        if is_older or (
            excerpt == known.excerpt and notified.issuperset(member.id for member in members)
        ):
            return None
    return RecordMention(
        by=participant_at(ctx, document.owner or ""),
        members=members,
        iri=content.iri,
        url=page_near(document),
        excerpt=excerpt,
        updated=written,
    )


def _members_named(ctx: Context, received: ReceivedActivity) -> tuple[Person, ...]:
    """The members whom a public object names in its tags or addresses, or to whom it replies in a
    remote community, if its author sends it.
    """
    document = received.object
    if received.via is not None or received.evidence not in ("signature", "proof"):
        return ()
    if not document.is_public or document.id is None or document.owner != received.actor:
        return ()
    named = (*(tag.href for tag in document.mentions), *document.addressed)
    answered = _answered_elsewhere(ctx, document)
    ours = [iri for iri in dict.fromkeys((*answered, *named)) if ctx.is_ours(iri)][:MAX_NOTIFIED]
    people = person_iri(ctx.origin, "")
    found = (find_actor(ctx.conn, iri) for iri in ours if iri.startswith(people))
    return tuple(
        member for member in found if isinstance(member, Person) and member.kind == "Person"
    )


def _answered_elsewhere(ctx: Context, document: Document) -> tuple[str, ...]:
    """The author of the parent in a remote community. Microblog servers send a reply to the
    parent's
    author even if their mention was removed from the text, and to no community.
    """
    iri = document.in_reply_to
    if iri is None or not ctx.is_ours(iri):
        return ()
    at = find_located(ctx, iri, document.owner or "")
    return () if at is None or at.community.local else (at.author.iri,)


def _names_community(ctx: Context, document: Document) -> bool:
    named = (*document.addressed, *(tag.href for tag in document.mentions))
    condition = actor.c.iri.in_(dict.fromkeys(named)), actor.c.kind == "Group"
    return ctx.conn.execute(select(actor.c.id).where(*condition).limit(1)).first() is not None


def _is_kept(ctx: Context, document: Document) -> bool:
    iri = document.id or ""
    return find_content(ctx.conn, iri) is not None
