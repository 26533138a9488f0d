"""The comments of a thread, each as a fragment (`html/fragments`).

What `comment.html` shows is in `CommentLine` and nowhere else. Whoever reads a thread gets the same
fragments, except of what they wrote, voted on or saved; and members others than guests.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
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


class Answered(NamedTuple):
    """The comment that another one replies to: its address and its author, None if that is not to
    be named.
    """

    address: str
    author: PersonView | None


@dataclass(frozen=True, slots=True)
class ShownThread:
    """What the comments of one page have around them."""

    # Their ids, in the order of the page.
    new: tuple[int, ...] = ()
    # The comment that the page is about.
    focus: int | None = None
    # Replies are collapsed.
    is_folded: bool = False
    # In a flat list: what each comment replies to, by its id.
    answered: Mapping[int, Answered] = field(default_factory=dict)
    # Those of pictures in the comments.
    sizes: Sizes = field(default_factory=dict)


class CommentLine(NamedTuple):
    """The values of `comment.html`."""

    id: int
    place: ThreadPlace
    # The comment that the page shows above this one.
    parent: int | None
    # In a flat list: what it replies to.
    answered: Answered | None
    # The next comment that is new, for one that is new itself.
    next_new: int | None
    # Whether the page shows it without its text and replies.
    is_folded: bool
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
    """The fragments of the comments on one page."""

    def __init__(self, context: PageContext, place: ThreadPlace, shown: ShownThread) -> None:
        self.place = place
        self._viewer, self._now = context.viewer_id, context.now
        self._signer, self._site_since = context.instance.media_signer, context.site.created_at
        self._shown, self._new = shown, frozenset(shown.new)
        self._next_new = dict(pairwise(shown.new))

    def of(self, one: CommentView, depth: int, gone: Part, notes: Part) -> Markup:
        """The comment, `depth` levels below the top of the page."""
        is_mine, is_shown, shown = one.author.id == self._viewer, one.is_shown, self._shown
        line = CommentLine(
            id=one.id,
            place=self.place,
            parent=one.parent_id if depth else None,
            answered=shown.answered.get(one.id),
            next_new=self._next_new.get(one.id),
            is_folded=one.is_author_blocked or (shown.is_folded and depth > 0),
            author=one.author,
            face=self._signer.face(one.author.id, one.author.icon_url),
            age=age(one.published_at, self._now),
            text=rich_text(one.body_html, self._signer, shown.sizes) if is_shown else Markup(),
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
            is_focus=one.id == shown.focus,
            is_author_blocked=one.is_author_blocked,
            is_deleted=one.is_deleted,
            is_locked=one.is_locked,
            is_official=one.distinguished and is_shown,
            is_too_deep=one.depth >= self.place.deepest,
            was_edited=one.updated_at is not None,
        )
        return fragments.get("comment.html", CommentLine._fields, line)
