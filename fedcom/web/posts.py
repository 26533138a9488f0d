"""Posts: creating and editing."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from fedcom.accounts.rate_limits import act
from fedcom.actions.post import CreatePost, EditPost
from fedcom.context import Context
from fedcom.errors import Checks, Invalid
from fedcom.http.numbers import number_in, number_of
from fedcom.http.resolve import parse_markdown, read_link
from fedcom.models.actor import Community, Person
from fedcom.models.personal import Draft
from fedcom.models.post import Post
from fedcom.models.rule import Rule
from fedcom.personal.drafts import drop_draft
from fedcom.personal.sent_forms import once
from fedcom.queries.actors import get_community
from fedcom.queries.drafts import find_draft
from fedcom.queries.posts import get_post, has_posted
from fedcom.queries.rules import list_rules
from fedcom.rules.languages import LANGUAGES, check_language
from fedcom.rules.limits import check_body, check_content_warning, check_title, check_url
from fedcom.rules.permissions import may_edit
from fedcom.views.community import CommunityView, list_writable
from fedcom.views.post import CrossPost, list_duplicates
from fedcom.web import community_picker, drafts, pictures
from fedcom.web.html.forms import Form, read_form, see_other
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, member_of, read_page

_NEW = {
    **community_picker.FIELDS,
    "title": "",
    "url": "",
    "body": "",
    "language": "",
    "nsfw": "",
    # The link for which the form has already warned of duplicates.
    "again": "",
    # The community whose rules the form has already shown.
    "read_rules": "",
    **pictures.FIELDS,
    **pictures.TEXT_FIELDS,
}


_LINK = re.compile(r"https?://\S+")

_BUTTONS = ("preview", "draft", "suggest", "attach")


@dataclass(frozen=True, slots=True)
class SubmitPage:
    """The data that the page for writing a post shows beside the form."""

    communities: tuple[CommunityView, ...] = ()
    draft: Draft | None = None
    source: Post | None = None


async def submit(request: Request) -> Response:
    """GET and POST /submit, GET /c/{slug}/submit: write a post.

    `?from=ID` quotes another post. `preview`, `draft`, `suggest` and `attach` are buttons.
    """
    form = await read_form(request, _NEW)
    if drafts.is_preview_for_script(request, form):
        return await drafts.show_preview(request, form)

    def read(conn: Connection, context: PageContext) -> SubmitPage:
        if context.member is None and form.sent:
            return SubmitPage()
        return _read_submit_page(conn, request, member_of(context).person, context.now)

    context, submit_page = await read_page(request, read)
    if context.member is None:
        return drafts.ask_to_log_in(context, form, drafts.SUBMIT, _NEW)
    draft = _begin(request, form, submit_page)
    rules: tuple[Rule, ...] = ()
    if not form.sent and form.line("community"):
        rules = await context.instance.read(lambda conn: _look_ahead(conn, context, form))
    if form.ready:
        with form.keeping():
            response = await _do_action(context, form)
            if isinstance(response, Response):
                return response
            rules = response
        if form.status != 200:
            await drafts.keep_unsent(context, form, drafts.SUBMIT, _NEW)
    values = {
        "form": form,
        "communities": submit_page.communities,
        "choices": await community_picker.list_choices(context, form) if form.sent else (),
        "languages": LANGUAGES,
        "draft": draft,
        "preview": await drafts.preview(context, form) if form.checked("preview") else "",
        "duplicates": await _duplicates(context, form) if _is_warned(form) else (),
        "rules": rules,
    }
    return form.answer(page(context, "submit.html", values))


def _read_submit_page(conn: Connection, request: Request, by: Person, now: datetime) -> SubmitPage:
    source_id = number_in(request.query_params.get("from", ""))
    source = get_post(conn, source_id) if source_id else None
    if source and not (source.is_shown and get_community(conn, source.community_id).is_open):
        source = None
    communities = list_writable(conn, by.id, now)
    return SubmitPage(communities, find_draft(conn, by.id, drafts.SUBMIT), source)


def _begin(request: Request, form: Form, submit_page: SubmitPage) -> Draft | None:
    """Fill a form that was not sent from its address, else from the draft.

    Returns the draft if the form shows it.
    """
    if form.sent:
        return None
    # Other sites and bookmarks may supply a link and a title.
    query = request.query_params
    brought = {name: query[name] for name in ("title", "url", "body") if query.get(name)}
    if "url" not in brought and _LINK.fullmatch(brought.get("body", "").strip()):
        # Android's programs share a link as a text.
        brought["url"] = brought.pop("body").strip()
    if submit_page.source is not None:
        brought = _quoted(submit_page.source)
    draft = None if brought else drafts.restore(form, submit_page.draft)
    community = request.path_params.get("slug") or query.get("community", "")
    form.values.update(brought | ({"community": community} if community else {}))
    return draft


def _quoted(source: Post) -> dict[str, str]:
    """The initial text of a cross-post, in Lemmy's format."""
    quote = "\n".join(f"> {line}".rstrip() for line in source.body_source.splitlines())
    brought = {
        "title": source.title,
        "url": source.url or "",
        "body": f"cross-posted from: {source.iri}\n\n{quote}".strip(),
        "nsfw": "on" if source.nsfw else "",
        "content_warning": source.content_warning,
        "language": source.language if source.language in LANGUAGES else "",
        "again": source.url,
    }
    return {name: text or "" for name, text in brought.items()}


