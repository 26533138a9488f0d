"""Who calls, within one transaction: what each handler is given beside its parameters."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection
from starlette.requests import Request

from fedcom.accounts.rate_limits import act
from fedcom.accounts.sessions import SignedIn
from fedcom.actions.base import Federated
from fedcom.context import Context
from fedcom.errors import BadRequest, Denied, FedcomError
from fedcom.http.identity import Credentials, Identity, credentials_of, note_use, read_identity
from fedcom.http.instance import Instance, instance_of
from fedcom.http.resolve import (
    find_addressed,
    look_up,
    pace_searches,
    parse_markdown,
    read_link,
)
from fedcom.lookup import Found
from fedcom.media.records import to_own_addresses
from fedcom.media.remote import to_original_addresses
from fedcom.models.actor import Person
from fedcom.models.site import Site
from fedcom.offload import offload
from fedcom.rules.limits import MAX_BODY, check_body
from fedcom.settings import Settings
from fedcom.text.page_head import LinkMetadata
from fedcom.views.viewer import NOBODY
from fedcom.wire.body import Body

T = TypeVar("T")
R = TypeVar("R")


OPEN_TO_GUESTS = frozenset(
    f"/api/v3/{path}"
    for path in (
        *("site", "user/login", "user/register", "user/get_captcha", "user/verify_email"),
        *("user/password_reset", "user/password_change"),
    )
)
"""What guests of a private site may call. It says nothing about members and communities."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The member or guest who called, with the transaction that their call runs in."""

    conn: Connection
    # A banned member counts as a guest, as in Lemmy 0.19.
    identity: Identity
    settings: Settings
    # The token of the call; "" without one.
    token: str = ""
    # None in a transaction that only reads.
    context: Context | None = None

    @property
    def now(self) -> datetime:
        """The time of the call."""
        return self.identity.now

    @property
    def site(self) -> Site:
        """The site and its settings."""
        return self.identity.site

    @property
    def viewer_id(self) -> int:
        """The row id of the caller, for views; `NOBODY` for a guest."""
        return self.identity.viewer_id

    @property
    def is_guest(self) -> bool:
        """Whether nobody is logged in."""
        return self.identity.viewer_id == NOBODY

    @property
    def is_admin(self) -> bool:
        """Whether an admin of the site calls."""
        return self.identity.is_admin

    @property
    def member(self) -> SignedIn:
        """The login that calls. Raises BadRequest("not_logged_in") for a guest."""
        if self.identity.member is None:
            raise _not_logged_in()
        return self.identity.member

    @property
    def person(self) -> Person:
        """The person who calls. Raises BadRequest("not_logged_in") for a guest."""
        return self.member.person

    @property
    def ctx(self) -> Context:
        """The transaction that writes. Raises LookupError in a handler that only reads."""
        if self.context is None:
            raise LookupError("this handler only reads")
        return self.context

    def check_member(self) -> None:
        """Raises BadRequest("not_logged_in") for a guest."""
        if self.is_guest:
            raise _not_logged_in()

    def check_admin(self) -> None:
        """Raises BadRequest for a guest, and Denied("not_an_admin") for other members."""
        if not self.member.is_admin:
            raise Denied("not_an_admin", "Only admins may do this.")

    def own_address(self, url: str) -> str | None:
        """The address of a picture as we store it; None for ""."""
        return _as_stored(url, self.settings.origin) if url else None

    def act(self, action: Federated[R]) -> R:
        """Count and perform an action of the caller. Raises what `rate_limits.act` raises."""
        return act(self.ctx, action)

    def ensure(self, action: Federated[Any]) -> None:
        """As `act`; an action that would change nothing does nothing, as in Lemmy."""
        with unless_unchanged():
            self.act(action)


def _not_logged_in() -> BadRequest:
    return BadRequest("not_logged_in", "This needs a login.")


_UNCHANGED = frozenset(
    {
        *("already_so", "already_deleted", "not_deleted", "already_removed", "not_removed"),
        *("already_banned", "not_banned", "already_moderator", "not_moderator"),
        "already_purged",
        "couldnt_find_follow",
    }
)


