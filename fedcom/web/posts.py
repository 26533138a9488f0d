"""Posts: writing one, its page with the thread below, editing it, answering it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from fedcom.actions.comment import CreateComment
from fedcom.actions.perform import perform
from fedcom.actions.post import CreatePost, EditPost
from fedcom.context import Context
from fedcom.http.instance import instance_of
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.queries.comments import get_comment
from fedcom.queries.communities import list_writable
from fedcom.queries.people import Name
from fedcom.queries.post_view import CrossPost, PostView, get_post_view, list_cross_posts
from fedcom.queries.posts import get_post
from fedcom.queries.threads import (
    CommentLine,
    Node,
    Order,
    Thread,
    find_branch,
    find_thread,
    to_tree,
)
from fedcom.rules.limits import check_body, check_comment, check_title, check_url
from fedcom.rules.permissions import may_edit
from fedcom.web.communities import Place, read_place
from fedcom.web.forms import Form, read_form, see_other
from fedcom.web.places import get_community_at, number_in, number_of
from fedcom.web.render import page
from fedcom.web.visits import Visit, member_of, visiting
from fedcom.web.words import gettext
from fedcom.wire.body import Body

ORDERS: tuple[Order, ...] = ("top", "new", "old")

_NEW = {"community": "", "title": "", "url": "", "body": "", "nsfw": ""}


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
            words = _words(form)

            def work(ctx: Context) -> Post:
                place = get_community_at(ctx.conn, request, form.line("community"))
                return perform(ctx, CreatePost(by=by, community=place, **words))

            post = await instance_of(request).unit(work)
            return see_other(f"/post/{post.id}")
    values = {"form": form, "communities": communities}
    return page(request, "submit.html", visit, values, status=form.status)


def _words(form: Form) -> dict[str, Any]:
    link = form.line("url")
    return {
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
        may_edit(by, post)
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
        },
    )
    if form.ready:
        with form.keeping():
            action = EditPost(by=by, post=post, language=post.language, **_words(form))
            await instance_of(request).unit(lambda ctx: perform(ctx, action))
            return see_other(f"/post/{post.id}", "edited")
    values = {"form": form, "post": post}
    return page(request, "post_edit.html", visit, values, status=form.status)


@dataclass(frozen=True, slots=True)
class Discussion:
    """All that the page of a post shows."""

    view: PostView
    place: Place
    thread: Thread
    cross_posts: tuple[CrossPost, ...] = ()
    # The comment whose permalink this is; None on the page of the whole post.
    focus: CommentLine | None = None

    def roots(self, order: Order) -> list[Node]:
        """The thread as a tree."""
        return to_tree(self.thread.lines, order)


def _read_place_of(conn: Connection, visit: Visit, view: PostView) -> Place:
    place = read_place(conn, visit, view.community.id)
    if place.community.deleted_at is not None or place.community.removed_at is not None:
        raise HTTPException(410, gettext("The community of this post was closed."))
    return place


def _read_discussion(conn: Connection, visit: Visit, post_id: int, after: str) -> Discussion:
    view = get_post_view(conn, post_id, viewer_id=visit.viewer_id)
    place = _read_place_of(conn, visit, view)
    thread = find_thread(conn, post_id, viewer_id=visit.viewer_id, after=after)
    return Discussion(view, place, thread, list_cross_posts(conn, view.post))


async def show(request: Request) -> Response:
    """GET /post/{number}: the post and its thread; `?reply=ID` opens a form below a comment."""
    return await _show(request, Form({"parent": request.query_params.get("reply", ""), "body": ""}))


async def reply(request: Request) -> Response:
    """POST /post/{number}/comment: answer the post, or the comment that `parent` names."""
    form = await read_form(request, {"parent": "", "body": ""})
    visit, post = await visiting(request, lambda conn, _: get_post(conn, number_of(request)))
    by = member_of(request, visit).person
    if form.ready:
        with form.keeping():
            body = Body.of_markdown(check_comment(form.text("body")))
            number = number_in(form.line("parent"))

            def work(ctx: Context) -> Comment:
                parent = get_comment(ctx.conn, number) if form.line("parent") else None
                return perform(ctx, CreateComment(by=by, post=post, parent=parent, body=body))

            made = await instance_of(request).unit(work)
            return see_other(f"/post/{post.id}#comment-{made.id}", "comment_posted")
    return await _show(request, form)


async def _show(request: Request, form: Form) -> Response:
    number, after = number_of(request), request.query_params.get("after", "")
    visit, discussion = await visiting(
        request, lambda conn, visit: _read_discussion(conn, visit, number, after)
    )
    return _discussion_page(request, visit, discussion, form)


async def show_comment(request: Request) -> Response:
    """GET /comment/{number}: one comment, what it answers and what answers it."""

    def read(conn: Connection, visit: Visit) -> Discussion:
        comment = get_comment(conn, number_of(request))
        view = get_post_view(conn, comment.post_id, viewer_id=visit.viewer_id)
        place = _read_place_of(conn, visit, view)
        thread = find_branch(conn, comment, viewer_id=visit.viewer_id)
        focus = next(line for line in thread.lines if line.id == comment.id)
        return Discussion(view, place, thread, focus=focus)

    visit, discussion = await visiting(request, read)
    form = Form({"parent": request.query_params.get("reply", ""), "body": ""})
    return _discussion_page(request, visit, discussion, form)


def _discussion_page(
    request: Request, visit: Visit, discussion: Discussion, form: Form
) -> Response:
    view, focus = discussion.view, discussion.focus
    asked = request.query_params.get("sort", "")
    order: Order = asked if asked in ORDERS else "top"
    shown = focus.is_shown if focus is not None else view.post.is_shown
    values = {
        "discussion": discussion,
        "place": discussion.place,
        "view": view,
        "post": view.post,
        "focus": focus,
        "roots": discussion.roots(order),
        "order": order,
        "form": form,
        "reply_to": number_in(form.line("parent")),
    }
    return page(
        request,
        "post.html",
        visit,
        values,
        status=form.status if shown or form.sent else 410,
        alternate=focus.iri if focus is not None else view.post.iri,
    )