def _look_ahead(conn: Connection, context: PageContext, form: Form) -> tuple[Rule, ...]:
    """What a new form says of the community in its address: why it would refuse the post, and its
    rules before the member's first post there.
    """
    community = community_picker.warn(conn, context, form)
    return _unread_rules(conn, context, community, form) if community else ()


def _unread_rules(
    conn: Connection, context: PageContext, community: Community, form: Form
) -> tuple[Rule, ...]:
    """The rules of the community if the member has not posted there yet, and the form has not shown
    them; it then has.
    """
    by, rules = member_of(context).person, list_rules(conn, community.id)
    is_read = form.text("read_rules") == str(community.id)
    if not rules or is_read or has_posted(conn, by.id, community.id):
        return ()
    form.values["read_rules"] = str(community.id)
    return rules


async def _do_action(context: PageContext, form: Form) -> Response | tuple[Rule, ...]:
    """Perform the pressed button; returns the rules to show if the form is to be shown again."""
    if not any(map(form.checked, _BUTTONS)):
        return await _send(context, form)
    await pictures.attach(context.request, form, member_of(context).person)
    # So that the form remembers the picture.
    await _take_picture(context, form)
    if form.checked("draft"):
        return await _save_draft(context, form)
    if form.checked("suggest"):
        await _suggest_title(context, form)
    return ()


async def _save_draft(context: PageContext, form: Form) -> Response:
    await drafts.keep(context, form, drafts.SUBMIT, _NEW)
    return see_other("/submit", "draft_saved")


async def _suggest_title(context: PageContext, form: Form) -> None:
    """Fill in the title of the linked page; errors are shown beside the link."""
    link = form.line("url")
    if not link:
        raise Invalid("url_missing", "Enter a link first.")
    title = (await read_link(context.request, member_of(context).person, link)).title
    if not title:
        raise Invalid("url_untitled", "The linked page has no title.")
    form.values["title"] = title


