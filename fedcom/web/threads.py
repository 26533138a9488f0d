"""Threads: the page of a post with its comments, the page of one comment, and replying."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from fedcom.accounts.rate_limits import act
from fedcom.actions.comment import CreateComment
from fedcom.context import Context
from fedcom.http.numbers import number_in, number_of
from fedcom.http.problem import wants_page
from fedcom.http.resolve import check_open, parse_markdown
from fedcom.media.records import find_sizes
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.offload import offload
from fedcom.personal.drafts import drop_draft
from fedcom.personal.notifications import read_thread
from fedcom.personal.sent_forms import once
from fedcom.personal.visits import note_visit
from fedcom.queries.actors import are_indexable
from fedcom.queries.boosts import count_boosts
from fedcom.queries.comments import get_comment
from fedcom.queries.modlog import find_reasons
from fedcom.queries.posts import get_post
from fedcom.rules.limits import MAX_DEPTH, check_comment
from fedcom.text.pictures import NO_SIZES, Sizes, pictures_in
from fedcom.views.comment import CommentView
from fedcom.views.community import CommunityPage
from fedcom.views.paging import Cursor
from fedcom.views.post import (
    CrossPost,
    PostView,
    ViewersOwn,
    get_post_of_viewer,
    list_cross_posts,
)
from fedcom.views.thread import (
    CAP,
    ByTime,
    Node,
    Thread,
    find_branch,
    find_thread,
    list_by_time,
    to_tree,
)
from fedcom.web import drafts, pictures
from fedcom.web.comment_lines import Answered, CommentLines, ShownThread, ThreadPlace
from fedcom.web.communities import read_community, style_of_community
from fedcom.web.html.cards import Card, CardMaker
from fedcom.web.html.forms import Form, read_form, see_other
from fedcom.web.html.render import page, piece, slug
from fedcom.web.html.request_context import PageContext, member_of, read_page
from fedcom.web.thread_choice import ThreadChoice, choose

_DRAFT = {"parent": "", "body": ""}
_ANSWER = {**_DRAFT, **pictures.TEXT_FIELDS}

LEVELS = 10
"""Levels of comments on one page; deeper ones are on the page of their parent."""

CONTEXT = 3
"""The number of ancestors that the page of a comment shows."""


@dataclass(frozen=True, slots=True)
class Discussion:
    """The data of a thread's page."""

    post: PostView
    community: CommunityPage
    thread: Thread
    # The viewer's draft of a reply, and whether they follow or muted the thread.
    own: ViewersOwn
    cross_posts: tuple[CrossPost, ...] = ()
    # The comment of this permalink; None on the page of the whole post.
    focus: CommentView | None = None
    # The reasons of removals, by id, for viewers they concern.
    reasons: Mapping[str, str] = field(default_factory=dict)
    # The boosts of the viewer's own content, by id.
    boosts: Mapping[str, int] = field(default_factory=dict)
    # Those of the pictures in it, as far as they are known.
    sizes: Sizes = field(default_factory=dict)
    # Whether the page has all comments of the post.
    is_whole: bool = False
    # Whether search engines may list the page.
    is_listed: bool = True

    def card(self, maker: CardMaker) -> Card:
        """How a link to the page is shown."""
        if self.focus is None:
            return maker.of_post(self.post, self.sizes, is_listed=self.is_listed)
        is_veiled = bool(self.post.content_warning)
        return maker.of_comment(self.focus, is_veiled=is_veiled, is_listed=self.is_listed)

    def values(self, context: PageContext, choice: ThreadChoice, form: Form) -> dict[str, Any]:
        """The values for the templates of threads."""
        roots = self._roots(choice)
        reply_to = number_in(form.line("parent"))
        shown = ShownThread(
            new=self._new_comments(context, roots, choice.since),
            focus=self.focus.id if self.focus else None,
            is_folded=choice.is_folded,
            answered=self._answered() if choice.is_flat else {},
            sizes=self.sizes,
        )
        return {
            "discussion": self,
            "community": self.community,
            "post": self.post,
            "focus": self.focus,
            "roots": roots,
            "levels": LEVELS,
            "new": shown.new,
            "newest": max((one.id for one in self.thread.comments), default=0),
            "lines": self._lines(context, shown),
            "reasons": self.reasons,
            "sizes": self.sizes,
            "boosts": self.boosts,
            "choice": choice,
            "form": form,
            "reply_to": reply_to,
            "is_stray": form.sent and not self._has_form(roots, reply_to),
            "left": None,
            "preview": "",
        }

    def _roots(self, choice: ThreadChoice) -> list[Node]:
        if choice.is_flat:
            return [Node(one) for one in self.thread.comments]
        return to_tree(self.thread.comments, choice.order)

    def _answered(self) -> dict[int, Answered]:
        """What each comment replies to, if that is a comment; one on another page has its own."""
        here = {one.id: one for one in self.thread.comments}
        found = {}
        for one in self.thread.comments:
            above = here.get(one.parent_id or 0)
            if above is not None:
                author = None if above.is_deleted else above.author
                found[one.id] = Answered(f"#comment-{above.id}", author)
            elif one.parent_id is not None:
                found[one.id] = Answered(f"/comment/{one.parent_id}", None)
        return found

    def _lines(self, context: PageContext, shown: ShownThread) -> CommentLines:
        member, may_moderate = context.member, self.community.standing.may_moderate
        place = ThreadPlace(
            post=self.post.id,
            author=self.post.author.id,
            community=slug(self.community),
            is_open=self.takes_comments,
            is_member=member is not None,
            has_downvotes=context.site.downvotes,
            may_moderate=may_moderate,
            may_remove=may_moderate or (member is not None and member.is_admin),
            deepest=MAX_DEPTH - 1,
        )
        return CommentLines(context, place, shown)

    def _has_form(self, roots: list[Node], reply_to: int) -> bool:
        """Whether the page shows the form of this reply inside the thread, 0 being a reply to the
        post.

        A refused form whose parent is not on the page (it was removed or locked meanwhile, or is
        too deep) is shown above the comments, so that its text is not lost.
        """
        if not reply_to:
            return self.focus is None and self.takes_comments
        return any(one.id == reply_to and self.takes_reply(one) for one in placed(roots))

    def placed(self, context: PageContext) -> Iterator[CommentView]:
        """The comments that the page shows."""
        return placed(self._roots(choose(context, is_branch=self.focus is not None)))

    @property
    def takes_comments(self) -> bool:
        """Whether the post takes comments by the viewer, or by guests who log in."""
        is_open = self.post.is_shown and self.post.locked_at is None
        return is_open and self.community.ban is None

    def takes_reply(self, comment: CommentView) -> bool:
        """Whether the viewer could reply to this comment: visible, and not locked for them."""
        is_open = not comment.is_locked or self.community.standing.may_moderate
        return self.community.ban is None and comment.is_shown and is_open

    def new_after(self, context: PageContext) -> datetime | None:
        """Comments after this moment are new to the viewer; None: none are."""
        last = self.post.last_visit
        return last.new_from(context.now) if last else None

    def _new_comments(self, context: PageContext, roots: list[Node], since: int) -> tuple[int, ...]:
        """Those on the page by others, in its order: after the one with the id `since`, else since
        the last visit.
        """
        new_after = self.new_after(context)
        if new_after is None and not since:
            return ()
        return tuple(
            one.id
            for one in placed(roots)
            if one.is_shown
            and one.author.id != context.viewer_id
            and (one.id > since if since else new_after and one.published_at > new_after)
        )


