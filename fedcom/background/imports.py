"""Imports what members' settings name: looks up each thing, then follows, saves or blocks it.

A few at a time, so that a large import delays neither other members' imports nor their look-ups by
much. A member's own rate limits apply: what exceeds them stays for later.
"""

from collections.abc import Awaitable, Callable
from functools import partial

from activitypub.errors import ProtocolError
from fedcom.context import Context
from fedcom.errors import FedcomError, NotFound, TooMany
from fedcom.models.actor import Community, Person
from fedcom.models.comment import Comment
from fedcom.models.post import Post
from fedcom.models.settings_import import ImportItem
from fedcom.personal.blocks import block, block_host
from fedcom.personal.imports import check_kind, end_item, follow_imported, list_waiting
from fedcom.personal.saved import save
from fedcom.queries.actors import get_person
from fedcom.units import Units

STEP = 10
"""Things that are looked up in one step."""

Found = Community | Person | Post | Comment
Find = Callable[[str], Awaitable[Found]]


async def import_some(units: Units, find: Find) -> None:
    """One step: the things that have waited longest. `find` is a member's look-up."""
    limited: set[int] = set()
    for item in await units.read(lambda conn: list_waiting(conn, STEP)):
        if item.person_id in limited:
            continue
        try:
            found = None if item.kind == "block_host" else await find(item.target)
            await units.unit(partial(_import, item=item, found=found))
        except TooMany:
            limited.add(item.person_id)
        except FedcomError as error:
            await units.unit(partial(_fail, item=item, error=error))
        except ProtocolError:
            nothing = "The other server returned nothing that can be used."
            await units.unit(partial(_fail, item=item, error=NotFound("lookup_failed", nothing)))


def _import(ctx: Context, item: ImportItem, found: Found | None) -> None:
    by = get_person(ctx.conn, item.person_id)
    if found is None:
        block_host(ctx, by, item.target)
    else:
        check_kind(item, found)
        _take_over(ctx, item, by, found)
    end_item(ctx.conn, item)


def _take_over(ctx: Context, item: ImportItem, by: Person, found: Found) -> None:
    if isinstance(found, Post | Comment):
        save(ctx, by, found)
    elif item.kind == "follow":
        follow_imported(ctx, item, found)
    else:
        block(ctx, by, found)


def _fail(ctx: Context, item: ImportItem, error: FedcomError) -> None:
    end_item(ctx.conn, item, error)
