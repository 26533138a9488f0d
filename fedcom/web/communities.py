"""Communities: the list, a community's page, following, creating and managing one."""

from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fedcom.accounts.rate_limits import act
from fedcom.actions.community import CreateCommunity, EditCommunity
from fedcom.actions.follow import Follow, Unfollow
from fedcom.actions.moderators import AddModerator, RemoveModerator
from fedcom.actions.transfer import TransferCommunity
from fedcom.context import Context
from fedcom.effects.local_actor import check_free
from fedcom.errors import Checks
from fedcom.http.instance import instance_of
from fedcom.http.numbers import number_in
from fedcom.http.resolve import get_community_named, look_up_person, slug_of
from fedcom.models.actor import Community
from fedcom.offload import offload
from fedcom.personal.sent_forms import once
from fedcom.personal.visits import note_community_visit
from fedcom.queries.actors import get_person
from fedcom.rules.limits import check_body, check_display_name
from fedcom.rules.names import check_name
from fedcom.rules.permissions import must_moderate
from fedcom.site.communities import set_looks
from fedcom.views.community import (
    CommunityPage,
    CommunityQuery,
    CommunityView,
    Scope,
    Sort,
    get_community_page,
    is_refused,
    list_communities,
    read_community_cursor,
)
from fedcom.views.paging import Page
from fedcom.views.post import PostView
from fedcom.web.feeds import Choice, choose, read_list
from fedcom.web.html.cards import CardMaker
from fedcom.web.html.colours import read_hue
from fedcom.web.html.forms import Form, read_form, receive, see_other
from fedcom.web.html.languages import language_fields, languages_in
from fedcom.web.html.render import page, slug, style_address
from fedcom.web.html.request_context import PageContext, context_of, member_of, read_page
from fedcom.wire.body import Body

SORTS: tuple[Sort, ...] = ("subscribers", "active", "new", "old", "comments")
MAX_NAME = 100


def read_community(conn: Connection, context: PageContext, community_id: int) -> CommunityPage:
    """A community as its pages show it to the viewer. Raises NotFound."""
    is_admin = context.member is not None and context.member.is_admin
    return get_community_page(
        conn, community_id, viewer_id=context.viewer_id, is_admin=is_admin, now=context.now
    )


async def list_all(request: Request) -> Response:
    """GET /communities: the known communities, most followers first; `q` is part of a name."""
    query = request.query_params
    chosen = query.get("list", "")
    sort = next((one for one in SORTS if one == query.get("sort")), SORTS[0])
    name = query.get("q", "").strip()[:MAX_NAME]

    after = query.get("after", "")

    def read(conn: Connection, context: PageContext) -> tuple[Scope, Page[CommunityView], set[int]]:
        scope: Scope = "local" if chosen == "local" else "all"
        if chosen == "subscribed" and context.member:
            scope = "subscribed"
        cursor = read_community_cursor(after) if after else None
        listing = CommunityQuery(scope, sort, name, cursor)
        found = list_communities(conn, listing, viewer_id=context.viewer_id)
        pending = [one.id for one in found.items if one.follow == "pending"]
        return scope, found, {one for one in pending if is_refused(conn, context.viewer_id, one)}

    context, (scope, found, refused) = await read_page(request, read)

    def to(**changes: str) -> str:
        return "?" + urlencode({"list": scope, "sort": sort, "q": name, **changes})

    values = {"scope": scope, "sort": sort, "name": name, "communities": found, "to": to}
    values["refused"] = refused
    return page(context, "communities.html", values)


async def show(request: Request) -> Response:
    """GET /c/{slug}: the community's posts, and how to take part."""
    name, _, host = slug_of(request).partition("@")
    if host and host.lower() == instance_of(request).settings.host:
        return RedirectResponse(f"/c/{name}", 308)

    def read(
        conn: Connection, context: PageContext
    ) -> tuple[CommunityPage, Choice, Page[PostView], bool]:
        found = get_community_named(conn, request)
        choice = choose(context, "community")
        posts = read_list(conn, context, choice, found.id)
        return read_community(conn, context, found.id), choice, posts, found.indexable

    context, (community, choice, posts, is_listed) = await read_page(request, read)
    values = {"community": community, "choice": choice, "posts": posts}
    values |= style_of_community(context, community)
    response = page(
        context,
        "community.html",
        values,
        alternate=community.iri,
        describe=partial(CardMaker.of_community, community=community, is_listed=is_listed),
    )
    response.background = _note_visit(context, community)
    return response


VISIT_NOTED_EVERY = timedelta(minutes=1)
"""A repeated view within this time is not stored."""


def _note_visit(context: PageContext, community: CommunityPage) -> BackgroundTask | None:
    """Stored after the page has been sent: reading never waits for a write."""
    last = community.visited_at
    if not community.follow or (last and context.now - last < VISIT_NOTED_EVERY):
        return None
    return BackgroundTask(
        context.instance.unit,
        lambda ctx: note_community_visit(ctx.conn, context.viewer_id, community.id, context.now),
    )


def style_of_community(context: PageContext, community: CommunityPage) -> dict[str, str]:
    """The value `style` for a page of a community: the style sheet in its colours."""
    hue = context.site.hue if community.hue is None else community.hue
    return {"style": style_address(hue)}


async def follow(request: Request) -> Response:
    """POST /c/{slug}/follow and /unfollow."""
    await receive(request)
    context, community = await read_page(
        request, lambda conn, _: get_community_named(conn, request)
    )
    by = member_of(context).person
    instance = context.instance
    path = f"/c/{slug(community)}"
    if request.url.path.endswith("/unfollow"):
        await instance.unit(lambda ctx: act(ctx, Unfollow(by=by, target=community)))
        return see_other(path, "unfollowed")
    await instance.unit(lambda ctx: act(ctx, Follow(by=by, target=community)))
    return see_other(path, "followed" if community.local else "follow_asked")