def placed(roots: Sequence[Node], levels: int = LEVELS) -> Iterator[CommentView]:
    """The comments of a tree that a page shows: its upper `levels`."""
    if levels:
        for node in roots:
            yield node.comment
            yield from placed(node.children, levels - 1)


def _read_post(
    conn: Connection, context: PageContext, post_id: int, draft_form: str
) -> tuple[PostView, CommunityPage, ViewersOwn]:
    """Raises NotFound, and HTTPException(410) if the community is closed."""
    post, own = get_post_of_viewer(
        conn, post_id, draft_form, viewer_id=context.viewer_id, now=context.now
    )
    check_open(post.community)
    return post, read_community(conn, context, post.community.id), own


def _read_discussion(
    conn: Connection, context: PageContext, post_id: int, after: str, draft_form: str
) -> Discussion:
    post, community, own = _read_post(conn, context, post_id, draft_form)
    thread = _read_thread(conn, context, post, after)
    is_whole = not after and thread.next_after is None
    found = Discussion(post, community, thread, own, is_whole=is_whole)
    return replace(
        found,
        cross_posts=list_cross_posts(conn, post, viewer_id=context.viewer_id),
        reasons=_reasons(conn, context, found),
        boosts=_boosts(conn, context, found),
        sizes=_sizes(conn, context, found),
        is_listed=_is_listed(conn, context, post.author.id, community.id),
    )


