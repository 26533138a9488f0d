"""A peer's document as a post, new or edited, of the community that it belongs to."""

from typing import Any

from activitypub.document import Document
from activitypub.iri import host_of
from fedcom.actions.post import CreatePost, EditPost, Provenance
from fedcom.context import Context
from fedcom.errors import Denied, Invalid
from fedcom.models.actor import Community, Person
from fedcom.models.comment import Comment
from fedcom.models.message import Message
from fedcom.models.post import Post
from fedcom.queries.actors import find_actor
from fedcom.queries.located import locate
from fedcom.remote.actors import community_at, participant_at
from fedcom.wire.body import Body
from fedcom.wire.comment import CommentContent
from fedcom.wire.illustration import Illustration
from fedcom.wire.post import PostContent, read_post
from inbox.ports import ReceivedActivity

MAX_RECIPIENTS = 50
"""How many of a post's recipients are checked for its community."""


def create_post_from(ctx: Context, document: Document, via: str | None) -> CreatePost:
    """The action for a peer's post; `document` is proven to be its owner's.

    `via` is the community that announced it. Raises Denied, Invalid, NotFound or NeedsFetch.
    """
    author_iri = check_content(document)
    community = _community_of(ctx, document, via)
    return _from_content(participant_at(ctx, author_iri), community, read_post(document, community))


def edit_post_from(
    ctx: Context, known: Post, received: ReceivedActivity, document: Document
) -> EditPost | None:
    """The edit in another copy of a known post; None if it is no newer."""
    check_public(document)
    author = participant_at(ctx, document.owner or "")
    community = locate(ctx, known).community
    content = read_post(document, community)
    if is_overtaken(received, content, known):
        return None
    if _is_the_same(content, known):
        return None
    return EditPost(by=author, post=known, **_written(content))


def check_content(document: Document) -> str:
    """The author of a remote object. Raises Invalid for one without a name, Denied if not public.

    These checks need no fetch.
    """
    if document.id is None or document.owner is None:
        raise Invalid(
            "object_incomplete", "The object needs an id and exactly one author (attributedTo)."
        )
    check_public(document)
    return document.owner


def check_public(document: Document) -> None:
    """Raises Denied for an object that is not public."""
    if not document.is_public:
        raise Denied(
            "not_public", "Posts and comments must be public: as:Public is in neither to nor cc."
        )


def is_overtaken(
    received: ReceivedActivity,
    content: PostContent | CommentContent,
    known: Post | Comment | Message,
) -> bool:
    """Whether a copy is older than the stored edit: it was delayed, or is tried again."""
    written = content.updated
    if received.activity.type == "Create":
        written = written or content.published
    return written is not None and known.updated_at is not None and written < known.updated_at


def communities_named(document: Document) -> tuple[str, ...]:
    """The ids that may be the community of a post, the likeliest first.

    With Lemmy, PieFed and Mbin it is the audience (FEP-1b12), with PeerTube the channel that is one
    of the authors; microblog servers name it anywhere among the recipients.
    """
    named = (
        *document.groups,
        *document.to,
        *document.cc,
        *(mention.href for mention in document.mentions),
    )
    return (document.audiences or tuple(dict.fromkeys(named)))[:MAX_RECIPIENTS]


def check_announcer(document: Document, via: str) -> None:
    """Raises Denied for a post that names other communities and not the one that announces it.

    It is named in `to` as well as in `audience`: a wrong audience alone does not move a post.
    """
    if document.audiences and via not in (*document.audiences, *document.to):
        raise Denied(
            "wrong_community",
            "The post is in %(audience)s, not in %(via)s.",
            audience=document.audience,
            via=via,
        )


def _is_the_same(content: PostContent, known: Post) -> bool:
    written = (content.title, content.url, content.body, content.nsfw, content.language)
    stored = Body(known.body_source, known.body_html)
    if written != (known.title, known.url, stored, known.nsfw, known.language):
        return False
    shown = Illustration(known.image_url, known.image_alt) if known.image_url else None
    return (content.image, content.content_warning) == (shown, known.content_warning)


def _from_content(author: Person, community: Community, content: PostContent) -> CreatePost:
    return CreatePost(by=author, community=community, **_written(content))


def _written(content: PostContent) -> dict[str, Any]:
    """The fields of `WritePost`, except its author."""
    return {
        "title": content.title,
        "url": content.url,
        "body": content.body,
        "nsfw": content.nsfw,
        "language": content.language,
        "image": content.image,
        "content_warning": content.content_warning,
        "source": _provenance(content),
    }


def _provenance(content: PostContent) -> Provenance:
    return Provenance(
        content.iri,
        content.wire_type,
        content.published,
        content.updated,
        content.context_iri,
        content.mentions,
        content.restrictions,
    )


def _community_of(ctx: Context, document: Document, via: str | None) -> Community:
    """The post's community: the announcing one, else one that it is addressed to."""
    if via is not None:
        return _announcer(ctx, document, via)
    # A Group may be the author, or get posts, without being named elsewhere in the document.
    own = () if document.audiences else document.authors
    found = [find_actor(ctx.conn, iri) for iri in (*communities_named(document), *own)]
    communities = sorted(
        (community for community in found if isinstance(community, Community)),
        # Local communities first, because they need no fetch.
        key=lambda community: not community.local,
    )
    if communities:
        return _direct(ctx, document, communities[0])
    sure = (*document.audiences, *document.groups)
    if ctx.wanted and sure:
        return community_at(ctx, sure[0])
    raise Invalid(
        "no_community",
        "The post is not addressed to any community known here, only to: %(ids)s.",
        ids=", ".join(communities_named(document))[:400] or "-",
    )


def _announcer(ctx: Context, document: Document, via: str) -> Community:
    """The announcing community, unless the post names another one as its own."""
    check_announcer(document, via)
    return community_at(ctx, via)


def _direct(ctx: Context, document: Document, community: Community) -> Community:
    """A remote community defines what is in it; only the post's own host may precede it."""
    if community.local or ctx.wanted or host_of(document.owner or "") == community.host:
        return community
    raise Denied(
        "waits_for_announce",
        "Posts in %(community)s are accepted once the community has announced them.",
        community=community.handle,
    )
