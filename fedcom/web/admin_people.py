"""The admin's pages about members, invitations and communities."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from fedcom.accounts.invitations import (
    MAX_USES,
    Invitation,
    InvitationTerms,
    check_note,
    create_invitation,
    find_inviters,
    list_invitations,
    remove_invitation,
)
from fedcom.accounts.members import Member, change_role_of, get_member, search_members
from fedcom.accounts.password_reset import create_reset
from fedcom.accounts.rate_limits import act
from fedcom.accounts.two_factor import list_with_two_factor, switch_off
from fedcom.actions.close import CloseCommunity, ReopenCommunity
from fedcom.context import Context
from fedcom.errors import Checks, Conflict, Invalid
from fedcom.http.instance import instance_of
from fedcom.http.numbers import number_in, whole_number
from fedcom.http.paging import row_in_query
from fedcom.media.records import sum_uploads
from fedcom.models.actor import Community, Person
from fedcom.personal.sent_forms import once
from fedcom.queries.actors import get_community
from fedcom.site.communities import list_closed
from fedcom.site.front_page import hide_community
from fedcom.views.community import (
    CommunityQuery,
    CommunityView,
    list_communities,
    read_community_cursor,
)
from fedcom.views.paging import Page
from fedcom.web.html.forms import Form, read_form, receive, see_other
from fedcom.web.html.render import page
from fedcom.web.html.request_context import PageContext, admin_of, context_of, read_page

MEMBERS = 50
"""Members per page of the list."""

_TERMS = {"note": "", "uses": "1", "days": "7"}
_MOST = 3650


async def show_members(request: Request) -> Response:
    """GET /admin/members: `q` searches, `after` is the cursor."""
    text = request.query_params.get("q", "")
    after = row_in_query(request)

    def read(conn: Connection, context: PageContext) -> tuple[list[Member], Mapping[str, object]]:
        admin_of(context)
        found = search_members(conn, text, after=after, limit=MEMBERS + 1)
        ids = [one.person.id for one in found]
        return found, {
            "with_two_factor": list_with_two_factor(conn, ids),
            "inviters": find_inviters(conn, ids),
            "space": sum_uploads(conn, ids),
        }

    context, (found, facts) = await read_page(request, read)
    values = {
        "members": found[:MEMBERS],
        **facts,
        "next": found[MEMBERS - 1].person.id if len(found) > MEMBERS else 0,
        "form": Form({"q": text}),
    }
    return page(context, "admin_members.html", values)


async def change_role(request: Request) -> Response:
    """POST /admin/members/role: `role` is admin or member, `person` the member."""
    sent = await receive(request)
    by = admin_of(await context_of(request)).person
    person, role = number_in(sent.get("person", "")), sent.get("role", "")
    if role not in ("admin", "member"):
        raise Conflict("no_decision", "Choose a role: admin or member.")
    await instance_of(request).unit(
        lambda ctx: change_role_of(ctx, by, person, "admin" if role == "admin" else "member")
    )
    return see_other("/admin/members", "role_changed")


async def make_reset(request: Request) -> Response:
    """POST /admin/members/reset: a link for a member who forgot the password; shown once."""
    sent = await receive(request)
    admin_of(await context_of(request))
    person = number_in(sent.get("person", ""))

    def work(ctx: Context) -> tuple[Member, str]:
        return get_member(ctx.conn, person), create_reset(ctx.conn, person, ctx.now)

    member, token = await instance_of(request).unit(work)
    link = f"{instance_of(request).settings.origin}/reset?token={token}"
    context = await context_of(request)
    return page(context, "admin_reset.html", {"whose": member, "link": link, "is_new": False})


async def end_two_factor(request: Request) -> Response:
    """POST /admin/members/two-factor: switches it off for a member who has lost everything."""
    sent = await receive(request)
    admin_of(await context_of(request))
    person = number_in(sent.get("person", ""))

    def work(ctx: Context) -> None:
        get_member(ctx.conn, person)
        switch_off(ctx.conn, person)

    await instance_of(request).unit(work)
    return see_other("/admin/members", "members_two_factor_off")


async def edit_invitations(request: Request) -> Response:
    """GET and POST /admin/invitations: codes for people who may join without an application."""

    def read(conn: Connection, context: PageContext) -> list[Invitation]:
        admin_of(context)
        return list_invitations(conn)

    context, found = await read_page(request, read)
    by = admin_of(context).person
    form = await read_form(request, _TERMS)
    if form.ready:
        with form.keeping():
            checks = Checks()
            with checks:
                note = check_note(form.line("note"))
            with checks:
                uses = _number(form, "uses", least=1, most=MAX_USES)
            with checks:
                days = _number(form, "days", least=0, most=_MOST)
            checks.finish()

            def make(ctx: Context) -> int:
                expires = ctx.now + timedelta(days=days) if days else None
                terms = InvitationTerms(note=note, uses=uses, expires_at=expires)
                return create_invitation(ctx.conn, by.id, terms, ctx.now).id

            await context.instance.unit(lambda ctx: once(ctx, by, form.key, lambda: make(ctx)))
            return see_other("/admin/invitations", "invitation_made")
    values = {"form": form, "invitations": found}
    return form.answer(page(context, "admin_invitations.html", values))


def _number(form: Form, name: str, *, least: int, most: int) -> int:
    number = whole_number(form.line(name), most)
    if number is None or number < least:
        raise Invalid(
            f"{name}_number",
            "Enter a whole number from %(least)s to %(most)s.",
            least=least,
            most=most,
        )
    return number


async def remove(request: Request) -> Response:
    """POST /admin/invitations/remove: revoke one."""
    sent = await receive(request)
    admin_of(await context_of(request))
    invitation_id = number_in(sent.get("invitation", ""))
    await instance_of(request).unit(lambda ctx: remove_invitation(ctx.conn, invitation_id))
    return see_other("/admin/invitations", "invitation_removed")


async def show_communities(request: Request) -> Response:
    """GET /admin/communities: open communities and closed ones."""
    return await _show_communities(request, Form({"community": "", "reason": ""}))


async def _show_communities(request: Request, form: Form) -> Response:
    after = request.query_params.get("after", "")

    def read(conn: Connection, context: PageContext) -> tuple[Page[CommunityView], list[Community]]:
        admin_of(context)
        cursor = read_community_cursor(after) if after else None
        listing = CommunityQuery(after=cursor, hidden=True)
        return list_communities(conn, listing), list_closed(conn)

    context, (opened, closed) = await read_page(request, read)
    values = {"form": form, "opened": opened, "closed": closed}
    return form.answer(page(context, "admin_communities.html", values))


async def close(request: Request) -> Response:
    """POST /admin/communities/close: `community` is the row id, `reason` for the log."""
    context = await context_of(request)
    by = admin_of(context).person
    form = await read_form(request, {"community": "", "reason": ""})
    if form.ready:
        with form.keeping():
            community_id, reason = number_in(form.line("community")), form.line("reason")
            await context.instance.unit(lambda ctx: _close(ctx, community_id, reason, by))
            return see_other("/admin/communities", "community_closed")
    return await _show_communities(request, form)


async def reopen(request: Request) -> Response:
    """POST /admin/communities/reopen."""
    sent = await receive(request)
    by = admin_of(await context_of(request)).person
    community_id = number_in(sent.get("community", ""))
    await instance_of(request).unit(lambda ctx: _reopen(ctx, community_id, by))
    return see_other("/admin/communities", "community_reopened")


async def hide(request: Request) -> Response:
    """POST /admin/communities/hide: `community` is the row id, `reason` for the log."""
    context = await context_of(request)
    by = admin_of(context).person
    form = await read_form(request, {"community": "", "reason": ""})
    if form.ready:
        with form.keeping():
            community_id, reason = number_in(form.line("community")), form.line("reason")
            await context.instance.unit(
                lambda ctx: hide_community(
                    ctx, by, get_community(ctx.conn, community_id), hidden=True, reason=reason
                )
            )
            return see_other("/admin/communities", "community_hidden")
    return await _show_communities(request, form)


async def unhide(request: Request) -> Response:
    """POST /admin/communities/unhide."""
    sent = await receive(request)
    by = admin_of(await context_of(request)).person
    community_id = number_in(sent.get("community", ""))
    await instance_of(request).unit(
        lambda ctx: hide_community(ctx, by, get_community(ctx.conn, community_id), hidden=False)
    )
    return see_other("/admin/communities", "community_unhidden")


def _close(ctx: Context, community_id: int, reason: str, by: Person) -> None:
    community = get_community(ctx.conn, community_id)
    act(ctx, CloseCommunity(by=by, community=community, reason=reason))


def _reopen(ctx: Context, community_id: int, by: Person) -> None:
    act(ctx, ReopenCommunity(by=by, community=get_community(ctx.conn, community_id)))