def _read_thread(conn: Connection, context: PageContext, post: PostView, after: str) -> Thread:
    """Raises Invalid("cursor") if `after` is not from one of our pages."""
    choice, viewer_id, now = choose(context, is_branch=False), context.viewer_id, context.now
    if not choice.is_flat:
        return find_thread(conn, post, viewer_id=viewer_id, now=now, after=after)
    cursor = Cursor.read(after, whole=True) if after else None
    wanted = ByTime(newest=choice.order == "new", after=cursor)
    return list_by_time(conn, post, wanted, viewer_id=viewer_id, now=now)


def _is_listed(conn: Connection, context: PageContext, *actor_ids: int) -> bool:
    """Queried only for guests, since search engines are no members."""
    return context.member is not None or are_indexable(conn, *actor_ids)


def _read_branch(
    conn: Connection, context: PageContext, top: Comment, ancestors: int, draft_form: str = ""
) -> Discussion:
    post, community, own = _read_post(conn, context, top.post_id, draft_form)
    thread = find_branch(
        conn, post, top, viewer_id=context.viewer_id, now=context.now, context=ancestors
    )
    focus = next(one for one in thread.comments if one.id == top.id)
    found = Discussion(post, community, thread, own, focus=focus)
    return replace(
        found,
        reasons=_reasons(conn, context, found),
        boosts=_boosts(conn, context, found),
        sizes=_sizes(conn, context, found),
        is_listed=_is_listed(conn, context, post.author.id, focus.author.id, community.id),
    )


def _sizes(conn: Connection, context: PageContext, shown: Discussion) -> Sizes:
    """Queried only if the page has pictures."""
    texts = [shown.post.body_html, *(one.body_html for one in shown.thread.comments)]
    urls = [shown.post.picture_url] if shown.post.picture_url else []
    urls += [url for text in texts for url, _ in pictures_in(text)]
    return find_sizes(conn, context.instance.settings.origin, urls) if urls else NO_SIZES


def _boosts(conn: Connection, context: PageContext, shown: Discussion) -> dict[str, int]:
    """The number of remote boosts of the viewer's own content."""
    if context.member is None:
        return {}
    written = [(shown.post.iri, shown.post.author.id)]
    written += [(one.iri, one.author.id) for one in shown.thread.comments if one.is_shown]
    return count_boosts(conn, [iri for iri, by in written if by == context.viewer_id])


def _reasons(conn: Connection, context: PageContext, shown: Discussion) -> dict[str, str]:
    """Queried only if the page has removed content that the viewer wrote or moderates."""
    if context.member is None:
        return {}
    post = shown.post
    removed = [(post.iri, post.author.id)] if post.removed_at is not None else []
    removed += [(one.iri, one.author.id) for one in shown.thread.comments if one.is_removed]
    moderates = shown.community.standing.may_moderate or context.member.is_admin
    return find_reasons(conn, [iri for iri, by in removed if moderates or by == context.viewer_id])


async def show(request: Request) -> Response:
    """GET /post/{number}: the post and its thread; `?reply=ID` opens a form below a comment.

    A comment that is too deep for this page, or on another page of the thread, is replied to on its
    own page.
    """
    return await _show(request, _new_form(request))


def _new_form(request: Request) -> Form:
    return Form(_ANSWER | {"parent": request.query_params.get("reply", "")})


async def reply(request: Request) -> Response:
    """POST /post/{number}/comment: reply to the post, or to the comment `parent`.

    `preview`, `draft` and `attach` are buttons. Our script asks for JSON and gets the new comment
    as a piece of the page.
    """
    form = await read_form(request, _ANSWER)
    if drafts.is_preview_for_script(request, form):
        return await drafts.show_preview(request, form)
    context, post = await read_page(request, lambda conn, _: get_post(conn, number_of(request)))
    if form.ready and not wants_page(request):
        return await _show_answer(context, await _answer(context, post, form))
    draft_form = _reply_form(post.id, form)
    if context.member is None:
        return drafts.ask_to_log_in(context, form, draft_form, _DRAFT)
    if form.ready:
        with form.keeping():
            await pictures.attach(request, form, member_of(context).person)
            if form.checked("draft"):
                await drafts.keep(context, form, draft_form, _DRAFT)
                return see_other(drafts.path_of(draft_form), "draft_saved")
            if not (form.checked("preview") or form.checked("attach")):
                made = await _answer(context, post, form)
                return see_other(_place_of(post, made), "comment_posted")
        if form.status != 200:
            await drafts.keep_unsent(context, form, draft_form, _DRAFT)
    return await _show(request, form)


def _place_of(post: Post, made: Comment) -> str:
    """The address of a new comment: in its thread if that page shows it, else its own."""
    is_there = made.depth < LEVELS and post.comments < CAP
    page_of = f"/post/{post.id}" if is_there else f"/comment/{made.id}"
    return f"{page_of}#comment-{made.id}"


