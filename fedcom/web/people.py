"""People: what somebody wrote, and one's own profile."""

from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fedcom.actions.perform import perform
from fedcom.actions.profile import EditProfile
from fedcom.http.instance import instance_of
from fedcom.models.actor import Person
from fedcom.queries.feed import PostPage, Wanted, list_posts
from fedcom.queries.people import RemarkPage, list_comments_of
from fedcom.rules.limits import MAX_SUMMARY, check_body, check_display_name
from fedcom.web.feeds import after
from fedcom.web.forms import read_form, see_other
from fedcom.web.places import get_person_at, number_in, slug_of
from fedcom.web.render import page, slug
from fedcom.web.visits import Visit, member_of, visit_of, visiting
from fedcom.wire.body import Body


@dataclass(frozen=True, slots=True)
class Profile:
    """A person and one of their two lists."""

    person: Person
    posts: PostPage | None
    comments: RemarkPage | None


async def show(request: Request) -> Response:
    """GET /u/{slug}: the person's posts, or with `?show=comments` the comments."""
    name, _, host = slug_of(request).partition("@")
    if host and host.lower() == instance_of(request).settings.host:
        return RedirectResponse(f"/u/{name}", 308)

    def read(conn: Connection, visit: Visit) -> Profile:
        person = get_person_at(conn, request)
        if request.query_params.get("show") == "comments":
            before = number_in(request.query_params.get("before", "")) or None
            remarks = list_comments_of(conn, person.id, viewer_id=visit.viewer_id, before=before)
            return Profile(person, None, remarks)
        newest = Wanted("author", "new", person.id, after(request, "new"))
        return Profile(person, list_posts(conn, newest, viewer_id=visit.viewer_id), None)

    visit, profile = await visiting(request, read)
    values = {"profile": profile, "person": profile.person}
    return page(request, "person.html", visit, values, alternate=profile.person.iri)


async def edit_profile(request: Request) -> Response:
    """GET and POST /settings: the name and the text that others see."""
    visit = await visit_of(request)
    by = member_of(request, visit).person
    form = await read_form(request, {"display_name": by.title, "body": by.summary_source})
    if form.ready:
        with form.keeping():
            action = EditProfile(
                by=by,
                title=check_display_name(form.line("display_name")),
                summary=Body.of_markdown(check_body(form.text("body"), MAX_SUMMARY)),
            )
            await instance_of(request).unit(lambda ctx: perform(ctx, action))
            return see_other(f"/u/{slug(by)}", "profile_saved")
    return page(request, "settings.html", visit, {"form": form}, status=form.status)
