"""People: their profiles, posts and comments."""

from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fedcom.http.instance import instance_of
from fedcom.http.paging import cursor_in_query
from fedcom.http.resolve import get_person_named, slug_of
from fedcom.models.actor import Person
from fedcom.views.comment import CommentView
from fedcom.views.comment_feed import comments_beside, list_comments
from fedcom.views.feed import Sort
from fedcom.views.paging import Cursor, Page
from fedcom.views.post import PostView
from fedcom.views.profile import Contributions, ProfileStats, get_facts, list_contributions
from fedcom.web.feeds import Choice, choose, read_list, wanted
from fedcom.web.html.cards import Card, CardMaker
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, read_page

LISTS = ("posts", "comments")
"""The values of `show`; without it both kinds are shown in one list."""

ORDERS: tuple[Sort, ...] = ("new", "top")
"""The orders of lists that include comments."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A person and one of their three lists."""

    person: Person
    facts: ProfileStats
    show: str
    choice: Choice
    contributions: Contributions | None = None
    posts: Page[PostView] | None = None
    comments: Page[CommentView] | None = None

    def card(self, maker: CardMaker) -> Card:
        """How a link to the page is shown."""
        return maker.of_person(self.person)

    @property
    def older(self) -> str:
        """The query of the next page; "" at the end."""
        if self.contributions is not None:
            return self._older_contributions(self.contributions)
        page = self.posts or self.comments
        if page is None or page.next is None:
            return ""
        return self.choice.link(after=str(page.next))

    def _older_contributions(self, contributions: Contributions) -> str:
        """The two lists continue separately, and either may not have begun yet."""
        cursors = {"after": contributions.posts_after, "answers": contributions.comments_after}
        parameters = {name: str(cursor) for name, cursor in cursors.items() if cursor is not None}
        return (
            "?" + urlencode({"sort": self.choice.sort, **parameters})
            if contributions.has_more
            else ""
        )


async def show(request: Request) -> Response:
    """GET /u/{slug}: all that the person wrote; `?show=posts` or `?show=comments` limits it."""
    name, _, host = slug_of(request).partition("@")
    if host and host.lower() == instance_of(request).settings.host:
        return RedirectResponse(f"/u/{name}", 308)

    context, profile = await read_page(request, _read)
    values = {"profile": profile, "person": profile.person}
    return page(context, "person.html", values, alternate=profile.person.iri, describe=profile.card)


def _read(conn: Connection, context: PageContext) -> Profile:
    is_admin = context.member is not None and context.member.is_admin
    person = get_person_named(conn, context.request, with_deleted=is_admin)
    facts = get_facts(conn, person.id, viewer_id=context.viewer_id)
    chosen = context.request.query_params.get("show", "")
    listed = chosen if chosen in LISTS else ""
    choice = choose(context, "author", "new")
    if listed == "posts":
        posts = read_list(conn, context, choice, person.id)
        return Profile(person, facts, listed, choice, posts=posts)
    choice = replace(choice, sort=choice.sort if choice.sort in ORDERS else "new", span="all")
    wants = wanted(context, choice, person.id)
    if listed == "comments":
        query = comments_beside(wants)
        comments = list_comments(conn, query, viewer_id=context.viewer_id, now=context.now)
        return Profile(person, facts, listed, choice, comments=comments)
    read = partial(Cursor.read, whole=True)
    posts_after = cursor_in_query(context.request, read)
    comments_after = cursor_in_query(context.request, read, "answers")
    contributions = list_contributions(
        conn,
        wants,
        posts_after,
        comments_after,
        viewer_id=context.viewer_id,
        now=context.now,
    )
    return Profile(person, facts, listed, choice, contributions=contributions)
