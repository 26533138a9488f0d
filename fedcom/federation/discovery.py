"""How other servers find us: WebFinger, NodeInfo and host-meta, at every path that clients try."""

import re
from importlib.metadata import version
from typing import Any
from urllib.parse import quote, urlsplit

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from activitypub import nodeinfo, webfinger
from activitypub.errors import Malformed
from activitypub.iri import host_of
from activitypub.nodeinfo import Software, Usage
from activitypub.types import AS2
from activitypub.webfinger import Handle
from fedcom.errors import BadRequest, NotFound
from fedcom.http.cors import ANY_ORIGIN
from fedcom.http.instance import Instance, instance_of
from fedcom.models.actor import Actor
from fedcom.models.site import Site
from fedcom.queries.actors import find_actor, find_community, find_person
from fedcom.queries.counts import count_usage
from fedcom.remote.peers import is_federated
from fedcom.rules.dialects import LEMMY_VERSION
from fedcom.site.settings import get_site

# The last version of the API that apps use; they refuse any other than 0.18 or 0.19 (Jerboa).
SEEN_AS = Software("lemmy", LEMMY_VERSION)
OURS = Software("fedcom", version("fedcom"))
# Apps that identify themselves and are not based on a browser.
KNOWN_APPS = ("voyagerapp", "jerboa", "thunder", "summit", "interstellar", "mlem", "eternity")
# RFC 3986 §2 and §3.1; people type umlauts, so letters of any script are accepted.
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x1f\x7f<>\"\\^`{|}]+")


async def answer_webfinger(request: Request) -> Response:
    """RFC 7033: `?resource=acct:name@host`, or the id of a local actor.

    Always the same 404 for actors that are unknown, deleted, or on another host; 400 if the
    resource is missing, repeated, or not a URI (§4.2).
    """
    resource = _resource(request)
    instance = instance_of(request)
    found_actor = await instance.read(
        lambda conn: _find(conn, resource, instance) if is_federated(conn) else None
    )
    if found_actor is None or found_actor.deleted_at is not None or not found_actor.local:
        raise NotFound(
            "couldnt_find_person", "%(resource)s not found on this server.", resource=resource
        )
    origin = instance.settings.origin
    body = webfinger.document(
        Handle(found_actor.name, found_actor.host),
        actor=found_actor.iri,
        page=found_actor.url or found_actor.iri,
        subscribe=f"{origin}/search?q={{uri}}",
        kind=found_actor.kind,
    )
    return JSONResponse(body, media_type="application/jrd+json", headers=ANY_ORIGIN)


async def answer_host_meta(request: Request) -> Response:
    """RFC 6415 as XML: the address of WebFinger, for clients that still ask."""
    template = _webfinger_template(instance_of(request))
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">'
        f'<Link rel="lrdd" type="application/jrd+json" template="{template}"/></XRD>\n'
    )
    return Response(body, media_type="application/xrd+xml", headers=ANY_ORIGIN)


async def answer_host_meta_json(request: Request) -> Response:
    """RFC 6415 as JSON."""
    link = {
        "rel": "lrdd",
        "type": "application/jrd+json",
        "template": _webfinger_template(instance_of(request)),
    }
    return JSONResponse({"links": [link]}, headers=ANY_ORIGIN)


async def answer_nodeinfo_index(request: Request) -> Response:
    """The addresses of NodeInfo (FEP-f1d5); some of Lemmy's apps read the links, some guess
    them.
    """
    origin = instance_of(request).settings.origin
    body = nodeinfo.index(origin)
    body["links"].append({"rel": f"{AS2}#Application", "href": f"{origin}/actor"})
    return JSONResponse(body, headers=ANY_ORIGIN)


