"""Settings of notifications: kinds and ways, mail, and single communities."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from fedcom.accounts.rate_limits import act
from fedcom.accounts.sessions import SignedIn
from fedcom.actions.follow import Follow
from fedcom.context import Context
from fedcom.errors import Invalid
from fedcom.http.instance import instance_of
from fedcom.http.numbers import whole_number
from fedcom.http.resolve import get_community_named, look_up
from fedcom.models.account import Account
from fedcom.models.actor import Community, Person
from fedcom.models.notification import KINDS, Kind
from fedcom.personal.notification_settings import (
    MailWish,
    Ways,
    list_ways,
    set_level,
    set_mail,
    set_quoting,
    set_ways,
)
from fedcom.personal.push import (
    PushDevice,
    find_vapid_key,
    list_devices,
    make_vapid_key,
    public_key_of,
)
from fedcom.queries.actors import find_community
from fedcom.queries.follows import find_follow
from fedcom.views.notification import ChosenCommunity, list_chosen_communities
from fedcom.web.html.forms import Form, read_form, receive, safe_path, see_other
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, member_of, read_page
from fedcom.web.html.routing import button_route, form_route
from fedcom.web.settings import Browser

PATH = "/settings/notifications"

_NOTICES = {"": "level_usual", "posts": "level_posts", "muted": "level_muted"}


@dataclass(frozen=True, slots=True)
class _Found:
    ways: dict[Kind, Ways]
    communities: tuple[ChosenCommunity, ...]
    devices: tuple[tuple[PushDevice, Browser], ...]
    # The private key for push services; None before anyone needed it.
    vapid_key: str | None


def routes() -> list[BaseRoute]:
    """The routes of all of them."""
    return [
        form_route(PATH, edit),
        button_route(f"{PATH}/communities", choose_named),
        button_route("/c/{slug}/notifications", choose),
    ]


async def edit(request: Request) -> Response:
    """GET and POST /settings/notifications: the kinds and their ways, and when mail is sent."""
    context, found = await read_page(request, _read)
    member = member_of(context)
    mine = member.account
    form = await read_form(request, _values(mine, found.ways))
    if form.ready:
        with form.keeping():
            sends_mail = context.instance.settings.sends_mail
            ways = _ways_in(form, _kinds_for(member), found.ways, sends_mail=sends_mail)
            pace = form.line("mail_pace")
            wish = MailWish(
                is_wanted=pace != "off",
                pace=mine.mail_pace if pace == "off" else pace,
                hour=_hour_in(form),
            )

            is_quoting = form.checked("quotes_messages")

            def work(ctx: Context) -> None:
                set_ways(ctx.conn, mine.actor_id, ways)
                set_quoting(ctx.conn, mine.actor_id, quotes_messages=is_quoting)
                if sends_mail:
                    set_mail(ctx.conn, mine, wish, ctx.now)

            await context.instance.unit(work)
            return see_other(PATH, "preferences_saved")
    return await _show(context, found, form=form)


async def choose_named(request: Request) -> Response:
    """POST /settings/notifications/communities: `level` for the community that `community` names,
    by its name here, its handle or its address.
    """
    context, found = await read_page(request, _read)
    member = member_of(context)
    form = await read_form(request, {"community": "", "level": ""})
    if form.ready:
        # Every error is about the only field in which something is typed.
        with form.keeping("community"):
            chosen = await _named(request, member.person, form.line("community"))
            await _choose(request, member.person, chosen, form.line("level"))
            return see_other(PATH, _NOTICES[form.line("level")])
    edited = Form(_values(member.account, found.ways))
    return await _show(context, found, form=edited, named=form)


async def choose(request: Request) -> Response:
    """POST /c/{slug}/notifications: `level` is "posts", "muted", or "" for the usual ones."""
    sent = await receive(request)
    context, community = await read_page(
        request, lambda conn, _: get_community_named(conn, request)
    )
    by, level = member_of(context).person, sent.get("level", "")
    await _choose(request, by, community, level)
    path = request.url.path.removesuffix("/notifications")
    return see_other(safe_path(sent.get("back", ""), path), _NOTICES[level])


def _read(conn: Connection, context: PageContext) -> _Found:
    member = member_of(context)
    mine = member.person.id
    devices = list_devices(conn, mine, context.now)
    return _Found(
        list_ways(conn, mine),
        list_chosen_communities(conn, mine),
        tuple((one, Browser(one.session, one.session.id == member.session.id)) for one in devices),
        find_vapid_key(conn),
    )


async def _named(request: Request, by: Person, text: str) -> Community:
    if not text:
        raise Invalid("community_missing", "Choose a community.")
    instance = instance_of(request)
    host, name = instance.settings.host, text.removeprefix("!")
    here = await instance.read(lambda conn: find_community(conn, name.lower(), host))
    found = here or await look_up(request, by, text if "://" in text else f"!{name}")
    if not isinstance(found, Community):
        raise Invalid("community_expected", "That is not a community.")
    return found


async def _choose(request: Request, by: Person, community: Community, level: str) -> None:
    """A member who wants to know of new posts follows the community, so that they arrive."""

    def work(ctx: Context) -> None:
        if level == "posts" and find_follow(ctx.conn, by.id, community.id) is None:
            act(ctx, Follow(by=by, target=community))
        set_level(ctx, by, community, level)

    await instance_of(request).unit(work)


def _hour_in(form: Form) -> int:
    hour = whole_number(form.line("mail_hour"), 23)
    return -1 if hour is None else hour


def _values(mine: Account, ways: Mapping[Kind, Ways]) -> dict[str, str]:
    boxes = {}
    for kind, way in ways.items():
        boxes[f"site_{kind}"] = "on" if way.on_site else ""
        boxes[f"mail_{kind}"] = "on" if way.by_mail else ""
        boxes[f"push_{kind}"] = "on" if way.by_push else ""
    return boxes | {
        "mail_pace": mine.mail_pace if mine.mail_notifications else "off",
        "mail_hour": str(mine.mail_hour),
        "quotes_messages": "on" if mine.quotes_messages else "",
    }


def _ways_in(
    form: Form, kinds: list[Kind], before: Mapping[Kind, Ways], *, sends_mail: bool
) -> dict[Kind, Ways]:
    """Without mail, the page has no boxes for it, and some kinds are for admins only."""
    chosen = {
        kind: Ways(
            on_site=form.checked(f"site_{kind}"),
            by_mail=form.checked(f"mail_{kind}") if sends_mail else before[kind].by_mail,
            by_push=form.checked(f"push_{kind}"),
        )
        for kind in kinds
    }
    return {**before, **chosen}


def _kinds_for(member: SignedIn) -> list[Kind]:
    return [kind for kind, rules in KINDS.items() if member.is_admin or not rules.is_for_admins]


async def _show(
    context: PageContext, found: _Found, *, form: Form, named: Form | None = None
) -> Response:
    member, named = member_of(context), named or Form({"community": "", "level": "posts"})
    key = found.vapid_key
    if key is None:
        key = await context.instance.unit(make_vapid_key)
    values = {
        "devices": found.devices,
        "is_on_here": any(browser.is_this for _, browser in found.devices),
        "push_key": public_key_of(key),
        "form": form,
        "named": named,
        "kinds": {kind: KINDS[kind] for kind in _kinds_for(member)},
        "hours": [(str(hour), f"{hour:02}:00") for hour in range(24)],
        "communities": found.communities,
        "sends_mail": context.instance.settings.sends_mail,
    }
    return named.answer(form.answer(page(context, "settings_notifications.html", values)))
