"""Posts: one view for every list and for the post's own page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Table,
    bindparam,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)

from fedcom.errors import NotFound
from fedcom.models.actor import actor, community as community_table
from fedcom.models.base import to_row, values_of
from fedcom.models.content import Contribution
from fedcom.models.media import link_preview, media
from fedcom.models.personal import (
    Draft,
    draft,
    followed_post,
    hidden_post,
    muted_post,
    post_visit,
    saved_post,
)
from fedcom.models.post import post
from fedcom.models.revision import revision
from fedcom.models.vote import post_vote
from fedcom.queries.drafts import read_fields
from fedcom.queries.visibility import (
    is_blocked,
    is_found,
    is_post_shown,
    is_shown,
    reads_removed,
)
from fedcom.rules.links import is_picture, normal_link, possible_beginnings
from fedcom.views.community import CommunityView, community_columns, to_community
from fedcom.views.paging import MAX_ID
from fedcom.views.person import PersonView, actor_columns, to_person
from fedcom.views.viewer import (
    NOBODY,
    VIEWER,
    AuthorStanding,
    own,
    standing_columns,
    to_standing,
    viewer_values,
)

MAX_CROSS_POSTS = 20

CANDIDATES = 500
"""The number of posts compared with each other, newest first: a page has few, a front page many."""

PAUSE = timedelta(minutes=30)
"""Coming back after a longer pause begins a new visit."""

NOTE_EVERY = timedelta(minutes=1)
"""A repeated view within this time is not stored, unless there were new comments."""

author = actor.alias("author")
group = actor.alias("community_actor")


@dataclass(frozen=True, slots=True)
class LastVisit:
    """A member's last view of a thread.

    A visit continues while less than `PAUSE` passes between two views: reloading a page, or
    returning to it after voting, does not turn its new comments into old ones.
    """

    comments: int
    visited_at: datetime
    new_after: datetime | None

    def new_from(self, now: datetime) -> datetime | None:
        """Comments written after this are new to the viewer; None: none are."""
        return self.visited_at if now - self.visited_at > PAUSE else self.new_after

    def is_to_be_noted(self, comments: int, now: datetime) -> bool:
        """Whether a view at `now`, with this number of comments, is worth storing."""
        return comments != self.comments or now - self.visited_at > NOTE_EVERY


@dataclass(frozen=True, slots=True)
class LinkPreview:
    """The preview of a post's link: a text ("" if there is none), the names of an image and of its
    thumbnail.
    """

    title: str
    description: str
    picture: str | None
    thumbnail: str | None


@dataclass(frozen=True, slots=True)
class PostView(Contribution):
    """A post with its author, community, and what the viewer did with it.

    A deleted or removed post has neither title nor link nor text, except for viewers who may judge
    a removal: `is_readable`. In lists `body_html` is cut to the length asked for, perhaps in the
    middle of a tag. `vote` is -1, 0 or 1.
    """

    title: str
    url: str | None
    image_url: str | None
    image_alt: str
    # The author's own setting; `is_sensitive` includes the community's.
    nsfw: bool
    featured_at: datetime | None
    site_featured_at: datetime | None
    comments: int
    is_readable: bool
    # Whether earlier versions of it can be read.
    was_edited: bool
    vote: int
    is_saved: bool
    is_hidden: bool
    # The viewer has blocked its author, or the author's server.
    is_author_blocked: bool
    author: PersonView
    community: CommunityView
    standing: AuthorStanding
    # The viewer's last view of the thread; None if there was none.
    last_visit: LastVisit | None
    preview: LinkPreview | None

    @property
    def is_sensitive(self) -> bool:
        """Whether its author or its community is marked as sensitive."""
        return self.nsfw or self.community.nsfw

    @property
    def picture_url(self) -> str | None:
        """The picture that the post is about, rather than a page; None if there is none."""
        if self.url is None or self.url == self.image_url:
            return self.url
        is_page = self.preview is not None and self.preview.title
        return self.url if is_picture(self.url) and not is_page else None

    @property
    def is_read(self) -> bool:
        """Whether the viewer has read the thread, or counts it as read."""
        return self.last_visit is not None

    @property
    def new_comments(self) -> int:
        """The number of comments since the viewer last read the thread; 0 if they never did."""
        last = self.last_visit
        return 0 if last is None else max(self.comments - last.comments, 0)


_STANDING = values_of(AuthorStanding, "author_")
_VALUES = values_of(PostView, without=("standing", "last_visit", "preview", "author", "community"))
_POST_COLUMNS = (
    *("id", "iri", "local", "title", "url", "image_url", "image_alt", "content_warning"),
    *("language", "nsfw", "published_at", "updated_at", "deleted_at", "removed_at", "locked_at"),
    *("featured_at", "site_featured_at", "upvotes", "downvotes", "comments"),
)


def _of_viewer(
    table: Table, column: ColumnElement[Any], person: str = "person_id"
) -> ColumnElement[Any]:
    # Not outer joins: beyond eight tables PostgreSQL takes longer to plan a join than to run it.
    mine = select(column).where(table.c.post_id == post.c.id, table.c[person] == VIEWER)
    return mine.correlate(post).scalar_subquery()


def _is_listed(table: Table) -> ColumnElement[bool]:
    """Whether the post is on this list of the viewer's."""
    return _of_viewer(table, table.c.post_id).is_not(None)