async def answer_nodeinfo(request: Request) -> Response:
    """NodeInfo 2.0 and 2.1: the real software for servers; a compatible one for browsers and
    apps.
    """
    instance = instance_of(request)
    instance_row, usage = await instance.read(lambda conn: _numbers(conn, instance))
    software = SEEN_AS if instance_row.answers_apps_as_lemmy and is_app(request) else OURS
    body = nodeinfo.document(
        request.path_params["version"],
        software,
        usage,
        open_registrations=instance_row.registration == "open",
        metadata={"nodeName": instance_row.name, "software": OURS.name},
    )
    headers = ANY_ORIGIN | {
        "Vary": "Origin, Sec-Fetch-Site, User-Agent",
        "Cache-Control": "no-store",
    }
    kind = f'application/json; profile="{nodeinfo.SCHEMA}{request.path_params["version"]}#"'
    return JSONResponse(body, headers=headers | {"Content-Type": kind})


def is_app(request: Request) -> bool:
    """Whether the client is a browser or an app, not a server.

    Sec-Fetch-Mode does not tell: Node's fetch sends it too, so Misskey would count as a browser.
    """
    headers = request.headers
    site = headers.get("sec-fetch-site")
    agent = headers.get("user-agent", "").lower()
    return (
        "origin" in headers
        or (site is not None and site != "none")
        or any(app in agent for app in KNOWN_APPS)
    )


def _resource(request: Request) -> str:
    asked = request.query_params.getlist("resource")
    if len(asked) != 1 or not asked[0]:
        raise BadRequest(
            "resource_missing",
            "The query parameter resource is missing, e.g. ?resource=acct:name@host.",
        )
    if not _is_uri(asked[0]):
        raise BadRequest("resource_malformed", "The resource must be a URI, e.g. acct:name@host.")
    return asked[0]


def _is_uri(text: str) -> bool:
    """Whether it has the form of an absolute URI; an `acct:` also that of RFC 7565."""
    if not _URI.fullmatch(text):
        return False
    scheme, _, rest = text.partition(":")
    if scheme.lower() == "acct":
        name, _, host = rest.partition("@")
        return bool(name and host) and "@" not in host
    try:
        urlsplit(text)
    except ValueError:  # an incomplete IPv6 address
        return False
    return True


def _find(conn: Connection, resource: str, instance: Instance) -> Actor | None:
    origin = instance.settings.origin
    if resource.rstrip("/") == origin:
        return find_actor(conn, f"{origin}/actor")
    if resource.startswith(("https://", "http://")):
        return find_actor(conn, resource)
    try:
        handle = webfinger.parse_handle(resource, development=True)
    except Malformed:
        return None
    host = host_of(origin)
    if handle.host.lower() != host:
        return None
    if handle.name.lower() == host:
        return find_actor(conn, f"{origin}/actor")
    name = handle.name.lower()
    return find_person(conn, name, host) or find_community(conn, name, host)


def _numbers(conn: Connection, instance: Instance) -> tuple[Site, Usage]:
    return get_site(conn), count_usage(conn, instance.clock())


def _webfinger_template(instance: Instance) -> str:
    origin = quote(instance.settings.origin, safe=":/[]")
    return f"{origin}/.well-known/webfinger?resource={{uri}}"


def _versions(path: str) -> list[Route]:
    return [
        Route(path.format(version=number), _fixed(number), methods=["GET"])
        for number in nodeinfo.VERSIONS
    ]


def _fixed(number: str) -> Any:
    async def endpoint(request: Request) -> Response:
        request.path_params["version"] = number
        return await answer_nodeinfo(request)

    return endpoint


ROUTES = [
    Route("/.well-known/webfinger", answer_webfinger, methods=["GET"]),
    Route("/.well-known/host-meta", answer_host_meta, methods=["GET"]),
    Route("/.well-known/host-meta.json", answer_host_meta_json, methods=["GET"]),
    Route("/.well-known/nodeinfo", answer_nodeinfo_index, methods=["GET"]),
    *_versions("/nodeinfo/{version}"),
    *_versions("/nodeinfo/{version}.json"),
]
