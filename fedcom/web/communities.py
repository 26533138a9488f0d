"""Communities: the list, a community's page, following it, opening one, managing it."""

from dataclasses import dataclass
from typing import Any, get_args
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fedcom.accounts.rate_limits import act
from fedcom.actions.community import CreateCommunity, EditCommunity
from fedcom.actions.follow import Follow, Unfollow
from fedcom.actions.moderators import AddModerator, RemoveModerator
from fedcom.context import Context
from fedcom.http.instance import instance_of
from fedcom.http.numbers import number_in
from fedcom.http.resolve import get_community_named, look_up_person, slug_of
from fedcom.models.actor import Community, Person
from fedcom.models.moderation import CommunityBan
from fedcom.offload import offload
from fedcom.personal.sent_forms import once
from fedcom.queries.actors import find_moderators, get_person
from fedcom.queries.communities import (
    CommunityPage,
    CommunityQuery,
    FollowState,
    Scope,
    Sort,
    get_relation,
    list_communities,
)
from fedcom.queries.feed import PostPage
from fedcom.queries.follows import find_follow
from fedcom.rules.limits import check_body, check_display_name
from fedcom.rules.names import check_name
from fedcom.rules.permissions import Standing, may_moderate
from fedcom.web.feeds import Choice, choose, read_list
from fedcom.web.html.forms import Form, read_form, receive, see_other
from fedcom.web.html.render import page, slug
from fedcom.web.html.request_context import PageContext, context_of, member_of, read_page
from fedcom.wire.body import Body
from outbox.maintenance import find_failure

SORTS: tuple[Sort, ...] = get_args(Sort)
MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class Place:
    """A community as its pages need it: who runs it, and what the viewer is to it."""

    community: Community
    moderators: list[Person]
    follow: FollowState | None
    # By the viewer.
    is_blocked: bool
    # That the viewer may not take part.
    ban: CommunityBan | None
    standing: Standing
    # The viewer's request to follow was refused, or never arrived.
    is_refused: bool = False

    @property
    def may_post(self) -> bool:
        """Whether the viewer's post would be taken, as far as one can tell beforehand."""
        is_open = not self.community.posting_restricted or self.standing.may_moderate
        return is_open and self.ban is None


def read_place(conn: Connection, context: PageContext, community_id: int) -> Place:
    """What the side of a community's pages shows, in two statements; two more while the viewer
    waits for its server to accept them. Raises NotFound.
    """
    relation = get_relation(conn, community_id, viewer_id=context.viewer_id)
    community = relation.community
    moderators = find_moderators(conn, community)
    if context.member is None:
        return Place(community, moderators, None, False, None, Standing())
    standing = Standing(
        is_moderator=any(person.id == context.viewer_id for person in moderators),
        is_admin=community.local and context.member.is_admin,
        ban=relation.ban,
    )
    ban = relation.ban if relation.ban is not None and relation.ban.holds(context.now) else None
    return Place(
        community,
        moderators,
        relation.follow,
        relation.is_blocked,
        ban,
        standing,
        is_refused=relation.follow == "pending" and _is_refused(conn, context, community.id),
    )


def _is_refused(conn: Connection, context: PageContext, community_id: int) -> bool:
    asked = find_follow(conn, context.viewer_id or 0, community_id)
    return asked is not None and find_failure(conn, asked.iri) is not None


async def list_all(request: Request) -> Response:
    """GET /communities: those that are known here, most followed first; `q` is part of a name."""
    query = request.query_params
    asked = query.get("list", "")
    sort = next((one for one in SORTS if one == query.get("sort")), SORTS[0])
    name = query.get("q", "").strip()[:MAX_NAME]

    def read(conn: Connection, context: PageContext) -> tuple[Scope, CommunityPage, set[int]]:
        scope: Scope = "local" if asked == "local" else "all"
        if asked == "subscribed" and context.member:
            scope = "subscribed"
        listing = CommunityQuery(scope, sort, name, query.get("after", ""))
        found = list_communities(conn, listing, viewer_id=context.viewer_id)
        pending = [line.name.id for line in found.lines if line.follow == "pending"]
        return scope, found, {one for one in pending if _is_refused(conn, context, one)}

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

    def read(conn: Connection, context: PageContext) -> tuple[Place, Choice, PostPage]:
        community = get_community_named(conn, request)
        choice = choose(context, "community")
        posts = read_list(conn, context, choice, community.id)
        return read_place(conn, context, community.id), choice, posts

    context, (place, choice, posts) = await read_page(request, read)
    values = {"place": place, "choice": choice, "posts": posts}
    return page(context, "community.html", values, alternate=place.community.iri)


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


