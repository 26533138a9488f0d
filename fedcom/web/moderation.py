"""Moderation of people: bans, warnings, and the public modlog."""

from dataclasses import dataclass
from datetime import timedelta
from typing import get_args

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from fedcom.accounts.rate_limits import act
from fedcom.actions.ban import Ban
from fedcom.actions.unban import Unban
from fedcom.actions.warn import Warn
from fedcom.context import Context
from fedcom.errors import Checks, NotFound
from fedcom.http.instance import instance_of
from fedcom.http.numbers import number_in
from fedcom.http.paging import row_in_query
from fedcom.http.resolve import (
    NO_COMMUNITY,
    get_community_named,
    get_person_named,
    look_up_person,
    split_slug,
)
from fedcom.models.actor import Community, Person
from fedcom.models.moderation import MODERATION_LABELS, ModlogKind
from fedcom.queries.actors import find_community, get_person
from fedcom.queries.comments import get_comment
from fedcom.queries.content import Content, community_of
from fedcom.queries.posts import get_post
from fedcom.queries.rules import ApplicableRules, list_applicable_rules
from fedcom.views.ban import BanView, list_bans
from fedcom.views.community import CommunityPage
from fedcom.views.modlog import LogFilter, ModlogView, list_modlog
from fedcom.views.paging import Cursor, Page
from fedcom.web.communities import managed, read_community
from fedcom.web.html.flash import Undoing
from fedcom.web.html.forms import Form, path_after, read_form, receive, see_other
from fedcom.web.html.i18n import gettext, sentence
from fedcom.web.html.reasons import ban_days, reason_in
from fedcom.web.html.render import page, slug
from fedcom.web.html.request_context import PageContext, admin_of, context_of, member_of, read_page

KINDS: tuple[ModlogKind, ...] = get_args(ModlogKind)
_BAN = {"person": "", "rule": "", "reason": "", "days": "", "content": ""}
_FILTER = ("community", "moderator", "person", "kind")


@dataclass(frozen=True, slots=True)
class Log:
    """The page of the log; `community` is None for the log of the whole instance."""

    community: CommunityPage | None
    found: Page[ModlogView]
    # Names in the filter that are not known here.
    unknown: str


async def show_modlog(request: Request) -> Response:
    """GET /modlog and /c/{slug}/modlog: moderation actions, public."""
    form = Form({name: request.query_params.get(name, "").strip() for name in _FILTER})
    after = Cursor.of_id(row_in_query(request, "before"))

    def read(conn: Connection, context: PageContext) -> Log:
        inside = None
        if "slug" in request.path_params:
            inside = read_community(conn, context, get_community_named(conn, request).id)
        try:
            wanted = _wanted(conn, request, form, inside)
        except NotFound as error:
            return Log(inside, Page(), sentence(error, error.detail))
        return Log(inside, list_modlog(conn, wanted, viewer_id=context.viewer_id, after=after), "")

    context, log = await read_page(request, read)
    values = {
        "log": log,
        "community": log.community,
        "form": form,
        "kinds": _kinds(),
        "labels": MODERATION_LABELS,
    }
    return page(context, "modlog.html", values)


def _kinds() -> list[tuple[str, str]]:
    """The options of the filter: value and label."""
    labels = [(kind, gettext(MODERATION_LABELS[kind].log)) for kind in KINDS]
    return [("", gettext("All actions")), *labels]


def _wanted(
    conn: Connection, request: Request, form: Form, inside: CommunityPage | None
) -> LogFilter:
    """The filter in the address. Raises NotFound for unknown names."""
    kind = form.line("kind")
    community_id = inside.id if inside is not None else None
    if inside is None and form.line("community"):
        slug = form.line("community").lstrip("!")
        name = split_slug(slug, instance_of(request).settings.host, NO_COMMUNITY)
        found = find_community(conn, *name)
        if found is None:
            raise NotFound("couldnt_find_community", NO_COMMUNITY, name=slug)
        community_id = found.id
    return LogFilter(
        community_id=community_id,
        moderator_id=_person_id(conn, request, form.line("moderator")),
        person_id=_person_id(conn, request, form.line("person")),
        kind=kind if kind in KINDS else "",
    )


def _person_id(conn: Connection, request: Request, text: str) -> int | None:
    return get_person_named(conn, request, text.lstrip("@"), with_deleted=True).id if text else None


# Bans from a community.


async def ban(request: Request) -> Response:
    """GET and POST /c/{slug}/ban: `?person=` is the person's slug."""
    context, shown, community = await managed(request)
    by = member_of(context).person
    rules = await context.instance.read(lambda conn: list_applicable_rules(conn, community))
    form = await read_form(
        request, _BAN | {name: request.query_params.get(name, "") for name in ("person", "reason")}
    )
    if form.ready:
        with form.keeping():
            checks = Checks()
            with checks:
                person = await look_up_person(request, by, form.line("person"))
            with checks:
                terms = _terms(form, rules)
            checks.finish()
            await context.instance.unit(lambda ctx: act(ctx, terms.ban(ctx, by, person, community)))
            undoing = Undoing(f"c/{slug(community)}", person.id, terms.removes_content)
            return see_other(f"/c/{slug(community)}/banned", "banned", undoing)
    values = {"community": shown, "person": None, "form": form, "rules": rules}
    return form.answer(page(context, "moderation_ban.html", values))


@dataclass(frozen=True, slots=True)
class _Terms:
    """What the form says of a ban: its reason, its length (0: permanent), whether it removes."""

    reason: str
    days: int
    removes_content: bool

    def ban(self, ctx: Context, by: Person, person: Person, inside: Community | None) -> Ban:
        """The ban of a person on these terms."""
        return Ban(
            by=by,
            person=person,
            community=inside,
            reason=self.reason,
            expires_at=ctx.now + timedelta(days=self.days) if self.days else None,
            removes_content=self.removes_content,
        )


