"""The comments of a thread, each as a fragment (`html/fragments`).

What `comment.html` shows is in `CommentLine` and nowhere else. Whoever reads a thread gets the same
fragments, except of what they wrote, voted on or saved; and members others than guests.
"""

from collections.abc import Callable
from typing import NamedTuple

from markupsafe import Markup

from fedcom.rules.newcomers import is_newcomer
from fedcom.text.pictures import Sizes
from fedcom.views.comment import CommentView
from fedcom.views.person import PersonView
from fedcom.web.html.render import age, fragments, lang_attribute, rich_text
from fedcom.web.html.request_context import PageContext


class ThreadPlace(NamedTuple):
    """What all comments of one page have in common: their post and what the viewer may do."""

    post: int
    author: int
    community: str
    # Whether the post takes comments.
    is_open: bool
    is_member: bool
    # Whether the site has downvotes.
    has_downvotes: bool
    may_moderate: bool
    # An admin may also hide content in remote communities.
    may_remove: bool
    # No deeper comment may be written.
    deepest: int


class CommentLine(NamedTuple):
    """The values of `comment.html`."""

    id: int
    place: ThreadPlace
    # The comment that the page shows above this one.
    parent: int | None
    author: PersonView
    # The address of the author's avatar, small; "" without one.
    face: str
    age: Markup
    text: Markup
    warning: str
    # The attributes of the text.
    spoken: Markup
    # What is shown instead of it if it was deleted or removed.
    gone: Markup | None
    # What is added for the author.
    notes: Markup | None
    score: int
    vote: int
    is_saved: bool
    is_mine: bool
    is_moderator: bool
    is_admin: bool
    is_newcomer: bool
    is_new: bool
    is_focus: bool
    is_author_blocked: bool
    is_deleted: bool
    is_locked: bool
    is_official: bool
    is_too_deep: bool
    was_edited: bool


Part = Callable[[CommentView], Markup]
"""A macro that renders a part of a comment."""


class CommentLines:
    """The fragments of the comments on one page: `new` are new to the viewer, `focus_id` is the
    comment that the page is about, and `sizes` are those of pictures in them.
    """

    def __init__(
        self,
        context: PageContext,
        place: ThreadPlace,
        new: frozenset[int],
        focus_id: int | None,
        sizes: Sizes,
    ) -> None:
        self.place = place
        self._viewer, self._now = context.viewer_id, context.now
        self._signer, self._site_since = context.instance.media_signer, context.site.created_at
        self._new, self._focus, self._sizes = new, focus_id, sizes

    def of(self, one: CommentView, depth: int, gone: Part, notes: Part) -> Markup:
        """The comment, `depth` levels below the top of the page."""
        is_mine, is_shown = one.author.id == self._viewer, one.is_shown
        line = CommentLine(
            id=one.id,
            place=self.place,
            parent=one.parent_id if depth else None,
            author=one.author,
            face=self._signer.face(one.author.id, one.author.icon_url),
            age=age(one.published_at, self._now),
            text=rich_text(one.body_html, self._signer, self._sizes) if is_shown else Markup(),
            warning=one.content_warning,
            spoken=lang_attribute(one),
            gone=None if is_shown else gone(one),
            notes=notes(one) if is_mine and is_shown else None,
            score=one.score,
            vote=one.vote,
            is_saved=one.is_saved,
            is_mine=is_mine,
            is_moderator=one.standing.is_moderator,
            is_admin=one.standing.is_admin,
            is_newcomer=is_newcomer(one.author.published_at, self._site_since, self._now),
            is_new=one.id in self._new,
            is_focus=one.id == self._focus,
            is_author_blocked=one.is_author_blocked,
            is_deleted=one.is_deleted,
            is_locked=one.is_locked,
            is_official=one.distinguished and is_shown,
            is_too_deep=one.depth >= self.place.deepest,
            was_edited=one.updated_at is not None,
        )
        return fragments.get("comment.html", CommentLine._fields, line)
