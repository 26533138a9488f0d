"""Posts: writing one, its page with the thread below, editing it, answering it."""

from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from fedcom.actions.perform import perform
from fedcom.actions.post import CreatePost, EditPost
from fedcom.context import Context
from fedcom.http.instance import instance_of
from fedcom.models.actor import Person
from fedcom.models.post import Post
from fedcom.queries.communities import list_writable
from fedcom.queries.people import Name
from fedcom.queries.posts import get_post
from fedcom.queries.threads import (
    Order,
)
from fedcom.rules.limits import check_body, check_title, check_url, check_warning
from fedcom.rules.permissions import may_edit
from fedcom.web import pictures
from fedcom.web.forms import Form, read_form, see_other
from fedcom.web.places import get_community_at, number_of
from fedcom.web.render import page
from fedcom.web.visits import Visit, member_of, visiting
from fedcom.wire.body import Body

ORDERS: tuple[Order, ...] = ("top", "new", "old")

_NEW = {"community": "", "title": "", "url": "", "body": "", "nsfw": "", **pictures.FIELDS}


async def submit(request: Request) -> Response:
    """GET and POST /submit and /c/{slug}/submit: write a post."""
    asked = request.path_params.get("slug") or request.query_params.get("community", "")
    # Other sites and bookmarks may bring a link and a title along.
    brought = {name: request.query_params.get(name, "") for name in ("title", "url", "body")}
    form = await read_form(request, _NEW | brought | {"community": asked})

    def read(conn: Connection, visit: Visit) -> list[Name]:
        by = member_of(request, visit).person
        return list(list_writable(conn, by.id))

    visit, communities = await visiting(request, read)
    by = member_of(request, visit).person
    if form.ready:
        with form.keeping():
            shown = await _shown(request, form, by)
            words = _words(form) | shown

            def work(ctx: Context) -> Post:
                place = get_community_at(ctx.conn, request, form.line("community"))
                return perform(ctx, CreatePost(by=by, community=place, **words))

            post = await instance_of(request).unit(work)
            return see_other(f"/post/{post.id}")
    values = {"form": form, "communities": communities}
    return page(request, "submit.html", visit, values, status=form.status)


async def _shown(
    request: Request, form: Form, by: Person, about: Post | None = None
) -> dict[str, Any]:
    """The picture; without another link it is what the post links to, as with Lemmy.

    It is taken before anything else can be wrong, so that the form remembers it.
    """
    image = await pictures.take_illustration(request, form, by, about)
    former = about.image_url if about is not None else None
    link = form.line("url")
    if link and link != former:
        return {"image": image}
    return {"image": image, "url": image.url if image else None}


def _words(form: Form) -> dict[str, Any]:
    link = form.line("url")
    return {
        "content_warning": check_warning(form.line("content_warning")),
        "title": check_title(form.line("title")),
        "url": check_url(link) if link else None,
        "body": Body.of_markdown(check_body(form.text("body"))),
        "nsfw": form.checked("nsfw"),
    }


async def edit(request: Request) -> Response:
    """GET and POST /post/{number}/edit: for whoever wrote it."""

    def read(conn: Connection, visit: Visit) -> Post:
        by = member_of(request, visit).person
        post = get_post(conn, number_of(request))
        may_edit(by, post, visit.now)
        return post

    visit, post = await visiting(request, read)
    by = member_of(request, visit).person
    form = await read_form(
        request,
        {
            "title": post.title,
            "url": post.url or "",
            "body": post.body_source,
            "nsfw": "on" if post.nsfw else "",
            **pictures.values_of(post),
        },
    )
    if form.ready:
        with form.keeping():
            shown = await _shown(request, form, by, post)
            words = _words(form) | shown
            action = EditPost(by=by, post=post, language=post.language, **words)
            await instance_of(request).unit(lambda ctx: perform(ctx, action))
            return see_other(f"/post/{post.id}", "edited")
    values = {"form": form, "post": post}
    return page(request, "post_edit.html", visit, values, status=form.status)