async def _send(context: PageContext, form: Form) -> Response | tuple[Rule, ...]:
    """Create the post; returns the rules to show if the form has not shown them, or if its link was
    posted before and the form has not warned of that.
    """
    checks = Checks()
    with checks:
        picked = await community_picker.pick(context, form)
    with checks:
        fields = await _fields(context, form)
    checks.finish()
    rules = await context.instance.read(lambda conn: _unread_rules(conn, context, picked, form))
    if not _is_warned(form) and await _duplicates(context, form):
        form.values["again"] = form.line("url")
        return rules
    if rules:
        return rules
    by = member_of(context).person

    def create(ctx: Context) -> int:
        community = get_community(ctx.conn, picked.id)
        made = act(ctx, CreatePost(by=by, community=community, **fields))
        drop_draft(ctx.conn, by, drafts.SUBMIT)
        return made.id

    post_id = await context.instance.unit(lambda ctx: once(ctx, by, form.key, lambda: create(ctx)))
    return see_other(f"/post/{post_id}")


def _is_warned(form: Form) -> bool:
    return form.sent and form.line("url") != "" and form.text("again") == form.line("url")


async def _duplicates(context: PageContext, form: Form) -> tuple[CrossPost, ...]:
    link = form.line("url")
    if not link:
        return ()
    return await context.instance.read(lambda conn: list_duplicates(conn, link))


async def _take_picture(
    context: PageContext, form: Form, edited: Post | None = None
) -> dict[str, Any]:
    """The picture; without another link the post links to it, as in Lemmy."""
    by = member_of(context).person
    image = await pictures.take_illustration(context.request, form, by, edited)
    former = edited.image_url if edited is not None else None
    link = form.line("url")
    if link and link != former:
        return {"image": image}
    return {"image": image, "url": image.url if image else None}


async def _fields(context: PageContext, form: Form, edited: Post | None = None) -> dict[str, Any]:
    """The fields of the post; the form remembers its picture, whatever other errors it has.

    Raises all errors at once.
    """
    link, by, checks = form.line("url"), member_of(context).person, Checks()
    with checks:
        await pictures.attach(context.request, form, by)
    with checks:
        picture = await _take_picture(context, form, edited)
    with checks:
        title = check_title(form.line("title"))
    with checks:
        url = check_url(link) if link else None
    with checks:
        text = check_body(form.text("body"))
    with checks:
        language = check_language(form.line("language"), edited.language if edited else None)
    with checks:
        content_warning = check_content_warning(form.line("content_warning"))
    checks.finish()
    return {
        "content_warning": content_warning,
        "title": title,
        "url": url,
        "body": await parse_markdown(context.request, by, text),
        "nsfw": form.checked("nsfw"),
        "language": language,
        **picture,
    }


def _languages(edited: Post) -> dict[str, str]:
    """The languages on our list, and the post's own."""
    own = edited.language
    return {**LANGUAGES, own: own} if own and own not in LANGUAGES else LANGUAGES


async def edit(request: Request) -> Response:
    """GET and POST /post/{number}/edit: for the author."""

    def read(conn: Connection, context: PageContext) -> Post:
        by = member_of(context).person
        post = get_post(conn, number_of(request))
        may_edit(by, post, context.now)
        return post

    context, post = await read_page(request, read)
    by = member_of(context).person
    form = await read_form(
        request,
        {
            "title": post.title,
            "url": post.url or "",
            "body": post.body_source,
            "language": post.language or "",
            "nsfw": "on" if post.nsfw else "",
            **pictures.values_of(post),
            **pictures.TEXT_FIELDS,
        },
    )
    if drafts.is_preview_for_script(request, form):
        return await drafts.show_preview(request, form)
    if form.ready:
        with form.keeping():
            if any(map(form.checked, _BUTTONS)):
                await pictures.attach(request, form, by)
                await _take_picture(context, form, post)
            else:
                action = EditPost(by=by, post=post, **await _fields(context, form, post))
                await context.instance.unit(lambda ctx: act(ctx, action))
                return see_other(f"/post/{post.id}", "edited")
    values = {
        "form": form,
        "post": post,
        "languages": _languages(post),
        "preview": await drafts.preview(context, form) if form.checked("preview") else "",
    }
    return form.answer(page(context, "post_edit.html", values))