def _preview(column: ColumnElement[Any]) -> ColumnElement[Any]:
    found = link_preview.outerjoin(media, media.c.id == link_preview.c.media_id)
    done = link_preview.c.post_id == post.c.id, link_preview.c.state == "done"
    return select(column).select_from(found).where(*done).correlate(post).scalar_subquery()


def post_columns(
    body_html: ColumnElement[str], is_readable: ColumnElement[bool], *, guest: bool = False
) -> tuple[ColumnElement[Any], ...]:
    """The columns that `to_post` reads, for a statement over `SOURCE`, for VIEWER or for guests
    only; `body_html` is the part of the text that is wanted.
    """
    return (
        *(post.c[name] for name in _POST_COLUMNS),
        body_html.label("body_html"),
        is_readable.label("is_readable"),
        is_found(revision, revision.c.post_id == post.c.id).label("was_edited"),
        *viewer_columns(guest=guest),
        *(visit_column(name, guest=guest) for name in ("comments", "visited_at", "new_after")),
        _preview(link_preview.c.title).label("preview_title"),
        _preview(link_preview.c.description).label("preview_description"),
        _preview(media.c.name).label("preview_picture"),
        _preview(func.coalesce(media.c.thumbnail, media.c.name)).label("preview_thumbnail"),
        *actor_columns(author, "author_"),
        *community_columns(group, "community_", itself=community_table, guest=guest),
    )


def viewer_columns(*, guest: bool = False) -> tuple[ColumnElement[Any], ...]:
    """What VIEWER did with a post, and its author's standing, for a statement over `post` and
    `author`, for VIEWER or for guests only.
    """
    return (
        own(
            func.coalesce(_of_viewer(post_vote, post_vote.c.score, "voter_id"), 0),
            "vote",
            guest=guest,
            otherwise=literal_column("0"),
        ),
        own(_is_listed(saved_post), "is_saved", guest=guest, otherwise=false()),
        own(_is_listed(hidden_post), "is_hidden", guest=guest, otherwise=false()),
        own(
            is_blocked(VIEWER, ids=[post.c.author_id], hosts=[author.c.host]),
            "is_author_blocked",
            guest=guest,
            otherwise=false(),
        ),
        *standing_columns(post.c.author_id, post.c.community_id),
    )


def visit_column(name: str, *, guest: bool = False) -> ColumnElement[Any]:
    """A field of VIEWER's `LastVisit` of a post, null if there was none."""
    return own(_of_viewer(post_visit, post_visit.c[name]), f"visit_{name}", guest=guest)


# PostgreSQL would take the id of a community for that of any actor, expect next to no posts in
# communities, and then choose joins that read all posts; it knows nothing about a sum.
IN_COMMUNITY = community_table.c.actor_id == group.c.id + 0
"""The condition that joins the columns of a community with its actor."""

SOURCE = (
    post.join(author, author.c.id == post.c.author_id)
    .join(group, group.c.id == post.c.community_id)
    .join(community_table, IN_COMMUNITY)
)
"""The tables that `post_columns` reads."""

SHOWN = is_post_shown(group)
"""For rows of `SOURCE`: neither the post nor its community is deleted or removed."""

_EXCERPT = func.substr(post.c.body_html, 1, bindparam("text"))
EXCERPTS = post_columns(_EXCERPT, true())
"""The columns of lists of visible posts, with `text` characters of each."""

EXCERPTS_FOR_GUESTS = post_columns(_EXCERPT, true(), guest=True)


def to_post(row: RowMapping) -> PostView:
    """The view of a row of `post_columns`."""
    return post_reader()(row)


def post_reader() -> Callable[[RowMapping], PostView]:
    """`to_post` for one list, in which people and communities repeat."""
    people: dict[int, PersonView] = {}
    communities: dict[int, CommunityView] = {}

    def read(row: RowMapping) -> PostView:
        by, inside = people.get(row["author_id"]), communities.get(row["community_id"])
        if by is None:
            by = people[row["author_id"]] = to_person(row, "author_")
        if inside is None:
            inside = communities[row["community_id"]] = to_community(row, "community_")
        standing = to_standing(*_STANDING(row))
        visit = None if row["visit_visited_at"] is None else to_row(LastVisit, row, "visit_")
        # In the order of the last fields.
        around: tuple[Any, ...] = (by, inside, standing, visit, _to_preview(row))
        return PostView(*_VALUES(row) + around)

    return read


def _to_preview(row: RowMapping) -> LinkPreview | None:
    title, description, picture, thumbnail = values_of(LinkPreview, "preview_")(row)
    if not title and not picture:
        return None
    return LinkPreview(title or "", description or "", picture, thumbnail)


def _left(column: ColumnElement[Any]) -> ColumnElement[Any]:
    # Not a join: the statement already has as many as PostgreSQL plans quickly.
    mine = draft.c.person_id == VIEWER, draft.c.form == bindparam("draft_form")
    return select(column).where(*mine).scalar_subquery()


