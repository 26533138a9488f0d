"""The page of who voted on a post or a comment, for moderators and admins."""

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedcom.http.numbers import number_of
from fedcom.http.paging import row_in_query
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.views.paging import Cursor, Page
from fedcom.views.voter import VoterView, list_voters
from fedcom.web.content import COMMENTS, POSTS, Kind
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, member_of, read_page
from fedcom.web.html.routing import Handler, page_route


def routes() -> list[Route]:
    """The routes for posts and for comments."""
    return [
        page_route(f"/{kind.path}/{{number:int}}/voters", _show(kind)) for kind in (POSTS, COMMENTS)
    ]


def _show(kind: Kind) -> Handler:
    async def show(request: Request) -> Response:
        """GET /post|comment/{number}/voters: `after` is the cursor."""
        after = Cursor.of_id(row_in_query(request))

        def read(conn: Connection, context: PageContext) -> tuple[Post | Comment, Page[VoterView]]:
            viewer = member_of(context).person
            target = kind.get(conn, number_of(request))
            return target, list_voters(conn, target, viewer, context.now, after=after)

        context, (target, voters) = await read_page(request, read)
        values = {"target": target, "path": f"/{kind.path}/{target.id}", "voters": voters}
        return page(context, "voters.html", values)

    return show
