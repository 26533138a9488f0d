"""The field in which a member chooses the community of a new post: by name, title, handle or
address, or by a part of these.
"""

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fedcom.errors import FedcomError, Invalid, NotFound
from fedcom.http.instance import instance_of
from fedcom.http.resolve import NO_COMMUNITY, find_addressed, split_slug
from fedcom.models.actor import Community, Person
from fedcom.queries.actors import find_community, get_community, standing
from fedcom.rules.permissions import may_post
from fedcom.views.community import CommunityView, list_writable
from fedcom.web.html.forms import Form
from fedcom.web.html.i18n import sentence
from fedcom.web.html.request_context import PageContext, member_of, read_page

FIELDS = {
    "community": "",
    # The one chosen among several that fit, and the text that they fitted.
    "chosen": "",
    "chosen_for": "",
}
"""The fields of `community_picker.html`."""

SUGGESTED = 8
CHOICES = 20
MAX_TEXT = 300


async def suggest(request: Request) -> Response:
    """GET /submit/communities: for our script, the communities that fit `q`, as JSON."""
    text = request.query_params.get("q", "")[:MAX_TEXT]

    def read(conn: Connection, context: PageContext) -> tuple[CommunityView, ...]:
        by = member_of(context).person
        return list_writable(conn, by.id, context.now, text=text, limit=SUGGESTED)

    _, found = await read_page(request, read)
    # Unquoted, unlike in addresses: this is what the field takes.
    lines = [
        {"value": one.name if one.local else one.handle, "title": one.display_name}
        | {"handle": f"!{one.handle}"}
        for one in found
    ]
    return JSONResponse(lines, headers={"Cache-Control": "private, no-store"})


def refusal(
    conn: Connection, by: Person, community: Community, context: PageContext
) -> FedcomError | None:
    """Why the member may not post in the community; None if they may."""
    try:
        may_post(by, community, standing(conn, by, community), context.now)
    except FedcomError as error:
        return error
    return None


def warn(conn: Connection, context: PageContext, form: Form) -> Community | None:
    """Show beside the field of a new form why the member may not post in its community; returns the
    community if they may.
    """
    by = member_of(context).person
    community = _find_named(conn, context, form.line("community"))
    why = refusal(conn, by, community, context) if community else None
    if why is not None:
        form.errors["community"] = sentence(why, why.detail)
        return None
    return community


async def pick(context: PageContext, form: Form) -> Community:
    """The community that the form names.

    Raises Invalid: `community_missing`, or `community_ambiguous` if several fit (`list_choices`);
    NotFound("couldnt_find_community"); and Denied as `may_post`.
    """
    text, by = _text(form), member_of(context).person
    if not text:
        raise Invalid("community_missing", "Choose a community.")

    def read(conn: Connection) -> Community | None:
        named = _find_named(conn, context, text)
        if named is not None:
            return named
        fitting = list_writable(conn, by.id, context.now, text=text, limit=CHOICES)
        titled = [one for one in fitting if one.display_name.casefold() == text.casefold()]
        if len(fitting) == 1 or len(titled) == 1:
            return get_community(conn, (titled or fitting)[0].id)
        if fitting:
            raise Invalid(
                "community_ambiguous", "Several communities fit “%(name)s”. Choose one.", name=text
            )
        return None

    community = await context.instance.read(read)
    if community is None:
        found = await find_addressed(context.request, by, _as_handle(text))
        if not isinstance(found, Community):
            raise NotFound("couldnt_find_community", NO_COMMUNITY, name=text)
        community = found
    picked = community
    why = await context.instance.read(lambda conn: refusal(conn, by, picked, context))
    if why is not None:
        raise why
    return picked


async def list_choices(context: PageContext, form: Form) -> tuple[CommunityView, ...]:
    """The communities to choose from, if a form was refused because several fit."""
    text, by = form.line("community"), member_of(context).person
    if not text or "community" not in form.errors:
        return ()
    fitting = await context.instance.read(
        lambda conn: list_writable(conn, by.id, context.now, text=text, limit=CHOICES)
    )
    form.values["chosen_for"] = text
    return fitting if len(fitting) > 1 else ()


def _text(form: Form) -> str:
    """What was chosen among those that fit, unless the text has changed since; else the text."""
    text = form.line("community")
    chosen = form.line("chosen") if form.line("chosen_for") == text else ""
    return chosen or text


def _find_named(conn: Connection, context: PageContext, text: str) -> Community | None:
    """The community with exactly this name or handle."""
    try:
        name, host = split_slug(text.removeprefix("!"), instance_of(context.request).settings.host)
    except NotFound:
        return None
    return find_community(conn, name, host)


def _as_handle(text: str) -> str:
    """`name@host` as the handle of a community; anything else unchanged."""
    return f"!{text}" if "@" in text[1:] and "://" not in text and text[0] not in "!@" else text
