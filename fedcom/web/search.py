"""The way to what is on other servers: a handle or an address in, its page here out."""

from starlette.requests import Request
from starlette.responses import Response

from fedcom.errors import Invalid
from fedcom.http.instance import instance_of
from fedcom.models.actor import Community, Person
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.web.forms import read_form, see_other
from fedcom.web.render import page, slug
from fedcom.web.visits import member_of, visit_of
from fedcom.web.words import gettext

MAX_QUERY = 2048


async def look_up(request: Request) -> Response:
    """GET /search shows the box; POST looks up, since that goes to other servers for a member."""
    form = await read_form(request, {"q": request.query_params.get("q", "")[:MAX_QUERY]})
    visit = await visit_of(request)
    if form.ready:
        member_of(request, visit)
        with form.keeping():
            return see_other(path_of(await instance_of(request).lookup(_query(form.line("q")))))
    if form.error:
        form.errors["q"], form.error = form.error, ""
    return page(request, "search.html", visit, {"form": form}, status=form.status)


def _query(text: str) -> str:
    if not text:
        raise Invalid("q_empty", gettext("Type a handle or paste an address."))
    if len(text) > MAX_QUERY:
        raise Invalid("q_too_long", gettext("That is too long for an address."))
    return text


def path_of(found: Community | Person | Post | Comment) -> str:
    """The page that shows it here."""
    if isinstance(found, Community):
        return f"/c/{slug(found)}"
    if isinstance(found, Person):
        return f"/u/{slug(found)}"
    if isinstance(found, Post):
        return f"/post/{found.id}"
    return f"/comment/{found.id}"
