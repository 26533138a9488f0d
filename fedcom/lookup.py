"""A member's look-up: the object behind a handle or an address, local or remote."""

import re
from contextlib import suppress
from urllib.parse import urlsplit

from sqlalchemy import Connection

from activitypub.errors import FetchFailed, Malformed, NotThere, PrivateAddress, Unreachable
from activitypub.fetch import Budget, Fetcher
from activitypub.iri import check_iri, host_of
from activitypub.webfinger import Handle, find_actor as find_by_webfinger, parse_handle
from fedcom.context import Context, Fetched
from fedcom.errors import Invalid, NotFound
from fedcom.inbound.content_at import content_at
from fedcom.models.actor import Community, Person
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.queries.actors import find_actor, find_community, find_person
from fedcom.queries.comments import get_comment
from fedcom.queries.content import find_content
from fedcom.queries.posts import get_post
from fedcom.refresh import ActorRefresh
from fedcom.remote.actors import actor_at
from fedcom.remote.origins import Origins
from fedcom.text.pasted import pasted_address
from fedcom.units import Units

Found = Community | Person | Post | Comment

# The fetches of one look-up: a thread's parents, its authors, the community and moderators.
LOOKUP_DOCUMENTS = 60
LOOKUP_SECONDS = 30.0
_SCHEMES = ("https://", "http://")
# Pages of this server, and those of people and communities on most forums.
_PAGE = re.compile(r"/(post|comment|c|u)/([\w.-]{1,100})")
_ACTOR_PAGE = re.compile(r"/(c|m|u)/([\w.-]{1,100})")
# Longer numbers cannot be row ids.
_DIGITS = 16


class LookUp:
    """Finds objects for members, fetching unknown ones."""

    def __init__(
        self,
        units: Units,
        fetcher: Fetcher,
        origins: Origins,
        refresh: ActorRefresh,
    ) -> None:
        self._units = units
        self._fetcher = fetcher
        self._origins = origins
        self._refresh = refresh

    async def find(self, text: str) -> Found:
        """The object behind a handle or an address; an unknown one is fetched and stored.

        Raises NotFound, Invalid and Denied with a sentence for the member.
        """
        text = pasted_address(text)
        budget = Budget(documents=LOOKUP_DOCUMENTS, seconds=LOOKUP_SECONDS)
        try:
            if text.startswith(_SCHEMES):
                return await self._look_up_address(text, budget)
            return await self._look_up_handle(text, budget)
        except Malformed as error:
            raise Invalid(
                "lookup_invalid", "This is neither a handle nor an address that can be shown here."
            ) from error
        except PrivateAddress as error:
            raise Invalid(
                "lookup_private", "This address is not on the public internet."
            ) from error
        except Unreachable as error:
            if not error.url:
                raise NotFound(
                    "lookup_unreachable",
                    "The other server is not responding right now. Try again later.",
                ) from error
            raise NotFound(
                "lookup_unreachable",
                "%(host)s is not responding right now. Try again later.",
                host=host_of(error.url),
            ) from error
        except FetchFailed as error:
            raise NotFound(
                "couldnt_find_object",
                "The other server has nothing at this address that can be shown here.",
            ) from error

    async def _look_up_address(self, iri: str, budget: Budget) -> Found:
        check_iri(iri, development=self._fetcher.development)
        known = await self._units.read(lambda conn: _find_at(conn, iri, self._origins.origin))
        if known is not None:
            return known
        await self._origins.check_host(host_of(iri))
        try:
            found = await self._fetcher.fetch_page_link(iri, budget)
        except NotThere:
            named = _ACTOR_PAGE.fullmatch(urlsplit(iri).path)
            if named is None or host_of(iri) == host_of(self._origins.origin):
                raise
            # Names are often typed with capitals, which ids seldom have and WebFinger ignores.
            sign = "@" if named[1] == "u" else "!"
            return await self._look_up_handle(f"{sign}{named[2].lower()}@{host_of(iri)}", budget)
        fetched = Fetched()
        real = found.document.id or iri
        fetched.documents[real] = found.document
        if found.document.is_actor:
            await self._origins.learn_software(host_of(real))
        found_there = await self._units.unit(
            lambda ctx: _found_at(ctx, real), budget=budget, fetched=fetched, wanted=True
        )
        return await self._completed(found_there)

    async def _look_up_handle(self, text: str, budget: Budget) -> Found:
        handle = parse_handle(text, development=self._fetcher.development)
        own_host = host_of(self._origins.origin)
        known = await self._units.read(
            lambda conn: _find_by_handle(conn, handle, own_host, is_group=text.startswith("!"))
        )
        if known is not None:
            return known
        if handle.host == own_host:
            raise NotFound("couldnt_find_person", "%(text)s not found on this server.", text=text)
        await self._origins.check_host(handle.host)
        iri = await find_by_webfinger(self._fetcher, handle, budget)
        found = await self._units.unit(lambda ctx: _found_at(ctx, iri), budget=budget, wanted=True)
        return await self._completed(found)

    async def _completed(self, found: Found) -> Found:
        """`found`, read again if it is a remote actor: now with the confirmed handle, and a
        community also with the number of its followers.
        """
        if isinstance(found, Post | Comment) or found.local:
            return found
        await self._refresh.complete(found)
        return await self._units.read(lambda conn: _find(conn, found.iri)) or found


def is_address(text: str, *, development: bool) -> bool:
    """Whether the text is the id or the handle of one thing, rather than search terms."""
    text = pasted_address(text)
    if text.startswith(_SCHEMES):
        return not any(map(str.isspace, text))
    try:
        parse_handle(text, development=development)
    except Malformed:
        return False
    return True


def find_known(conn: Connection, text: str, origin: str, *, development: bool) -> Found | None:
    """What a handle or an address names, if it is known here; None for search terms."""
    if not is_address(text, development=development):
        return None
    text = pasted_address(text)
    if text.startswith(_SCHEMES):
        return _find_at(conn, text, origin)
    handle = parse_handle(text, development=development)
    return _find_by_handle(conn, handle, host_of(origin), is_group=text.startswith("!"))


def _find(conn: Connection, iri: str) -> Found | None:
    return find_content(conn, iri) or find_actor(conn, iri)


def _find_at(conn: Connection, iri: str, origin: str) -> Found | None:
    """The known object at an address: by its id, or by the address of a page of this server."""
    known = _find(conn, iri)
    here = _PAGE.fullmatch(iri.removeprefix(origin)) if iri.startswith(f"{origin}/") else None
    if known is not None or here is None:
        return known
    kind, text = here.groups()
    if kind in {"c", "u"}:
        return _find_by_name(conn, text.lower(), host_of(origin), is_group=kind == "c")
    with suppress(NotFound):
        row_id = int(text) if text.isdecimal() and len(text) < _DIGITS else 0
        return get_post(conn, row_id) if kind == "post" else get_comment(conn, row_id)
    return None


def _find_by_handle(
    conn: Connection, handle: Handle, own_host: str, *, is_group: bool
) -> Found | None:
    # The names of this server have no capitals.
    name = handle.name.lower() if handle.host == own_host else handle.name
    return _find_by_name(conn, name, handle.host, is_group=is_group)


def _find_by_name(conn: Connection, name: str, host: str, *, is_group: bool) -> Found | None:
    community = find_community(conn, name, host)
    person = find_person(conn, name, host)
    return (community or person) if is_group else (person or community)


def _found_at(ctx: Context, iri: str) -> Found:
    known = _find(ctx.conn, iri)
    if known is not None:
        return known
    if ctx.document(iri).is_actor:
        return actor_at(ctx, iri)
    return content_at(ctx, iri)
