"""Which row is meant: a name, a handle or an address → a community, person, post or comment.

What is not known here is fetched for members only, and within their limit of look-ups; so is the
page behind a link. Guests only search here.
"""

import asyncio
import re
from contextlib import suppress

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request

from activitypub.errors import FetchFailed, Malformed, ProtocolError
from activitypub.iri import host_of
from fedcom.accounts.rate_limits import LOOK_UPS, count_action
from fedcom.accounts.throttle import (
    COMPLETIONS_BY_MEMBER,
    SEARCH_BY_ADDRESS,
    address_key,
    count_attempt,
)
from fedcom.catalogues import mark
from fedcom.errors import Denied, FedcomError, Invalid, NotFound
from fedcom.http.addresses import client_address
from fedcom.http.instance import instance_of
from fedcom.lookup import Found, find_known, is_address
from fedcom.models.actor import Community, Person
from fedcom.offload import offload
from fedcom.queries.actors import find_community, find_person, get_person
from fedcom.rules.limits import check_url
from fedcom.text.mentions import Mention
from fedcom.text.page_head import LinkMetadata
from fedcom.views.community import CommunityView
from fedcom.wire.body import Body

_SLUG = re.compile(r"([A-Za-z0-9_.-]{1,100})(?:@([A-Za-z0-9.:\[\]-]{1,255}))?")
_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")

NO_COMMUNITY = mark("There is no community called “%(name)s”.")
_NOBODY = mark("There is nobody called “%(name)s”.")

MAX_UNKNOWN = 5
"""How many unknown people and communities are looked up for one text."""

MENTION_SECONDS = 8.0
"""How long the sending of a text waits for these look-ups."""


SEARCH_SECONDS = 10.0
"""How long a search waits for what an address names."""


def slug_of(request: Request) -> str:
    """The name in the address, unchanged."""
    return str(request.path_params["slug"])


def split_slug(slug: str, own_host: str, otherwise: str = _NOBODY) -> tuple[str, str]:
    """`name` or `name@host` → name and host.

    Raises NotFound, which says `otherwise`, for what cannot be a name.
    """
    match = _SLUG.fullmatch(slug)
    if match is None:
        raise NotFound("couldnt_find_actor", otherwise, name=slug)
    name, host = match.groups()
    return (name, host.lower()) if host else (name.lower(), own_host)


def get_community_named(
    conn: Connection, request: Request, slug: str | None = None, *, with_closed: bool = False
) -> Community:
    """The open community that `slug`, else the address, names.

    Raises NotFound, and HTTPException(410) for one that was deleted or removed unless
    `with_closed`.
    """
    slug = slug_of(request) if slug is None else slug
    name, host = split_slug(slug, instance_of(request).settings.host, NO_COMMUNITY)
    found = find_community(conn, name, host)
    if found is None:
        raise NotFound("couldnt_find_community", NO_COMMUNITY, name=slug)
    if not (found.is_open or with_closed):
        raise HTTPException(410, mark("This community has been closed."))
    return found


def check_open(community: Community | CommunityView) -> None:
    """Raise HTTPException(410) for a closed community, before something in it is shown."""
    if not community.is_open:
        raise HTTPException(410, mark("The community of this post has been closed."))


def get_person_named(
    conn: Connection, request: Request, slug: str | None = None, *, with_deleted: bool = False
) -> Person:
    """The person that `slug`, else the address, names.

    A Group of another server is one too, since it may write. Raises NotFound, and
    HTTPException(410) for a deleted account unless `with_deleted`.
    """
    slug = slug_of(request) if slug is None else slug
    name, host = split_slug(slug, instance_of(request).settings.host)
    found = find_person(conn, name, host)
    group = None if found else find_community(conn, name, host)
    if group is not None and not group.local:
        found = get_person(conn, group.id)
    if found is None:
        raise NotFound("couldnt_find_person", _NOBODY, name=slug)
    if found.deleted_at is not None and not with_deleted:
        raise HTTPException(410, mark("This account has been deleted."))
    return found


