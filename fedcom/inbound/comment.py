"""A peer's document as a comment, new or edited, below its parent."""

from activitypub.document import Document
from activitypub.iri import same_host
from fedcom.actions.comment import CreateComment, EditComment
from fedcom.actions.distinguish import Distinguish
from fedcom.actions.post import Provenance
from fedcom.context import Context
from fedcom.errors import Denied
from fedcom.inbound.post import check_content, check_public, is_overtaken
from fedcom.models.actor import Community, Person
from fedcom.models.comment import Comment
from fedcom.models.located import Located
from fedcom.queries.comments import get_comment
from fedcom.queries.located import locate, standing_in
from fedcom.remote.actors import participant_at
from fedcom.rules.limits import MAX_DEPTH
from fedcom.wire.body import Body
from fedcom.wire.comment import CommentContent, read_comment
from inbox.ports import ReceivedActivity


def comment_below(
    ctx: Context, above: Located, document: Document, via: str | None
) -> CreateComment:
    """The action for a peer's reply to `above`. Raises Denied, Invalid, NeedsFetch."""
    author_iri, answered = check_content(document), above.content
    _check_community(ctx, document, above.community, via)
    content = read_comment(document)
    return CreateComment(
        by=participant_at(ctx, author_iri),
        post=above.post,
        parent=_parent(ctx, answered) if isinstance(answered, Comment) else None,
        body=content.body,
        language=content.language,
        content_warning=content.content_warning,
        source=_provenance(document, content),
    )


def _parent(ctx: Context, above: Comment) -> Comment:
    """The comment that becomes the parent of a peer's reply to `above`: a reply to one at the
    maximum depth is placed beside it, so that it is not lost.
    """
    if above.depth + 1 < MAX_DEPTH or above.parent_id is None:
        return above
    return get_comment(ctx.conn, above.parent_id)


def _provenance(document: Document, content: CommentContent) -> Provenance:
    return Provenance(
        content.iri,
        document.type,
        content.published,
        content.updated,
        mentions=content.mentions,
        restrictions=content.restrictions,
        distinguished=content.distinguished,
    )


def _check_community(
    ctx: Context, document: Document, community: Community, via: str | None
) -> None:
    if via is not None and via != community.iri:
        raise Denied(
            "wrong_community",
            "The thread is in %(community)s, not in %(via)s.",
            community=community.handle,
            via=via,
        )
    if (
        via is not None
        or community.local
        or ctx.wanted
        or same_host(document.owner or "", community.iri)
    ):
        return
    raise Denied(
        "waits_for_announce",
        "Comments in %(community)s are accepted once the community has announced them.",
        community=community.handle,
    )


def edit_comment_from(
    ctx: Context, known: Comment, received: ReceivedActivity, document: Document
) -> EditComment | Distinguish | None:
    """The edit in another copy of a known comment; None if it is no newer."""
    check_public(document)
    content = read_comment(document)
    if is_overtaken(received, content, known):
        return None
    stored = Body(known.body_source, known.body_html)
    written = (content.body, content.language, content.content_warning)
    by = participant_at(ctx, document.owner or "")
    if written == (stored, known.language, known.content_warning):
        return _distinguish(ctx, by, known, content)
    return EditComment(
        by=by,
        comment=known,
        body=content.body,
        language=content.language,
        content_warning=content.content_warning,
        source=_provenance(document, content),
    )


def _distinguish(
    ctx: Context, by: Person, known: Comment, content: CommentContent
) -> Distinguish | None:
    """The official mark, the only thing that changed; None if it does not count or stays as it
    is.
    """
    mine = standing_in(ctx, by, locate(ctx, known).community)
    official = content.distinguished and mine.may_moderate
    if official == known.distinguished:
        return None
    return Distinguish(by=by, comment=known, distinguished=official)