@contextmanager
def unless_unchanged() -> Iterator[None]:
    """Ignore that the block has nothing to change; it ends there."""
    try:
        yield
    except FedcomError as error:
        if error.code not in _UNCHANGED:
            raise


@dataclass(frozen=True, slots=True)
class Call:
    """One request, for handlers that wait for something before or between transactions."""

    request: Request
    credentials: Credentials

    @property
    def instance(self) -> Instance:
        """The running server."""
        return instance_of(self.request)

    async def read(self, work: Callable[[Caller], T]) -> T:
        """Run `work` in a transaction that only reads, with who calls read in the same one."""
        instance, now = self.instance, self.instance.clock()

        def run(conn: Connection) -> tuple[Identity, T]:
            identity = read_identity(conn, self.credentials, now).without_banned()
            self._check_admitted(identity)
            token = self.credentials.token
            return identity, work(Caller(conn, identity, instance.settings, token))

        identity, result = await instance.read(run)
        await note_use(instance, identity)
        return result

    async def unit(self, work: Callable[[Caller], T]) -> T:
        """Run `work` in one transaction that writes; it may run several times."""
        instance = self.instance

        def run(ctx: Context) -> T:
            identity = read_identity(ctx.conn, self.credentials, ctx.now).without_banned()
            self._check_admitted(identity)
            token = self.credentials.token
            return work(Caller(ctx.conn, identity, instance.settings, token, ctx))

        return await instance.unit(run)

    def _check_admitted(self, identity: Identity) -> None:
        """Raises Denied("instance_is_private") for a guest of a private site."""
        if identity.is_shut_out and self.request.url.path not in OPEN_TO_GUESTS:
            raise Denied("instance_is_private", "Only members can read here.")

    async def member(self) -> SignedIn:
        """The login that calls. Raises BadRequest("not_logged_in") for a guest."""
        return await self.read(lambda caller: caller.member)

    async def site(self) -> Site:
        """The site and its settings."""
        return await self.read(lambda caller: caller.site)

    def own_address(self, url: str) -> str:
        """The address of a picture as we store it; that of anything else as it is."""
        return _as_stored(url, self.instance.settings.origin)

    async def parse_markdown(self, by: Person, text: str) -> Body:
        """The text of a member, after a look-up of whom it mentions."""
        text = _as_stored(text, self.instance.settings.origin)
        return await parse_markdown(self.request, by, text)

    async def render(self, text: str | None, longest: int = MAX_BODY) -> Body | None:
        """A text that notifies nobody: on a profile, or of the site. Raises Invalid."""
        if text is None:
            return None
        text = check_body(_as_stored(text, self.instance.settings.origin), longest)
        return await offload(Body.of_markdown, text)

    async def look_up(self, by: Person, text: str) -> Found:
        """What a member means by a handle or an address, fetched if it is not known here."""
        return await look_up(self.request, by, text)

    async def find_addressed(self, by: Person | None, text: str) -> Found | None:
        """What a search for a handle or an address means, fetched for a member; None for terms."""
        return await find_addressed(self.request, by, text)

    async def read_link(self, by: Person, url: str) -> LinkMetadata:
        """What the page behind a link says of itself, fetched now for a member."""
        return await read_link(self.request, by, url)

    async def count_search(self) -> Person | None:
        """The member who searches; None for a guest, whose search is counted. Raises TooMany."""
        by = await self.read(lambda caller: None if caller.is_guest else caller.person)
        if by is None:
            await pace_searches(self.request)
        return by


def _as_stored(text: str, origin: str) -> str:
    """With the addresses of pictures as they are stored, which apps get others of."""
    return to_original_addresses(to_own_addresses(text, origin), origin)


def call_of(request: Request) -> Call:
    """The call of a request. Only a bearer token counts: a browser sends cookies by itself, and
    these requests bring no form token.
    """
    credentials = credentials_of(request)
    return Call(request, Credentials() if credentials.from_cookie else credentials)
