"""The pages on which an admin confirms that something is to be erased for good."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedcom.context import Context
from fedcom.http.numbers import number_of
from fedcom.http.resolve import get_community_named, get_person_named
from fedcom.models.actor import Community, Person
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.queries.content import community_of
from fedcom.rules.limits import MAX_REASON, check_body
from fedcom.site.purge import purge_community, purge_content, purge_person
from fedcom.views.purge import PurgePreview, get_purge_preview
from fedcom.web.content import COMMENTS, POSTS, Kind
from fedcom.web.html.forms import error_beside, read_form, see_other
from fedcom.web.html.render import page, slug
from fedcom.web.html.request_context import PageContext, admin_of, read_page
from fedcom.web.html.routing import Handler, form_route


@dataclass(frozen=True, slots=True)
class _Case:
    """One of the four: how to find what to purge, how to purge it, and where to go then."""

    kind: str
    find: Callable[[Connection, Request], Any]
    purge: Callable[[Context, Person, Any, str], None]
    # The page of the target, and the one after the purge.
    address: Callable[[Any], str]
    after: Callable[[Connection, Any], str]


def routes() -> list[Route]:
    """The routes for all that can be purged."""
    cases = {
        "/post/{number:int}/purge": _of_content(POSTS, _community_page),
        "/comment/{number:int}/purge": _of_content(COMMENTS, _post_page),
        "/u/{slug}/purge": _Case(
            "person",
            _find_person,
            purge_person,
            lambda person: f"/u/{slug(person)}",
            lambda _, __: "/modlog",
        ),
        "/c/{slug}/purge": _Case(
            "community",
            _find_community,
            purge_community,
            lambda community: f"/c/{slug(community)}",
            lambda _, __: "/admin/communities",
        ),
    }
    return [form_route(path, _handler(case)) for path, case in cases.items()]


def _of_content(kind: Kind, after: Callable[[Connection, Any], str]) -> _Case:
    return _Case(
        kind.path,
        lambda conn, request: kind.get(conn, number_of(request)),
        purge_content,
        lambda target: f"/{kind.path}/{target.id}",
        after,
    )


def _community_page(conn: Connection, target: Post) -> str:
    return f"/c/{slug(community_of(conn, target))}"


def _post_page(_conn: Connection, target: Comment) -> str:
    return f"/post/{target.post_id}"


def _find_person(conn: Connection, request: Request) -> Person:
    return get_person_named(conn, request, with_deleted=True)


def _find_community(conn: Connection, request: Request) -> Community:
    return get_community_named(conn, request, with_closed=True)


def _handler(case: _Case) -> Handler:
    async def purge(request: Request) -> Response:
        """GET and POST /post|comment/{number}/purge, /u/{slug}/purge and /c/{slug}/purge."""
        form = await read_form(request, {"reason": ""})

        def read(
            conn: Connection, context: PageContext
        ) -> tuple[Post | Comment | Person | Community, PurgePreview, str]:
            admin_of(context)
            target = case.find(conn, request)
            return target, get_purge_preview(conn, target), case.after(conn, target)

        context, (target, preview, after) = await read_page(request, read)
        by = admin_of(context).person
        if form.ready:
            with form.keeping():
                with error_beside("reason"):
                    reason = check_body(form.line("reason"), MAX_REASON)
                await context.instance.unit(lambda ctx: case.purge(ctx, by, target, reason))
                return see_other(after, "purged")
        values = {
            "form": form,
            "kind": case.kind,
            "target": target,
            "preview": preview,
            "path": case.address(target),
        }
        return form.answer(page(context, "purge.html", values))

    return purge
