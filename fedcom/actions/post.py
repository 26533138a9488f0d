"""CreatePost and EditPost: Create and Update of a Page, and of what peers use as posts."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from sqlalchemy import ColumnElement, case, update

from activitypub.vocab.activities import create, update as update_activity
from database.new_ids import Columns, insert_with_id
from fedcom.actions.base import Activity, Audience, Federated, Microblogs
from fedcom.context import Context
from fedcom.effects.counts import OWN_VOTE, count_post, locked, put_own_vote
from fedcom.effects.mentions import mentioned, notify_mentioned, with_links
from fedcom.effects.notify import NotificationEvent, notify_watchers
from fedcom.effects.outside_mentions import adopt_mention
from fedcom.effects.restrictions import keep_restrictions
from fedcom.effects.revisions import keep_revision
from fedcom.effects.tombstones import refuse_deleted
from fedcom.errors import Denied, Invalid
from fedcom.media.queue import want_preview
from fedcom.models.actor import Community, Person
from fedcom.models.base import to_row
from fedcom.models.comment import Comment
from fedcom.models.located import Located
from fedcom.models.notification import Kind
from fedcom.models.post import Post, post
from fedcom.queries.follows import is_followed_here
from fedcom.queries.located import locate, standing_in
from fedcom.queries.policy import is_blocked_url, policy_of
from fedcom.queries.posts import get_post
from fedcom.queries.replies import first_replies
from fedcom.rules.languages import check_permitted
from fedcom.rules.limits import check_alt, check_body, check_content_warning, check_title, check_url
from fedcom.rules.permissions import may_be_nsfw, may_edit, may_post, may_take_part
from fedcom.rules.slurs import check_slurs
from fedcom.wire.addressing import create_iri, post_iri
from fedcom.wire.body import EMPTY, Body
from fedcom.wire.illustration import Illustration, is_title_again
from fedcom.wire.microblog import to_status
from fedcom.wire.policies import UNRESTRICTED, Restrictions
from fedcom.wire.post import to_page


@dataclass(frozen=True, slots=True)
class Provenance:
    """A peer's metadata of its own object: the id, the type, the times, the thread's collection."""

    iri: str
    wire_type: str
    published: datetime | None
    updated: datetime | None
    context_iri: str | None = None
    # The people in its tags. They decide who is told and are not stored.
    mentions: tuple[str, ...] = field(default=(), compare=False)
    # What the author does not allow others to do.
    restrictions: Restrictions = UNRESTRICTED
    # Of a comment: its author calls it official. It counts only if they moderate the community.
    distinguished: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePost(Federated[Post]):
    """The content of a new or edited post: a title with a link, a text, or both."""

    by: Person
    title: str
    url: str | None = None
    body: Body = EMPTY
    nsfw: bool = False
    language: str | None = None
    # A picture that was posted as such is also the `url`.
    image: Illustration | None = None
    content_warning: str = ""
    # None for a post that is written here.
    source: Provenance | None = None
    is_fetchable: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePost(WritePost):
    """A new post in a community."""

    community: Community

    def check(self, ctx: Context) -> None:
        """If open to this person; a remote post must be relevant to a local member."""
        may_post(self.by, self.community, standing_in(ctx, self.by, self.community), ctx.now)
        _check_content(ctx, self, self.community)
        if self.source is not None:
            _check_wanted(ctx, self.community)
            refuse_deleted(ctx, self.source.iri, self.by.iri)

    def apply(self, ctx: Context) -> Post:
        """Insert the post with its author's own vote, as Lemmy counts it."""
        made = self._insert(ctx)
        ctx.cache.located[made.iri] = Located(made, made, self.community, self.by)
        if self.source is not None and self.source.restrictions != UNRESTRICTED:
            keep_restrictions(ctx, made.iri, self.source.restrictions)
        put_own_vote(ctx, self.by, made, ctx.new_iri("like"))
        count_post(ctx, made, 1)
        want_preview(ctx, made)
        _notify_mentioned(ctx, self, made)
        notify_watchers(ctx, _event(self, made, "post"))
        return made

    def _insert(self, ctx: Context) -> Post:
        source = self.source or Provenance(post_iri(ctx.origin, ""), "Page", None, None)
        values = {
            "iri": source.iri,
            "local": self.source is None,
            "community_id": self.community.id,
            "author_id": self.by.id,
            "wire_type": source.wire_type,
            **_content_columns(ctx, self),
            "published_at": min(source.published or ctx.now, ctx.now),
            "updated_at": source.updated,
            "context_iri": _elsewhere(ctx, source.context_iri),
            **OWN_VOTE,
        }
        return to_row(Post, insert_with_id(ctx.conn, post, values, _with_id))

    def to_activity(self, ctx: Context, result: Post) -> Activity:
        """Create{Page}."""
        page = to_page(result, self.by, self.community, mentioned(ctx, result))
        return create(create_iri(result.iri), self.by.iri, page)

    def to_microblogs(self, ctx: Context, result: Post) -> Activity:
        """Create{Note}."""
        return create(ctx.new_iri("create"), self.by.iri, status_of(ctx, result))

    def audience(self, ctx: Context, result: Post) -> Audience:
        """The community, the people the text mentions, and the author's followers."""
        return Audience(
            subject=result.iri,
            community=self.community,
            people=mentioned(ctx, result),
            to_followers=True,
            microblogs=Microblogs.BOOST,
            post=result,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EditPost(WritePost):
    """New text for a post, by its author."""

    post: Post

    def check(self, ctx: Context) -> None:
        """Only the author's own, in a community that is open."""
        may_edit(self.by, self.post, ctx.now)
        community = locate(ctx, self.post, self.by).community
        may_take_part(self.by, community, standing_in(ctx, self.by, community), ctx.now)
        _check_shown(self.post)
        _check_content(ctx, self, community)

    def apply(self, ctx: Context) -> Post:
        """Replace the text and keep the previous version; what others did with the post stays."""
        before = locked(ctx, self.post)
        _check_shown(before)
        ctx.conn.execute(
            update(post)
            .where(post.c.id == self.post.id)
            .values(
                **_content_columns(ctx, self),
                updated_at=(self.source.updated if self.source else None) or ctx.now,
            )
        )
        edited = get_post(ctx.conn, self.post.id)
        if self.source is not None:
            keep_restrictions(ctx, edited.iri, self.source.restrictions)
        _notify_mentioned(ctx, self, edited)
        keep_revision(ctx, before, edited)
        want_preview(ctx, edited)
        return edited

    def to_activity(self, ctx: Context, result: Post) -> Activity:
        """Update{Page}."""
        community = locate(ctx, result).community
        page = to_page(result, self.by, community, mentioned(ctx, result))
        return update_activity(ctx.new_iri("update"), self.by.iri, page)

    def to_microblogs(self, ctx: Context, result: Post) -> Activity:
        """Update{Note}."""
        return update_activity(ctx.new_iri("update"), self.by.iri, status_of(ctx, result))

    def audience(self, ctx: Context, result: Post) -> Audience:
        """Everyone who was sent the post; microblog servers accept an edit only from the author."""
        return Audience(
            subject=result.iri,
            community=locate(ctx, result).community,
            people=mentioned(ctx, result),
            to_followers=True,
            microblogs=Microblogs.THE_ACTIVITY,
            post=result,
        )


def status_of(ctx: Context, content: Post) -> dict[str, object]:
    """A local post in the form that microblog servers read."""
    at, replies = locate(ctx, content), first_replies(ctx, content)
    return to_status(content, at.author, at.community, mentioned(ctx, content), replies)


def _elsewhere(ctx: Context, iri: str | None) -> str | None:
    """Raises Denied if a remote author gives a local thread as the post's own."""
    return None if iri is None or ctx.is_ours(iri) else iri


def _check_shown(content: Post | Comment) -> None:
    if not content.is_shown:
        raise Denied("deleted", "A deleted post cannot be edited; undelete it first.")


def _check_content(ctx: Context, action: WritePost, community: Community) -> None:
    policy = policy_of(ctx)
    may_be_nsfw(sensitive=action.nsfw and not action.content_warning, nsfw=policy.nsfw)
    check_slurs(policy.slur_filter, action.title, action.content_warning)
    if action.url is not None and is_blocked_url(ctx.conn, action.url):
        raise Invalid("blocked_url", "Links to this address are not allowed on this server.")
    if action.source is None:
        check_permitted(action.language, community.languages)
        alt = action.image.alt if action.image is not None else ""
        check_slurs(policy.slur_filter, action.body.source, alt)
        check_title(action.title)
        check_body(action.body.source)
        if action.url is not None:
            check_url(action.url)
        if action.image is not None:
            check_url(action.image.url)
            check_alt(action.image.alt)
        check_content_warning(action.content_warning)


def _content_columns(ctx: Context, action: WritePost) -> dict[str, object]:
    """The columns that hold the author's content; a peer's was truncated when it was read."""
    body = action.body
    title, url, warning = action.title, action.url, action.content_warning
    image = action.image
    if action.source is None:
        body = with_links(ctx, body)
        title, url = check_title(title), check_url(url) if url is not None else None
        warning = check_content_warning(warning)
        # Remote readers do not treat it as one.
        warning = "" if is_title_again(warning, title) else warning
        image = image and Illustration(check_url(image.url), check_alt(image.alt))
    else:
        body = body.without_slurs(policy_of(ctx).slur_filter)
    return {
        "title": title,
        "url": url,
        "body_source": body.source,
        "body_html": body.html,
        "image_url": image.url if image else None,
        "image_alt": image.alt if image else "",
        "content_warning": warning,
        # The activity has a single property for both.
        "nsfw": action.nsfw or bool(warning),
        "language": action.language,
    }


def _event(action: WritePost, content: Post, kind: Kind = "mention") -> NotificationEvent:
    return NotificationEvent(
        kind=kind,
        by_id=action.by.id,
        community_id=content.community_id,
        post_id=content.id,
        written_at=content.updated_at or content.published_at,
    )


def _notify_mentioned(ctx: Context, action: WritePost, content: Post) -> None:
    event = _event(action, content)
    if action.source is not None:
        adopt_mention(ctx, content.iri, event)
    tagged = None if action.source is None else action.source.mentions
    notify_mentioned(ctx, content, tagged, event)


def _check_wanted(ctx: Context, community: Community) -> None:
    if not (community.local or ctx.wanted or is_followed_here(ctx.conn, community.id)):
        raise Denied(
            "not_followed",
            "Nobody on this server follows %(community)s.",
            community=community.handle,
        )


def address_of(number: ColumnElement[str], given: Columns) -> ColumnElement[str]:
    """The `iri` of a new post or comment: that of a local one ends with its row id."""
    return case((given["local"], given["iri"] + number), else_=given["iri"])


def _with_id(number: ColumnElement[str], given: Columns) -> Columns:
    return {"iri": address_of(number, given)}
