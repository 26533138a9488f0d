"""GET /api/v3/site: the name of this server and its admins.

PieFed 1.7 reads `admins[].person.actor_id` here, and ignores the actions of admins who are not
listed. The members are named as in Lemmy 0.19's `GetSiteResponse`.
"""

from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fedcom.http.cors import ANY_ORIGIN
from fedcom.http.instance import instance_of
from fedcom.models.actor import Person
from fedcom.queries.actors import get_person, list_admins
from fedcom.site.settings import get_site

Json = dict[str, Any]

HEADERS = {**ANY_ORIGIN, "Cache-Control": "public, max-age=60"}
# Lemmy numbers the servers it knows; its own is the first.
_OUR_INSTANCE = 1


async def answer_site(request: Request) -> Response:
    """The site and its admins, the longest-serving first."""
    return JSONResponse(await instance_of(request).read(read_site), headers=HEADERS)


def read_site(conn: Connection) -> Json:
    """The response to GET /api/v3/site, as JSON."""
    about = get_site(conn)
    actor = get_person(conn, about.actor_id)
    site = {
        "id": 1,
        "name": about.name,
        "sidebar": about.description_source,
        "published": _moment(about.created_at),
        "actor_id": actor.iri,
        "inbox_url": actor.inbox,
        "instance_id": _OUR_INSTANCE,
    }
    people = (get_person(conn, number) for number in list_admins(conn))
    return {
        "site_view": {"site": site},
        "admins": [{"person": _person(one), "is_admin": True} for one in people],
        "version": version("fedcom"),
    }


def _person(person: Person) -> Json:
    return {
        "id": person.id,
        "name": person.name,
        "display_name": person.display_name,
        "avatar": person.icon_url,
        "published": _moment(person.published_at),
        "actor_id": person.iri,
        "local": person.local,
        "banned": False,
        "deleted": False,
        "bot_account": person.kind != "Person",
        "instance_id": _OUR_INSTANCE,
    }


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


ROUTES = [Route("/api/v3/site", answer_site, methods=["GET"])]
