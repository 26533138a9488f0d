"""People: what somebody wrote."""

from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fedcom.http.instance import instance_of
from fedcom.models.actor import Person
from fedcom.queries.feed import PostPage
from fedcom.queries.people import RemarkPage, list_comments_of
from fedcom.web.feeds import Choice, choose, read_list
from fedcom.web.places import get_person_at, number_in, slug_of
from fedcom.web.render import page
from fedcom.web.visits import Visit, visiting


@dataclass(frozen=True, slots=True)
class Profile:
    """A person and one of their two lists."""

    person: Person
    choice: Choice
    posts: PostPage | None
    comments: RemarkPage | None


async def show(request: Request) -> Response:
    """GET /u/{slug}: the person's posts, or with `?show=comments` the comments."""
    name, _, host = slug_of(request).partition("@")
    if host and host.lower() == instance_of(request).settings.host:
        return RedirectResponse(f"/u/{name}", 308)

    def read(conn: Connection, visit: Visit) -> Profile:
        person = get_person_at(conn, request)
        choice = choose(request, visit, "author", "new")
        if request.query_params.get("show") == "comments":
            before = number_in(request.query_params.get("before", "")) or None
            remarks = list_comments_of(conn, person.id, viewer_id=visit.viewer_id, before=before)
            return Profile(person, choice, None, remarks)
        return Profile(person, choice, read_list(conn, request, visit, choice, person.id), None)

    visit, profile = await visiting(request, read)
    values = {"profile": profile, "person": profile.person}
    return page(request, "person.html", visit, values, alternate=profile.person.iri)
