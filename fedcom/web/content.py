"""The buttons below posts and comments: voting, deleting one's own, removing as a moderator.

Posts and comments have the same buttons, so each handler is made for one of the two (`Kind`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fedcom.accounts.rate_limits import act
from fedcom.actions.base import Federated
from fedcom.actions.comment import EditComment
from fedcom.actions.delete import Delete, Undelete
from fedcom.actions.distinguish import Distinguish
from fedcom.actions.lock import Lock
from fedcom.actions.pin import Pin
from fedcom.actions.vote import Score, Vote
from fedcom.context import Context
from fedcom.errors import Invalid
from fedcom.http.instance import instance_of
from fedcom.http.numbers import number_of
from fedcom.http.problem import wants_page
from fedcom.http.resolve import parse_markdown
from fedcom.models.actor import Community, Person
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.queries.actors import standing
from fedcom.queries.comments import get_comment
from fedcom.queries.content import community_of
from fedcom.queries.posts import get_post
from fedcom.queries.rules import ApplicableRules, list_applicable_rules
from fedcom.remote.peers import is_on_microblogs
from fedcom.rules.limits import check_comment
from fedcom.rules.permissions import Standing, may_edit, must_moderate
from fedcom.site.front_page import pin_on_site
from fedcom.site.removal import remove_content, restore_content
from fedcom.web import drafts, pictures
from fedcom.web.html.flash import Undoing
from fedcom.web.html.forms import path_after, read_form, receive, safe_path, see_other
from fedcom.web.html.reasons import reason_in
from fedcom.web.html.render import page
from fedcom.web.html.request_context import (
    PageContext,
    admin_of,
    context_of,
    member_of,
    read_page,
)
from fedcom.web.html.routing import Handler, button_route, form_route

Target = Post | Comment


@dataclass(frozen=True, slots=True)
class Kind:
    """Posts or comments: the first part of their addresses, and the function that reads one."""

    path: str
    get: Callable[[Connection, int], Target]


POSTS = Kind("post", get_post)
COMMENTS = Kind("comment", get_comment)


def routes() -> list[Route]:
    """The routes of all buttons."""
    routes = []
    for kind in (POSTS, COMMENTS):
        at = f"/{kind.path}/{{number:int}}"
        routes += [
            button_route(f"{at}/vote", _vote(kind)),
            button_route(f"{at}/delete", _button(kind, _delete, "deleted")),
            button_route(f"{at}/undelete", _undelete(kind)),
            button_route(f"{at}/restore", _restore(kind)),
            button_route(f"{at}/lock", _button(kind, _lock, "locked", undoable=True)),
            button_route(f"{at}/unlock", _button(kind, _unlock, "unlocked", undoable=True)),
            form_route(f"{at}/remove", _remove(kind)),
        ]
    at = "/post/{number:int}"
    return [
        *routes,
        button_route(f"{at}/pin", _button(POSTS, _pin, "pinned", undoable=True)),
        button_route(f"{at}/unpin", _button(POSTS, _unpin, "unpinned", undoable=True)),
        button_route(f"{at}/pin-on-site", _pin_on_site(pinned=True)),
        button_route(f"{at}/unpin-from-site", _pin_on_site(pinned=False)),
        button_route(
            "/comment/{number:int}/distinguish",
            _button(COMMENTS, _distinguish, "distinguished"),
        ),
        button_route(
            "/comment/{number:int}/undistinguish",
            _button(COMMENTS, _undistinguish, "undistinguished"),
        ),
    ]


def _vote(kind: Kind) -> Handler:
    async def vote(request: Request) -> Response:
        """POST /post|comment/{number}/vote: `score` is 1, 0 or -1; then back to the previous page.

        Our script asks for JSON and gets the resulting score and vote.
        """
        sent = await receive(request)
        by = member_of(await context_of(request)).person
        content_id = number_of(request)
        if sent.get("score") not in {"1", "0", "-1"}:
            raise Invalid("invalid_vote_value", "A vote must be up, down or none.")
        score = cast("Score", int(sent["score"]))

        def work(ctx: Context) -> Target:
            act(ctx, Vote(by=by, target=kind.get(ctx.conn, content_id), score=score))
            return kind.get(ctx.conn, content_id)

        target = await instance_of(request).unit(work)
        if not wants_page(request):
            return JSONResponse({"vote": score, "score": target.score})
        back = safe_path(sent.get("back", ""), f"/{kind.path}/{content_id}")
        return see_other(f"{back.partition('#')[0]}#{kind.path}-{content_id}")

    return vote


def _button(
    kind: Kind,
    build: Callable[[Person, Target], Federated[Any]],
    notice: str,
    *,
    undoable: bool = False,
) -> Handler:
    async def press(request: Request) -> Response:
        sent = await receive(request)
        by = member_of(await context_of(request)).person
        content_id = number_of(request)

        def work(ctx: Context) -> None:
            act(ctx, build(by, kind.get(ctx.conn, content_id)))

        await instance_of(request).unit(work)
        subject = f"{kind.path}/{content_id}"
        # Undoing is not offered for what undid something: the button is still there.
        undoing = Undoing(subject) if undoable and not sent.get("undone") else None
        return see_other(path_after(sent, f"/{subject}"), notice, undoing)

    return press


def _delete(by: Person, target: Target) -> Federated[Any]:
    return Delete(by=by, target=target)


def _undelete(kind: Kind) -> Handler:
    async def undelete(request: Request) -> Response:
        """POST /post|comment/{number}/undelete, with a notice if others cannot restore it."""
        await receive(request)
        by = member_of(await context_of(request)).person
        content_id = number_of(request)

        def work(ctx: Context) -> str:
            target = kind.get(ctx.conn, content_id)
            act(ctx, Undelete(by=by, target=target))
            return "undeleted_here" if is_on_microblogs(ctx.conn, target.iri) else "undeleted"

        notice = await instance_of(request).unit(work)
        return see_other(f"/{kind.path}/{content_id}", notice)

    return undelete


def _lock(by: Person, target: Target) -> Federated[Any]:
    return Lock(by=by, target=target, locked=True)


def _unlock(by: Person, target: Target) -> Federated[Any]:
    return Lock(by=by, target=target, locked=False)


def _pin(by: Person, target: Target) -> Federated[Any]:
    return Pin(by=by, post=cast("Post", target), pinned=True)


def _unpin(by: Person, target: Target) -> Federated[Any]:
    return Pin(by=by, post=cast("Post", target), pinned=False)


def _pin_on_site(*, pinned: bool) -> Handler:
    async def press(request: Request) -> Response:
        """POST /post/{number}/pin-on-site and /unpin-from-site: for admins."""
        await receive(request)
        by = admin_of(await context_of(request)).person
        post_id = number_of(request)

        def work(ctx: Context) -> None:
            pin_on_site(ctx, by, get_post(ctx.conn, post_id), pinned=pinned)

        await instance_of(request).unit(work)
        return see_other(f"/post/{post_id}", "pinned_on_site" if pinned else "unpinned")

    return press


def _distinguish(by: Person, target: Target) -> Federated[Any]:
    return Distinguish(by=by, comment=cast("Comment", target), distinguished=True)


def _undistinguish(by: Person, target: Target) -> Federated[Any]:
    return Distinguish(by=by, comment=cast("Comment", target), distinguished=False)


def _restore(kind: Kind) -> Handler:
    async def restore(request: Request) -> Response:
        """POST /post|comment/{number}/restore: for those who may remove it."""
        sent = await receive(request)
        by = member_of(await context_of(request)).person

        def work(ctx: Context) -> None:
            target = kind.get(ctx.conn, number_of(request))
            restore_content(ctx, by, target)

        await instance_of(request).unit(work)
        return see_other(path_after(sent, f"/{kind.path}/{number_of(request)}"), "restored")

    return restore


def _remove(kind: Kind) -> Handler:
    async def remove(request: Request) -> Response:
        """GET and POST /post|comment/{number}/remove: a moderator gives the reason."""
        content_id = number_of(request)
        form = await read_form(request, {"rule": "", "reason": ""})

        def read(
            conn: Connection, context: PageContext
        ) -> tuple[Target, Community, Standing, ApplicableRules]:
            member = member_of(context)
            target = kind.get(conn, content_id)
            community = community_of(conn, target)
            moderation = standing(conn, member.person, community)
            if not member.is_admin:
                must_moderate(member.person, community, moderation, context.now)
            return target, community, moderation, list_applicable_rules(conn, community)

        context, (target, community, moderation, rules) = await read_page(request, read)
        by = member_of(context).person
        if form.ready:
            with form.keeping():
                reason = reason_in(form, rules)
                await context.instance.unit(lambda ctx: remove_content(ctx, by, target, reason))
                subject = f"{kind.path}/{content_id}"
                return see_other(f"/{subject}", "removed", Undoing(subject))
        values = {
            "form": form,
            "target": target,
            "path": f"/{kind.path}/{content_id}",
            "community": community,
            "moderates": moderation.may_moderate,
            "rules": rules,
        }
        return form.answer(page(context, "remove.html", values))

    return remove


async def edit_comment(request: Request) -> Response:
    """GET and POST /comment/{number}/edit: for the author."""

    def read(conn: Connection, context: PageContext) -> Comment:
        by = member_of(context).person
        comment = get_comment(conn, number_of(request))
        may_edit(by, comment, context.now)
        return comment

    context, comment = await read_page(request, read)
    by = member_of(context).person
    form = await read_form(request, {"body": comment.body_source} | pictures.TEXT_FIELDS)
    if drafts.is_preview_for_script(request, form):
        return await drafts.show_preview(request, form)
    if form.ready:
        with form.keeping():
            await pictures.attach(request, form, by)
            text = check_comment(form.text("body"))
            if not (form.checked("preview") or form.checked("attach")):
                action = EditComment(
                    by=by,
                    comment=comment,
                    body=await parse_markdown(request, by, text),
                    language=comment.language,
                    content_warning=comment.content_warning,
                )
                await context.instance.unit(lambda ctx: act(ctx, action))
                return see_other(f"/comment/{comment.id}", "edited")
    seen = await drafts.preview(context, form) if form.checked("preview") else ""
    values = {"form": form, "comment": comment, "preview": seen}
    return form.answer(page(context, "comment_edit.html", values))