def _reply_form(post_id: int, form: Form) -> str:
    return drafts.reply_form(post_id, number_in(form.line("parent")))


async def _answer(context: PageContext, post: Post, form: Form) -> Comment:
    by = member_of(context).person
    body = await parse_markdown(context.request, by, check_comment(form.text("body")))
    parent_id = number_in(form.line("parent"))

    def make(ctx: Context) -> int:
        parent = get_comment(ctx.conn, parent_id) if form.line("parent") else None
        made = act(ctx, CreateComment(by=by, post=post, parent=parent, body=body))
        drop_draft(ctx.conn, by, _reply_form(post.id, form))
        return made.id

    def work(ctx: Context) -> Comment:
        return get_comment(ctx.conn, once(ctx, by, form.key, lambda: make(ctx)))

    return await context.instance.unit(work)


async def _show_answer(context: PageContext, made: Comment) -> Response:
    discussion = await context.instance.read(lambda conn: _read_branch(conn, context, made, 0))
    shown = replace(discussion, focus=None)
    values = shown.values(context, ThreadChoice("new"), Form(dict(_ANSWER)))
    html = await offload(piece, context, "comment_fragment.html", values)
    return JSONResponse({"id": made.id, "html": html}, 201)


async def _show(request: Request, form: Form) -> Response:
    parent_id, after = number_of(request), request.query_params.get("after", "")
    draft_form = "" if form.sent else _reply_form(parent_id, form)
    context, discussion = await read_page(
        request, lambda conn, context: _read_discussion(conn, context, parent_id, after, draft_form)
    )
    reply_to = number_in(form.line("parent"))
    if reply_to and not form.sent:
        here = {one.id for one in discussion.placed(context)}
        if reply_to not in here:
            return RedirectResponse(f"/comment/{reply_to}?reply={reply_to}#reply", 303)
    more = await _more(context, discussion, form)
    response = _discussion_page(context, discussion, form, more)
    response.background = _note_visit(context, discussion.post)
    return response


def _note_visit(context: PageContext, post: PostView) -> BackgroundTask | None:
    """Stored after the page has been sent: reading never waits for a write."""
    last, member = post.last_visit, context.member
    is_old = last is None or last.is_to_be_noted(post.comments, context.now)
    if member is None or not (is_old or member.unread):
        return None

    def note(ctx: Context) -> None:
        if is_old:
            note_visit(ctx.conn, context.viewer_id, post, last, context.now)
        if member.unread:
            read_thread(ctx.conn, context.viewer_id, post.id, context.now)

    return BackgroundTask(context.instance.unit, note)


def _note_reading(context: PageContext, comment: CommentView) -> BackgroundTask | None:
    """Marks the notifications about replies and mentions in this comment as read."""
    if context.member is None or not context.member.unread:
        return None
    return BackgroundTask(
        context.instance.unit,
        lambda ctx: read_thread(
            ctx.conn, context.viewer_id, comment.post.id, context.now, comment.id
        ),
    )


async def show_comment(request: Request) -> Response:
    """GET /comment/{number}: one comment, its parents and its replies."""

    form = _new_form(request)
    draft_form = f"comment/{number_in(form.line('parent'))}"

    def read(conn: Connection, context: PageContext) -> Discussion:
        return _read_branch(
            conn, context, get_comment(conn, number_of(request)), CONTEXT, draft_form
        )

    context, discussion = await read_page(request, read)
    more = await _more(context, discussion, form)
    response = _discussion_page(context, discussion, form, more)
    if discussion.focus is not None:
        response.background = _note_reading(context, discussion.focus)
    return response


async def _more(context: PageContext, discussion: Discussion, form: Form) -> dict[str, Any]:
    """The draft in the form, or the preview of its text."""
    draft = drafts.restore(form, discussion.own.draft)
    seen = await drafts.preview(context, form) if form.checked("preview") else ""
    return {"draft": draft, "preview": seen}


def _discussion_page(
    context: PageContext, discussion: Discussion, form: Form, more: dict[str, Any]
) -> Response:
    post, focus = discussion.post, discussion.focus
    choice = choose(context, is_branch=focus is not None)
    shown = focus.is_shown if focus is not None else post.is_shown
    is_public = post.is_shown and shown
    response = page(
        context,
        "post.html",
        discussion.values(context, choice, form)
        | style_of_community(context, discussion.community)
        | more,
        status=200 if shown or form.sent else 410,
        alternate=focus.iri if focus is not None else post.iri,
        describe=discussion.card if is_public else None,
    )
    return form.answer(response)
