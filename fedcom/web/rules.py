"""The rules of the site and of communities: the lists, and the pages on which they are written."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fedcom.errors import Checks, Denied
from fedcom.http.numbers import number_in, number_of
from fedcom.http.resolve import get_community_named
from fedcom.models.actor import Community
from fedcom.models.rule import Rule
from fedcom.offload import offload
from fedcom.queries.rules import get_rule, list_rules
from fedcom.rules.limits import check_body, check_rule_name
from fedcom.site.rules import MAX_TEXT, add_rule, edit_rule, move_rule, remove_rule
from fedcom.views.community import CommunityPage
from fedcom.web.communities import managed, read_community
from fedcom.web.html.forms import Form, error_beside, read_form, receive, see_other
from fedcom.web.html.render import page, slug
from fedcom.web.html.request_context import PageContext, admin_of, context_of, member_of, read_page
from fedcom.web.html.routing import Handler, button_route, form_route, shared_route
from fedcom.wire.body import Body

_NEW = {"name": "", "body": ""}


@dataclass(frozen=True, slots=True)
class _List:
    """One list of rules, with the pages on which it is read and written."""

    context: PageContext
    community: Community | None
    shown: CommunityPage | None

    @property
    def community_id(self) -> int | None:
        return self.community.id if self.community else None

    @property
    def edit_path(self) -> str:
        return f"/c/{slug(self.community)}/rules/edit" if self.community else "/admin/rules"


Find = Callable[[Request], Awaitable[_List]]
"""The list at an address, for people who may change it. Raises Denied for others."""


def routes() -> list[Route]:
    """The routes of all pages and buttons."""
    places = ((_of_site, "/admin/rules"), (_of_community, "/c/{slug}/rules/edit"))
    changes = [
        route
        for find, path in places
        for route in (
            form_route(path, _edit_all(find)),
            form_route(f"{path}/{{number:int}}", _edit_one(find)),
            button_route(f"{path}/move", _move(find)),
            button_route(f"{path}/remove", _remove(find)),
        )
    ]
    return [
        shared_route("/rules", show_site),
        shared_route("/c/{slug}/rules", show_community),
        *changes,
    ]


async def show_site(request: Request) -> Response:
    """GET /rules: those of the site."""
    context, rules = await read_page(request, lambda conn, _: list_rules(conn, None))
    return page(context, "rules.html", {"community": None, "rules": rules})


async def show_community(request: Request) -> Response:
    """GET /c/{slug}/rules: those of the community, and a link to those of the site."""

    def read(
        conn: Connection, context: PageContext
    ) -> tuple[CommunityPage, tuple[Rule, ...], bool]:
        community = read_community(conn, context, get_community_named(conn, request).id)
        has_more = bool(context.site.rules_html or list_rules(conn, None))
        return community, list_rules(conn, community.id), has_more

    context, (community, rules, has_more) = await read_page(request, read)
    values = {"community": community, "rules": rules, "site_has_rules": has_more}
    return page(context, "rules.html", values)


async def _of_site(request: Request) -> _List:
    context = await context_of(request)
    admin_of(context)
    return _List(context, None, None)


async def _of_community(request: Request) -> _List:
    context, shown, community = await managed(request)
    if not community.local:
        raise Denied(
            "not_a_local_community",
            "The rules of a community are written on its own server, %(host)s.",
            host=community.host,
        )
    return _List(context, community, shown)


def _edit_all(find: Find) -> Handler:
    async def edit(request: Request) -> Response:
        """GET and POST /admin/rules and /c/{slug}/rules/edit: the list, and a new rule."""
        place = await find(request)
        form = await read_form(request, _NEW)
        by = member_of(place.context).person
        if form.ready:
            with form.keeping():
                name, text = await _read(form)
                await place.context.instance.unit(
                    lambda ctx: add_rule(ctx, by, place.community, name, text)
                )
                return see_other(place.edit_path, "rule_added")
        rules = await place.context.instance.read(lambda conn: list_rules(conn, place.community_id))
        return _show(place, form, rules=rules)

    return edit


def _edit_one(find: Find) -> Handler:
    async def edit(request: Request) -> Response:
        """GET and POST /admin/rules/{number} and /c/{slug}/rules/edit/{number}: one rule."""
        place = await find(request)
        number = number_of(request)
        one = await place.context.instance.read(
            lambda conn: get_rule(conn, place.community_id, number)
        )
        form = await read_form(request, {"name": one.name, "body": one.text_source})
        by = member_of(place.context).person
        if form.ready:
            with form.keeping():
                name, text = await _read(form)
                await place.context.instance.unit(
                    lambda ctx: edit_rule(ctx, by, place.community, number, name, text)
                )
                return see_other(place.edit_path, "rule_saved")
        return _show(place, form, one=one)

    return edit


def _show(
    place: _List, form: Form, *, rules: tuple[Rule, ...] = (), one: Rule | None = None
) -> Response:
    values = {
        "form": form,
        "rules": rules,
        "one": one,
        "community": place.shown,
        "path": place.edit_path,
    }
    name = "rules_edit.html" if place.community else "admin_rules.html"
    return form.answer(page(place.context, name, values))


async def _read(form: Form) -> tuple[str, Body]:
    """The name and the text. Raises Invalid, with all errors."""
    checks = Checks()
    with checks:
        name = check_rule_name(form.line("name"))
    with checks, error_beside("body"):
        text = check_body(form.text("body"), MAX_TEXT)
    checks.finish()
    return name, await offload(Body.of_markdown, text)


def _move(find: Find) -> Handler:
    async def move(request: Request) -> Response:
        """POST …/move: `up` or `down` is the row id of a rule."""
        sent = await receive(request)
        place = await find(request)
        by = member_of(place.context).person
        up = "up" in sent
        rule_id = number_in(sent.get("up" if up else "down", ""))
        await place.context.instance.unit(
            lambda ctx: move_rule(ctx, by, place.community, rule_id, up=up)
        )
        return see_other(f"{place.edit_path}#rule-{rule_id}")

    return move


def _remove(find: Find) -> Handler:
    async def remove(request: Request) -> Response:
        """POST …/remove: `rule` is a row id."""
        sent = await receive(request)
        place = await find(request)
        by = member_of(place.context).person
        rule_id = number_in(sent.get("rule", ""))
        await place.context.instance.unit(
            lambda ctx: remove_rule(ctx, by, place.community, rule_id)
        )
        return see_other(place.edit_path, "rule_removed")

    return remove
