"""Parameters that several calls have in common: sorts, lists, pages, votes and texts."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal, NoReturn

import msgspec

from fedcom.api.caller import Caller
from fedcom.errors import BadRequest, Invalid, NotFound
from fedcom.http.resolve import split_slug
from fedcom.models.actor import Community, Person
from fedcom.queries.actors import find_community, find_person, get_community, get_person
from fedcom.rules.lemmy_languages import language_of_number
from fedcom.rules.limits import MAX_REASON, check_body
from fedcom.views.comment_feed import Order
from fedcom.views.feed import Sort, read_cursor
from fedcom.views.paging import PageNumber, Start

MAX_PAGE = 50
"""The largest page that Lemmy 0.19 gives."""

Id = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
PageAt = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
Limit = Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)]
Score = Literal[-1, 0, 1]
CommentSortType = Literal["Hot", "Top", "New", "Old", "Controversial"]

ORDERS: Mapping[CommentSortType, Order] = {
    "Hot": "hot",
    "Top": "top",
    "New": "new",
    "Old": "old",
    "Controversial": "controversial",
}


def start_of(page: int | None, cursor: str | None = None, sort: Sort = "active") -> Start:
    """Where a list begins: at the cursor of the page before, else at a page number.

    Raises Invalid for a cursor that is not ours.
    """
    if cursor is not None:
        return read_cursor(cursor, sort)
    return page_of(page)


def page_of(page: int | None) -> PageNumber | None:
    """Where a list begins that has page numbers only."""
    return PageNumber(page) if page is not None and page > 1 else None


def only_one_of(**given: bool) -> str | None:
    """The name of the one that is true; None if none is.

    Raises BadRequest("contradicting_filters") if several are.
    """
    chosen = [name for name, is_wanted in given.items() if is_wanted]
    if len(chosen) > 1:
        names = ", ".join(chosen)
        raise BadRequest("contradicting_filters", "Only one of these: %(names)s.", names=names)
    return chosen[0] if chosen else None


def no_id() -> NoReturn:
    """Raise BadRequest("no_id_given")."""
    raise BadRequest("no_id_given", "An id or a name is needed.")


def check_honeypot(honeypot: str | None) -> None:
    """Raises Invalid("trap_filled") if a field was filled in that people do not see."""
    if honeypot:
        raise Invalid("trap_filled", "The field that must stay empty was filled in.")


def codes_of(numbers: Iterable[int]) -> list[str]:
    """The codes of languages by Lemmy's numbers, without "undetermined", which everybody sees."""
    return [code for code in map(language_of_number, numbers) if code]


def check_same(password: str, again: str) -> None:
    """Raises BadRequest("passwords_do_not_match")."""
    if password != again:
        raise BadRequest("passwords_do_not_match", "The two passwords are not the same.")


def shows_nsfw(caller: Caller, asked: bool | None) -> bool:
    """Whether sensitive posts are in a list: as asked, else as the member has set up."""
    if asked is not None:
        return asked
    return not caller.is_guest and caller.member.account.show_nsfw


def check_reason(reason: str | None) -> str:
    """The reason of a moderation action, "" for none. Raises Invalid (`body_…`)."""
    return check_body(reason or "", MAX_REASON)


def to_moment(seconds: int | None) -> datetime | None:
    """A time in seconds since 1970. Raises Invalid("invalid_unix_time")."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise Invalid("invalid_unix_time", "That time cannot be represented.") from error


def community_of(caller: Caller, number: int | None, name: str | None) -> Community:
    """The community with this row id or with this name: `name` of a local one, or `name@host`.

    Raises NotFound, also for a closed community unless an admin calls.
    """
    if number is not None:
        found: Community | None = get_community(caller.conn, number)
    else:
        found = find_community(caller.conn, *split_slug(name or "", caller.settings.host))
    if found is None or not (found.is_open or caller.is_admin):
        raise NotFound("couldnt_find_community", "Community not found.")
    return found


def person_of(caller: Caller, number: int | None, name: str | None) -> Person:
    """The person with this row id or with this name: `name` of a member here, or `name@host`.

    Raises NotFound.
    """
    if number is not None:
        return get_person(caller.conn, number)
    found = find_person(caller.conn, *split_slug(name or "", caller.settings.host))
    if found is None:
        raise NotFound("couldnt_find_person", "Person not found.")
    return found