async def look_up(request: Request, by: Person, text: str) -> Found:
    """What a member means by a handle or an address, fetched if it is not known here.

    Raises TooMany, and what `Instance.lookup` raises.
    """
    await pace_look_ups(request, by)
    return await instance_of(request).lookup(text)


async def find_addressed(request: Request, by: Person | None, text: str) -> Found | None:
    """What a search for a handle or an address means; None for search terms.

    What is not known here is fetched for a member, within the limit of look-ups. None also if it is
    not found within `SEARCH_SECONDS`, or if `by` is None, a guest: their search goes on without it.
    """
    instance = instance_of(request)
    development, origin = instance.settings.development, instance.settings.origin
    if not is_address(text, development=development):
        return None
    known = await instance.read(
        lambda conn: find_known(conn, text, origin, development=development)
    )
    if known is None and by is not None:
        with suppress(FedcomError, ProtocolError, TimeoutError):
            async with asyncio.timeout(SEARCH_SECONDS):
                return await look_up(request, by, text)
    return known


async def parse_markdown(request: Request, by: Person, text: str) -> Body:
    """The Markdown that a member sends, after a look-up of the unknown actors that it mentions.

    Only actors that are known here are linked, tagged and notified. A mention that is not found
    within `MENTION_SECONDS` stays plain text, and the author is told so below it.
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
    looked_up = (_look_up_named(request, by, one) for one in unknown[:MAX_UNKNOWN])
    with suppress(TimeoutError):
        async with asyncio.timeout(MENTION_SECONDS):
            await asyncio.gather(*looked_up)
    return body


def _is_known(conn: Connection, named: Mention) -> bool:
    finds, names = (find_person, find_community), (named.name, named.name.lower())
    return any(find(conn, name, named.host or "") for find in finds for name in names)


async def _look_up_named(request: Request, by: Person, named: Mention) -> None:
    with suppress(FedcomError, ProtocolError):
        await look_up(request, by, str(named))


async def look_up_person(request: Request, by: Person, text: str) -> Person:
    """The person a member means: a bare name is a local one, anything else is looked up.

    Raises NotFound, Invalid if it is not a person, and what `look_up` raises.
    """
    instance = instance_of(request)
    bare = text.removeprefix("@")
    if _NAME.fullmatch(bare):
        host = instance.settings.host
        person = await instance.read(lambda conn: find_person(conn, bare.lower(), host))
        if person is None:
            raise NotFound("person_unknown", "There is no member called “%(name)s”.", name=bare)
        return person
    found = await look_up(request, by, text)
    if isinstance(found, Community) and not found.local:
        # A Group on another server may write too.
        return await instance.read(lambda conn: get_person(conn, found.id))
    if not isinstance(found, Person):
        raise Invalid("person_expected", "That is not a person.")
    return found


async def read_link(request: Request, by: Person, url: str) -> LinkMetadata:
    """What the page behind a link says of itself, fetched now for a member.

    Raises TooMany, and Invalid (`url_…`).
    """
    await pace_look_ups(request, by)
    try:
        return await instance_of(request).link_metadata(check_url(url))
    except (FetchFailed, NotFound, Denied, Malformed) as error:
        raise Invalid("url_unread", "The linked page could not be read.") from error


async def pace_searches(request: Request) -> None:
    """Count one search of a guest, by their address. Raises TooMany."""
    address = address_key(client_address(request))
    await instance_of(request).unit(
        lambda ctx: count_attempt(ctx.conn, SEARCH_BY_ADDRESS, address, ctx.now)
    )


async def pace_completions(request: Request, by: Person) -> None:
    """Count one request for completions. Raises TooMany."""
    await instance_of(request).unit(
        lambda ctx: count_attempt(ctx.conn, COMPLETIONS_BY_MEMBER, f"{by.id}", ctx.now)
    )


async def pace_look_ups(request: Request, by: Person) -> None:
    """Count one look-up before something is fetched for a member. Raises TooMany."""
    instance = instance_of(request)
    await instance.unit(lambda ctx: count_action(ctx, by, LOOK_UPS))