def _terms(form: Form, rules: ApplicableRules) -> _Terms:
    """Raises Invalid, with all errors."""
    checks = Checks()
    with checks:
        reason = reason_in(form, rules)
    with checks:
        days = ban_days(form.line("days"))
    checks.finish()
    return _Terms(reason, days, form.checked("content"))


async def show_banned(request: Request) -> Response:
    """GET /c/{slug}/banned: the people banned from the community; public, like the log."""
    after = Cursor.of_id(row_in_query(request))

    def read(conn: Connection, context: PageContext) -> tuple[CommunityPage, Page[BanView]]:
        community = read_community(conn, context, get_community_named(conn, request).id)
        return community, list_bans(conn, community.id, context.now, after=after)

    context, (community, bans) = await read_page(request, read)
    values = {"community": community, "bans": bans}
    return page(context, "moderation_banned.html", values)


async def unban(request: Request) -> Response:
    """POST /c/{slug}/unban: `person` is a row id; `content` restores the removed content."""
    sent = await receive(request)
    context, _, community = await managed(request)
    by = member_of(context).person

    def work(ctx: Context) -> None:
        person = get_person(ctx.conn, number_in(sent.get("person", "")))
        act(
            ctx,
            Unban(
                by=by,
                person=person,
                community=community,
                restores_content=bool(sent.get("content")),
            ),
        )

    await context.instance.unit(work)
    return see_other(path_after(sent, f"/c/{slug(community)}/banned"), "unbanned")


# Warnings.


_WARN = {"person": "", "rule": "", "reason": "", "about": ""}


async def warn(request: Request) -> Response:
    """GET and POST /c/{slug}/warn: `?person=` is the person's slug, `?about=post/1` or
    `?about=comment/1` what they wrote.
    """
    context, shown, community = await managed(request)
    by = member_of(context).person
    query = request.query_params
    form = await read_form(
        request, _WARN | {name: query.get(name, "") for name in ("person", "about")}
    )

    def read(conn: Connection) -> tuple[ApplicableRules, Content | None]:
        about = _content_named(conn, form.line("about"))
        if about is not None and community_of(conn, about).id != community.id:
            raise NotFound("couldnt_find_post", "Post not found.")
        return list_applicable_rules(conn, community), about

    rules, about = await context.instance.read(read)
    if form.ready:
        with form.keeping():
            checks = Checks()
            with checks:
                person = await look_up_person(request, by, form.line("person"))
            with checks:
                reason = reason_in(form, rules)
            checks.finish()
            warning = Warn(by=by, person=person, community=community, reason=reason, about=about)
            await context.instance.unit(lambda ctx: act(ctx, warning))
            return see_other(f"/c/{slug(community)}/modlog", "warned")
    values = {"community": shown, "person": None, "form": form, "rules": rules, "about": about}
    return form.answer(page(context, "moderation_warn.html", values))


def _content_named(conn: Connection, text: str) -> Content | None:
    """The post or comment at `post/1` or `comment/1`; None without one. Raises NotFound."""
    kind, _, number = text.partition("/")
    if kind == "comment":
        return get_comment(conn, number_in(number))
    return get_post(conn, number_in(number)) if kind == "post" else None


async def warn_from_site(request: Request) -> Response:
    """GET and POST /u/{slug}/warn: for admins."""

    def read(conn: Connection, context: PageContext) -> tuple[Person, ApplicableRules]:
        admin_of(context)
        return get_person_named(conn, request), list_applicable_rules(conn, None)

    context, (person, rules) = await read_page(request, read)
    by = admin_of(context).person
    form = await read_form(request, _WARN)
    if form.ready:
        with form.keeping():
            reason = reason_in(form, rules)
            warning = Warn(by=by, person=person, community=None, reason=reason)
            await context.instance.unit(lambda ctx: act(ctx, warning))
            return see_other(f"/u/{slug(person)}", "warned")
    values = {"community": None, "person": person, "form": form, "rules": rules, "about": None}
    return form.answer(page(context, "moderation_warn.html", values))


# Bans from the whole instance.


async def ban_from_site(request: Request) -> Response:
    """GET and POST /u/{slug}/ban: for admins."""

    def read(conn: Connection, context: PageContext) -> tuple[Person, ApplicableRules]:
        admin_of(context)
        person = get_person_named(conn, request, with_deleted=True)
        return person, list_applicable_rules(conn, None)

    context, (person, rules) = await read_page(request, read)
    by = admin_of(context).person
    form = await read_form(request, _BAN | {"reason": request.query_params.get("reason", "")})
    if form.ready:
        with form.keeping():
            terms = _terms(form, rules)
            await context.instance.unit(lambda ctx: act(ctx, terms.ban(ctx, by, person, None)))
            undoing = Undoing(f"u/{slug(person)}", restores=terms.removes_content)
            return see_other(f"/u/{slug(person)}", "banned", undoing)
    values = {"community": None, "person": person, "form": form, "rules": rules}
    return form.answer(page(context, "moderation_ban.html", values))


async def unban_from_site(request: Request) -> Response:
    """POST /u/{slug}/unban: for admins; `content` restores the removed content."""
    sent = await receive(request)
    by = admin_of(await context_of(request)).person

    def work(ctx: Context) -> Person:
        person = get_person_named(ctx.conn, request, with_deleted=True)
        restores = bool(sent.get("content"))
        lift = Unban(by=by, person=person, community=None, restores_content=restores)
        return act(ctx, lift).person

    person = await instance_of(request).unit(work)
    return see_other(path_after(sent, f"/u/{slug(person)}"), "unbanned")