_NEW = {"name": "", "display_name": "", "body": "", "nsfw": "", "posting_restricted": ""}


async def create(request: Request) -> Response:
    """GET and POST /communities/new."""
    instance = instance_of(request)
    form = await read_form(request, _NEW)
    context = await context_of(request)
    by = member_of(context).person
    if form.ready:
        with form.keeping():
            words = await _words(form)
            name = check_name(form.line("name"))
            key = await instance.new_key()
            action = CreateCommunity(by=by, name=name, key=key, **words)
            await instance.unit(lambda ctx: once(ctx, by, form.key, lambda: act(ctx, action).id))
            return see_other(f"/c/{name}", "community_made")
    return form.answer(page(context, "community_new.html", {"form": form}))


async def edit(request: Request) -> Response:
    """GET and POST /c/{slug}/edit: what the community says of itself, and who moderates it."""
    context, place = await managed(request)
    community = place.community
    form = await read_form(request, _values(community))
    by = member_of(context).person
    if form.ready:
        with form.keeping():
            action = EditCommunity(by=by, community=community, **await _words(form))
            await context.instance.unit(lambda ctx: act(ctx, action))
            return see_other(f"/c/{slug(community)}", "community_saved")
    return _manage_page(context, place, form=form, appoint=Form({"person": ""}))


async def _words(form: Form) -> dict[str, Any]:
    return {
        "title": check_display_name(form.line("display_name")),
        "description": await offload(Body.of_markdown, check_body(form.text("body"))),
        "nsfw": form.checked("nsfw"),
        "posting_restricted": form.checked("posting_restricted"),
    }


def _manage_page(context: PageContext, place: Place, *, form: Form, appoint: Form) -> Response:
    values = {"place": place, "form": form, "appoint": appoint}
    return appoint.answer(form.answer(page(context, "community_edit.html", values)))


async def managed(request: Request) -> tuple[PageContext, Place]:
    """The community of the address, for who moderates it. Raises Denied for others."""

    def read(conn: Connection, context: PageContext) -> Place:
        by = member_of(context).person
        place = read_place(conn, context, get_community_named(conn, request).id)
        may_moderate(by, place.community, place.standing, context.now)
        return place

    return await read_page(request, read)


async def appoint(request: Request) -> Response:
    """POST /c/{slug}/edit/moderators: make somebody a moderator."""
    context, place = await managed(request)
    community = place.community
    by = member_of(context).person
    form = await read_form(request, {"person": ""})
    if form.ready:
        with form.keeping():
            person = await look_up_person(request, by, form.line("person"))
            action = AddModerator(by=by, community=community, person=person)
            await context.instance.unit(lambda ctx: act(ctx, action))
            return see_other(f"/c/{slug(community)}/edit", "moderator_added")
    return _manage_page(context, place, form=Form(_values(community)), appoint=form)


def _values(community: Community) -> dict[str, str]:
    return {
        "display_name": community.title,
        "body": community.summary_source,
        "nsfw": "on" if community.nsfw else "",
        "posting_restricted": "on" if community.posting_restricted else "",
    }


async def dismiss(request: Request) -> Response:
    """POST /c/{slug}/edit/moderators/remove: make somebody a moderator no longer."""
    sent = await receive(request)
    context, place = await managed(request)
    by = member_of(context).person

    def work(ctx: Context) -> None:
        person = get_person(ctx.conn, number_in(sent.get("person", "")))
        act(ctx, RemoveModerator(by=by, community=place.community, person=person))

    await context.instance.unit(work)
    path = f"/c/{slug(place.community)}"
    return see_other(
        path if sent.get("person") == str(by.id) else f"{path}/edit", "moderator_removed"
    )