_NEW = {"name": "", "display_name": "", "body": "", "nsfw": "", "posting_restricted": ""} | (
    language_fields("")
)


async def create(request: Request) -> Response:
    """GET and POST /communities/new."""
    instance = instance_of(request)
    form = await read_form(request, _NEW)
    context = await context_of(request)
    by = member_of(context).person
    if form.ready:
        with form.keeping():
            checks = Checks()
            with checks:
                fields = await _fields(form)
            with checks:
                name = check_name(form.line("name"), context.site.name_limit)
                if checks.have_failed:  # else the action says so, unless the form was sent before
                    await instance.read(lambda conn: check_free(conn, name))
            checks.finish()
            key = await instance.new_key()
            action = CreateCommunity(by=by, name=name, key=key, **fields)
            await instance.unit(lambda ctx: once(ctx, by, form.key, lambda: act(ctx, action).id))
            return see_other(f"/c/{name}", "community_made")
    return form.answer(page(context, "community_new.html", {"form": form}))


async def edit(request: Request) -> Response:
    """GET and POST /c/{slug}/edit: the community's description, settings and moderators."""
    context, shown, community = await managed(request)
    form = await read_form(request, _values(community, shown))
    by = member_of(context).person
    if form.ready:
        with form.keeping():
            checks = Checks()
            with checks:
                hue = read_hue(form.line("hue"))
            with checks:
                fields = await _fields(form)
            checks.finish()
            indexable = not form.checked("no_search_engines") if community.local else None
            action = EditCommunity(by=by, community=community, indexable=indexable, **fields)
            is_large = form.checked("large_pictures")

            def work(ctx: Context) -> None:
                act(ctx, action)
                if community.local:
                    set_looks(ctx.conn, community.id, hue=hue, large_pictures=is_large)

            await context.instance.unit(work)
            return see_other(f"/c/{slug(community)}", "community_saved")
    return _manage_page(context, shown, form=form, appoint=Form({"person": ""}))


async def _fields(form: Form) -> dict[str, Any]:
    checks = Checks()
    with checks:
        title = check_display_name(form.line("display_name"))
    with checks:
        description = check_body(form.text("body"))
    checks.finish()
    return {
        "title": title,
        "description": await offload(Body.of_markdown, description),
        "nsfw": form.checked("nsfw"),
        "posting_restricted": form.checked("posting_restricted"),
        "languages": languages_in(form),
    }


def _manage_page(
    context: PageContext, shown: CommunityPage, *, form: Form, appoint: Form
) -> Response:
    values = {"community": shown, "form": form, "appoint": appoint}
    values |= style_of_community(context, shown)
    return appoint.answer(form.answer(page(context, "community_edit.html", values)))


async def managed(request: Request) -> tuple[PageContext, CommunityPage, Community]:
    """The community of the address, for its pages and for actions. Raises Denied for people who do
    not moderate it.
    """

    def read(conn: Connection, context: PageContext) -> tuple[CommunityPage, Community]:
        by = member_of(context).person
        community = get_community_named(conn, request)
        shown = read_community(conn, context, community.id)
        must_moderate(by, community, shown.standing, context.now)
        return shown, community

    context, (shown, community) = await read_page(request, read)
    return context, shown, community


async def appoint(request: Request) -> Response:
    """POST /c/{slug}/edit/moderators: appoint a moderator."""
    context, shown, community = await managed(request)
    by = member_of(context).person
    form = await read_form(request, {"person": ""})
    if form.ready:
        with form.keeping():
            person = await look_up_person(request, by, form.line("person"))
            action = AddModerator(by=by, community=community, person=person)
            await context.instance.unit(lambda ctx: act(ctx, action))
            return see_other(f"/c/{slug(community)}/edit", "moderator_added")
    return _manage_page(context, shown, form=Form(_values(community, shown)), appoint=form)


def _values(community: Community, shown: CommunityPage) -> dict[str, str]:
    return {
        "display_name": community.title,
        "body": community.summary_source,
        "nsfw": "on" if community.nsfw else "",
        "posting_restricted": "on" if community.posting_restricted else "",
        "hue": "" if shown.hue is None else str(shown.hue),
        "large_pictures": "on" if shown.large_pictures else "",
        "no_search_engines": "" if community.indexable else "on",
        **language_fields(community.languages),
    }


async def dismiss(request: Request) -> Response:
    """POST /c/{slug}/edit/moderators/remove: remove a moderator."""
    sent = await receive(request)
    context, _, community = await managed(request)
    by = member_of(context).person

    def work(ctx: Context) -> None:
        person = get_person(ctx.conn, number_in(sent.get("person", "")))
        act(ctx, RemoveModerator(by=by, community=community, person=person))

    await context.instance.unit(work)
    path = f"/c/{slug(community)}"
    return see_other(
        path if sent.get("person") == str(by.id) else f"{path}/edit", "moderator_removed"
    )


async def transfer(request: Request) -> Response:
    """POST /c/{slug}/edit/moderators/transfer: `person` becomes the first moderator."""
    sent = await receive(request)
    context, _, community = await managed(request)
    by = member_of(context).person

    def work(ctx: Context) -> None:
        person = get_person(ctx.conn, number_in(sent.get("person", "")))
        act(ctx, TransferCommunity(by=by, community=community, person=person))

    await context.instance.unit(work)
    return see_other(f"/c/{slug(community)}/edit", "community_transferred")
