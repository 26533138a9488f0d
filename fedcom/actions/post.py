"""CreatePost and EditPost: Create and Update of a Page, and of whatever peers call a post."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from uuid import uuid4

from sqlalchemy import insert, update

from activitypub.document import Document
from activitypub.iri import host_of
from activitypub.vocab.activities import create, update as update_activity
from fedcom.actions.base import Action, Activity, Audience, Microblogs
from fedcom.actions.outside_mention import adopt_mention
from fedcom.actions.replies import first_replies
from fedcom.context import Context
from fedcom.effects.counts import count_post, locked, put_vote
from fedcom.effects.mentions import mentioned, tell_named, with_links
from fedcom.effects.notify import News
from fedcom.effects.restrictions import keep_restrictions
from fedcom.effects.revisions import keep_revision
from fedcom.effects.tombstones import refuse_deleted
from fedcom.errors import Denied, Invalid
from fedcom.media.queue import want_preview
from fedcom.models.actor import Community, Person
from fedcom.models.comment import Comment
from fedcom.models.message import Message
from fedcom.models.post import Post, post
from fedcom.queries.actors import find_actor, get_community, get_person, standing
from fedcom.queries.follows import is_followed_here
from fedcom.queries.posts import get_post
from fedcom.remote.actors import community_at, participant_at
from fedcom.rules.limits import check_alt, check_body, check_title, check_url, check_warning
from fedcom.rules.permissions import may_edit, may_post, may_take_part
from fedcom.wire.addressing import create_iri, post_iri
from fedcom.wire.body import EMPTY, Body
from fedcom.wire.comment import CommentContent
from fedcom.wire.illustration import Illustration, is_title_again
from fedcom.wire.microblog import to_status
from fedcom.wire.policies import UNRESTRICTED, Restrictions
from fedcom.wire.post import PostContent, read_post, to_page
from inbox.ports import ReceivedActivity

MOST_PLACES = 50
"""Of whom a post is addressed to, so many are looked at for its community."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a peer said of its own object: the id, the type, the times, the thread's collection."""

    iri: str
    wire_type: str
    published: datetime | None
    updated: datetime | None
    context_iri: str | None = None
    # Whom its tags name. It decides who is told, not what is kept.
    mentions: tuple[str, ...] = field(default=(), compare=False)
    # What the author does not allow others.
    restrictions: Restrictions = UNRESTRICTED


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePost(Action[Post]):
    """A new post in a community: a title with a link, a text, or both."""

    by: Person
    community: Community
    title: str
    url: str | None = None
    body: Body = EMPTY
    nsfw: bool = False
    language: str | None = None
    # A picture that was posted as such is the `url` too.
    image: Illustration | None = None
    content_warning: str = ""
    # Null for a post that is written here.
    source: Provenance | None = None
    is_content: ClassVar[bool] = True

    def check(self, ctx: Context) -> None:
        """Open to this person, and for posts of others: wanted by somebody here."""
        may_post(self.by, self.community, standing(ctx.conn, self.by, self.community), ctx.now)
        _check_content(self)
        if self.source is not None:
            _check_wanted(ctx, self.community)
            refuse_deleted(ctx, self.source.iri, self.by.iri)

    def apply(self, ctx: Context) -> Post:
        """Insert the post with its author's own vote, as Lemmy counts it."""
        source = self.source or Provenance(f"new:{uuid4().hex}", "Page", None, None)
        post_id = ctx.conn.execute(
            insert(post)
            .values(
                iri=source.iri,
                local=self.source is None,
                community_id=self.community.id,
                author_id=self.by.id,
                wire_type=source.wire_type,
                **_words(ctx, self),
                published_at=min(source.published or ctx.now, ctx.now),
                updated_at=source.updated,
                context_iri=_elsewhere(ctx, source.context_iri),
            )
            .returning(post.c.id)
        ).scalar_one()
        if self.source is None:
            iri = post_iri(ctx.origin, post_id)
            ctx.conn.execute(update(post).where(post.c.id == post_id).values(iri=iri))
        made = get_post(ctx.conn, post_id)
        if self.source is not None:
            keep_restrictions(ctx, made.iri, self.source.restrictions)
        put_vote(ctx, self.by, made, 1, ctx.new_iri("like"))
        count_post(ctx, made, 1)
        want_preview(ctx, made)
        _tell_named(ctx, self, made)
        return get_post(ctx.conn, post_id)

    def to_activity(self, ctx: Context, result: Post) -> Activity:
        """Create{Page}."""
        page = to_page(result, self.by, self.community, mentioned(ctx, result))
        return create(create_iri(result.iri), self.by.iri, page)

    def to_microblogs(self, ctx: Context, result: Post) -> Activity:
        """Create{Note}."""
        return create(ctx.new_iri("create"), self.by.iri, status_of(ctx, result))

    def audience(self, ctx: Context, result: Post) -> Audience:
        """The community, whom the text names, and who follows the author."""
        return Audience(
            subject=result.iri,
            community=self.community,
            people=mentioned(ctx, result),
            to_followers=True,
            microblogs=Microblogs.BOOST,
            post=result,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EditPost(Action[Post]):
    """New words for a post, by its author."""

    by: Person
    post: Post
    title: str
    url: str | None = None
    body: Body = EMPTY
    nsfw: bool = False
    language: str | None = None
    # A picture that was posted as such is the `url` too.
    image: Illustration | None = None
    content_warning: str = ""
    source: Provenance | None = None
    is_content: ClassVar[bool] = True

    def check(self, ctx: Context) -> None:
        """The author's own, in a community that is open."""
        may_edit(self.by, self.post, ctx.now)
        community = get_community(ctx.conn, self.post.community_id)
        may_take_part(self.by, community, standing(ctx.conn, self.by, community), ctx.now)
        _check_shown(self.post)
        _check_content(self)

    def apply(self, ctx: Context) -> Post:
        """Replace the words and keep the former ones; what others said of the post stays."""
        before = locked(ctx, self.post)
        _check_shown(before)
        ctx.conn.execute(
            update(post)
            .where(post.c.id == self.post.id)
            .values(
                **_words(ctx, self),
                updated_at=(self.source.updated if self.source else None) or ctx.now,
            )
        )
        edited = get_post(ctx.conn, self.post.id)
        if self.source is not None:
            keep_restrictions(ctx, edited.iri, self.source.restrictions)
        _tell_named(ctx, self, edited)
        keep_revision(ctx, before, edited)
        want_preview(ctx, edited)
        return edited

    def to_activity(self, ctx: Context, result: Post) -> Activity:
        """Update{Page}."""
        community = get_community(ctx.conn, result.community_id)
        page = to_page(result, self.by, community, mentioned(ctx, result))
        return update_activity(ctx.new_iri("update"), self.by.iri, page)

    def to_microblogs(self, ctx: Context, result: Post) -> Activity:
        """Update{Note}."""
        return update_activity(ctx.new_iri("update"), self.by.iri, status_of(ctx, result))

    def audience(self, ctx: Context, result: Post) -> Audience:
        """Whoever was told of the post; microblogs take an edit only from the author."""
        return Audience(
            subject=result.iri,
            community=get_community(ctx.conn, result.community_id),
            people=mentioned(ctx, result),
            to_followers=True,
            microblogs=Microblogs.THE_ACTIVITY,
            post=result,
        )


def status_of(ctx: Context, about: Post) -> dict[str, object]:
    """A post of ours as microblogs read it."""
    community = get_community(ctx.conn, about.community_id)
    author = get_person(ctx.conn, about.author_id)
    return to_status(about, author, community, mentioned(ctx, about), first_replies(ctx, about))


def create_from(ctx: Context, document: Document, via: str | None) -> CreatePost:
    """The action that a peer's post stands for; `document` is proven to be its owner's.

    `via` is the community that announced it. Raises Denied, Invalid, NotFound or Missing.
    """
    author_iri = check_content(document)
    community = _place(ctx, document, via)
    return _from_content(participant_at(ctx, author_iri), community, read_post(document, community))


def edit_from(
    ctx: Context, known: Post, received: ReceivedActivity, document: Document
) -> EditPost | None:
    """The edit that another copy of a known post stands for; None when it is no newer."""
    check_public(document)
    author = participant_at(ctx, document.owner or "")
    community = get_community(ctx.conn, known.community_id)
    content = read_post(document, community)
    if is_overtaken(received, content, known):
        return None
    if _is_the_same(content, known):
        return None
    return EditPost(
        by=author,
        post=known,
        title=content.title,
        url=content.url,
        body=content.body,
        nsfw=content.nsfw,
        language=content.language,
        image=content.image,
        content_warning=content.content_warning,
        source=_provenance(content),
    )


def _is_the_same(content: PostContent, known: Post) -> bool:
    written = (content.title, content.url, content.body, content.nsfw, content.language)
    stored = Body(known.body_source, known.body_html)
    if written != (known.title, known.url, stored, known.nsfw, known.language):
        return False
    shown = Illustration(known.image_url, known.image_alt) if known.image_url else None
    return (content.image, content.content_warning) == (shown, known.content_warning)


def _from_content(author: Person, community: Community, content: PostContent) -> CreatePost:
    return CreatePost(
        by=author,
        community=community,
        title=content.title,
        url=content.url,
        body=content.body,
        nsfw=content.nsfw,
        language=content.language,
        image=content.image,
        content_warning=content.content_warning,
        source=_provenance(content),
    )


def check_content(document: Document) -> str:
    """The author of what a peer wrote. Raises Invalid for a nameless object, Denied if not public.

    All that needs nobody to be asked.
    """
    if document.id is None or document.owner is None:
        raise Invalid(
            "object_incomplete", "The object needs an id and exactly one author (attributedTo)."
        )
    check_public(document)
    return document.owner


def check_public(document: Document) -> None:
    """Raises Denied for what was not said to everybody."""
    if not document.is_public:
        raise Denied(
            "not_public", "Posts and comments must be public: as:Public is in neither to nor cc."
        )


def is_overtaken(
    received: ReceivedActivity,
    content: PostContent | CommentContent,
    known: Post | Comment | Message,
) -> bool:
    """Whether a copy comes after a newer edit: it was late on its way, or is tried again."""
    written = content.updated
    if received.activity.type == "Create":
        written = written or content.published
    return written is not None and known.updated_at is not None and written < known.updated_at


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


def _elsewhere(ctx: Context, iri: str | None) -> str | None:
    """Nobody elsewhere says that their thread is one of ours."""
    return None if iri is None or ctx.is_ours(iri) else iri


def _place(ctx: Context, document: Document, via: str | None) -> Community:
    """The community a post is in: who announced it, else one that it is addressed to."""
    if via is not None:
        return _announcer(ctx, document, via)
    # A Group may write, or be written for, without naming itself anywhere else.
    own = () if document.audiences else document.authors
    found = [find_actor(ctx.conn, iri) for iri in (*places_named(document), *own)]
    places = sorted(
        (community for community in found if isinstance(community, Community)),
        # Ours goes first, because for it nobody has to be asked.
        key=lambda community: not community.local,
    )
    if places:
        return _direct(ctx, document, places[0])
    sure = (*document.audiences, *document.groups)
    if ctx.wanted and sure:
        return community_at(ctx, sure[0])
    raise Invalid(
        "no_community",
        "The post is not addressed to any community known here, only to: %(ids)s.",
        ids=", ".join(places_named(document))[:400] or "-",
    )


def places_named(document: Document) -> tuple[str, ...]:
    """Which ids may be the community that a post is in, the likeliest first.

    With Lemmy, PieFed and Mbin it is the audience (FEP-1b12), with PeerTube the channel that is one
    of the authors; microblogs name it somewhere among others.
    """
    named = (
        *document.groups,
        *document.to,
        *document.cc,
        *(mention.href for mention in document.mentions),
    )
    return (document.audiences or tuple(dict.fromkeys(named)))[:MOST_PLACES]


def _announcer(ctx: Context, document: Document, via: str) -> Community:
    """Who announced it, unless it says itself that it is in another community."""
    check_announcer(document, via)
    return community_at(ctx, via)


def check_announcer(document: Document, via: str) -> None:
    """Raises Denied for a post that names other communities and not the one that announces it.

    In `to` it is named as well as in `audience`: a wrong audience alone does not move a post.
    """
    if document.audiences and via not in (*document.audiences, *document.to):
        raise Denied(
            "wrong_community",
            "The post is in %(audience)s, not in %(via)s.",
            audience=document.audience,
            via=via,
        )


def _direct(ctx: Context, document: Document, community: Community) -> Community:
    """A community elsewhere says itself what is in it; only its own host may go before it."""
    if community.local or ctx.wanted or host_of(document.owner or "") == community.host:
        return community
    raise Denied(
        "waits_for_announce",
        "Posts in %(community)s are accepted once the community has announced them.",
        community=community.handle,
    )


def _check_shown(about: Post | Comment) -> None:
    if not about.is_shown:
        raise Denied("deleted", "A deleted post cannot be edited; restore it first.")


def _check_content(action: CreatePost | EditPost) -> None:
    if action.source is None:
        check_title(action.title)
        check_body(action.body.source)
        if action.url is not None:
            check_url(action.url)
        if action.image is not None:
            check_url(action.image.url)
            check_alt(action.image.alt)
        check_warning(action.content_warning)


def _words(ctx: Context, action: CreatePost | EditPost) -> dict[str, object]:
    """The columns that hold what the author wrote; a peer's words were cut to size when read."""
    body = action.body
    title, url, warning = action.title, action.url, action.content_warning
    image = action.image
    if action.source is None:
        body = with_links(ctx, body)
        title, url = check_title(title), check_url(url) if url is not None else None
        warning = check_warning(warning)
        # Who reads it elsewhere takes it for none.
        warning = "" if is_title_again(warning, title) else warning
        image = image and Illustration(check_url(image.url), check_alt(image.alt))
    return {
        "title": title,
        "url": url,
        "body_source": body.source,
        "body_html": body.html,
        "image_url": image.url if image else None,
        "image_alt": image.alt if image else "",
        "content_warning": warning,
        # On the wire there is one word for both.
        "nsfw": action.nsfw or bool(warning),
        "language": action.language,
    }


def _tell_named(ctx: Context, action: CreatePost | EditPost, about: Post) -> None:
    news = News(
        kind="mention",
        by_id=action.by.id,
        community_id=about.community_id,
        post_id=about.id,
        written_at=about.updated_at or about.published_at,
    )
    if action.source is not None:
        adopt_mention(ctx, about.iri, news)
    tagged = None if action.source is None else action.source.mentions
    tell_named(ctx, about, tagged, news)


def _check_wanted(ctx: Context, community: Community) -> None:
    if not (community.local or ctx.wanted or is_followed_here(ctx.conn, community.id)):
        raise Denied(
            "not_followed",
            "Nobody on this server follows %(community)s.",
            community=community.handle,
        )
