"""The page on which the first moderator of a community deletes it, and restores it."""

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedcom.accounts.rate_limits import act
from fedcom.actions.delete_community import DeleteCommunity, UndeleteCommunity
from fedcom.http.resolve import get_community_named
from fedcom.models.actor import Community
from fedcom.queries.actors import list_moderator_ids
from fedcom.rules.permissions import must_be_first_moderator
from fedcom.web.html.forms import read_form, see_other
from fedcom.web.html.render import page, slug
from fedcom.web.html.request_context import PageContext, member_of, read_page
from fedcom.web.html.routing import form_route


def routes() -> list[Route]:
    """The route of the page."""
    return [form_route("/c/{slug}/delete", edit)]


async def edit(request: Request) -> Response:
    """GET and POST /c/{slug}/delete: confirm the deletion, or restore a deleted community."""

    def read(conn: Connection, context: PageContext) -> Community:
        by = member_of(context).person
        community = get_community_named(conn, request, with_closed=True)
        must_be_first_moderator(by, list_moderator_ids(conn, community.id), context.now)
        return community

    context, community = await read_page(request, read)
    by, is_deleted = member_of(context).person, community.deleted_at is not None
    form = await read_form(request, {})
    if form.ready:
        with form.keeping():
            action = UndeleteCommunity if is_deleted else DeleteCommunity
            await context.instance.unit(lambda ctx: act(ctx, action(by=by, community=community)))
            path = f"/c/{slug(community)}"
            if is_deleted:
                return see_other(path, "community_undeleted")
            return see_other(f"{path}/delete", "community_deleted")
    values = {"form": form, "community": community, "is_deleted": is_deleted}
    return form.answer(page(context, "community_delete.html", values))