_GET = (
    select(
        *post_columns(
            post.c.body_html,
            or_(is_shown(post), reads_removed(post, post.c.community_id, VIEWER)),
        ),
        _left(draft.c.fields).label("draft_fields"),
        _left(draft.c.updated_at).label("draft_updated_at"),
        _is_listed(followed_post).label("is_followed"),
        _is_listed(muted_post).label("is_muted"),
    )
    .select_from(SOURCE)
    .where(post.c.id == bindparam("post"))
)


def get_post_view(
    conn: Connection, post_id: int, *, viewer_id: int = NOBODY, now: datetime | None = None
) -> PostView:
    """The post for its page. Raises NotFound if no post ever had this id."""
    return get_post_of_viewer(conn, post_id, "", viewer_id=viewer_id, now=now)[0]


@dataclass(frozen=True, slots=True)
class ViewersOwn:
    """What only the page of a post shows its viewer: their draft, and whether they follow or muted
    the thread.
    """

    draft: Draft | None
    is_followed: bool
    is_muted: bool


def get_post_of_viewer(
    conn: Connection,
    post_id: int,
    draft_form: str,
    *,
    viewer_id: int = NOBODY,
    now: datetime | None = None,
) -> tuple[PostView, ViewersOwn]:
    """As `get_post_view`, with the viewer's own; the draft is that of the form `draft_form`."""
    row = None
    if 0 < post_id < MAX_ID:
        values = {"post": post_id, "draft_form": draft_form, **viewer_values(viewer_id, now)}
        row = conn.execute(_GET, values).mappings().one_or_none()
    if row is None:
        raise NotFound("couldnt_find_post", "Post not found.")
    found = to_post(row)
    if not found.is_shown:
        found = replace(found, preview=None)
    if not found.is_readable:
        found = replace(found, **_WITHHELD)
    fields = row["draft_fields"]
    own_draft = fields and Draft(draft_form, read_fields(fields), row["draft_updated_at"])
    return found, ViewersOwn(own_draft or None, row["is_followed"], row["is_muted"])


_WITHHELD: Mapping[str, Any] = {
    "title": "",
    "url": None,
    "image_url": None,
    "image_alt": "",
    "content_warning": "",
    "body_html": "",
}


@dataclass(frozen=True, slots=True)
class CrossPost:
    """Another post with the same link."""

    id: int
    title: str
    comments: int
    community: CommunityView


_SAME_LINK = (
    select(
        *(post.c[name] for name in ("id", "title", "comments", "url")),
        *community_columns(group, "community_"),
    )
    .select_from(
        post.join(group, group.c.id == post.c.community_id).join(
            community_table, community_table.c.actor_id == post.c.community_id
        )
    )
    .where(SHOWN)
    .limit(bindparam("count"))
)
_CROSS_POSTS = _SAME_LINK.where(
    post.c.url == bindparam("url"), post.c.id != bindparam("post")
).order_by(post.c.comments.desc(), post.c.id.desc())


def list_cross_posts(
    conn: Connection, shown: PostView, *, viewer_id: int = NOBODY, limit: int = MAX_CROSS_POSTS
) -> tuple[CrossPost, ...]:
    """The other visible posts with the same link, those with the most comments first."""
    if shown.url is None:
        return ()
    wanted = {"url": shown.url, "post": shown.id, "count": limit, "viewer": viewer_id}
    return tuple(_to_cross_post(row) for row in conn.execute(_CROSS_POSTS, wanted).mappings())


_CROSS_POST_IDS = (
    select(post.c.id)
    .select_from(SOURCE)
    .where(SHOWN, post.c.url == bindparam("url"), post.c.id != bindparam("post"))
    .order_by(post.c.comments.desc(), post.c.id.desc())
    .limit(bindparam("count"))
)


def list_cross_post_ids(
    conn: Connection, shown: PostView, *, limit: int = MAX_CROSS_POSTS
) -> Sequence[int]:
    """As `list_cross_posts`, the row ids only."""
    if shown.url is None:
        return ()
    wanted = {"url": shown.url, "post": shown.id, "count": limit}
    return conn.scalars(_CROSS_POST_IDS, wanted).all()


def list_duplicates(conn: Connection, url: str, *, limit: int = 5) -> tuple[CrossPost, ...]:
    """Visible posts whose links lead to the same page as `url`, newest first.

    Reads all posts with links, so it is meant for the submission of a post and not for lists.
    """
    begins = or_(
        *(post.c.url.startswith(text, autoescape=True) for text in possible_beginnings(url))
    )
    statement = _SAME_LINK.where(begins).order_by(post.c.id.desc())
    rows = conn.execute(statement, {"count": CANDIDATES}).mappings()
    wanted = normal_link(url)
    same = [row for row in rows if normal_link(row["url"]) == wanted]
    return tuple(_to_cross_post(row) for row in same[:limit])


def _to_cross_post(row: RowMapping) -> CrossPost:
    return CrossPost(row["id"], row["title"], row["comments"], to_community(row, "community_"))
