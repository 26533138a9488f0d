"""From what is typed or stands in an address to what it means: names, handles, numbers."""

import asyncio
import re
from contextlib import suppress

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request

from activitypub.errors import ProtocolError
from activitypub.iri import host_of
from fedcom.accounts.rate_limits import LOOK_UPS, keep_pace
from fedcom.catalogues import mark
from fedcom.errors import FedcomError, Invalid, NotFound
from fedcom.http.instance import instance_of
from fedcom.lookup import Found
from fedcom.models.actor import Community, Person
from fedcom.offload import offload
from fedcom.queries.actors import find_community, find_person, get_person
from fedcom.text.mentions import Mention
from fedcom.wire.body import Body

_SLUG = re.compile(r"([A-Za-z0-9_.-]{1,100})(?:@([A-Za-z0-9.:\[\]-]{1,255}))?")
_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")

NO_COMMUNITY = mark("There is no community called “%(name)s”.")
_NOBODY = mark("There is nobody called “%(name)s”.")

NEW_NAMES = 5
"""Unknown people and communities that are looked up for one text."""

NAMING_SECONDS = 8.0
"""How long the sending of a text waits for that."""

LARGEST = 2**53 - 1
"""No id of ours is larger; databases refuse numbers that are much larger."""


def slug_of(request: Request) -> str:
    """The name in the address, as it stands there."""
    return str(request.path_params["slug"])


def split_slug(slug: str, own_host: str, otherwise: str = _NOBODY) -> tuple[str, str]:
    """`name` or `name@host` → name and host. Raises NotFound, which says `otherwise`, for what no
    actor is ever called.
    """
    match = _SLUG.fullmatch(slug)
    if match is None:
        raise NotFound("couldnt_find_actor", otherwise, name=slug)
    name, host = match.groups()
    return (name, host.lower()) if host else (name.lower(), own_host)


def get_community_at(conn: Connection, request: Request, slug: str | None = None) -> Community:
    """The community that the address (or `slug`) names and that is open.

    Raises NotFound, and HTTPException(410) for one that was deleted or removed.
    """
    slug = slug_of(request) if slug is None else slug
    name, host = split_slug(slug, instance_of(request).settings.host, NO_COMMUNITY)
    found = find_community(conn, name, host)
    if found is None:
        raise NotFound("couldnt_find_community", NO_COMMUNITY, name=slug)
    if not found.is_open:
        raise HTTPException(410, mark("This community has been closed."))
    return found


def check_open(community: Community) -> None:
    """Before something in it is shown. Raises HTTPException(410) for a closed one."""
    if not community.is_open:
        raise HTTPException(410, mark("The community of this post has been closed."))


def get_person_at(conn: Connection, request: Request, *, is_admin: bool = False) -> Person:
    """The person that the address names. Raises NotFound, and HTTPException(410) for one gone,
    unless an admin asks, who may have to act upon what was left.
    """
    found = get_person_called(conn, request, slug_of(request))
    if found.deleted_at is not None and not is_admin:
        raise HTTPException(410, mark("This account has been deleted."))
    return found


def get_person_called(conn: Connection, request: Request, slug: str) -> Person:
    """The person with this name, also when they are gone. Raises NotFound.

    A Group elsewhere may write too, and then has a page like everybody who does.
    """
    name, host = split_slug(slug, instance_of(request).settings.host)
    found = find_person(conn, name, host)
    group = None if found else find_community(conn, name, host)
    if group is not None and not group.local:
        return get_person(conn, group.id)
    if found is None:
        raise NotFound("couldnt_find_person", _NOBODY, name=slug)
    return found


async def look_up_elsewhere(request: Request, by: Person, text: str) -> Found:
    """Who or what a member means by a handle or an address, fetched when it is not here.

    Raises TooMany, and what `Instance.lookup` raises.
    """
    await pace_look_ups(request, by)
    return await instance_of(request).lookup(text)


async def written(request: Request, by: Person, text: str) -> Body:
    """The Markdown that a member sends, after a look-up of those it names whom nobody here knows.

    Only who is known here is linked, tagged and told. Who is not found within
    `NAMING_SECONDS` stays plain text; the writer sees that below it.
    """
    body = await offload(Body.of_markdown, text)
    instance = instance_of(request)
    own_host = host_of(instance.settings.origin)
    mentions = body.parsed.mentions if body.parsed else ()
    elsewhere = [one for one in mentions if one.host not in (None, own_host)]
    if not elsewhere:
        return body
    unknown = await instance.read(
        lambda conn: [one for one in elsewhere if not _is_known(conn, one)]
    )
    looked_up = (_look_up_named(request, by, one) for one in unknown[:NEW_NAMES])
    with suppress(TimeoutError):
        async with asyncio.timeout(NAMING_SECONDS):
            await asyncio.gather(*looked_up)
    return body


def _is_known(conn: Connection, named: Mention) -> bool:
    finds, names = (find_person, find_community), (named.name, named.name.lower())
    return any(find(conn, name, named.host or "") for find in finds for name in names)


async def _look_up_named(request: Request, by: Person, named: Mention) -> None:
    with suppress(FedcomError, ProtocolError):
        await look_up_elsewhere(request, by, str(named))


async def look_up_person(request: Request, by: Person, text: str) -> Person:
    """Who a member means: a bare name is one of ours, anything else is looked up.

    Raises NotFound, Invalid for what is no person, and what `look_up_elsewhere` raises.
    """
    instance = instance_of(request)
    bare = text.removeprefix("@")
    if _NAME.fullmatch(bare):
        host = instance.settings.host
        person = await instance.read(lambda conn: find_person(conn, bare.lower(), host))
        if person is None:
            raise NotFound("person_unknown", "There is no member called “%(name)s”.", name=bare)
        return person
    found = await look_up_elsewhere(request, by, text)
    if isinstance(found, Community) and not found.local:
        # A Group elsewhere may write too.
        return await instance.read(lambda conn: get_person(conn, found.id))
    if not isinstance(found, Person):
        raise Invalid("person_expected", "That is not a person.")
    return found


async def pace_look_ups(request: Request, by: Person) -> None:
    """Before something is fetched for a member: nobody makes us ask other servers without end.
    Raises TooMany.
    """
    instance = instance_of(request)
    await instance.unit(lambda ctx: keep_pace(ctx, by, LOOK_UPS))


def number_of(request: Request) -> int:
    """The number in the address; one that no row can have is as good as 0, which no row has."""
    number = int(request.path_params["number"])
    return number if number <= LARGEST else 0


def number_in(text: str) -> int:
    """A row's number out of a form or a query; 0, which no row has, when it is none."""
    return whole_number(text, LARGEST) or 0


def whole_number(text: str, most: int) -> int | None:
    """What these digits say, from 0 to `most`; None when they are none, or say more."""
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(LARGEST)):
        return None
    number = int(text)
    return number if number <= most else None
